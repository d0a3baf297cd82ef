"""Thirty sites on two shared balancers."""

from __future__ import annotations

from pathlib import Path

import pytest

import sandbox
from sandbox import Check
from sandbox.emulator.api import Api
from tests.sandbox import examples

pytestmark = pytest.mark.sandbox


def test_thirty_sites_share_two_balancers(tmp_path: Path) -> None:
    fleet = examples.copied("shared-thirty", tmp_path)
    try:
        up = sandbox.up(fleet)
        verification = sandbox.verify_sandbox(up)
        assert verification.reasons == ()
        assert len(verification.results) == 30
        assert all(Check.DEFAULT in result.findings for result in verification.results)
        shown = {
            (result.observation.addresses, sight.nameless.names)
            for result in verification.results
            for sight in result.observation.sights
            if sight.nameless is not None and not isinstance(sight.nameless, str)
        }
        assert {names for _, names in shown} == {("brand-01.com",), ("brand-27.com",)}
        assert len(shown) == 2
        api = Api(up.emulator.url, up.plan.region)
        assert len(api.client("elbv2").describe_load_balancers()["LoadBalancers"]) == 2
        assert not up.terraform.changes()
        committed, now = examples.lock(fleet)
        assert committed == now
    finally:
        sandbox.down(fleet)
