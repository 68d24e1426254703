"""wire: vectors as PostgreSQL's extensions send and receive them."""
import numpy as np
import psycopg


def as_text(vector):
    return "[" + ",".join(map(repr, map(float, vector))) + "]"


def as_binary(vector):
    return np.array([len(vector), 0], ">u2").tobytes() + vector.astype(">f4").tobytes()


class BinaryVector:
    def __init__(self, data):
        self.data = data


def register(connection):
    """Sends BinaryVector as a binary parameter whose type the server infers."""
    class Dumper(psycopg.adapt.Dumper):
        format = psycopg.pq.Format.BINARY
        oid = 0

        def dump(self, obj):
            return obj.data

    connection.adapters.register_dumper(BinaryVector, Dumper)


def copy_rows(connection, table, vectors):
    """COPY of (row number int4, vector) in the binary format."""
    dim = vectors.shape[1]
    layout = np.dtype([("fields", ">i2"), ("id_bytes", ">i4"), ("id", ">i4"), ("bytes", ">i4"),
                       ("dim", ">u2"), ("zero", ">u2"), ("values", ">f4", (dim,))])
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN (FORMAT binary)") as copy:
        copy.write(b"PGCOPY\n\xff\r\n\0" + bytes(8))
        for at in range(0, len(vectors), 1000):
            part = vectors[at:at + 1000]
            rows = np.zeros(len(part), layout)
            rows["fields"], rows["id_bytes"], rows["bytes"], rows["dim"] = 2, 4, 4 + 4 * dim, dim
            rows["id"], rows["values"] = np.arange(at, at + len(part)), part
            copy.write(rows.tobytes())
        copy.write(b"\xff\xff")
