"""The command `zhengming`: its groups, and how faults are told."""

from __future__ import annotations

import sys
import traceback

import typer
from confluent_kafka import KafkaException

from processors.masking import mask
from schemas.errors import RegistryUnavailable
from streams.commands import try_packs  # noqa: F401  # adds its commands to those of packs
from streams.commands.backup import backup, migrate
from streams.commands.check import check
from streams.commands.common import BAD_INPUT, UNREACHABLE, complain
from streams.commands.dead_letters import dead_letters
from streams.commands.demo import demo
from streams.commands.directive import directive
from streams.commands.doctor import doctor
from streams.commands.execute import execute
from streams.commands.export import export
from streams.commands.gateway import gateway, gateway_key
from streams.commands.images import images
from streams.commands.inspection import audit
from streams.commands.policy import policy
from streams.commands.publish import publish
from streams.commands.replay import replay
from streams.commands.simulate import simulate
from streams.commands.source import source
from streams.commands.sweep import sweep
from streams.commands.text import text
from streams.commands.topics import topics
from streams.commands.views import views
from streams.commands.worker import worker
from streams.errors import BrokerUnreachable, ConfigurationError, WorkerError
from streams.logs import log_to_stderr
from streams.settings import load_settings

app = typer.Typer(
    name="zhengming",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Keeps account information true: verifies account changes on Kafka, exactly once.",
)

app.command()(demo)
app.command()(check)
app.command()(simulate)
app.command()(publish)
app.command()(worker)
app.add_typer(source, name="source")
app.command()(images)
app.add_typer(views, name="views")
app.command()(replay)
app.command()(execute)
app.command()(gateway)
app.command("gateway-key")(gateway_key)
app.add_typer(topics, name="topics")
app.add_typer(dead_letters, name="dead-letters")
app.add_typer(policy, name="policy")
app.add_typer(directive, name="directive")
app.add_typer(sweep, name="sweep")
app.add_typer(export, name="export")
app.add_typer(audit, name="audit")
app.add_typer(text, name="text")
app.add_typer(backup, name="backup")
app.command()(migrate)
app.command()(doctor)


def main() -> None:
    """Run the command line; a foreseen fault is one message and an exit code, no traceback.

    The traceback of any other is told without secrets and personal data.
    """
    log_to_stderr()
    try:
        app()
    except ConfigurationError as error:
        complain(str(error))
        sys.exit(BAD_INPUT)
    except (BrokerUnreachable, KafkaException, RegistryUnavailable) as error:
        complain(f"{error}\nZHENGMING_KAFKA is {load_settings().kafka}; see `zhengming doctor`")
        sys.exit(UNREACHABLE)
    except WorkerError as error:
        complain(str(error))
        sys.exit(error.exit_code)
    except Exception:
        complain(mask(traceback.format_exc()))
        sys.exit(WorkerError.exit_code)


if __name__ == "__main__":
    main()
