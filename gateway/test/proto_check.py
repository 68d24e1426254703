#!/usr/bin/env python3
"""proto_check: the .proto files agree with those of the official client.

Compares every message, field (number, type, label, oneof, presence), enum
value and method of gateway/model/proto with the descriptors inside the
package qdrant-client, both ways. Skipped without that package. Usage:
proto_check.py [directory of .proto files].
"""
import pathlib
import subprocess
import sys
import tempfile

try:
    from google.protobuf import descriptor_pb2, descriptor_pool
    import qdrant_client.grpc  # noqa: F401: registers the descriptors
except ImportError as missing:
    print(f"proto_check: skipped ({missing})")
    sys.exit(0)

HERE = pathlib.Path(__file__).resolve().parent
PROTO = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parent / "model/proto"

# Served to other qdrant nodes or to remote storage, not to clients.
NOT_OURS = ("qdrant.StorageRead",)
# Files the client ships; the health service is not among them.
CLIENT_FILES = ("qdrant.proto", "qdrant_common.proto", "json_with_int.proto", "collections.proto",
                "collections_service.proto", "points.proto", "points_service.proto",
                "snapshots_service.proto", "health_check.proto")


def ours():
    with tempfile.NamedTemporaryFile() as out:
        subprocess.run(["protoc", f"-I{PROTO}", "--include_imports", f"--descriptor_set_out={out.name}",
                        *sorted(str(p) for p in PROTO.glob("*.proto"))], check=True)
        files = descriptor_pb2.FileDescriptorSet.FromString(out.read()).file
    return [f for f in files if f.package != "google.protobuf"]


def theirs():
    found = []
    for name in CLIENT_FILES:
        try:
            descriptor = descriptor_pool.Default().FindFileByName(name)
        except KeyError:
            continue
        proto = descriptor_pb2.FileDescriptorProto()
        descriptor.CopyToProto(proto)
        found.append(proto)
    return found


def fields(prefix, message):
    for field in message.field:
        oneof = ""
        if field.HasField("oneof_index") and not field.proto3_optional:
            oneof = message.oneof_decl[field.oneof_index].name
        yield (f"{prefix}.{field.name}",
               f"{field.number} {descriptor_pb2.FieldDescriptorProto.Type.Name(field.type)}"
               f" {field.type_name} {descriptor_pb2.FieldDescriptorProto.Label.Name(field.label)}"
               f" oneof={oneof} optional={field.proto3_optional}")


def walk(prefix, message):
    yield prefix, "message"
    yield from fields(prefix, message)
    for nested in message.nested_type:
        yield from walk(f"{prefix}.{nested.name}", nested)
    for enum in message.enum_type:
        yield from ((f"{prefix}.{enum.name}.{v.name}", f"enum {v.number}") for v in enum.value)


def facts(files):
    table = {}
    for file in files:
        for message in file.message_type:
            table.update(walk(f"{file.package}.{message.name}", message))
        for enum in file.enum_type:
            table.update((f"{file.package}.{enum.name}.{v.name}", f"enum {v.number}") for v in enum.value)
        for service in file.service:
            for method in service.method:
                table[f"{file.package}.{service.name}/{method.name}"] = f"{method.input_type} {method.output_type}"
    return table


def main():
    mine, client = facts(ours()), facts(theirs())
    packages = {name.rsplit(".", 1)[0] for name in client}
    bad = 0
    for name in sorted(mine.keys() | client.keys()):
        if name.startswith(NOT_OURS):
            continue
        if name.startswith("grpc.health") and not any(p.startswith("grpc.health") for p in packages):
            continue
        if mine.get(name) != client.get(name):
            bad += 1
            print(f"{name}: ours {mine.get(name)}, client {client.get(name)}")
    print(f"proto_check: {len(mine)} facts compared with {len(client)}, {bad} differ")
    return 1 if bad or len(client) < 1000 else 0


if __name__ == "__main__":
    sys.exit(main())
