"""All checks in their order: those of Kafka only where it answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from streams.access import Part
from streams.doctor import clock, cluster, records, rights, surroundings, workers
from streams.doctor.finding import Finding
from streams.settings import Settings

Check = Callable[[Settings], Iterator[Finding]]

WITH_KAFKA: tuple[Check, ...] = (
    clock.clock,
    workers.in_force,
    workers.group,
    workers.changelog,
    records.sample,
    records.registered,
)
"""What can be looked at only where Kafka answers and all topics are there."""

BESIDE: tuple[Check, ...] = (
    surroundings.pack,
    surroundings.regions,
    surroundings.registry,
    surroundings.redis_views,
    surroundings.store,
    surroundings.java,
)


def examine(settings: Settings, part: Part = Part.WORKER) -> Iterator[Finding]:
    """Look at everything, as the user of a part. Raises nothing but faults of the program."""
    yield from surroundings.variables(settings)
    broken = set()
    for finding in cluster.cluster(settings, part):
        if not finding.ok:
            broken.add(finding.what)
        yield finding
    if "Kafka" not in broken:
        yield from rights.rights(settings, part)
    for check in () if broken & cluster.NEEDED else WITH_KAFKA:
        yield from check(settings)
    for check in BESIDE:
        yield from check(settings)
