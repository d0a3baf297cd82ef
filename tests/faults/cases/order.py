"""Applies that overtake one another, and clocks that are wrong.

There is no namespace for the time of day, so a wrong clock is a `date` in the place of the
server's: whatever else there looks at the clock has the right one.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from tests.faults import steps
from tests.faults.case import Case, Expect, Fault, Serves, applied
from tests.faults.fleet import EXTRA, Change, directives
from tests.faults.naive import CONFIGTEST
from tests.faults.rig import SAVED_PLAN, Applied, Rig

_NAME = "elsewhere"
_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A colleague's checkout of the same fleet: a stack's folder and a state of its own."""

    rig: Rig
    folder: Path

    @classmethod
    def of(cls, rig: Rig, change: Change) -> Elsewhere:
        """Copy the rig's, with other directives for the changed site."""
        rig.synthesize()
        folder, stack = rig.folder / _NAME, rig.up.terraform.stack
        for old in (folder, stack.with_name(_NAME)):
            shutil.rmtree(old, ignore_errors=True)
        shutil.copytree(stack, stack.with_name(_NAME), symlinks=True)
        shutil.copytree(rig.fleet.folder, folder)
        shutil.copy(rig.up.place.terraform_state, folder)
        (folder / EXTRA).write_text(change(rig.fleet).extra)
        return cls(rig, folder)

    def plan(self) -> None:
        """Save a plan."""
        done = self._run("plan", *self._variables, f"-out={self._saved}")
        assert done.status == 0, done.output

    def apply_plan(self) -> Applied:
        """Apply the saved plan, whenever that is."""
        return self._run("apply", self._state, str(self._saved))

    def apply(self) -> Applied:
        return self._run("apply", "-auto-approve", *self._variables)

    @property
    def _saved(self) -> Path:
        return self.folder / SAVED_PLAN

    @property
    def _state(self) -> str:
        return f"-state={self.folder / self.rig.up.place.terraform_state.name}"

    @property
    def _variables(self) -> tuple[str, str]:
        return self._state, f"-var=fleet_dir={self.folder}"

    def _run(self, verb: str, *arguments: str) -> Applied:
        return Applied(*self.rig.up.terraform.plain(verb, *arguments, folder=_NAME))


def at_once(rig: Rig) -> Applied:
    """Apply while another apply is in the midst of its activation."""
    other = Elsewhere.of(rig, directives('Header set X-Elsewhere "yes"'))
    reached, go = Event(), Event()

    def wait() -> None:
        reached.set()
        go.wait(_SECONDS)

    step = CONFIGTEST if rig.is_naive else steps.runs("timeout *unshare *")
    waiting = nullcontext() if rig.is_naive else rig.when_said("waiting for the lock", go.set)
    with ThreadPoolExecutor(1) as pool, steps.held(rig.machine, step, wait):
        first = pool.submit(other.apply)
        assert reached.wait(_SECONDS), first.result().output
        with waiting:
            done = rig.apply()
        go.set()
        assert first.result().status == 0, first.result().output
    return done


def stale(rig: Rig) -> Applied:
    """Save a plan, apply another one that is made later, then apply the saved one."""
    other = Elsewhere.of(rig, directives('Header set X-Elsewhere "stale"'))
    other.plan()
    newer = rig.apply()
    assert newer.status == 0, newer.output
    return other.apply_plan()


def clock(offset: str) -> Fault:
    """Have the server's clock be wrong by this much, in the words of date(1)."""

    @contextmanager
    def fault(rig: Rig) -> Iterator[None]:
        program = rig.machine.program(
            "date",
            'case " $* " in *" -d "* | *" -r "*) exec /usr/bin/date "$@" ;; esac\n'
            f'exec /usr/bin/date -d "{offset}" "$@"',
        )
        yield
        program.unlink()

    return fault


CASES = (
    Case("order-two-at-once", applied(), act=at_once),
    Case(
        "order-stale-plan",
        Expect(
            fails=True,
            serves=Serves.AFTER,
            words=(r"refused: .*this plan is of \S+, but one of \S+ is live already: plan again",),
        ),
        act=stale,
    ),
    Case("order-clock-ahead", applied(), clock("+400 days")),
    Case("order-clock-behind", applied(), clock("-400 days")),
)
