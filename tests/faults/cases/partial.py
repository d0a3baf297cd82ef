"""An apply makes one part of a new site and fails at the next; the next apply makes the rest."""

from __future__ import annotations

from tests.faults.case import Case, Expect, Serves
from tests.faults.fleet import Change, Fleet, directives, site, with_site, without
from tests.faults.joining import NEW, aws, joins, records_of
from tests.faults.rig import Rig

_JOINED = with_site(NEW, *site(4))


def joined_with(text: str) -> Change:
    """Add the new site, and give the changed one these directives."""

    def change(fleet: Fleet) -> Fleet:
        return directives(text)(_JOINED(fleet))

    return change


def corrected_without(fleet: Fleet) -> Fleet:
    return directives("# corrected")(without(NEW)(fleet))


def server_failed(rig: Rig) -> None:
    """See that there is a balancer, and that nobody is led to it; then correct the mistake."""
    [name] = [each.name for each in rig.up.plan.balancers if each.key == NEW]
    assert aws(rig).client("elb").describe_load_balancers(LoadBalancerNames=[name])
    assert records_of(rig, NEW) == [], "DNS leads to a site that is not served"
    rig.write(directives("# corrected")(rig.fleet))


CASES = (
    Case(
        "partial-balancer-made-server-failed",
        Expect(fails=True, serves=Serves.AFTER, words=("NoSuchDirective",)),
        change=joined_with("NoSuchDirective on"),
        then=corrected_without,
        act=joins(server_failed),
        naive="its balancers are made the same way; its server is that of apache-test-fails",
    ),
)
