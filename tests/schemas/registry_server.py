"""A server that speaks the REST interface of a Confluent-compatible registry, as far as we ask."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Server(ThreadingHTTPServer):
    """A registry that gives ids in order; ``asked`` is what it was asked for, in order.

    ``fails`` is a status and body that it answers everything with; ``hangs`` keeps it from
    answering until it is set free; ``base`` is the path under which it answers.
    """

    daemon_threads = True

    def __init__(self, base="", port=0):
        super().__init__(("127.0.0.1", port), Handler)
        self.base = base
        self.adding = threading.Lock()
        self.schemas = []
        self.subjects = {}
        self.asked = []
        self.passwords = []
        self.fails = None
        self.hangs = threading.Event()
        self.hangs.set()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}{self.base}"

    def add(self, schema, kind="AVRO"):
        """The id of a schema, new or known."""
        entry = {"schema": schema if isinstance(schema, str) else json.dumps(schema)}
        if kind != "AVRO":  # the interface leaves it out for Avro
            entry["schemaType"] = kind
        with self.adding:
            if entry not in self.schemas:
                self.schemas.append(entry)
            return self.schemas.index(entry) + 1


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        parts = self.parts()
        if self.refused():
            return
        subject, registers = parts[1], parts[2:] == ["versions"]
        known = self.server.subjects.setdefault(subject, []) if registers else None
        if registers:
            number = self.server.add(body["schema"])
            known.append(number)
            self.answer(200, {"id": number})
            return
        entry = {"schema": body["schema"]}
        if subject not in self.server.subjects:
            self.answer(404, {"error_code": 40401, "message": f"Subject '{subject}' not found."})
        elif entry not in self.server.schemas:
            self.answer(404, {"error_code": 40403, "message": "Schema not found"})
        else:
            number = self.server.add(body["schema"])
            self.answer(200, {"subject": subject, "id": number, "version": 1, **entry})

    def do_GET(self):
        parts = self.parts()
        if self.refused():
            return
        if parts[0] == "subjects":  # the newest version of one
            known = self.server.subjects.get(parts[1])
            if not known:
                self.answer(404, {"error_code": 40401, "message": "Subject not found."})
                return
            entry = self.server.schemas[known[-1] - 1]
            version = {"subject": parts[1], "id": known[-1], "version": len(known)}
            self.answer(200, version | entry)
            return
        number = int(parts[2])
        if number >= 1 << 31:  # a path that leads nowhere: ids are ints of Java
            self.answer(404, {"error_code": 404, "message": "HTTP 404 Not Found"})
        elif number > len(self.server.schemas):
            self.answer(404, {"error_code": 40403, "message": f"Schema {number} not found"})
        else:
            self.answer(200, self.server.schemas[number - 1])

    def parts(self):
        path = self.path.split("?")[0].removeprefix(self.server.base)
        self.server.asked.append(f"{self.command} {path}")
        self.server.passwords.append(self.headers["Authorization"])
        return path.strip("/").split("/")

    def refused(self):
        self.server.hangs.wait(10)
        if self.server.fails:
            self.answer(*self.server.fails)
        return self.server.fails

    def answer(self, status, body):
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/vnd.schemaregistry.v1+json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args):
        pass


@contextmanager
def serving(base: str = "", port: int = 0) -> Iterator[Server]:
    """A registry of one's own."""
    server = Server(base, port)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        server.hangs.set()
        server.shutdown()
        thread.join()
        server.server_close()
