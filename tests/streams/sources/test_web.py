"""Public streams are read through dropped connections, from where they stood."""

from __future__ import annotations

import asyncio
import threading
from contextlib import aclosing
from itertools import islice
from pathlib import Path

import pytest

from schemas.records import AccountChange
from streams.errors import ConfigurationError
from streams.sources import web
from streams.sources.live import LiveInputs
from streams.sources.position import PositionFile
from streams.sources.web import follow, public_source
from tests.streams.sources.servers import composite_id, event_stream_server, jetstream_server
from tests.streams.sources.wire import AT_MS, log_event, profile
from tests.support import wait_until

AT_US = AT_MS * 1_000
SECOND_US = 1_000_000
PROFILES = [
    profile(f"did:plc:{number}", f"3m{number}", AT_US + number * SECOND_US, displayName="n")
    for number in range(60)
]
USERS = [log_event("newusers", "create", f"User:N{number}", number + 1, {}) for number in range(50)]


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "FIRST_PAUSE_S", 0.01)


async def read(source: web.WebSource, accounts: int, position: str | None = None) -> list[str]:
    """The accounts of all changes, in order, until there are so many; then the last position."""
    found: list[str] = []
    after: str | None = None
    async with asyncio.timeout(30), aclosing(follow(source, position)) as received:
        async for items, position_after in received:
            found += [item.account_id for item in items if isinstance(item, AccountChange)]
            after = position_after
            if len(set(found)) == accounts:
                break
    return [*found, after or ""]


async def test_jetstream_is_resumed_a_little_before_its_cursor() -> None:
    with jetstream_server(PROFILES, drop_after=20) as server:
        *found, after = await read(public_source("jetstream", server.url), len(PROFILES))
    assert list(dict.fromkeys(found)) == [event["did"] for event in PROFILES]
    assert len(found) > len(PROFILES), "the seconds before the cursor come again"
    assert server.cursors[:2] == [None, AT_US + 19 * SECOND_US - web.REWIND_US]
    assert set(server.collections) == {"app.bsky.actor.profile"}
    assert after == str(PROFILES[-1]["time_us"])


async def test_jetstream_never_goes_back_however_soon_its_connections_end() -> None:
    """Each that ends within the seconds that come again would begin that much before the last."""
    kept = AT_US + 40 * SECOND_US
    positions: list[str | None] = []
    with jetstream_server(PROFILES, drop_after=2) as server:
        source = public_source("jetstream", server.url)
        async with asyncio.timeout(30), aclosing(follow(source, str(kept))) as received:
            async for _items, position in received:
                positions.append(position)
                if len(server.cursors) == 6:
                    break
    assert set(server.cursors) == {kept - web.REWIND_US}
    assert set(positions) == {str(kept)}


@pytest.mark.parametrize("kept", [None, str(1 << 62)])
async def test_a_time_that_cannot_be_true_becomes_no_cursor_of_jetstream(kept: str | None) -> None:
    """It would stay for ever: nothing is later, and what a dropped connection missed is lost."""
    absurd = profile("did:plc:absurd", "3mabsurd", 1 << 62, displayName="n")
    events = [*PROFILES[:5], absurd, *PROFILES[5:10]]
    positions: list[str | None] = []
    with jetstream_server(events, drop_after=8) as server:
        source = public_source("jetstream", server.url)
        async with asyncio.timeout(30), aclosing(follow(source, kept)) as received:
            async for _items, position in received:
                positions.append(position)
                if len(server.cursors) == 2:
                    break
    assert positions[4:8] == [str(AT_US + number * SECOND_US) for number in (4, 4, 5, 6)]
    assert server.cursors == [None, AT_US + 6 * SECOND_US - web.REWIND_US]


async def test_wikimedia_is_resumed_with_the_composite_id_as_it_came() -> None:
    with event_stream_server(USERS, drop_after=20, refusals=(503, 429)) as server:
        *found, after = await read(public_source("wikimedia", server.url), len(USERS))
    assert list(dict.fromkeys(found)) == [f"zhwiki:N{number}" for number in range(len(USERS))]
    assert server.last_ids == [None, composite_id(19), composite_id(38)]
    assert after == composite_id(len(USERS) - 1)


async def test_a_kept_position_is_where_the_next_run_begins() -> None:
    with event_stream_server(USERS, drop_after=99) as server:
        source = public_source("wikimedia", server.url)
        found = await read(source, 10, composite_id(40))
    assert found[0] == "zhwiki:N40"


def test_inputs_that_are_closed_leave_nothing_that_connects_again() -> None:
    before = threading.active_count()
    with jetstream_server(PROFILES, drop_after=20) as server:
        waiting = LiveInputs(public_source("jetstream", server.url))
        assert [item.record.account_id for item in islice(waiting, 30)][:2] == [
            "did:plc:0",
            "did:plc:1",
        ]
        waiting.close()
    wait_until(lambda: threading.active_count() <= before, 10, "no thread is left")


def test_inputs_whose_stream_is_refused_say_so() -> None:
    with event_stream_server([], drop_after=1, refusals=(404,)) as server:
        waiting = LiveInputs(public_source("wikimedia", server.url))
        with pytest.raises(ConfigurationError, match="answers 404"):
            next(iter(waiting))
        waiting.close()


async def test_a_wrong_address_is_told_and_not_asked_again() -> None:
    with (
        event_stream_server([], drop_after=1, refusals=(404,)) as server,
        pytest.raises(ConfigurationError, match="answers 404: --url"),
    ):
        await read(public_source("wikimedia", server.url), 1)
    with pytest.raises(ConfigurationError, match="no address of a web socket"):
        await read(public_source("jetstream", "http://127.0.0.1:1/x"), 1)


async def test_a_position_of_another_source_is_told() -> None:
    with pytest.raises(ConfigurationError, match="no time of Jetstream"):
        await read(public_source("jetstream", "ws://127.0.0.1:1/"), 1, composite_id(1))


def test_a_position_is_kept_across_runs(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "x.position"
    assert PositionFile(path).load() is None
    PositionFile(path).keep(composite_id(4))
    PositionFile(path).keep(composite_id(5))
    assert PositionFile(path).load() == composite_id(5)
    assert [file.name for file in path.parent.iterdir()] == ["x.position"]
    with pytest.raises(ConfigurationError, match="--position"):
        PositionFile(tmp_path).load()
