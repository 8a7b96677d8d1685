"""The registry and its frame, against a server that speaks the registry's REST interface."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import msgspec
import pytest

from schemas.codec import Codec
from schemas.errors import DeadLetterReason, DecodeError, RegistryUnavailable
from schemas.records import AccountChange, ChangeKind
from schemas.registry import Registry

CHANGE = AccountChange(event_id="e", account_id="a", occurred_at=1, kind=ChangeKind.EDIT, bio="b")


class Server(ThreadingHTTPServer):
    """A registry that gives ids in order and counts what it is asked."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.schemas = []
        self.asked = []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(self.path)
        if body["schema"] not in self.server.schemas:
            self.server.schemas.append(body["schema"])
        self.answer(200, {"id": self.server.schemas.index(body["schema"]) + 1})

    def do_GET(self):
        self.server.asked.append(self.path)
        number = int(self.path.split("?")[0].rsplit("/", 1)[1])
        if number > len(self.server.schemas):
            self.answer(404, {"error_code": 40403, "message": "Schema not found"})
        else:
            self.answer(200, {"schema": self.server.schemas[number - 1]})

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/vnd.schemaregistry.v1+json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    server = Server()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def codec(url):
    return Codec(Registry(url, lambda record_type: f"{record_type.__name__}-value"))


def test_a_record_goes_through_the_confluent_frame_and_back(server):
    ours = codec(server.url)
    data = ours.encode(CHANGE)
    assert data[:5] == b"\x00\x00\x00\x00\x01"
    assert codec(server.url).decode(AccountChange, data) == CHANGE
    assert any("/subjects/AccountChange-value/versions" in path for path in server.asked)


def test_the_registry_is_asked_once_for_each_schema(server):
    ours = codec(server.url)
    frames = [ours.encode(CHANGE) for _ in range(5)]
    asked = len(server.asked)
    for frame in frames:
        ours.decode(AccountChange, frame)
        ours.decode(AccountChange, frame)
    assert len(server.asked) <= asked + 1


def test_an_id_the_registry_does_not_know_is_an_unknown_schema(server):
    with pytest.raises(DecodeError) as caught:
        codec(server.url).decode(AccountChange, b"\x00\x00\x00\x00\x63body")
    assert caught.value.reason is DeadLetterReason.UNKNOWN_SCHEMA


def test_a_frame_cut_short_is_undecodable(server):
    with pytest.raises(DecodeError) as caught:
        codec(server.url).decode(AccountChange, b"\x00\x00")
    assert caught.value.reason is DeadLetterReason.UNDECODABLE


def test_single_objects_and_json_are_read_beside_frames(server):
    ours = codec(server.url)
    assert ours.decode(AccountChange, Codec().encode(CHANGE)) == CHANGE
    assert ours.decode(AccountChange, msgspec.json.encode(CHANGE)) == CHANGE


def test_a_registry_that_is_away_asks_for_another_try_and_not_for_a_dead_letter(server):
    url = server.url
    server.shutdown()
    server.server_close()
    with pytest.raises(RegistryUnavailable):
        codec(url).decode(AccountChange, b"\x00\x00\x00\x00\x01body")
