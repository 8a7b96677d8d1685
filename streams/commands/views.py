"""`zhengming views`: the process that feeds the Redis views, and how they are made anew."""

from __future__ import annotations

import signal
from typing import Annotated

import redis
import typer

from streams.access import Part, require
from streams.commands.common import UNREACHABLE, fail, out, print_json, progress_bar
from streams.logs import configure_logging
from streams.packs import load_policy
from streams.settings import load_settings

views = typer.Typer(
    invoke_without_command=True, help="Feed the Redis views until a signal; or make them anew."
)


@views.callback()
def run(context: typer.Context) -> None:
    """Feed the Redis views from the topics, until a signal. One process feeds, others stand by."""
    if context.invoked_subcommand is not None:
        return
    from streams.probes import probes
    from streams.views.feeder import Feeder

    settings = load_settings()
    configure_logging(settings)
    require(settings, Part.VIEWS)
    feeder = Feeder(settings, load_policy(settings).pack.credit)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: feeder.stopping.set())
    with probes(settings, feeder.metrics.registry, feeder.liveness, feeder.readiness):
        feeder.run()


@views.command("rebuild")
def rebuild(json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """Throw the views away and read them anew from the topics."""
    from streams.views.feeder import rebuild as read_anew
    from streams.views.store import LeaseLost

    settings = load_settings()
    require(settings, Part.VIEWS)
    credit = load_policy(settings).pack.credit
    try:
        with progress_bar() as bar:
            task = bar.add_task("records", total=None)
            applied = read_anew(
                settings, credit, lambda done, of: bar.update(task, completed=done, total=of)
            )
    except redis.RedisError as error:
        raise fail(
            f"Redis does not answer: {error}; ZHENGMING_REDIS names it", UNREACHABLE
        ) from error
    except LeaseLost as error:
        raise fail("another rebuild has begun; let it finish", UNREACHABLE) from error
    if json:
        print_json({"records": applied})
    else:
        out.print(f"the views are made of {applied:,} records")


@views.command("acl")
def acl() -> None:
    """Print what each part needs on Redis, as lines of its ACL file; asks no Redis.

    Put the SHA-256 of each password in the place of PASSWORD.
    """
    from streams.views.access import lines

    for line in lines(load_settings()):
        out.print(line, soft_wrap=True)
