"""Zones of other accounts, and addresses that Apache trusts."""

from pathlib import Path

from modules.stack.zone_providers import provider_alias
from tests.stack.golden import blocks, configuration_of, plainly, plan_of

INNER = """\
network:
  vpc: vpc-0123abcd
  subnets: [subnet-0123abcd, subnet-0123abce]
  internal_subnets: [subnet-0123abcf, subnet-0123abd0]
"""


def test_a_roles_provider_has_a_name_of_its_own() -> None:
    roles = [
        f"arn:aws:iam::{account}:role/{name}"
        for account in ("123456789012", "210987654321")
        for name in ("dns", "team/dns", "team-dns", "team.dns", "dns@team")
    ]
    assert len({provider_alias(role) for role in roles}) == len(roles)
    assert provider_alias(roles[0]).startswith("zones-123456789012-dns-")


def test_apache_trusts_the_internal_subnets_while_a_balancer_is_internal(tmp_path: Path) -> None:
    outer = ["subnet-0123abcd", "subnet-0123abce"]
    inner = ["subnet-0123abcf", "subnet-0123abd0"]
    for site, subnets in (("{}", outer), ("{internal: true}", outer + inner)):
        found = blocks(plainly(configuration_of(tmp_path, f"{INNER}sites: {{a.com: {site}}}\n")))
        assert found["local.trusted_proxies"] == [
            f"${{data.aws_subnet.{subnet}.cidr_block}}" for subnet in subnets
        ]
    assert found["aws_lb.a_com"]["subnets"] == inner


def test_the_plan_keeps_every_role_that_the_file_names(tmp_path: Path) -> None:
    role = "arn:aws:iam::210987654321:role/dns"
    plan = plan_of(tmp_path, f'zones: {{a.com: {{role: "{role}"}}}}\nsites: {{a.com: {{}}}}\n')
    assert plan.zone_roles == (role,)
