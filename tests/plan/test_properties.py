"""What holds for the plan of any fleet."""

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hypothesis import given, settings

from modules.cli.show import as_json
from modules.fleet import LockMode, load_fleet
from modules.plan import Plan, make_plan
from modules.plan.quota_needs import quota_needs
from tests.stack.fleets import fleets

ORDER_MATTERS = frozenset({"names"})
"""The first name of a certificate is its common name."""


def planned(fleet: Mapping[str, Any]) -> Plan:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fleet.yaml"
        path.write_text(json.dumps(fleet), encoding="utf-8")
        return make_plan(load_fleet(path, LockMode.READ))


def backwards(value: Any, key: str = "") -> Any:  # noqa: ANN401 - a map of any shape
    """The same fleet with all of its maps and lists the other way round."""
    if isinstance(value, dict):
        return {each: backwards(value[each], each) for each in reversed(value)}
    if isinstance(value, list) and key not in ORDER_MATTERS:
        return [backwards(each) for each in reversed(value)]
    return value


@given(fleets())
@settings(deadline=None)
def test_order_in_the_file_never_matters(fleet: dict[str, Any]) -> None:
    assert as_json(planned(fleet)) == as_json(planned(backwards(fleet)))


@given(fleets())
@settings(deadline=None)
def test_names_are_told_apart(fleet: dict[str, Any]) -> None:
    plan = planned(fleet)
    balancers = [balancer.name for balancer in plan.balancers]
    assert len(balancers) == len(set(balancers))
    groups = [
        name
        for site in plan.sites
        for front in site.fronts
        for name in (front.target_group, front.http_target_group)
        if name
    ]
    assert len(groups) == len(set(groups))


@given(fleets())
@settings(deadline=None)
def test_what_refers_is_there(fleet: dict[str, Any]) -> None:
    plan = planned(fleet)
    zones = {zone.key for zone in plan.zones}
    assert {record.zone for site in plan.sites for record in site.alias_records} <= zones
    assert {record.zone for record in plan.validation_records} <= zones
    records = {record.name for record in plan.validation_records}
    for certificate in plan.certificates:
        assert set(getattr(certificate, "validated", ())) <= records
    assert all(sum(f.weight or 0 for f in site.fronts) in (0, 100) for site in plan.sites)


@given(fleets(min_sites=1))
@settings(deadline=None)
def test_each_balancer_and_certificate_is_counted_once(fleet: dict[str, Any]) -> None:
    plan = planned(fleet)
    counts = {need.quota.key: need.count for need in quota_needs(plan)}
    kinds = ("application", "classic", "network")
    assert sum(counts.get(f"{kind}_load_balancers", 0) for kind in kinds) == len(plan.balancers)
    made = ("acm_certificates", "imported_certificates", "iam_certificates")
    assert sum(counts.get(key, 0) for key in made) == len(plan.certificates)
