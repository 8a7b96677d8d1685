"""The command `zhengming`: its groups, and how faults are told."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import typer
from confluent_kafka import KafkaException
from typer.core import TyperGroup
from typer.main import get_command, get_group

from processors.masking import mask
from schemas.errors import RegistryUnavailable
from streams.commands.common import BAD_INPUT, UNREACHABLE, complain, reader_may_go
from streams.errors import BrokerUnreachable, ConfigurationError, WorkerError
from streams.logs import log_to_stderr
from streams.settings import load_settings

_COMMANDS = {  # where each is: a module, and what it is called there if not like the module
    "demo": "demo",
    "check": "check",
    "simulate": "simulate",
    "publish": "publish",
    "worker": "worker",
    "source": "source",
    "images": "images",
    "views": "views",
    "replay": "replay",
    "execute": "execute",
    "gateway": "gateway",
    "gateway-key": "gateway:gateway_key",
    "topics": "topics",
    "dead-letters": "dead_letters",
    "policy": "try_packs:policy",  # adds its commands to those of packs
    "directive": "directive",
    "sweep": "sweep",
    "export": "inspection:export",  # adds its commands to those of exports
    "audit": "inspection:audit",
    "text": "text",
    "backup": "backup",
    "migrate": "backup:migrate",
    "doctor": "doctor",
}


_FULL = (errno.ENOSPC, errno.EDQUOT)


class _Loaded(Mapping[str, Any]):
    """The commands, of which only what is called is read: the engine takes a second."""

    def __getitem__(self, name: str) -> Any:
        module, _, called = _COMMANDS[name].partition(":")
        found = getattr(import_module(f"streams.commands.{module}"), called or module)
        if isinstance(found, typer.Typer):
            made: Any = get_group(found)
        else:
            alone = typer.Typer(add_completion=False)
            alone.command()(found)
            made = get_command(alone)
        made.name = name
        return made

    def __iter__(self) -> Iterator[str]:
        return iter(_COMMANDS)

    def __len__(self) -> int:
        return len(_COMMANDS)


class _Commands(TyperGroup):
    """Looks its commands up there."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given | {"commands": _Loaded()})

    def list_commands(self, ctx: Any) -> list[str]:
        """Names of all, as the help shows them."""
        return list(_COMMANDS)


app = typer.Typer(
    name="zhengming",
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def zhengming() -> None:
    """Keep account information true: verify account changes on Kafka, exactly once."""


def main() -> None:
    """Run the command line; a foreseen fault is one message and an exit code, no traceback.

    The traceback of any other is told without secrets and personal data.
    """
    log_to_stderr()
    try:
        try:
            app()
        finally:
            with reader_may_go():
                sys.stdout.flush()
    except ConfigurationError as error:
        complain(str(error))
        sys.exit(BAD_INPUT)
    except (BrokerUnreachable, KafkaException, RegistryUnavailable) as error:
        complain(f"{error}\nZHENGMING_KAFKA is {load_settings().kafka}; see `zhengming doctor`")
        sys.exit(UNREACHABLE)
    except WorkerError as error:
        complain(str(error))
        sys.exit(error.exit_code)
    except typer.Exit as leaving:
        sys.exit(leaving.exit_code)
    except Exception as error:
        if isinstance(error, OSError) and (error.filename is not None or error.errno in _FULL):
            _tell_of_file(error)
            sys.exit(BAD_INPUT)
        complain(mask(traceback.format_exc()))
        sys.exit(WorkerError.exit_code)


def _tell_of_file(error: OSError) -> None:
    """Say of a path that cannot be used, or of a full disk, what is wrong and what to do."""
    where = f"{error.filename}: " if error.filename is not None else ""
    if error.errno in _FULL:
        complain(f"{where}{error.strerror}: make room, or let it be written elsewhere")
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left of it
    else:
        complain(f"{where}{error.strerror}; name a path that can be used")


if __name__ == "__main__":
    main()
