"""The order in which real Terraform moves DNS from one balancer to another.

Resources of Terraform's own stand for AWS's: what is destroyed when depends on nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from modules.plan.records import Site
from modules.stack.addressing import at
from modules.stack.bindings import TerraformResource, TerraformStack
from modules.stack.handover import Handover
from modules.stack.load_balancer import FrontDoor
from modules.stack.surroundings import Surroundings
from tests.stack.applying import Applying, assert_in_order, stand_in
from tests.stack.golden import plan_of

HEALTHY = 2 * 5 + 2
"""Seconds: two checks, five apart, and the time-out of one."""


class Door(FrontDoor):
    """A balancer and its listener; `node_id` is the kind."""

    def _build(self) -> None:
        made = f"{self.node.id}{self._surroundings.vpc_id}"
        balancer = stand_in(self, f"{made}_balancer", [], first_made=True)
        self.dns_name = f"${{terraform_data.{made}_balancer.id}}"
        listener = stand_in(self, f"{made}_listener", [self.dns_name], first_made=True)
        self.serving = [balancer, listener]


@dataclass(frozen=True, slots=True)
class Fleet:
    """What differs between two applies."""

    kinds: Sequence[str]
    """Of the site's balancers; empty: the site is gone."""
    generation: str = ""
    """Of the balancers: another is another balancer, of another address."""
    release: str = "true"
    """What the release runs."""
    dns: bool = True
    """Whether the names are in Route 53."""


class Deployment:
    """A stack of one site, applied again and again in one folder."""

    def __init__(self, folder: Path, site: Site) -> None:
        self._applying = Applying(folder)
        self._site = site

    def apply(self, fleet: Fleet) -> list[str]:
        """Apply; return what was done, in the order in which each was begun."""

        def build(stack: TerraformStack) -> None:
            triggers = [*fleet.kinds, fleet.generation, fleet.release]
            release = stand_in(stack, "release", triggers, command=fleet.release)
            if fleet.kinds:
                self._site_of(stack, fleet, release)

        return self._applying.apply(build, fails=fleet.release == "false")

    def _site_of(self, stack: TerraformStack, fleet: Fleet, release: TerraformResource) -> None:
        around = Surroundings(
            vpc_id=fleet.generation,
            subnet_ids=[],
            balancer_group_id="",
            instance_ids={},
            zone_ids={},
        )
        (front,) = self._site.fronts
        doors = [Door(stack, kind, self._site, front, around) for kind in fleet.kinds]
        handover = Handover(stack, "handover", doors, released=[release])
        if not fleet.dns:
            handover.hold()
            return
        alias = at(
            "alias",
            TerraformResource(
                stack,
                "alias",
                terraform_resource_type="terraform_data",
                depends_on=[handover.healthy],
            ),
        )
        alias.add_override("input", [door.dns_name for door in doors])
        handover.drain([alias])


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    text = "sites:\n  a.com: {health_check: {interval: 5, timeout: 2}}\n"
    (site,) = plan_of(tmp_path, text).sites
    return Deployment(tmp_path, site)


MOVED = ("wait 12", "update alias", "wait 120", "update a_com__current")
"""What stands between the new balancers and the end of the old ones, in this order."""


def test_a_new_site_waits_for_nothing(deployment: Deployment) -> None:
    done = deployment.apply(Fleet(["application"]))
    assert_in_order(done, "create application_listener", "wait 0", "create alias", "wait 0")
    assert "wait 12" not in done
    assert "wait 120" not in done


@pytest.mark.parametrize("after", [Fleet(["classic"]), Fleet(["application"], generation="2")])
def test_the_old_balancer_goes_once_clients_have_left_it(
    after: Fleet, deployment: Deployment
) -> None:
    deployment.apply(Fleet(["application"]))
    done = deployment.apply(after)
    new = f"{after.kinds[0]}{after.generation}"
    gone = ("delete application_listener", "delete application_balancer")
    assert_in_order(done, f"create {new}_listener", *MOVED, *gone)
    assert_in_order(done, "create release", "wait 12")


@pytest.mark.parametrize("generation", ["", "2"])
def test_where_dns_is_elsewhere_the_old_balancer_goes_once_the_new_one_is_healthy(
    generation: str, deployment: Deployment
) -> None:
    kind = "application" if generation else "classic"
    new = deployment.apply(Fleet(["application"], dns=False))
    assert "wait 12" not in new
    done = deployment.apply(Fleet([kind], generation, dns=False))
    gone = ("delete application_listener", "delete application_balancer")
    made = f"create {kind}{generation}_listener"
    assert_in_order(done, made, "wait 12", "update a_com__current", *gone)


def test_where_dns_is_elsewhere_it_stays_while_the_new_one_has_no_release(
    deployment: Deployment,
) -> None:
    deployment.apply(Fleet(["application"], dns=False))
    failed = deployment.apply(Fleet(["classic"], release="false", dns=False))
    assert not [each for each in failed if each.startswith("delete application")]
    back = deployment.apply(Fleet(["application"], dns=False))
    assert not [each for each in back if "application_" in each]


def test_the_way_back_waits_as_well(deployment: Deployment) -> None:
    for kind in ("application", "classic"):
        deployment.apply(Fleet([kind]))
    done = deployment.apply(Fleet(["application"]))
    assert_in_order(done, "create application_listener", *MOVED, "delete classic_balancer")


def test_a_release_alone_moves_nothing(deployment: Deployment) -> None:
    deployment.apply(Fleet(["application"]))
    assert deployment.apply(Fleet(["application"], release="true again")) == [
        "delete release",
        "create release",
    ]
    assert deployment.apply(Fleet(["application"], release="true again")) == []


def test_a_successor_comes_beside_the_balancer_and_stays_without_it(
    deployment: Deployment,
) -> None:
    deployment.apply(Fleet(["application"]))
    both = deployment.apply(Fleet(["application", "network"]))
    assert_in_order(both, "create network_listener", *MOVED)
    assert not [each for each in both if each.startswith("delete application")]
    alone = deployment.apply(Fleet(["network"]))
    assert_in_order(alone, *MOVED, "delete application_listener", "delete application_balancer")


def test_a_release_that_fails_moves_nothing_and_the_next_apply_waits(
    deployment: Deployment,
) -> None:
    deployment.apply(Fleet(["application"]))
    failed = deployment.apply(Fleet(["classic"], release="false"))
    assert "update alias" not in failed
    assert "delete application_balancer" not in failed
    done = deployment.apply(Fleet(["classic"]))
    assert_in_order(done, *MOVED, "delete application_listener", "delete application_balancer")


def test_a_replacement_that_a_failed_apply_left_is_taken_back(deployment: Deployment) -> None:
    deployment.apply(Fleet(["application"]))
    failed = deployment.apply(Fleet(["application"], generation="2", release="false"))
    assert "create application2_listener" in failed
    assert "update alias" not in failed
    done = deployment.apply(Fleet(["application"]))
    assert_in_order(done, "delete application2_listener", "delete application2_balancer")
    assert not [each for each in done if "application_" in each or "alias" in each]


def test_a_site_that_is_gone_leaves_dns_first(deployment: Deployment) -> None:
    deployment.apply(Fleet(["application"]))
    done = deployment.apply(Fleet([]))
    gone = ("delete application_listener", "delete application_balancer")
    assert_in_order(done, "delete alias", *gone)
    assert_in_order(done, "delete alias", "delete release", "create release")
    assert not [each for each in done if each.startswith("wait")]
