"""One stack for all tests of the gateway: keep to accounts of your own."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.sandbox import Kafka
from streams.settings import Settings
from tests.streams.gateway.stack import Stack, stacked


@pytest.fixture(scope="package")
def stack(
    kafka: Kafka, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    directory: Path = tmp_path_factory.mktemp("stack")
    name = f"zhengming-test-{uuid.uuid4().hex[:8]}"
    settings = Settings(
        kafka=kafka.bootstrap,
        redis_url=redis_url,
        app_id=name,
        topic_prefix=f"{name}.",
        partitions=2,
    )
    yield from stacked(settings, directory)


@pytest.fixture
def account() -> str:
    return f"t-{uuid.uuid4().hex[:10]}"
