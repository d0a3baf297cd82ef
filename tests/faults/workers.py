"""Runs cases on several rigs at once, each in a process of its own: most of a case is waiting."""

from __future__ import annotations

import multiprocessing
import queue
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from sandbox import SandboxError
from tests.faults import running
from tests.faults.case import Case
from tests.faults.invariants import Broken
from tests.faults.rig import Rig, rig
from tests.faults.running import Outcome

_FORK = multiprocessing.get_context("fork")
_PAUSE = 1
"""Seconds between two looks whether any worker is left."""


@dataclass(frozen=True, slots=True)
class Rigs:
    """How many, and of which kind."""

    folder: Path
    """Worker 1 has its sandboxes in `1`, and so on."""
    at_once: int = 1
    is_naive: bool = False
    keep: bool = False


def outcomes(cases: Sequence[Case], rigs: Rigs) -> Iterator[tuple[int, Outcome]]:
    """Run all cases and return each one's outcome as it comes, with its place among the cases.

    :raises RuntimeError: all workers ended before all cases.
    """
    waiting: Any = _FORK.Queue()
    done: Any = _FORK.Queue()
    # Those of one size of fleet after each other: a worker brings a sandbox up a size.
    for place in sorted(range(len(cases)), key=lambda at: (cases[at].servers, -cases[at].minutes)):
        waiting.put(place)
    numbers = range(1, min(rigs.at_once, len(cases)) + 1)
    workers = [_FORK.Process(target=_work, args=(n, cases, rigs, waiting, done)) for n in numbers]
    for worker in workers:
        waiting.put(None)
        worker.start()
    try:
        for _ in cases:
            place, found = _next(done, workers)
            yield place, Outcome(cases[place], **found)
    finally:
        for worker in workers:
            worker.join()


def _next(done: Any, workers: Sequence[Any]) -> tuple[int, dict[str, Any]]:  # noqa: ANN401
    while True:
        try:
            place, found = done.get(timeout=_PAUSE)
        except queue.Empty:
            if not any(worker.is_alive() for worker in workers):
                raise RuntimeError("all workers ended before all cases") from None
        else:
            return place, found


def _work(number: int, cases: Sequence[Case], rigs: Rigs, waiting: Any, done: Any) -> None:  # noqa: ANN401
    with ExitStack() as undo:
        made: Rig | None = None
        while (place := waiting.get()) is not None:
            case = cases[place]
            try:
                if made is None or made.fleet.servers != case.servers:
                    undo.close()
                    made = undo.enter_context(_rig(number, case, rigs))
                outcome = running.run(made, case)
            except (AssertionError, SandboxError, OSError) as error:
                # The rig can't be used any more; the next case gets another one.
                outcome = Outcome(case, [Broken(0, f"{type(error).__name__}: {error}")])
                undo.close()
                made = None
            # A case holds functions, which no queue takes.
            told = (each.name for each in fields(outcome) if each.name != "case")
            done.put((place, {name: getattr(outcome, name) for name in told}))


def _rig(number: int, case: Case, rigs: Rigs) -> AbstractContextManager[Rig]:
    folder = rigs.folder / str(number)
    return rig(folder, servers=case.servers, is_naive=rigs.is_naive, keep=rigs.keep)
