"""Fetches images by reference: only from where the operator allows, and never from inside.

A host name is resolved once and the connection goes to the very address that was checked, so that a
name that changes its address in between gains nothing.
"""

from __future__ import annotations

import http.client
import ipaddress
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple, Protocol
from urllib.parse import quote, urldefrag, urljoin, urlsplit

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

TYPES = ("image/png", "image/jpeg", "image/webp", "image/gif")
"""Kinds of images that are looked into."""

REDIRECTS = frozenset((301, 302, 303, 307, 308))
_PORTS = {"https": 443, "http": 80}
_CHUNK = 1 << 16
_CLAIM = re.compile(r"sha256[=:]([0-9a-f]{64})")
_NEVER = tuple(
    ipaddress.ip_network(network)
    for network in ("169.254.0.0/16", "fe80::/10", "fd00:ec2::/32", "100.100.100.200/32")
)
"""Link-local addresses, at which clouds serve their secrets: no setting opens them."""


class NotFetched(Exception):
    """An image was not fetched; the text says why, without a word of the reference."""


class NotNow(NotFetched):
    """It was not fetched this time; another try may succeed."""


class Fetcher(Protocol):
    """Gets the bytes of an image. Raises `NotFetched`; called from several threads at once."""

    def fetch(self, reference: str) -> bytes:
        """The bytes of the image that a field refers to."""


class Limits(NamedTuple):
    """What one fetch may take."""

    max_bytes: int = 5_000_000
    seconds: float = 5.0
    redirects: int = 3


DEFAULT = Limits()

Resolve = Callable[[str, int], Sequence[str]]
"""Addresses of a host name."""


def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses of a host name. Raises ``OSError``."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class WebFetcher:
    """Fetches by URL, from allowed hosts at public addresses.

    ``hosts`` are names, ``*.example.com`` for all below one, or ``host:port`` for that port alone;
    without one it is 443 or 80. ``networks`` are addresses that
    are allowed though they are not public. ``http`` allows unencrypted fetches. A reference that
    is no URL is put into ``template`` in the place of ``{id}``.
    """

    def __init__(
        self,
        hosts: Sequence[str],
        *,
        networks: Sequence[Network] = (),
        http: bool = False,
        template: str = "",
        limits: Limits = DEFAULT,
        context: ssl.SSLContext | None = None,
        resolve: Resolve = resolve,
    ) -> None:
        self._hosts = frozenset(host.lower() for host in hosts if not host.startswith("*."))
        self._below = tuple(host[1:].lower() for host in hosts if host.startswith("*."))
        self._networks = tuple(networks)
        self._schemes = ("https", "http") if http else ("https",)
        self._template = template
        self._limits = limits
        self._context = context or ssl.create_default_context()
        self._resolve = resolve

    def fetch(self, reference: str) -> bytes:
        """The bytes behind a URL; each redirect is checked as the first address was."""
        deadline = time.monotonic() + self._limits.seconds
        url, claim = urldefrag(reference)
        if self._template and "://" not in url:
            url = self._template.replace("{id}", quote(url, safe=""))
        for _ in range(self._limits.redirects + 1):
            body, further = self._get(url, deadline)
            if further is None:
                return verified(body, claim)
            url = urljoin(url, further)
        raise NotFetched("too many redirects")

    def _get(self, url: str, deadline: float) -> tuple[bytes, str | None]:
        """The body, or where it is instead."""
        scheme, host, port, path = self._parts(url)
        address = self._address(host, port)
        left = deadline - time.monotonic()
        if left <= 0:
            raise NotNow("it took too long")
        connection = _Connection(host, port, address, left, self._context, tls=scheme == "https")
        # Time limits of a socket count anew for each packet: who drips would never be cut off.
        watchdog = threading.Timer(left, connection.cut)
        watchdog.daemon = True
        watchdog.start()
        try:
            headers = {"Accept": ", ".join(TYPES), "Accept-Encoding": "identity"}
            connection.request("GET", path, headers=headers)
            return self._read(connection.getresponse())
        except (OSError, http.client.HTTPException, ValueError) as error:
            late = time.monotonic() >= deadline
            what = "it took too long" if late else f"the connection failed: {type(error).__name__}"
            raise NotNow(what) from error
        finally:
            watchdog.cancel()
            connection.close()

    def _parts(self, url: str) -> tuple[str, str, int, str]:
        try:
            parts = urlsplit(url)
            host, port = (parts.hostname or "").rstrip("."), parts.port
        except ValueError as error:
            raise NotFetched("the reference is no address") from error
        if parts.scheme not in self._schemes:
            raise NotFetched(f"only {' and '.join(self._schemes)} is allowed")
        if parts.username is not None or parts.password is not None:
            raise NotFetched("an address with a user name is not allowed")
        port = port or _PORTS[parts.scheme]
        if f"{host}:{port}" not in self._hosts:
            if not (host in self._hosts or any(host.endswith(below) for below in self._below)):
                raise NotFetched("the host is not allowed")
            if port not in _PORTS.values():
                raise NotFetched("the port is not allowed")
        path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
        query = quote(parts.query, safe="/%:@!$&'()*+,;=~-._?")
        return parts.scheme, host, port, f"{path}?{query}" if query else path

    def _address(self, host: str, port: int) -> str:
        """One address of a host; all of them must be allowed."""
        try:
            found = self._resolve(host, port)
        except OSError as error:
            raise NotNow("the host has no address") from error
        if not found or not all(self._is_allowed(address) for address in found):
            raise NotFetched("the address of the host is not allowed")
        return found[0]

    def _is_allowed(self, text: str) -> bool:
        address = _plain(ipaddress.ip_address(text.partition("%")[0]))
        if any(address in network for network in _NEVER if network.version == address.version):
            return False
        if any(address in network for network in self._networks):
            return True
        return address.is_global and not address.is_multicast

    def _read(self, response: http.client.HTTPResponse) -> tuple[bytes, str | None]:
        if response.status in REDIRECTS and (further := response.getheader("Location")):
            return b"", further
        if response.status != http.client.OK:
            kind = NotNow if response.status >= 500 or response.status == 429 else NotFetched
            raise kind(f"the server answered {response.status}")
        type_ = (response.getheader("Content-Type") or "").partition(";")[0].strip().lower()
        if type_ not in TYPES:
            raise NotFetched("the server sent no image")
        if (response.getheader("Content-Encoding") or "identity").lower() != "identity":
            raise NotFetched("the server sent a packed image")
        limit = self._limits.max_bytes
        if (response.length or 0) > limit:
            raise NotFetched("the image is too large")
        body = bytearray()
        while chunk := response.read1(_CHUNK):
            body += chunk
            if len(body) > limit:
                raise NotFetched("the image is too large")
        if response.length:
            raise http.client.IncompleteRead(b"")
        return bytes(body), None


class FolderFetcher:
    """Reads images by id from a folder, such as a mounted object store."""

    def __init__(self, folder: Path, *, max_bytes: int = DEFAULT.max_bytes) -> None:
        self._folder = folder.resolve()
        self._max_bytes = max_bytes

    def fetch(self, reference: str) -> bytes:
        """The bytes of a file below the folder; nothing outside it is ever read."""
        name, claim = urldefrag(reference)
        try:
            path = (self._folder / name).resolve()
            if not name or not path.is_relative_to(self._folder) or not path.is_file():
                raise NotFetched("there is no such image")
            with path.open("rb") as file:
                body = file.read(self._max_bytes + 1)
        except (OSError, ValueError) as error:
            raise NotFetched("the image cannot be read") from error
        if len(body) > self._max_bytes:
            raise NotFetched("the image is too large")
        return verified(body, claim)


def verified(body: bytes, claim: str) -> bytes:
    """The body, where it is the one whose hash the reference names (``#sha256=<hex>``), if any."""
    wanted = _CLAIM.fullmatch(claim)
    if wanted and sha256(body).hexdigest() != wanted[1]:
        raise NotFetched("the image is not the one that was referred to")
    return body


def _plain(address: Address) -> Address:
    """An address as it is routed: an IPv4 address inside an IPv6 one is the IPv4 address."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address.sixtofour is not None:
            return address.sixtofour
        if int(address) >> 32 == 0x0064FF9B << 64:  # NAT64
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


class _Connection(http.client.HTTPConnection):
    """A connection to a checked address in the name of a host."""

    def __init__(
        self,
        host: str,
        port: int,
        address: str,
        seconds: float,
        context: ssl.SSLContext,
        *,
        tls: bool,
    ) -> None:
        super().__init__(host, port, timeout=seconds)
        self.default_port = _PORTS["https" if tls else "http"]
        self._address = address
        self._context = context if tls else None
        self._held: socket.socket | None = None

    def connect(self) -> None:
        """Connect to the address; the certificate must be that of the host."""
        self.sock = socket.create_connection((self._address, self.port), self.timeout)
        self._held = self.sock
        if self._context is not None:
            self.sock = self._context.wrap_socket(self.sock, server_hostname=self.host)
            self._held = self.sock

    def cut(self) -> None:
        """End it, whatever it is doing, also where only the answer still holds the socket."""
        if self._held is not None:
            with suppress(OSError):  # it has ended meanwhile
                socket.socket.shutdown(self._held, socket.SHUT_RDWR)
