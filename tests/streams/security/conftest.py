"""One Kafka that denies everything that is not granted, for all tests of this package."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest

from streams.broker import NoKafka
from streams.children import scratch_directory
from tests.streams.security.locked_broker import LockedBroker


@pytest.fixture(scope="package")
def locked() -> Iterator[LockedBroker]:
    directory = scratch_directory("kafka")
    try:
        broker = LockedBroker(directory)
    except NoKafka as error:
        shutil.rmtree(directory, ignore_errors=True)
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI must run against Apache Kafka, but {error}")
        pytest.skip(f"needs Apache Kafka, but {error}")
    try:
        yield broker
    finally:
        broker.close()
        shutil.rmtree(directory, ignore_errors=True)
