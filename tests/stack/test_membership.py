"""The order in which real Terraform has servers join the balancers and leave them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from modules.plan import Plan, records
from modules.stack.bindings import Construct, TerraformResource, TerraformStack
from modules.stack.load_balancer import FrontDoor
from modules.stack.membership import Membership
from modules.stack.servers import Server
from modules.stack.surroundings import Surroundings
from tests.fleet.golden import HOST_KEY
from tests.stack.applying import Applying, assert_in_order, stand_in
from tests.stack.golden import plan_of

HEALTHY, DRAINED = "wait 12", "wait 45"
"""Two checks, five seconds apart, and two for an answer; and what the site's `draining` says."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """What differs between two applies."""

    images: Mapping[str, str]
    """By the name of a created server."""
    releases: Mapping[str, str] = field(default_factory=dict)
    """What a server's release runs, where it isn't `true`."""


class Machine(Server):
    """A created server, its instance and a rule of its group."""

    def __init__(self, scope: Construct, record: records.Server) -> None:
        Construct.__init__(self, scope, record.name)
        self.record = record
        stand_in(self, f"instance_{record.name}", [record.instance_key])
        self.instance_id = f"${{terraform_data.instance_{record.name}.id}}"
        self.target = record.name
        self.opened = [stand_in(self, f"rule_{record.name}", [])]


class Door(FrontDoor):
    """The targets of a balancer."""

    def _build(self) -> None:
        self.attached = [
            self._target(name, instance)
            for name, instance in self._surroundings.instance_ids.items()
        ]

    def _target(self, name: str, instance: str) -> TerraformResource:
        target = stand_in(self, f"target_{name}", [instance], first_made=True)
        target.add_override("depends_on", ["terraform_data.servers__drained"])
        return target


class Deployment:
    """A stack of servers with one site, applied again and again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.applying = Applying(folder)

    def apply(self, fleet: Fleet) -> list[str]:
        plan = plan_of(self._folder, _text(fleet))
        fails = "false" in fleet.releases.values()
        return self.applying.apply(lambda stack: _build(stack, plan, fleet), fails=fails)


def _text(fleet: Fleet) -> str:
    servers = "".join(
        f"""\
  {name}:
    create: {{ami: ami-0000000{image}, type: t3.small, ssh_from: [198.51.100.0/24]}}
    ssh: {{user: admin, private_key: key, host_key: "{HOST_KEY}"}}
"""
        for name, image in fleet.images.items()
    )
    site = "a.com: {draining: 45, health_check: {interval: 5, timeout: 2}}"
    return f"servers:\n{servers}sites:\n  {site}\n"


def _build(stack: TerraformStack, plan: Plan, fleet: Fleet) -> None:
    machines = [Machine(stack, record) for record in plan.servers]
    membership = Membership(stack, "membership", machines, seconds=45, rules=[])
    released = [_release(machine, fleet) for machine in machines]
    (site,) = plan.sites
    around = Surroundings(
        vpc_id="",
        subnet_ids=[],
        balancer_group_id="",
        instance_ids={machine.target: machine.instance_id for machine in machines},
        zone_ids={},
    )
    door = Door(stack, "door", site, site.fronts[0], around)
    membership.follow([door], released=released)


def _release(machine: Machine, fleet: Fleet) -> TerraformResource:
    name = machine.record.name
    command = fleet.releases.get(name, "true")
    return stand_in(machine, f"release_{name}", [command, machine.instance_id], command=command)


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    return Deployment(tmp_path)


TWO = Fleet({"web-1": "1", "web-2": "1"})
THREE = Fleet({"web-1": "1", "web-2": "1", "web-3": "1"})


def key(server: str, image: str = "1") -> str:
    """Return what an instance is known by."""
    return f'["{server} ami-0000000{image} subnet-0123abcd"]'


def gone(server: str, image: str = "1") -> Sequence[str]:
    """Return how a server goes."""
    drained = f"delete servers__drained{key(server, image)}"
    return (f"delete target_{server}", drained, DRAINED, f"delete instance_{server}")


def test_a_new_fleet_waits_for_nothing(deployment: Deployment) -> None:
    done = deployment.apply(TWO)
    assert [each for each in done if each.startswith("wait")] == ["wait 0", "wait 0"]
    assert deployment.apply(TWO) == []


def test_one_that_comes_is_waited_for_and_one_that_goes_ends_its_requests(
    deployment: Deployment,
) -> None:
    deployment.apply(TWO)
    came = deployment.apply(THREE)
    joined = f"create servers__joined{key('web-3')}"
    assert_in_order(came, "create target_web-3", joined, HEALTHY, "update servers__current")
    assert_in_order(came, "create release_web-3", joined)
    assert not [each for each in came if each.startswith("delete")]
    went = deployment.apply(TWO)
    assert_in_order(went, "update servers__current", *gone("web-3"))
    assert_in_order(went, DRAINED, "delete rule_web-3")
    assert HEALTHY not in went


def test_one_that_takes_anothers_place_serves_before_that_one_goes(deployment: Deployment) -> None:
    deployment.apply(TWO)
    done = deployment.apply(Fleet({"web-1": "1", "web-4": "1"}))
    assert_in_order(done, "create release_web-4", HEALTHY, "update servers__current")
    assert_in_order(done, HEALTHY, "update servers__current", *gone("web-2"))


def test_the_only_server_is_renamed_or_gets_another_image(deployment: Deployment) -> None:
    deployment.apply(Fleet({"web-1": "1"}))
    renamed = deployment.apply(Fleet({"box-1": "1"}))
    assert_in_order(renamed, "create release_box-1", HEALTHY, *gone("web-1"))
    replaced = deployment.apply(Fleet({"box-1": "2"}))
    made = ("create instance_box-1", "create target_box-1", HEALTHY)
    assert_in_order(replaced, *made, "update servers__current", *gone("box-1"))
    assert_in_order(replaced, "create release_box-1", HEALTHY)


def test_a_release_that_fails_lets_nobody_go_and_the_next_apply_waits(
    deployment: Deployment,
) -> None:
    deployment.apply(TWO)
    after = {"web-1": "1", "web-4": "1"}
    failed = deployment.apply(Fleet(after, {"web-4": "false"}))
    assert "create target_web-4" in failed
    assert not {"delete target_web-2", "delete instance_web-2"} & {*failed}
    done = deployment.apply(Fleet(after))
    assert_in_order(done, HEALTHY, "update servers__current", *gone("web-2"))


def test_a_release_alone_moves_nothing(deployment: Deployment) -> None:
    deployment.apply(TWO)
    done = deployment.apply(Fleet(TWO.images, {"web-1": "true again"}))
    assert done == ["delete release_web-1", "create release_web-1"]


def test_requests_end_before_a_whole_fleet_is_gone(deployment: Deployment) -> None:
    deployment.apply(Fleet({"web-1": "1"}))
    assert_in_order(deployment.applying.destroy(), *gone("web-1"))
