"""Every kind of balancer, and every certificate that needs no PEM file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import sandbox
from modules.verify.scanning import Offer
from sandbox import Check, Sandbox
from sandbox.emulator import records
from sandbox.emulator.api import Api
from tests.sandbox import examples

pytestmark = pytest.mark.sandbox


@pytest.fixture(scope="module")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    fleet = examples.copied("all-kinds", tmp_path_factory.mktemp("example"))
    try:
        yield sandbox.up(fleet)
    finally:
        sandbox.down(fleet)


@pytest.fixture(scope="module")
def api(kinds: Sandbox) -> Api:
    return Api(kinds.emulator.url, kinds.plan.region)


def test_every_name_is_verified_and_a_second_plan_says_no_changes(kinds: Sandbox) -> None:
    examples.assert_good(kinds)
    committed, now = examples.lock(kinds.place.fleet)
    assert committed == now


def test_what_sites_say_is_what_was_checked(kinds: Sandbox) -> None:
    found = {each.name: each for each in sandbox.verify_sandbox(kinds).results}
    sent = {name for name, result in found.items() if Check.DEFAULT in result.findings}
    assert sent == {"brand.com", "shop.brand.com", "role.com", "www.role.com"}
    assert Check.CANONICAL in found["www.application.com"].findings
    assert Check.HSTS in found["application.com"].findings
    (sight,) = found["classic.com"].observation.sights
    assert isinstance(sight.offer, Offer)
    assert set(sight.offer.suites) == {"TLSv1", "TLSv1.1", "TLSv1.2"}
    certificates = {
        name: {
            each.fingerprint
            for sight in found[name].observation.sights
            for each in sight.certificates
        }
        for name in found
    }
    assert certificates["brand.com"] == certificates["shop.brand.com"]
    assert len({prints for each in certificates.values() for prints in each}) == 7


def test_a_zone_of_another_account_is_changed_there(kinds: Sandbox, api: Api) -> None:
    other = Api(kinds.emulator.url, kinds.plan.region, "210987654321")
    assert {r.name for r in records.read(other) if r.alias} == {"role.com", "www.role.com"}
    assert not [r for r in records.read(api) if r.name.endswith("role.com")]


def test_what_belongs_to_balancers_is_there(kinds: Sandbox, api: Api) -> None:
    site = next(site for site in kinds.plan.sites if site.domain == "application.com")
    found = api.client("elbv2").describe_load_balancers(Names=[site.balancer.name])
    arn = found["LoadBalancers"][0]["LoadBalancerArn"]
    assert (
        api.client("wafv2").get_web_acl_for_resource(ResourceArn=arn)["WebACL"]["Name"] == "kinds"
    )
    alarms = api.client("cloudwatch").describe_alarms()["MetricAlarms"]
    assert alarms
    assert {action for alarm in alarms for action in alarm["AlarmActions"]} == {
        site.alarms and site.alarms.topic
    }
    buckets = api.client("s3").list_buckets()["Buckets"]
    assert [bucket["Name"] for bucket in buckets] == ["kinds-access-logs"]
