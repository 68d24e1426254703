#!/usr/bin/env python3
"""golden.py GOLDEN-FOLDER DECODE-PROGRAM [--texts] [-v]: the codec against recorded answers.

Every recorded REST step of a route that the codec has is decoded and
validated: one that Qdrant answered with a format or validation error must be
refused with the same words (the same beginning where the recording says so;
wholly with --texts), any other must be let through. gRPC steps likewise when
the package protobuf and the file of descriptors (DESCRIPTORS=...) are there.
"""
import json
import os
import pathlib
import re
import subprocess
import sys

ROUTES = [
    ("PUT", r"/collections/[^/]+", "create_collection", 3),
    ("PATCH", r"/collections/[^/]+", "update_collection", 3),
    ("PUT", r"/collections/[^/]+/points", "upsert", 1),
    ("POST", r"/collections/[^/]+/points", "get_points", 2),
    ("POST", r"/collections/[^/]+/points/delete", "delete_points", 1),
    ("POST", r"/collections/[^/]+/points/payload", "set_payload", 1),
    ("PUT", r"/collections/[^/]+/points/payload", "overwrite_payload", 1),
    ("POST", r"/collections/[^/]+/points/payload/delete", "delete_payload", 1),
    ("POST", r"/collections/[^/]+/points/payload/clear", "clear_payload", 1),
    ("POST", r"/collections/[^/]+/points/count", "count", 2),
    ("POST", r"/collections/[^/]+/points/scroll", "scroll", 2),
    ("POST", r"/collections/[^/]+/points/query", "query", 2),
    ("POST", r"/collections/[^/]+/points/query/batch", "query_batch", 2),
    ("POST", r"/collections/[^/]+/points/search", "search", 2),
    ("POST", r"/collections/[^/]+/points/search/batch", "search_batch", 2),
]
PREFIXES = {
    1: "Format error in JSON body: ", 2: "Deserialize error in query parameters: ",
    4: "Validation error in JSON body: ", 5: "Validation error in query parameters: ",
    7: "Validation error in body: ", 8: "", 9: "Wrong input: ",
}
REFUSALS = ("Format error in JSON body", "Validation error in", "Deserialize error in")
UNSUPPORTED = 16


def rest_cases(folder):
    for path in sorted(folder.glob("rest/*.jsonl")):
        for line in path.read_text().splitlines():
            step = json.loads(line)
            if "method" not in step or "multipart" in step:
                continue
            url, _, query = step["path"].partition("?")
            for method, pattern, schema, kind in ROUTES:
                if step["method"] != method or not re.fullmatch(pattern, url):
                    continue
                body = step.get("body_raw")
                if body is None:
                    body = json.dumps(step["body"], separators=(",", ":"), ensure_ascii=False) \
                        if "body" in step else ""
                body = re.sub(r"\$\{repeat:(\d+)\}", lambda m: "a" * int(m[1]), body)
                answer = step["expect"].get("body")
                error = answer.get("status", {}) if isinstance(answer, dict) else {}
                text = error.get("error", "") if isinstance(error, dict) else ""
                if not text.startswith(REFUSALS) or "path parameters" in text:
                    text = ""
                cut = step.get("compare", {}).get("prefix", {}).get("status.error")
                code = step["expect"]["status"]
                if code in (401, 403):
                    continue
                yield f"{path.stem}/{step['id']}", schema, kind, query, body.encode(), text, cut, code


def grpc_cases(folder):
    descriptors = os.environ.get("DESCRIPTORS")
    if not descriptors:
        return
    try:
        from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
    except ImportError:
        print("skipped: gRPC, there is no package protobuf here")
        return
    pool = descriptor_pool.DescriptorPool()
    files = descriptor_pb2.FileDescriptorSet.FromString(pathlib.Path(descriptors).read_bytes())
    methods = {}
    for f in files.file:
        pool.Add(f)
        for service in f.service:
            for m in service.method:
                methods[f"/{f.package}.{service.name}/{m.name}"] = m.input_type[1:]
    for path in sorted(folder.glob("grpc/*.jsonl")):
        for line in path.read_text().splitlines():
            step = json.loads(line)
            if "rpc" not in step or step["rpc"] not in methods:
                continue
            kind = methods[step["rpc"]]
            request = json.dumps(step["request"])
            request = re.sub(r"\$\{repeat:(\d+)\}", lambda m: "a" * int(m[1]), request)
            cls = message_factory.GetMessageClass(pool.FindMessageTypeByName(kind))
            try:
                body = json_format.ParseDict(json.loads(request), cls()).SerializeToString()
            except json_format.ParseError:
                continue
            text = step["expect"].get("message", "")
            if step["expect"].get("code") not in ("INVALID_ARGUMENT", 3):
                text = ""
            # what comes from the state of a collection is no fault of the message
            later = ("Wrong input: ", "Bad request: ", "Service ", "Inference", "Shard key", "factor: ",
                     "invalid read consistency")
            early = ("Wrong input: points[", "Wrong input: Validation error in body")
            if text.startswith(later) and not text.startswith(early):
                text = ""
            yield f"{path.stem}/{step['id']}", f"grpc:{kind}", 0, "", body, text, None, text


def members(text):
    """The failures of a list, whose order never counts."""
    head, _, rest = text.partition("[")
    return head, sorted(rest.rstrip("]").split("; "))


def main():
    folder, program = pathlib.Path(sys.argv[1]), sys.argv[2]
    whole, verbose = "--texts" in sys.argv, "-v" in sys.argv
    if not folder.exists():
        print("skipped: no recorded answers here")
        return 0
    cases = list(rest_cases(folder)) + list(grpc_cases(folder))
    data = b"".join(b"%s %d %d %d\n%s%s" % (s.encode(), k, len(q), len(b), q.encode(), b)
                    for _, s, k, q, b, *_ in cases)
    out = subprocess.run([program], input=data, capture_output=True, check=True).stdout
    passed = failed = unsupported = 0
    for name, schema, _, query, body, text, cut, code in cases:
        head, _, rest = out.partition(b" ")
        size, _, rest = rest.partition(b" ")
        got = rest[:int(size)].decode()
        out = rest[int(size) + 1:]
        kind = int(head)
        if kind == 21 and "no schema" in got:
            continue
        if kind == UNSUPPORTED:
            unsupported += 1
            if verbose and code == 200:
                print(f"unsupported {name}: {got}")
            continue
        full = PREFIXES.get(kind, f"<{kind}> ") + got if kind else ""
        same = full == text or bool(text) and members(full) == members(text)
        if not same and cut and not whole:
            same = full[:cut] == text[:cut]
        passed += same
        failed += not same
        if not same:
            print(f"{name} {schema} ?{query}\n  body {body[:300]!r}\n  want {text}\n  got  {full}")
    print(f"{passed} passed, {failed} failed, {unsupported} not supported yet")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
