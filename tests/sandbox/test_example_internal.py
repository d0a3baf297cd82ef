"""Internal balancers, named in a private zone, beside a public one."""

from __future__ import annotations

from pathlib import Path

import pytest

import sandbox
from sandbox.emulator import records
from sandbox.emulator.api import Api
from tests.sandbox import examples

pytestmark = pytest.mark.sandbox


def test_internal_sites_are_served_inside(tmp_path: Path) -> None:
    fleet = examples.copied("internal", tmp_path)
    try:
        up = sandbox.up(fleet)
        examples.assert_good(up)
        committed, now = examples.lock(fleet)
        assert committed == now
        api = Api(up.emulator.url, up.plan.region)
        placed = {r.name: r.private for r in records.read(api) if r.alias}
        assert placed == {
            "wiki.example-corp.com": True,
            "vault.example-corp.com": True,
            "example-corp.com": False,
            "www.example-corp.com": False,
        }
        assert not [r for r in records.read(api) if r.private and r.type == "CNAME"]
        balancers = api.client("elbv2").describe_load_balancers()["LoadBalancers"]
        assert {b["Scheme"] for b in balancers} == {"internal"}
        subnets = {zone["SubnetId"] for b in balancers for zone in b["AvailabilityZones"]}
        assert subnets == {"subnet-0c1d2e3f405162738", "subnet-0d1e2f30415263748"}
        classic = api.client("elb").describe_load_balancers()["LoadBalancerDescriptions"]
        assert [b["Scheme"] for b in classic] == ["internet-facing"]
    finally:
        sandbox.down(fleet)
