from pathlib import Path

from sandbox.emulator.seed import Certificate, HostedZone, Instance, Subnet, make_seed
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
