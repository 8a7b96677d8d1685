"""Observed addresses become regions, and go no further."""

from __future__ import annotations

import struct
from ipaddress import ip_address
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

from processors.engine import Input, Limits
from schemas.codec import Codec, decode, encode
from schemas.records import AccountChange, ChangeKind, Verdict
from streams.errors import ConfigurationError
from streams.offline import Offline
from streams.packs import load_policy
from streams.processing import DomainProcessing
from streams.regions import NO_REGIONS, Regions, open_regions
from streams.settings import Settings, load_settings
from streams.topics import output_topics
from streams.work import Work

NOW = 1_800_000_000_000
HEADER, VECTOR = 256, 256 * 256 * 8

Row = tuple[str, str, str]

ROWS: list[Row] = [
    ("1.1.0.0", "1.1.0.255", "中国|0|广东省|深圳市|电信"),
    ("1.1.1.0", "1.1.255.255", "澳大利亚|0|0|0|0"),
    ("8.8.0.0", "8.8.255.255", "美国|0|加利福尼亚|0|0"),
    ("10.0.0.0", "10.0.255.255", "中国|0|北京市|北京市|0"),
]
ROWS_V6: list[Row] = [("2400:cb00::", "2400:cb00:ffff:ffff:ffff:ffff:ffff:ffff", "中国|0|香港|0|0")]


def write_xdb(path: Path, rows: list[Row]) -> Path:
    """A data file of a few rows, each within one pair of leading bytes."""
    packed = [(ip_address(a).packed, ip_address(b).packed, r.encode()) for a, b, r in rows]
    v4 = len(packed[0][0]) == 4
    texts, places = b"", []
    for _, _, text in packed:
        places.append(HEADER + VECTOR + len(texts))
        texts += text
    index, vector = b"", bytearray(VECTOR)
    for (first, last, text), place in zip(packed, places, strict=True):
        at = HEADER + VECTOR + len(texts) + len(index)
        order = slice(None, None, -1 if v4 else 1)
        index += first[order] + last[order] + struct.pack("<HI", len(text), place)
        cell = (first[0] * 256 + first[1]) * 8
        begins, _ = struct.unpack_from("<II", vector, cell)
        struct.pack_into("<II", vector, cell, begins or at, at)
    header = struct.pack("<HHIIIHH", 3, 1, 0, 0, 0, 4 if v4 else 6, 4).ljust(HEADER, b"\0")
    path.write_bytes(header + bytes(vector) + texts + index)
    return path


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> str:
    directory = tmp_path_factory.mktemp("ip")
    v4 = write_xdb(directory / "v4.xdb", ROWS)
    return f"{v4}, {write_xdb(directory / 'v6.xdb', ROWS_V6)}"


@pytest.fixture(scope="module")
def regions(files: str) -> Regions:
    return open_regions(load_settings(ip_data=files))


def change(**fields: Any) -> AccountChange:
    fields = {"bio": "晒太阳", **fields}
    return AccountChange(
        event_id="e1", account_id="a1", occurred_at=NOW, kind=ChangeKind.EDIT, **fields
    )


def process(regions: Regions, value: bytes) -> Work:
    """What a worker makes of a change."""
    outputs = {topic.record: topic.name for topic in output_topics()}
    inputs = {"in": ("account.changes", AccountChange)}
    policy = load_policy(Settings())
    worker = DomainProcessing(policy, Codec(), inputs, outputs, "dead", 1, Limits(), regions)
    record = SimpleNamespace(
        topic="in", partition=0, offset=7, timestamp=NOW, key=b"a1", value=value, headers=()
    )
    return worker.process([record], lambda _: None, NOW)


@pytest.mark.parametrize(
    ("address", "region"),
    [
        ("1.1.0.9", "中国|0|广东省|深圳市|电信"),
        ("1.1.1.1", "澳大利亚|0|0|0|0"),
        ("8.8.8.8", "美国|0|加利福尼亚|0|0"),
        ("::ffff:8.8.8.8", "美国|0|加利福尼亚|0|0"),
        ("2400:cb00::1", "中国|0|香港|0|0"),
        ("9.9.9.9", ""),  # not in the file
        ("10.0.0.1", ""),  # private, whatever the file says
        ("127.0.0.1", ""),
        ("fe80::1", ""),
        ("not an address", ""),
        ("", ""),
    ],
)
def test_an_address_has_the_region_of_the_file_or_none(
    regions: Regions, address: str, region: str
) -> None:
    assert regions.region(address) == region


@pytest.mark.obligation("CAC-12")
def test_the_region_takes_the_place_of_the_address(regions: Regions) -> None:
    resolved = regions.resolve(change(observed_address="8.8.8.8", ip_region="广东"))
    assert resolved == change(ip_region="美国|0|加利福尼亚|0|0")
    untouched = change(ip_region="广东")
    assert regions.resolve(untouched) is untouched


def test_without_data_the_address_is_dropped_unread() -> None:
    assert NO_REGIONS.resolve(change(observed_address="8.8.8.8")) == change()
    resolved = NO_REGIONS.resolve(change(observed_address="8.8.8.8", ip_region="广东"))
    assert resolved == change(ip_region="广东")


@pytest.mark.obligation("CAC-16")
@pytest.mark.parametrize("address", ["1.1.0.9", "10.0.0.77", "nonsense 1.1.0.9"])
def test_a_worker_lets_no_address_into_states_and_outputs(regions: Regions, address: str) -> None:
    work = process(regions, encode(change(observed_address=address)))
    written = b"".join(
        [*(m.value or b"" for m in work.messages), *filter(None, work.states.values())]
    )
    assert work.messages
    assert address.encode() not in written


@pytest.mark.obligation("CAC-16")
def test_a_dead_letter_holds_the_region_instead_of_the_address(regions: Regions) -> None:
    change_too_early = replace(change(observed_address="1.1.0.9"), occurred_at=NOW + 10**9)
    work = process(regions, encode(change_too_early))
    (letter,) = work.messages
    assert letter.value is not None
    assert decode(AccountChange, letter.value).ip_region == "中国|0|广东省|深圳市|电信"
    assert b"1.1.0.9" not in letter.value
    plain = encode(replace(change_too_early, observed_address=None))
    assert process(regions, plain).messages[0].value == plain


def test_check_and_replay_see_the_same_label(regions: Regions) -> None:
    offline = Offline(load_policy(Settings()), Limits(), regions)
    given = Input("account.changes", 0, 1, NOW, change(observed_address="1.1.0.9"))
    verdict = next(o for o in offline.apply([given]).outputs if isinstance(o, Verdict))
    assert verdict.ip_label == "广东"


def test_a_file_that_is_not_there_is_a_fault_of_the_settings(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="there is no file"):
        load_settings(ip_data=str(tmp_path / "none.xdb"))


@pytest.mark.parametrize(
    "content", [b"", b"\x03\0", b"\x09\0" + bytes(400), b"\x03\0" + bytes(300)]
)
def test_a_file_that_is_no_data_is_told_at_the_start(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "some.xdb"
    file.write_bytes(content)
    with pytest.raises(ConfigurationError, match="xdb file"):
        open_regions(load_settings(ip_data=str(file)))


def test_two_files_for_the_same_addresses_are_refused(tmp_path: Path) -> None:
    one, two = (write_xdb(tmp_path / name, ROWS) for name in ("a.xdb", "b.xdb"))
    with pytest.raises(ConfigurationError, match="second file"):
        open_regions(load_settings(ip_data=f"{one},{two}"))
