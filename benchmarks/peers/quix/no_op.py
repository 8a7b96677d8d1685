"""Counts the records of each key and forwards every record with the count (8 bytes) in front.

The least that a stateful, exactly-once application of Quix Streams can do. It runs in an
environment of its own. Arguments: brokers, group, directory, output topic, input topics.
"""

import sys

from quixstreams import (  # type: ignore[import-not-found]  # in an environment of its own
    Application,
    State,
)


def counted(value: bytes, state: State) -> bytes:
    """The value with the key's count in front."""
    count: int = state.get("count", 0) + 1
    state.set("count", count)
    return count.to_bytes(8, "big") + value


def main(brokers: str, group: str, directory: str, output: str, *inputs: str) -> None:
    """Run until told to end."""
    app = Application(
        broker_address=brokers,
        consumer_group=group,
        state_dir=directory,
        auto_offset_reset="earliest",
        processing_guarantee="exactly-once",
        commit_interval=1.0,
        auto_create_topics=True,
    )
    target = app.topic(output, key_serializer="bytes", value_serializer="bytes")
    for name in inputs:
        source = app.topic(name, key_deserializer="bytes", value_deserializer="bytes")
        app.dataframe(source).apply(counted, stateful=True).to_topic(target)
    app.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
