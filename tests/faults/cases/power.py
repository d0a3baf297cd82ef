"""Power is lost: everything on the server is killed at one step, and the machine boots."""

from __future__ import annotations

import itertools
import os
import re
import signal
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import replace

from modules.servers import ServerError, rollback
from tests.faults import invariants, steps
from tests.faults.case import LOST, Case, Expect, Fault, Serves, lock_as_before, refused
from tests.faults.fleet import CHANGED, FIRST, SECOND, cheap_site, directives, with_site
from tests.faults.machine import CURRENT, Seen
from tests.faults.naive import CONFIGTEST, GRACEFUL
from tests.faults.rig import Applied, Rig
from tests.faults.steps import Step


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
    """Lose power before each command that finds the disk changed, in as many changes.

    A change is all that one can be: a site comes, the last one that came goes, another has a header
    more, and what is live was edited by hand. After each the machine must serve one of the two
    releases, and the next apply converge.
    """
    asked, ports = rig.fleet, rig.ports
    for number in itertools.count(1):
        before = rig.machine.look(ports)
        mark, new = f"step {number}", f"step-{number}.example"
        change = directives(f'Header set X-Changed "{mark}"')
        rig.write(with_site(new, *cheap_site())(change(asked)))
        with rig.machine.path(f"{CURRENT}/portico.conf").open("a") as file:
            file.write("# by hand\n")
        try:
            with steps.held(rig.machine, steps.change(number), rig.power_cut):
                done = rig.release()
                rig.machine.rest()
        except steps.NeverCame:
            break
        lost = done
        at = _place(rig, number)
        assert done.status, f"{at}: the apply says success"
        assert re.search(LOST, done.said), f"{at}: {done.output[-500:]}"
        after = rig.machine.look(ports | rig.ports)
        live = {domain: seen for domain, seen in after.items() if seen.status}
        _one_release_and_others_stay(at, before, live)
        is_new = live[CHANGED].changed == mark
        assert {*live} == ({*asked.sites, new} if is_new else {*before}), f"{at}: {live}"
        assert is_new or live[CHANGED] == before[CHANGED], f"{at}: {live[CHANGED]}"
        done = rig.release()
        assert done.status == 0, f"{at}: the next apply fails: {done.output[-500:]}"
        assert not rig.machine.journal(), f"{at}: a journal is left"
        ports, seen = rig.ports, rig.look()
        assert seen[CHANGED].changed == mark, f"{at}: the next apply leaves {seen[CHANGED]}"
        broken = [*invariants.each_has_its_own(rig, seen)]
        assert not broken, f"{at}: {broken}"
    assert done.status == 0, done.output
    assert number > _FEWEST, steps.changes(rig.machine)
    rig.notes.append(f"{number - 1} steps")
    rig.write(asked)
    last = rig.release()
    assert last.status == 0, last.output[-2000:]
    return lost


def of_a_rollback(rig: Rig) -> Applied:
    """Lose power before each command that finds the disk changed, in as many rollbacks."""
    live = rig.machine.current()
    done = rig.apply()
    assert done.status == 0, done.output[-2000:]
    newest = other = rig.machine.current()
    told = lost = ""
    for number in itertools.count(1):
        live, other = other, live
        before = rig.look()
        try:
            with steps.held(rig.machine, steps.change(number), rig.power_cut):
                told = _rolled_back(rig, other)
        except steps.NeverCame:
            break
        rig.machine.rest()
        lost, at = told, _place(rig, number)
        assert re.search(_ROLLBACK_LOST, lost), f"{at}: {lost or 'the rollback says success'}"
        _one_release_and_others_stay(at, before, rig.look())
        again = _rolled_back(rig, other)
        assert not again, f"{at}: {again}"
        assert not rig.machine.journal(), f"{at}: a journal is left"
        seen = rig.look()
        assert {each.release for each in seen.values()} == {other}, f"{at}: {seen}"
    assert not told, told
    assert number > _FEWEST, steps.changes(rig.machine)
    rig.notes.append(f"{number - 1} steps")
    if rig.machine.current() != newest:
        told = _rolled_back(rig, newest)
        assert not told, told
    return Applied(1, lost)


def _rolled_back(rig: Rig, release: str) -> str:
    """Make a kept release live again; return why that failed, "" where it did not."""
    lines: list[str] = []
    try:
        status = rollback(rig.up.login(rig.machine.name), release, lines.append)
    except ServerError as error:
        return str(error)
    return "\n".join(lines) if status else ""


def _place(rig: Rig, number: int) -> str:
    return f"change {number}, before `{steps.changes(rig.machine)[-1][:60]}`"


def _one_release_and_others_stay(
    at: str, before: Mapping[str, Seen], live: Mapping[str, Seen]
) -> None:
    assert len({seen.release for seen in live.values()}) == 1, f"{at}: {live}"
    for domain in (FIRST, SECOND):
        was = replace(before[domain], release=live[CHANGED].release)
        assert live.get(domain) == was, f"{at}: {live.get(domain)}"


_ROLLBACK_LOST = r"the connection to \S+ was lost|: exit status 137$"
"""What `portico rollback` says; the second where sshd, killed last, still told of a SIGKILL."""
_FEWEST = 50
"""Steps that change the disk: fewer, and they are not all seen."""

CASES = (
    Case(
        "power-lost-at-each-step",
        Expect(fails=True, serves=Serves.AFTER),
        lock_as_before,
        act=at_each_step,
        minutes=25,
        naive="it has two steps, which power-lost-at-test and -after-switch are",
    ),
    Case(
        "power-lost-at-each-step-of-a-rollback",
        Expect(fails=True, serves=Serves.AFTER, words=(_ROLLBACK_LOST,)),
        act=of_a_rollback,
        minutes=8,
        naive="it keeps nothing to go back to",
    ),
    Case(
        "power-lost-at-test",
        refused(LOST),
        fault=lost_at(steps.says("testing the configuration"), CONFIGTEST),
    ),
    Case(
        "power-lost-after-switch",
        Expect(fails=True, serves=Serves.EITHER, words=(LOST,)),
        fault=lost_at(steps.says_then("switching to release", "curl *"), GRACEFUL),
        quick=True,
    ),
    Case(
        "power-worker-killed",
        refused("the worker was killed"),
        fault=worker_killed_at(steps.says("testing the configuration")),
        naive="it has no process of its own",
    ),
)
