"""Which partition a key belongs to: as Kafka's Java clients, our producers and the gateway have it.

Keys of the registry (names, identities, devices) are hashes already and have a rule of their own:
`processors.keys.partition_of`.
"""

from __future__ import annotations

from aiokafka.partitioner import murmur2


def partition_of_key(key: bytes, partitions: int) -> int:
    """The partition in which an account's records must lie."""
    return int(murmur2(key) & 0x7FFFFFFF) % partitions
