"""A private PostgreSQL with the extension and a gateway in front of it.

PG_CONFIG names the installation; the servers run as whoever runs the tests,
which must not be root. QDRANT_PG_TEST_PORTS=56161-56179 restricts the ports.
"""
import contextlib
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
GATEWAY = pathlib.Path(os.environ.get("QDRANT_GATEWAY", HERE.parent.parent / "build/qdrant-gateway"))
_given = set()


def bindir():
    pg_config = os.environ.get("PG_CONFIG") or shutil.which("pg_config")
    return subprocess.run([pg_config, "--bindir"], check=True, capture_output=True, text=True).stdout.strip()


def free_port():
    span = os.environ.get("QDRANT_PG_TEST_PORTS")
    first, last = map(int, span.split("-")) if span else (20000, 32000)
    offset = 0 if span else os.getpid() * 61 % 10000
    if len(_given) > (last - first + 1) // 2:
        _given.clear()  # whose servers run still doesn't bind
    for i in range(last - first + 1):
        port = first + (offset + i) % (last - first + 1)
        if port in _given:
            continue
        with contextlib.closing(socket.socket()) as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                continue
        _given.add(port)
        return port
    raise RuntimeError("no free port")


def wait_until(condition, seconds=30, what="condition"):
    end = time.monotonic() + seconds
    while True:
        try:
            value = condition()
        except OSError:
            value = None
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {seconds} s")
        time.sleep(0.05)


class Postgres:
    def __init__(self, directory):
        self.bin = bindir()
        self.dir = pathlib.Path(directory)
        # the socket's path has to fit into 107 bytes
        self.sockets = tempfile.mkdtemp(prefix="qdpg", dir="/tmp")
        self.port = free_port()
        self.process = None
        subprocess.run([f"{self.bin}/initdb", "-D", self.dir / "pg", "-E", "UTF8", "--locale=C.UTF-8", "-U", "postgres",
                        "--auth=trust", "--no-sync"], check=True, capture_output=True)
        self.start()
        self.sql("CREATE EXTENSION qdrant_pg")

    @property
    def conninfo(self):
        return f"host={self.sockets} port={self.port} user=postgres dbname=postgres"

    def start(self):
        pidfile = self.dir / "pg/postmaster.pid"
        if self.process is not None and pidfile.exists():
            pidfile.unlink()
        with open(self.dir / "pg.log", "ab") as log:
            self.process = subprocess.Popen(
                [f"{self.bin}/postgres", "-D", self.dir / "pg", "-p", str(self.port), "-k", self.sockets,
                 "-c", "listen_addresses=", "-c", "fsync=off", "-c", "shared_buffers=128MB"], stdout=log, stderr=log)
        wait_until(lambda: subprocess.run([f"{self.bin}/pg_isready", "-q", "-h", self.sockets, "-p", str(self.port)],
                                          check=False).returncode == 0, what="PostgreSQL accepts connections")

    def kill(self):
        """As a crash: every process of it dies at once."""
        children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(self.process.pid)], capture_output=True, text=True)
        self.process.kill()
        self.process.wait()
        for pid in children.stdout.split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)

    def sql(self, text):
        run = subprocess.run([f"{self.bin}/psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", self.sockets, "-p", str(self.port),
                              "-U", "postgres", "-d", "postgres", "-c", text], capture_output=True, text=True)
        assert run.returncode == 0, run.stderr
        return run.stdout.strip()

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(30)
        shutil.rmtree(self.sockets, ignore_errors=True)


class Gateway:
    def __init__(self, directory, conninfo, workers=2, **env):
        self.http_port = free_port()
        self.grpc_port = free_port()
        self.log = pathlib.Path(directory) / f"gateway-{self.http_port}.log"
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("QDRANT_")}
        self.env.update({"QDRANT__SERVICE__HTTP_PORT": str(self.http_port),
                         "QDRANT__SERVICE__GRPC_PORT": str(self.grpc_port), **env})
        self.key = env.get("QDRANT_API_KEY")
        self.command = [str(GATEWAY), "--pg", conninfo, "--workers", str(workers)]
        self.process = None

    def start(self, ready=True):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command, env=self.env, stdout=log, stderr=log)
        if ready:
            wait_until(lambda: self.running() and self.request("GET", "/readyz")[0] == 200, what="the gateway is ready")
        return self

    def running(self):
        assert self.process.poll() is None, f"the gateway ended:\n{self.log.read_text()[-2000:]}"
        return True

    def stop(self, seconds=20):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        return self.process.returncode

    def request(self, method, path, body=None, headers=None, timeout=30):
        """(status, decoded body or text, headers)"""
        connection = http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=timeout)
        headers = dict(headers or {})
        if self.key and "api-key" not in headers and "authorization" not in headers:
            headers["api-key"] = self.key
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        if isinstance(body, str):
            body = body.encode()
        try:
            connection.request(method, path, body, {k: v for k, v in headers.items() if v is not None})
            answer = connection.getresponse()
            data = answer.read()
        finally:
            connection.close()
        if (answer.getheader("content-type") or "").startswith("application/json"):
            return answer.status, json.loads(data), answer.headers
        return answer.status, data.decode(), answer.headers

    def error(self, method, path, body=None, headers=None):
        """(status, error text) of a request that must fail."""
        status, answer, _ = self.request(method, path, body, headers)
        assert status >= 400, answer
        return status, answer["status"]["error"]

    def result(self, method, path, body=None):
        status, answer, _ = self.request(method, path, body)
        assert status == 200, answer
        return answer["result"]

    def rss_kib(self):
        for line in open(f"/proc/{self.process.pid}/status"):
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
        raise RuntimeError("no VmRSS")

    def open_files(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))
