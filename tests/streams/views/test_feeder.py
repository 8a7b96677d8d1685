"""The process that feeds the views, against real Kafka and real Redis, killed and without them."""

from __future__ import annotations

import json
import random
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis

from streams.children import Child, free_ports
from streams.clients import create_admin, end_offsets, topic_partitions
from streams.sandbox import own_redis
from streams.settings import Settings
from streams.topics import create_topics, real_name, topic_of
from streams.views import ViewStore
from streams.views.feeder import first_level
from streams.views.fold import RECORDS
from streams.views.keys import Keys
from tests.conftest import SettingsFactory
from tests.streams.command_line import Command
from tests.streams.views.outputs import CREDIT, by_topic, dump, publish, simulated
from tests.support import wait_until


def environment(settings: Settings) -> dict[str, str]:
    return {
        "ZHENGMING_KAFKA": settings.kafka,
        "ZHENGMING_REDIS": settings.redis_url,
        "ZHENGMING_APP_ID": settings.app_id,
        "ZHENGMING_TOPIC_PREFIX": settings.topic_prefix,
        "ZHENGMING_PARTITIONS": str(settings.partitions),
        "ZHENGMING_WEB_PORT": str(settings.web_port),
    }


@contextmanager
def feeding(settings: Settings, log: Path) -> Iterator[Child]:
    command = [sys.executable, "-m", "streams.cli", "views"]
    with Child(command, log, environment(settings)) as child:
        yield child


def probe(settings: Settings, path: str) -> dict[str, Any]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{settings.web_port}{path}") as answer:
            return json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return json.loads(error.read())
    except OSError:
        return {}


def applied(settings: Settings) -> int:
    """Offsets that the views have reached, all partitions together."""
    with redis.Redis.from_url(settings.redis_url) as client:
        return sum(int(offset) for offset in client.hvals(Keys(settings).positions))


def ends(settings: Settings) -> int:
    names = [real_name(settings, topic_of(record).name) for record in RECORDS]
    return sum(end_offsets(create_admin(settings), names).values())


def expected_of(settings: Settings, records: list[Any]) -> dict[str, Any]:
    """The views of the records, applied in one go without Kafka, under another name."""
    other = settings.model_copy(update={"app_id": settings.app_id + "-expected"})
    store = ViewStore(other, first_level(CREDIT))
    store.take_lease()
    store.apply([seen for topic in by_topic(settings, records).values() for seen in topic])
    found = dump(other)
    store.clear({})
    store.close()
    return found


@pytest.fixture
def place(settings: SettingsFactory, redis_url: str) -> Settings:
    made = settings(redis_url=redis_url)
    create_topics(made)
    return made


def test_killed_and_restarted_at_random_the_views_end_equal_to_the_topics(
    place: Settings, tmp_path: Path
) -> None:
    chance = random.Random(5)
    records = simulated(4_000)
    log = tmp_path / "views.log"
    kills = 4
    shares = [len(records) * (n + 1) // (kills + 1) for n in range(kills + 1)]
    published = 0
    for upto in shares:
        publish(place, records[published:upto])
        published = upto
        end = ends(place)
        reached = applied(place)
        with feeding(place, log) as child:
            goal = end if upto == len(records) else chance.randint(reached + 1, end)
            wait_until(lambda goal=goal: applied(place) >= goal, 30, "the views go on")
            child.kill()
    assert dump(place) == expected_of(place, records)


def test_without_redis_the_views_wait_say_so_and_then_are_whole_again(
    settings: SettingsFactory, tmp_path: Path
) -> None:
    (port,) = free_ports(1)
    place = settings(redis_url=f"redis://127.0.0.1:{port}/0")
    create_topics(place)
    records = simulated(600)
    with feeding(place, tmp_path / "views.log") as child:
        wait_until(
            lambda: "Redis is away" in str(probe(place, "/ready").get("problems")), 30, "it waits"
        )
        assert probe(place, "/health")["ok"]
        with own_redis(port):
            publish(place, records[: len(records) // 2])
            wait_until(lambda: applied(place) == ends(place), 30, "the first half is there")
            assert probe(place, "/ready")["ok"]
        publish(place, records[len(records) // 2 :])
        wait_until(lambda: not probe(place, "/ready")["ok"], 30, "it waits again")
        with own_redis(port):  # which has lost everything
            wait_until(lambda: applied(place) == ends(place), 30, "all is there")
            assert dump(place) == expected_of(place, records)
        assert child.running


def test_views_can_be_made_anew_beside_a_running_feeder(
    place: Settings, tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = simulated(600)
    publish(place, records)
    with feeding(place, tmp_path / "views.log") as child:
        wait_until(lambda: applied(place) == ends(place), 30, "the views are there")
        whole = dump(place)
        with redis.Redis.from_url(place.redis_url) as client:  # somebody spoils them
            client.delete(Keys(place).levels, Keys(place).account(records[0].account_id))
            assert dump(place) != whole
        left = command("views", "rebuild", "--json", **environment(place))
        assert left.code == 0, left.err
        assert json.loads(left.out)["records"] == len(records)
        assert dump(place) == whole
        more = simulated(300, seed=2)
        publish(place, more)
        wait_until(lambda: applied(place) == ends(place), 30, "the feeder goes on")
        assert dump(place) == expected_of(place, records + more)
        assert child.running


def made_anew(settings: Settings, records: list[Any]) -> None:
    """Topics of the same names, with these records: as after a restore."""
    names = [real_name(settings, topic_of(record).name) for record in RECORDS]
    admin = create_admin(settings)
    for deleted in admin.delete_topics(names, operation_timeout=30).values():
        deleted.result(30)
    wait_until(lambda: not set(names) & set(topic_partitions(admin)), 30, "the topics are gone")
    create_topics(settings)
    publish(settings, records)


def test_views_of_topics_that_were_made_anew_are_thrown_away_and_read_again(
    place: Settings, tmp_path: Path
) -> None:
    log = tmp_path / "views.log"
    publish(place, simulated(600))
    with feeding(place, log):
        wait_until(lambda: applied(place) == ends(place), 30, "the views are there")
    shorter, longer = simulated(200, seed=2), simulated(900, seed=3)
    fewer, more = expected_of(place, shorter), expected_of(place, longer)
    made_anew(place, shorter)
    with feeding(place, log):
        wait_until(lambda: dump(place) == fewer, 30, "nothing old is left")
        made_anew(place, longer)  # under a feeder that goes on as if nothing had been
        wait_until(lambda: dump(place) == more, 30, "nothing is skipped")
    assert log.read_text().count("what the views are of") == 2


def test_a_second_feeder_stands_by_until_the_first_is_gone(
    place: Settings, settings: SettingsFactory, tmp_path: Path
) -> None:
    second = place.model_copy(update={"web_port": free_ports(1)[0]})
    records = simulated(200)
    with feeding(place, tmp_path / "a.log") as first:
        wait_until(lambda: probe(place, "/ready").get("ok"), 30, "the first feeds")
        with feeding(second, tmp_path / "b.log"):
            wait_until(
                lambda: "another process" in str(probe(second, "/ready").get("problems")),
                30,
                "the second waits",
            )
            first.stop()
            wait_until(lambda: probe(second, "/ready").get("ok"), 30, "the second feeds")
            publish(place, records)
            wait_until(lambda: applied(place) == ends(place), 30, "the records are there")
    assert dump(place) == expected_of(place, records)
