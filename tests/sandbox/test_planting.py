"""What is planted is in moto, once, and where the fleet would look for it."""

from __future__ import annotations

from pathlib import Path

import pytest
from moto.route53.models import route53_backends
from moto.s3.models import s3_backends
from moto.sns.models import sns_backends
from moto.wafv2.models import wafv2_backends

from sandbox import authority
from sandbox.emulator import ACCOUNT
from sandbox.emulator.gaps import proved_elsewhere
from sandbox.emulator.planting import Ground, plant
from sandbox.emulator.seed import HostedZone, Seed

OTHER = "210987654321"
TOPIC = f"arn:aws:sns:eu-west-1:{OTHER}:alarms"
WEB_ACL = f"arn:aws:wafv2:eu-west-1:{ACCOUNT}:regional/webacl/shop/11111111-2222-4333-8444-5555"
SEED = Seed(
    vpc="vpc-0b1a2c3d",
    subnets=(),
    groups=(),
    instances=(),
    zones=(
        HostedZone("planted.com", "Z0123456789ABC"),
        HostedZone("planted.com", None, private=True),
        HostedZone("elsewhere.com", None, account=OTHER),
    ),
    certificates=(),
    topics=(TOPIC,),
    web_acls=(WEB_ACL,),
    buckets=("planted-logs",),
    elsewhere=("proved.com",),
)


@pytest.fixture(scope="module", autouse=True)
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("authority")
    authority.create(folder)
    for _ in range(2):
        plant(SEED, Ground(ACCOUNT, "eu-west-1"), authority.load(folder))
    return folder


def zones(account: str) -> set[tuple[str, bool, str | None]]:
    """Return name, privateness and VPC of each zone."""
    found = route53_backends[account]["aws"].zones.values()
    return {
        (zone.name, zone.private_zone, zone.vpcs[0]["vpc_id"] if zone.vpcs else None)
        for zone in found
        if zone.name in {"planted.com.", "elsewhere.com."}
    }


def test_zones_of_one_name_and_of_another_account() -> None:
    assert zones(ACCOUNT) == {("planted.com.", False, None), ("planted.com.", True, SEED.vpc)}
    assert zones(OTHER) == {("elsewhere.com.", False, None)}
    held = route53_backends[ACCOUNT]["aws"].zones
    assert held["Z0123456789ABC"].private_zone is False
    assert len([zone for zone in held.values() if zone.name == "planted.com."]) == 2


def test_what_balancers_and_alarms_name() -> None:
    assert TOPIC in sns_backends[OTHER]["eu-west-1"].topics
    assert WEB_ACL in wafv2_backends[ACCOUNT]["eu-west-1"].wacls
    assert "planted-logs" in s3_backends[ACCOUNT]["aws"].buckets
    assert "proved.com" in proved_elsewhere
