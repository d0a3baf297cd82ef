"""Power is lost: everything on the server is killed at one step, and the machine boots."""

from __future__ import annotations

import itertools
import os
import signal
from contextlib import AbstractContextManager
from dataclasses import replace

from tests.faults import steps
from tests.faults.case import Case, Expect, Fault, Serves, refused
from tests.faults.fleet import directives
from tests.faults.rig import Applied, Rig
from tests.faults.steps import Step

_LOST = r"Error: "


def lost_at(step: Step, naive: Step | None = None) -> Fault:
    def fault(rig: Rig) -> AbstractContextManager[None]:
        return steps.held(rig.machine, naive if rig.is_naive and naive else step, rig.power_cut)

    return fault


def worker_killed_at(step: Step) -> Fault:
    """Kill the activation's own process alone."""

    def fault(rig: Rig) -> AbstractContextManager[None]:
        def act() -> None:
            worker = rig.machine.worker()
            assert worker, "no activation runs"
            os.kill(worker, signal.SIGKILL)

        return steps.held(rig.machine, step, act)

    return fault


def at_each_step(rig: Rig) -> Applied:
    """Lose power before each command that finds the disk changed, in as many applies.

    After each the machine must serve one of the two releases, and the next apply converge.
    """
    changed = rig.fleet.extra.strip()
    for number in itertools.count(1):
        before = rig.look()
        rig.write(directives(f'{changed}\nHeader set X-Step "{number}"')(rig.fleet))
        try:
            with steps.held(rig.machine, steps.change(number), rig.power_cut):
                done = rig.apply()
                rig.machine.rest()
        except steps.NeverCame:
            break
        lost = done
        at = f"change {number}, before `{steps.changes(rig.machine)[-1][:60]}`"
        assert done.status, f"{at}: the apply says success"
        after = rig.look()
        assert len({seen.release for seen in after.values()}) == 1, f"{at}: {after}"
        for domain, seen in after.items():
            assert replace(seen, release="") == replace(before[domain], release=""), f"{at}: {seen}"
        done = rig.apply()
        assert done.status == 0, f"{at}: the next apply fails: {done.output[-500:]}"
        assert not rig.machine.journal(), f"{at}: a journal is left"
    assert done.status == 0, done.output
    assert number > _FEWEST, steps.changes(rig.machine)
    rig.notes.append(f"{number - 1} steps")
    return lost


_FEWEST = 20
"""Steps that change the disk: fewer, and they are not all seen."""

CASES = (
    Case(
        "power-lost-at-each-step",
        Expect(fails=True, serves=Serves.AFTER),
        act=at_each_step,
        naive="it has two steps, which power-lost-at-test and -after-switch are",
    ),
    Case(
        "power-lost-at-test",
        refused(_LOST),
        fault=lost_at(steps.says("testing the configuration"), steps.runs("apachectl configtest")),
    ),
    Case(
        "power-lost-after-switch",
        Expect(fails=True, serves=Serves.EITHER, words=(_LOST,)),
        fault=lost_at(
            steps.says_then("switching to release", "curl *"), steps.runs("apachectl graceful")
        ),
        quick=True,
    ),
    Case(
        "power-worker-killed",
        refused("the worker was killed"),
        fault=worker_killed_at(steps.says("testing the configuration")),
        naive="it has no process of its own",
    ),
)
