"""The command `zhengming`: its groups, and how faults are told."""

from __future__ import annotations

import sys

import typer

from streams.commands import broker, doctor, local
from streams.commands.common import BAD_INPUT, UNREACHABLE, err
from streams.demo.command import demo
from streams.errors import BrokerUnreachable, ConfigurationError, WorkerError

app = typer.Typer(
    name="zhengming",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Keeps account information true: verifies account changes on Kafka, exactly once.",
)

app.command()(demo)
app.command()(local.check)
app.command()(local.simulate)
app.command()(broker.publish)
app.command()(broker.worker)
app.command()(broker.replay)
app.command()(doctor.doctor)
app.add_typer(broker.topics, name="topics")
app.add_typer(broker.dead_letters, name="dead-letters")
app.add_typer(local.policy, name="policy")


def main() -> None:
    """Run the command line; a foreseen fault is one message and an exit code, no traceback."""
    try:
        app()
    except ConfigurationError as error:
        err.print(str(error), style="red", markup=False, soft_wrap=True)
        sys.exit(BAD_INPUT)
    except BrokerUnreachable as error:
        err.print(str(error), style="red", markup=False, soft_wrap=True)
        sys.exit(UNREACHABLE)
    except WorkerError as error:
        err.print(str(error), style="red", markup=False, soft_wrap=True)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        sys.exit(0)


if __name__ == "__main__":
    main()
