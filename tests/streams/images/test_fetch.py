"""Images are fetched only from where the operator allows, and never from inside."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from streams.images.fetch import FolderFetcher, Limits, NotFetched, NotNow, WebFetcher
from tests.streams.images.server import ImageServer, serving

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)
HOST = "img.example.com"
BODY = b"\x89PNG as far as anybody asks"


def fetcher(port: int, **more: object) -> WebFetcher:
    """One that may fetch from our server under a name that resolves to it."""
    options: dict[str, object] = {
        "networks": LOOPBACK,
        "http": True,
        "limits": Limits(max_bytes=1_000, seconds=5.0, redirects=2),
        "resolve": lambda _host, _port: ["127.0.0.1"],
    }
    return WebFetcher([f"{HOST}:{port}"], **{**options, **more})  # type: ignore[arg-type]


def why(web: WebFetcher | FolderFetcher, reference: str) -> str:
    with pytest.raises(NotFetched) as caught:
        web.fetch(reference)
    assert reference not in str(caught.value)
    return str(caught.value)


def test_an_image_is_fetched_under_the_name_of_its_host():
    with serving(a={"body": BODY}) as server:
        url = f"http://{HOST}:{server.port}/a"
        assert fetcher(server.port).fetch(url) == BODY
        assert server.hosts == [f"{HOST}:{server.port}"]


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://img.example.com/a", "only https is allowed"),
        ("ftp://img.example.com/a", "only https is allowed"),
        ("file:///etc/passwd", "only https is allowed"),
        ("https://elsewhere.example.com/a", "the host is not allowed"),
        ("https://img.example.com.evil.org/a", "the host is not allowed"),
        ("https://127.0.0.1/a", "the host is not allowed"),
        ("https://img.example.com@evil.org/a", "an address with a user name is not allowed"),
        ("https://img.example.com:22/a", "the port is not allowed"),
        ("https://img.example.com:x/a", "the reference is no address"),
        ("https://[::1/a", "the reference is no address"),
        ("img/1.png", "only https is allowed"),
    ],
)
def test_what_is_not_on_the_list_is_not_even_resolved(url: str, reason: str):
    def never(host: str, port: int) -> list[str]:
        raise AssertionError(f"{host} was resolved")

    assert why(WebFetcher([HOST], resolve=never), url) == reason


@pytest.mark.parametrize("place", [HOST, f"{HOST}:22", "elsewhere.example.com:8443"])
def test_a_host_with_a_port_is_allowed_at_that_port_alone(place: str):
    assert why(WebFetcher([f"{HOST}:8443"]), f"https://{place}/a") == "the host is not allowed"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "fe80::1%eth0",
        "fc00::1",
        "fd00:ec2::254",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::a00:1",
        "2002:0a00:0001::",
    ],
)
def test_an_allowed_name_with_an_address_of_the_inside_is_not_connected_to(address: str):
    for addresses in ([address], ["93.184.216.34", address]):
        web = WebFetcher([HOST], resolve=lambda _host, _port, found=addresses: found)
        assert why(web, f"https://{HOST}/a") == "the address of the host is not allowed"


def test_no_setting_opens_the_addresses_at_which_clouds_keep_their_secrets():
    everything = [ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0")]
    for address in ("169.254.169.254", "fd00:ec2::254", "::ffff:169.254.169.254"):
        web = WebFetcher([HOST], networks=everything, resolve=lambda *_, a=address: [a])
        assert why(web, f"https://{HOST}/a") == "the address of the host is not allowed"


def test_a_name_that_changes_its_address_after_the_check_gains_nothing():
    """The name is resolved once; the connection goes to the address that was checked."""
    answers = iter([["127.0.0.1"]])
    with serving(a={"body": BODY}) as server:
        web = fetcher(server.port, resolve=lambda _host, _port: next(answers))
        assert web.fetch(f"http://{HOST}:{server.port}/a") == BODY
        with pytest.raises(StopIteration):
            next(answers)


def test_each_redirect_is_checked_as_the_first_address_was():
    with serving(
        a={"status": 302, "location": "/b"},
        b={"body": BODY},
        out={"status": 302, "location": "http://169.254.169.254/latest/meta-data"},
        down={"status": 301, "location": "file:///etc/passwd"},
        loop={"status": 307, "location": "/loop"},
    ) as server:
        web, base = fetcher(server.port), f"http://{HOST}:{server.port}"
        assert web.fetch(f"{base}/a") == BODY
        assert why(web, f"{base}/out") == "the host is not allowed"
        assert why(web, f"{base}/down") == "only https and http is allowed"
        assert why(web, f"{base}/loop") == "too many redirects"
        assert server.asked.count("/loop") == 3


def test_what_is_no_image_too_large_packed_or_cut_short_is_refused():
    with serving(
        page={"body": b"<html>", "type": "text/html; charset=utf-8"},
        svg={"body": b"<svg/>", "type": "image/svg+xml"},
        said={"body": b"x", "length": 10_000_000},
        long={"body": b"x" * 1_001},
        packed={"body": BODY, "content-encoding": "gzip"},
        short={"body": b"x", "length": 100},
        gone={"status": 404},
    ) as server:
        web, base = fetcher(server.port), f"http://{HOST}:{server.port}"
        assert why(web, f"{base}/page") == "the server sent no image"
        assert why(web, f"{base}/svg") == "the server sent no image"
        assert why(web, f"{base}/said") == "the image is too large"
        assert why(web, f"{base}/long") == "the image is too large"
        assert why(web, f"{base}/packed") == "the server sent a packed image"
        assert why(web, f"{base}/short").startswith("the ")
        assert why(web, f"{base}/gone") == "the server answered 404"


def test_who_drips_is_cut_off_in_time():
    """Each byte comes in time, all of them never would."""
    with serving(slow={"body": b"x" * 900, "drip": 0.05}) as server:
        web = fetcher(server.port, limits=Limits(1_000, 0.5, 0))
        assert why(web, f"http://{HOST}:{server.port}/slow") == "it took too long"


def test_a_failing_server_may_be_asked_again_and_a_refusing_one_not():
    with serving(busy={"status": 503}, gone={"status": 410}) as server:
        web, base = fetcher(server.port), f"http://{HOST}:{server.port}"
        with pytest.raises(NotNow):
            web.fetch(f"{base}/busy")
        with pytest.raises(NotFetched) as caught:
            web.fetch(f"{base}/gone")
        assert not isinstance(caught.value, NotNow)


def test_a_reference_may_name_the_hash_of_its_image():
    with serving(a={"body": BODY}) as server:
        web, url = fetcher(server.port), f"http://{HOST}:{server.port}/a"
        assert web.fetch(f"{url}#sha256={sha256(BODY).hexdigest()}") == BODY
        other = sha256(b"another").hexdigest()
        assert why(web, f"{url}#sha256={other}") == "the image is not the one that was referred to"


def test_an_id_goes_into_the_template_and_cannot_leave_its_place():
    with serving(**{"avatars/a%2F..%2Fb%3Fc": {"body": BODY}}) as server:
        web = fetcher(server.port, template=f"http://{HOST}:{server.port}/avatars/{{id}}")
        assert web.fetch("a/../b?c") == BODY


def test_all_below_a_host_may_be_allowed():
    web = WebFetcher(["*.example.com"], resolve=lambda *_: ["10.0.0.1"])
    assert why(web, "https://a.b.example.com/x") == "the address of the host is not allowed"
    assert why(web, "https://example.com/x") == "the host is not allowed"
    assert why(web, "https://badexample.com/x") == "the host is not allowed"


def test_the_certificate_must_be_that_of_the_host(tmp_path: Path):
    files = certificate(tmp_path, HOST)
    trusting = ssl.create_default_context(cafile=str(files[0]))
    with ImageServer({"/a": {"body": BODY}}, files) as server:
        hosts = [f"{name}:{server.port}" for name in (HOST, "other.example.com")]
        web = WebFetcher(
            [HOST, "other.example.com", *hosts],
            networks=LOOPBACK,
            context=trusting,
            resolve=lambda *_: ["127.0.0.1"],
        )
        assert web.fetch(f"https://{HOST}:{server.port}/a") == BODY
        failed = "the connection failed: SSLCertVerificationError"
        assert why(web, f"https://other.example.com:{server.port}/a") == failed


def test_a_folder_gives_what_is_in_it_and_nothing_else(tmp_path: Path):
    images = tmp_path / "images"
    (images / "ab").mkdir(parents=True)
    (images / "ab" / "1.png").write_bytes(BODY)
    (tmp_path / "secret").write_bytes(b"secret")
    (images / "link").symlink_to(tmp_path / "secret")
    folder = FolderFetcher(images, max_bytes=100)
    assert folder.fetch("ab/1.png") == BODY
    for name in ("../secret", str(tmp_path / "secret"), "link", "", "ab", "nothing", "\0"):
        with pytest.raises(NotFetched):
            folder.fetch(name)
    (images / "big").write_bytes(b"x" * 101)
    assert why(folder, "big") == "the image is too large"


def certificate(folder: Path, host: str) -> tuple[Path, Path]:
    """A certificate that signs itself, and its key, in PEM files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = folder / "certificate.pem", folder / "key.pem"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return files
