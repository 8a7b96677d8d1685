"""Turns the address that a platform's server observed into the name of a region, and drops it.

The data are the operator's: xdb files of ip2region, read by its own reader (the extra ``ip``), once
and whole, without any network. What is shown of a region is for the domain to say
(`processors.places`). The address goes no further than this module: the domain, its states, its
outputs and the logs never see it. Another data file may give another region: replay with the file
that was in force.
"""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address
from pathlib import Path
from typing import Any, Protocol

from msgspec.structs import replace

from schemas.records import AccountChange
from streams.errors import ConfigurationError
from streams.settings import Settings


class Searcher(Protocol):
    """What an opened data file can do: the region of a packed address, empty where it has none."""

    def search(self, ip: bytes) -> str:
        """Raises ``ValueError`` for an address of another version."""


class Regions:
    """Regions of addresses, by the length in bytes of the packed address."""

    def __init__(self, searchers: dict[int, Searcher]) -> None:
        self._searchers = searchers

    def resolve(self, record: Any) -> Any:
        """An input without its address: a change that carries one has the region instead.

        Without data the region that came with it stays. What is private or unknown is an empty
        region: no label, and no guess.
        """
        if type(record) is not AccountChange or record.observed_address is None:
            return record
        region = self.region(record.observed_address) if self._searchers else record.ip_region
        return replace(record, observed_address=None, ip_region=region)

    def region(self, address: str) -> str:
        """The region of an address as the data have it, empty where there is none."""
        try:
            found = ip_address(address.strip())
        except ValueError:
            return ""
        if isinstance(found, IPv6Address) and found.ipv4_mapped:
            found = found.ipv4_mapped
        searcher = self._searchers.get(len(found.packed))
        if searcher is None or not found.is_global:
            return ""
        try:
            return searcher.search(found.packed)
        except (IndexError, UnicodeDecodeError):  # the file is damaged there
            return ""


def open_regions(settings: Settings) -> Regions:
    """The regions of the configured data files.

    Raises `ConfigurationError` when a file, or the reader, cannot be used.
    """
    searchers: dict[int, Searcher] = {}
    for path in settings.ip_data_files():
        size, searcher = _open(path)
        if size in searchers:
            raise ConfigurationError(
                f"{path} is a second file for the same kind of addresses: "
                "name one for IPv4 and one for IPv6 at most"
            )
        searchers[size] = searcher
    return Regions(searchers)


def _open(path: Path) -> tuple[int, Searcher]:
    try:
        from ip2region import searcher, util
    except ImportError as error:
        raise ConfigurationError(
            "IP data are set, but their reader is missing: pip install 'zhengming[ip]'"
        ) from error
    try:
        with path.open("rb") as file:
            util.verify(file)
            version = util.version_from_header(util.load_header(file))
            content = util.load_content(file)
    except Exception as error:  # the reader raises whatever it comes upon
        raise ConfigurationError(f"{path} cannot be read as an xdb file ({error})") from error
    least = util.HeaderInfoLength + util.VectorIndexLength
    if version is None or len(content) < least:
        raise ConfigurationError(f"{path} is no xdb file of ip2region, or only a part of one")
    return version.byte_num, searcher.new_with_buffer(version, content)


NO_REGIONS = Regions({})
"""Where no data are configured: addresses are dropped, regions stay as they came."""
