"""The traffic of all benchmarks: the simulator's, with bios and signatures each their own.

The simulator draws from pools of some thousand texts. A batch is searched text by text, each
distinct text once, so that texts which come again would make it look cheaper than it is.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from schemas.codec import Codec
from schemas.records import AccountChange
from streams.simulate import Simulation

START = 1_763_900_000_000
"""Time of the first event, in ms; the broker's own time comes later, as in life."""

PREFIX = "0192f3a4-7c1e-"
"""Ids are about as long as a platform's."""

WORDS = (
    "清晨", "小巷", "书架", "雨后", "散步", "面包", "茶叶", "窗台", "自行车", "老街", "木吉他",
    "胶片", "海风", "毛衣", "南方", "番茄", "登山", "图书馆", "秋天", "湖边", "电影", "菜市场",
    "旧信", "阳台", "傍晚", "慢跑", "水彩", "厨房", "小猫", "云", "晚餐", "棋盘", "单车", "麦田",
    "rain", "tea", "hills", "bread", "garden", "slow", "paper", "river", "lamp", "quiet",
)  # fmt: skip


class Event(NamedTuple):
    """One input as it goes to Kafka, with the id by which its answer is known."""

    topic: str
    key: bytes
    value: bytes
    event_id: str


def events(
    count: int, accounts: int, *, seed: int = 7, duplicates: float = 0.0, prefix: str = PREFIX
) -> Iterator[Event]:
    """Yield so many inputs over so many accounts: the same bytes for the same arguments."""
    rnd, encode = random.Random(seed), Codec().encode
    simulation = Simulation(
        seed=seed, accounts=accounts, start=START, duplicates=duplicates, prefix=prefix
    )
    for topic, record in simulation.events(count):
        own = _with_own_words(record, rnd)
        yield Event(topic, record.account_id.encode(), encode(own), record.event_id)


def _with_own_words(record: Any, rnd: random.Random) -> Any:
    if type(record) is not AccountChange:
        return record
    texts: dict[str, str] = {}
    if record.bio:
        texts["bio"] = f"{record.bio} {'，'.join(rnd.choices(WORDS, k=2))}"
    if record.signature:
        texts["signature"] = f"{record.signature} {rnd.choice(WORDS)}{rnd.randrange(100)}"
    return msgspec.structs.replace(record, **texts) if texts else record
