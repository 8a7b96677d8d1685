"""Everything beside Kafka: settings, pack, registry, Redis, what is installed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import lru_cache

import redis

from processors.policy import Policy
from schemas.errors import RegistryUnavailable
from streams.doctor.finding import Finding
from streams.errors import WorkerError
from streams.packs import load_policy
from streams.redaction import redact_urls
from streams.regions import open_regions
from streams.settings import Settings, unknown_variables
from streams.views.reader import ViewReader

BEHIND_MS = 60_000
"""Views further behind than this show a past that people take for the present."""


def variables(_settings: Settings) -> Iterator[Finding]:
    """Every variable of ours is one that something reads."""
    for variable, likely in unknown_variables().items():
        cure = f"did you mean {likely}?" if likely else "unset it; docs/settings.md has them all"
        yield Finding("settings", False, f"{variable} is not a setting", cure, variable)


@lru_cache(maxsize=1)
def policy_of(settings: Settings) -> Policy:
    """The policy of the configured packs, compiled once. Raises `ConfigurationError`."""
    return load_policy(settings)


def pack(settings: Settings) -> Iterator[Finding]:
    """The configured pack is sound."""
    try:
        known = policy_of(settings).pack
    except WorkerError as error:
        cure = (
            "set ZHENGMING_PACK to a shipped pack or to a directory with a pack.yaml; what is "
            "wrong in one `zhengming policy lint DIRECTORY` tells"
        )
        yield Finding("pack", False, str(error), cure, settings.pack)
        return
    yield Finding(
        "pack", True, f"{known.id} {known.version}, {len(known.rules)} rules, {known.hash[:12]}"
    )


def regions(settings: Settings) -> Iterator[Finding]:
    """The files that tell regions can be read."""
    if not settings.ip_data:
        return
    try:
        open_regions(settings)
    except WorkerError as error:
        cure = "name whole xdb files in ZHENGMING_IP_DATA"
        yield Finding("IP data", False, str(error), cure, settings.ip_data)
        return
    yield Finding("IP data", True, settings.ip_data)


def registry(settings: Settings) -> Iterator[Finding]:
    """The schema registry answers."""
    if settings.schema_registry_url is None:
        return
    from schemas.registry import Registry

    try:
        Registry(settings.schema_registry_url, str).schema(1)
    except RegistryUnavailable as error:
        cure = "start it, or unset ZHENGMING_SCHEMA_REGISTRY_URL"
        where = redact_urls(settings.schema_registry_url)
        seen = str(error).removesuffix("; trying again")
        yield Finding("schema registry", False, seen, cure, where)
        return
    yield Finding("schema registry", True, redact_urls(settings.schema_registry_url))


def redis_views(settings: Settings) -> Iterator[Finding]:
    """Redis answers, and the views in it are fresh."""
    where = redact_urls(settings.redis_url)
    try:
        with redis.Redis.from_url(settings.redis_url, socket_connect_timeout=2) as client:
            client.ping()
    except redis.AuthenticationError as error:
        cure = "mend user and password in ZHENGMING_REDIS (`zhengming views acl` has the users)"
        yield Finding("Redis", False, f"does not let us in: {error}", cure, where)
        return
    except redis.RedisError as error:
        cure = "start Redis, or set ZHENGMING_REDIS; only the views need it, decisions go on"
        yield Finding("Redis", False, f"does not answer: {error}", cure, where)
        return
    yield Finding("Redis", True, "answers")
    try:
        reader = ViewReader(settings, policy_of(settings).pack.credit)
    except WorkerError:
        return  # told by the check on the pack
    try:
        status = reader.status()
    except redis.RedisError as error:
        cure = "give our user what `zhengming views acl` prints; else look at the log of Redis"
        yield Finding("views", False, str(error), cure, where)
        return
    finally:
        reader.close()
    if status is None:
        cure = "run `zhengming views` where gateway or console are to show accounts"
        yield Finding("views", True, "nobody feeds them", cure)
    elif status.behind_ms > BEHIND_MS:
        seen = f"{status.unread} records, {status.behind_ms / 1e3:.0f} s behind"
        cure = (
            "give `zhengming views` and Redis more CPU; where they lie far back, "
            "`zhengming views rebuild`"
        )
        yield Finding("views", False, seen, cure)
    else:
        yield Finding("views", True, f"{status.unread} records behind")


def store(settings: Settings) -> Iterator[Finding]:
    """The store that is set is installed."""
    if settings.store == "rocksdb":
        try:
            import rocksdict  # noqa: F401  # only whether it is there
        except ImportError:
            yield Finding("store", False, "rocksdict is missing", "pip install zhengming[rocksdb]")
            return
    yield Finding("store", True, settings.store)


def java(_settings: Settings) -> Iterator[Finding]:
    """What the sandbox would run on."""
    there = [name for name in ("java", "mvn") if shutil.which(name)]
    yield Finding(
        "sandbox",
        True,
        f"found {', '.join(there)}" if there else "no Java: mock broker in the demo",
    )
