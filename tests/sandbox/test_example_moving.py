"""Two sites move to other kinds of balancers, and every client is served all the while."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import sandbox
from sandbox import Sandbox
from sandbox.emulator import balancers
from sandbox.emulator.api import Api
from tests.sandbox import examples
from tests.sandbox.hammering import Hammered, hammered

pytestmark = pytest.mark.sandbox

SITES = ("gradual.com", "at-once.com")


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    fleet = examples.copied("moving", tmp_path_factory.mktemp("example"))
    try:
        yield fleet
    finally:
        sandbox.down(fleet)


@pytest.fixture(scope="module")
def moving(fleet: Path) -> Sandbox:
    return sandbox.up(fleet)


def moved(up: Sandbox, stage: str, *sni: str) -> tuple[Sandbox, Hammered]:
    """Apply a stage while clients fetch both sites."""
    fleet = up.place.fleet
    shutil.copy(fleet.with_name(stage), fleet)
    with hammered(up, *SITES, sni=sni) as tallies:
        after = sandbox.up(fleet)
    return after, tallies


def kinds(up: Sandbox) -> int:
    """Count the balancers that are up; what the plan has is there, and nothing else."""
    names = {each.name for each in balancers.read(Api(up.emulator.url, up.plan.region))}
    assert names == {balancer.name for balancer in up.plan.balancers}
    return len(names)


def test_where_they_start(moving: Sandbox) -> None:
    examples.assert_good(moving)
    assert kinds(moving) == 2


def test_one_moves_at_once_and_one_gets_a_successor(moving: Sandbox) -> None:
    after, tallies = moved(moving, "stage-2.yaml")
    assert tallies.failed == []
    assert tallies.fewest > 200
    # Each client has met the balancer of before and the one of after, with one certificate.
    for name in SITES:
        assert tallies.addresses(name) == (2, 2)
        assert tallies.certificates(name) == (1, 1)
    assert kinds(after) == 3
    examples.assert_good(after)
    gradual = [each for each in sandbox.verify_sandbox(after).results if each.name == SITES[0]]
    assert len(gradual[0].observation.sights) == 2


@pytest.mark.soak
def test_one_moves_on_to_a_shared_balancer_and_one_leaves_the_old_one(moving: Sandbox) -> None:
    after, tallies = moved(sandbox.find(moving.place.fleet), "stage-3.yaml", "at-once.com")
    assert tallies.failed == []
    assert tallies.fewest > 200
    assert tallies.addresses("gradual.com") == (2, 2)
    assert tallies.addresses("at-once.com") == (2, 2)
    assert kinds(after) == 2
    examples.assert_good(after)
