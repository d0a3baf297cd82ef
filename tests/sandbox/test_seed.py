import json
from dataclasses import asdict
from pathlib import Path

from modules.fleet import load_fleet
from modules.plan import Plan, make_plan
from sandbox.emulator.seed import Certificate, HostedZone, Instance, Seed, Subnet, make_seed
from tests.sandbox import fleets


def test_what_the_file_names_is_seeded(tmp_path: Path) -> None:
    arn = fleets.ARN.format(1)
    seed = make_seed(
        fleets.plan(
            tmp_path,
            fleets.site("a.com", "aliases: [www.a.com, a.org]", f"certificate: {{arn: '{arn}'}}")
            + fleets.site("b.com", f"certificate: {{arn: '{arn}'}}", "zone: Z0123456789ABC")
            + fleets.site("c.com", "zone: create"),
        )
    )
    assert seed.vpc == "vpc-0a1b2c3d"
    assert seed.subnets == (
        Subnet("subnet-0a1b2c3d", "10.80.0.0/24", "a"),
        Subnet("subnet-1a2b3c4d", "10.80.1.0/24", "b"),
    )
    assert seed.groups == ("sg-0a1b2c31",)
    assert seed.instances == (
        Instance("i-0123456789abcdef1", "subnet-0a1b2c3d", "10.80.0.10", ("sg-0a1b2c31",)),
    )
    assert set(seed.zones) == {
        HostedZone("a.com", None),
        HostedZone("a.org", None),
        HostedZone("b.com", "Z0123456789ABC"),
    }
    assert seed.certificates == (Certificate(arn, ("a.com", "a.org", "www.a.com", "b.com")),)


ROLE = "arn:aws:iam::210987654321:role/dns"
WEB_ACL = (
    "arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/shop/8d1d1d1d-1111-4111-8111-8d1d1d1d1d1d"
)
TOPIC = "arn:aws:sns:eu-west-1:123456789012:alarms"


def whole(folder: Path, head: str, sites: str) -> Plan:
    """Return the plan of a fleet with more at its top level, and with internal subnets."""
    file = fleets.write(folder, sites)
    text = file.read_text().replace(
        "subnet-1a2b3c4d]", "subnet-1a2b3c4d], internal_subnets: [subnet-2a2b3c4d, subnet-3a2b3c4d]"
    )
    file.write_text(head + text)
    return make_plan(load_fleet(file))


def test_all_that_settings_name_is_seeded(tmp_path: Path) -> None:
    plan = whole(
        tmp_path,
        f"zones: {{b.com: {{role: '{ROLE}'}}}}\naccess_log_bucket: {{bucket: logs}}\n",
        fleets.site("a.com", f"alarms: {{topic: '{TOPIC}'}}", f"waf: '{WEB_ACL}'")
        + fleets.site("b.com", "access_logs: true")
        + fleets.site("c.com", "private_zone: true", "internal: true")
        + fleets.site(
            "d.com",
            "zone: external",
            "certificate: {acm: {validation: manual}}",
            "aliases: [e.com]",
        ),
    )
    seed = make_seed(plan)
    assert [subnet.id for subnet in seed.subnets] == [
        *("subnet-0a1b2c3d", "subnet-1a2b3c4d", "subnet-2a2b3c4d", "subnet-3a2b3c4d"),
    ]
    assert set(seed.zones) == {
        HostedZone("a.com", None),
        HostedZone("b.com", None, account="210987654321"),
        HostedZone("c.com", None),
        HostedZone("c.com", None, private=True),
    }
    assert (seed.topics, seed.web_acls, seed.buckets) == ((TOPIC,), (WEB_ACL,), ("logs",))
    assert seed.elsewhere == ("d.com", "e.com")
    assert Seed.of(json.loads(json.dumps(asdict(seed)))) == seed
