"""Runs the shares of a long piece of work in processes of their own, with one progress bar."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import wait
from typing import Any

from streams.commands.common import fail, progress_bar

LOOK_EVERY_S = 0.2
Share = Callable[[int, Callable[[int], None]], Any]


def run_shares(share: Share, processes: int, total: int, what: str) -> list[Any]:
    """What each share came to. ``share(number, progress)`` is called in a process of its own.

    ``share`` can be pickled; ``progress`` adds to what is done of ``total``. The first share that
    raises ends the command with its message.
    """
    if processes == 1:
        with progress_bar() as bar:
            task = bar.add_task(what, total=total or None)
            return [share(0, lambda done: bar.advance(task, done))]
    context = multiprocessing.get_context("spawn")
    done = context.Array("q", processes)
    started = []
    for number in range(processes):
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=_run, args=(share, number, done, theirs), daemon=True)
        process.start()
        theirs.close()
        started.append((process, ours))
    try:
        return _gather(started, done, total, what)
    finally:
        for process, _ in started:
            process.terminate()
            process.join()


def _gather(started: list[Any], done: Any, total: int, what: str) -> list[Any]:
    results: dict[int, Any] = {}
    waiting = {connection: number for number, (_, connection) in enumerate(started)}
    with progress_bar() as bar:
        task = bar.add_task(what, total=total or None)
        while waiting:
            for connection in wait(list(waiting), LOOK_EVERY_S):
                number = waiting.pop(connection)
                results[number] = _received(connection)
            bar.update(task, completed=sum(done))
    return [results[number] for number in sorted(results)]


def _received(connection: Any) -> Any:
    try:
        failed, value = connection.recv()
    except EOFError:
        failed, value = True, "a process ended without an answer; was there too little memory?"
    if failed:
        raise fail(str(value))
    return value


def _run(share: Share, number: int, done: Any, connection: Any) -> None:
    def progress(count: int) -> None:
        done[number] += count

    try:
        connection.send((False, share(number, progress)))
    except Exception as error:
        connection.send((True, f"{type(error).__name__}: {error}"))
