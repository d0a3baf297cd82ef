"""A site that joins the fleet, in an apply that fails half-way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from modules.plan.names import address, aws_name, generation
from sandbox import waiting
from sandbox.emulator.api import Api
from sandbox.emulator.records import Record, read
from tests.faults import clients, invariants
from tests.faults.case import Act
from tests.faults.machine import Seen
from tests.faults.rig import Applied, Rig

NEW = "domain-d.com"
RECORD = f"aws_route53_record.{address(NEW, 'A')}"
BALANCER = f"aws_lb.{address(NEW, generation(aws_name('', NEW)))}"
"""An application balancer that has nothing special."""

_SERVED = 200
_SECONDS = 60
"""For balancers to find a server healthy, and for DNS."""


def aws(rig: Rig) -> Api:
    return Api(rig.up.emulator.url, rig.up.plan.region)


def joins(by_hand: Callable[[Rig], object] = lambda _: None) -> Act:
    """Apply, which fails; do what is to be done by hand; then the next apply makes the new site."""

    def act(rig: Rig) -> Applied:
        before = {name: seen for name, seen in rig.look().items() if seen.status == _SERVED}
        done = rig.apply()
        if rig.is_naive:
            return done
        rig.machine.rest()
        assert done.status, "the apply says success"
        others_stay(rig, before)
        by_hand(rig)
        joined = rig.apply()
        assert joined.status == 0, joined.output[-2000:]
        served(rig, NEW)
        return done

    return act


def others_stay(rig: Rig, before: dict[str, Seen]) -> None:
    """See that a failed apply has left all sites as they were, with one release or the other."""
    after = rig.look(*before)
    releases = {seen.release for seen in after.values()}
    assert len(releases) == 1, after
    expected = {name: replace(seen, release=min(releases)) for name, seen in before.items()}
    broken = [
        *invariants.others_are_served(expected, after),
        *invariants.each_has_its_own(rig, after),
        *invariants.starts_cold(rig, after),
    ]
    assert not broken, broken


def served(rig: Rig, *domains: str) -> None:
    """Wait until sites are served by their balancers, under their names, and on their ports."""
    targets = [each for each in rig.targets(dict.fromkeys(domains)) if not each.kept]
    assert targets, domains
    waiting.until(
        f"{', '.join(domains)} by balancer",
        lambda: all(clients.answers(each) for each in targets if not each.namespace),
        seconds=_SECONDS,
        pause=0.3,
    )
    broken = [*invariants.each_has_its_own(rig, rig.look())]
    assert not broken, broken


def zone_of(rig: Rig, domain: str) -> str:
    """Return the id of a domain's zone."""
    zones = aws(rig).client("route53").list_hosted_zones_by_name(DNSName=domain)["HostedZones"]
    return str(zones[0]["Id"]).rpartition("/")[2]


def records_of(rig: Rig, domain: str) -> list[Record]:
    """Return the records that Route 53 has of a name, but for its zone's own."""
    own = {"NS", "SOA"}
    return [each for each in read(aws(rig)) if each.name == domain and each.type not in own]


def take_in(rig: Rig, resource: str, identity: str) -> None:
    """Have Terraform take a resource over that it made and does not know of, as the docs say."""
    status, output = rig.up.terraform.plain("import", resource, identity)
    assert status == 0, output
