"""A line a step: what is done, how far it is, how long it took."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    # validate doesn't pay for steps
    from rich.console import Console
    from rich.status import Status


class Steps:
    """A `sandbox.progress.Progress`: live on a terminal, a line when done."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._step: str | None = None
        self._since = 0.0
        self._status: Status | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._finish("failed" if kind else "done")

    def __call__(self, step: str, done: int = 0, total: int = 0) -> None:
        if step != self._step:
            self._finish("done")
            self._step = step
            self._since = time.monotonic()
            if self._console.is_terminal:
                self._status = self._console.status(step)
                self._status.start()
        if self._status is not None:
            self._status.update(f"{step}, {done} of {total}" if total else step)

    def _finish(self, outcome: str) -> None:
        if self._step is None:
            return
        if self._status is not None:
            self._status.stop()
            self._status = None
        seconds = time.monotonic() - self._since
        end = f"{seconds:.0f} s" if outcome == "done" else f"{outcome} after {seconds:.0f} s"
        self._console.print(f"{self._step} … {end}", highlight=False, markup=False)
        self._step = None
