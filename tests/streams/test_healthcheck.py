"""The health check of the image says what the process beside it says."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from streams import healthcheck
from streams.children import free_ports
from streams.settings import Settings, variable_of
from tests.streams.security.certificates import Authority


class Handler(BaseHTTPRequestHandler):
    """Answers with the status of its server."""

    def do_GET(self) -> None:
        self.send_response(self.server.status if self.path == "/health" else 404)  # type: ignore[attr-defined]
        self.end_headers()
        self.wfile.write(b"partition 0: work has waited")

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, port in zip(healthcheck.PORTS, free_ports(2), strict=True):
        monkeypatch.setenv(variable, str(port))


def test_it_asks_at_the_ports_of_the_settings():
    for name in ("web_port", "gateway_port"):
        assert healthcheck.PORTS[variable_of(name)] == Settings.model_fields[name].default


@pytest.mark.parametrize("variable", healthcheck.PORTS)
@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
def test_it_says_what_the_process_says_whichever_port_is_its_own(
    nobody_listens, server, monkeypatch, capsys, variable, status, code
):
    monkeypatch.setenv(variable, str(server.server_port))
    server.status = status
    assert healthcheck.main() == code
    assert ("work has waited" in capsys.readouterr().err) == bool(code)


def test_a_gateway_with_a_certificate_is_asked_over_tls(
    nobody_listens, server, monkeypatch, tmp_path, capsys
):
    issued = Authority(tmp_path).issue("gateway.example")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(issued.certificate, issued.key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    monkeypatch.setenv("ZHENGMING_GATEWAY_PORT", str(server.server_port))
    monkeypatch.setenv(variable_of("gateway_tls_certificate"), str(issued.certificate))
    for server.status, code in ((200, 0), (503, 1)):
        assert healthcheck.main() == code, capsys.readouterr().err


def test_where_nothing_listens_nothing_is_well(nobody_listens, capsys):
    assert healthcheck.main() == 1
    assert "nothing listens" in capsys.readouterr().err
