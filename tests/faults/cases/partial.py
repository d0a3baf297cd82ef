"""An apply makes one part of a new site and fails at the next; the next apply makes the rest."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from tests.faults.case import Case, Expect, Serves, refused
from tests.faults.fleet import FIRST, SECOND, Change, Fleet, directives, site, with_site, without
from tests.faults.joining import NEW, RECORD, aws, joins, records_of, zone_of
from tests.faults.rig import Applied, Rig

_ELSEWHERE = "198.51.100.7"
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


def dns_failed(rig: Rig) -> None:
    """See that the server serves the new site; then remove the record that was in its way."""
    seen = rig.look(NEW)[NEW]
    assert seen.release == rig.machine.current(), seen
    _change_record(rig, "DELETE")


@contextmanager
def taken_name(rig: Rig) -> Iterator[None]:
    """Have the new site's name lead elsewhere already, by a record of somebody else's."""
    rig.synthesize()
    _change_record(rig, "CREATE")
    try:
        yield
    finally:
        if any(_ELSEWHERE in each.values for each in records_of(rig, NEW)):
            _change_record(rig, "DELETE")


def _change_record(rig: Rig, action: str) -> None:
    values = [{"Value": _ELSEWHERE}]
    record = {"Name": NEW, "Type": "A", "TTL": 1, "ResourceRecords": values}
    aws(rig).client("route53").change_resource_record_sets(
        HostedZoneId=zone_of(rig, NEW),
        ChangeBatch={"Changes": [{"Action": action, "ResourceRecordSet": record}]},
    )


def replaced(fleet: Fleet) -> Fleet:
    """Have an application and a classic balancer replaced, and a release that is refused."""
    first = with_site(FIRST, *site(1, "ipv6: true", kind="application"))
    return directives("NoSuchDirective on")(with_site(SECOND, *site(7))(first(fleet)))


def taken_back(fleet: Fleet) -> Fleet:
    first = with_site(FIRST, *site(1, kind="application"))
    return directives("# corrected")(with_site(SECOND, *site(2))(first(fleet)))


def renamed(fleet: Fleet) -> Fleet:
    """Have requested certificates of more names, and a release that the server refuses."""
    return directives("NoSuchDirective on")(_requested(fleet, "www", "img"))


def named_back(fleet: Fleet) -> Fleet:
    return directives("# corrected")(_requested(fleet))


def once_requested(rig: Rig) -> Applied:
    """Apply the certificates of fewer names, and then the change."""
    asked = rig.fleet
    rig.write(replace(_requested(asked), extra=rig.good.extra))
    done = rig.apply()
    assert done.status == 0, done.output[-2000:]
    rig.write(asked)
    return rig.apply()


def _requested(fleet: Fleet, *more: str) -> Fleet:
    """Request the certificates of an application and of a classic balancer."""
    for domain, kind in ((FIRST, "application"), (SECOND, "classic")):
        names = ", ".join((domain, *(f"{word}.{domain}" for word in more)))
        balancer, _, *settings = site(0, kind=kind)
        lines = (balancer, f"certificate: {{acm: {{names: [{names}]}}}}", *settings)
        fleet = with_site(domain, *lines)(fleet)
    return fleet


CASES = (
    Case(
        "partial-balancer-made-server-failed",
        Expect(fails=True, serves=Serves.AFTER, words=("NoSuchDirective",)),
        change=joined_with("NoSuchDirective on"),
        then=corrected_without,
        act=joins(server_failed),
        naive="its balancers are made the same way; its server is that of apache-test-fails",
    ),
    Case(
        "partial-server-done-dns-failed",
        Expect(fails=True, serves=Serves.AFTER, words=(rf"already exists.*{RECORD}",)),
        taken_name,
        _JOINED,
        without(NEW),
        joins(dns_failed),
        naive="its DNS is made the same way",
    ),
    Case(
        "partial-replaced-and-taken-back",
        refused("NoSuchDirective"),
        change=replaced,
        then=taken_back,
        naive="its balancers are made the same way; its server is that of apache-test-fails",
    ),
    Case(
        "partial-certificates-replaced-and-taken-back",
        refused("NoSuchDirective"),
        change=renamed,
        then=named_back,
        act=once_requested,
        naive="its balancers are made the same way; its server is that of apache-test-fails",
    ),
)
