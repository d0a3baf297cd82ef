"""What a plan needs of each quota, and what becomes of too much."""

from dataclasses import replace
from pathlib import Path

import pytest

from modules.fleet import FleetError
from modules.fleet.sections import Quotas
from modules.plan import Plan, make_plan
from modules.plan.quota_needs import Need, quota_needs, quota_warnings
from modules.plan.quotas import QUOTAS
from modules.plan.records import RequestedCertificate
from tests.plan.plans import facts, fleet_of, plan_of, with_pem

SHARED = "defaults: {document_root: /srv, load_balancer: shared}\n"


def sites(count: int, settings: str = "{}") -> str:
    return "sites:\n" + "".join(f"  s{i}.com: {settings}\n" for i in range(count))


def counts(plan: Plan) -> dict[str, int]:
    return {need.quota.key: need.count for need in quota_needs(plan)}


def need_of(plan: Plan, key: str) -> Need:
    (need,) = [need for need in quota_needs(plan) if need.quota.key == key]
    return need


# --- counts ----------------------------------------------------------------------------------


def test_a_site_needs_one_of_most(tmp_path: Path) -> None:
    assert counts(plan_of("sites:\n  a.com: {aliases: [www.a.com], ipv6: true}\n", tmp_path)) == {
        "application_load_balancers": 1,
        "target_groups": 1,
        "acm_certificates": 1,
        "names_per_certificate": 2,
        # 80 and 443 for one range of each version of IP.
        "rules_per_security_group": 2,
        # A and AAAA of two names, and the validation of both.
        "records_per_zone": 6,
    }


def test_balancers_are_counted_by_kind(tmp_path: Path) -> None:
    plan = plan_of(
        "sites:\n  a.com: {load_balancer: classic}\n"
        "  b.com: {load_balancer: network, successor: {load_balancer: application}}\n"
        "  c.com: {load_balancer: shared}\n  d.com: {load_balancer: shared}\n",
        tmp_path,
    )
    found = counts(plan)
    assert found["classic_load_balancers"] == 1
    assert found["network_load_balancers"] == 1
    # b.com's and the one that two sites share.
    assert found["application_load_balancers"] == 2
    # Two of the network balancer, one of each of the others but the classic one.
    assert found["target_groups"] == 5
    assert found["target_groups_per_load_balancer"] == 2


def test_a_shared_balancer_is_counted_by_certificates_and_rules(tmp_path: Path) -> None:
    aliases = ", ".join(f"n{i}.a.com" for i in range(5))
    plan = plan_of(
        f"{SHARED}certificates:\n  wild: {{acm: {{names: [b.com, '*.b.com']}}}}\n"
        f"sites:\n  a.com: {{aliases: [{aliases}]}}\n  b.com: {{certificate: {{use: wild}}}}\n"
        "  c.b.com: {certificate: {use: wild}}\n",
        tmp_path,
    )
    assert need_of(plan, "certificates_per_load_balancer").count == 1
    # Six hosts take two rules of five values.
    assert need_of(plan, "rules_per_load_balancer").count == 4
    assert need_of(plan, "rules_per_load_balancer").subject == "shared-1"


def test_of_several_the_one_that_needs_most_is_told(tmp_path: Path) -> None:
    plan = plan_of("sites:\n  a.com:\n  b.com: {aliases: [www.b.com]}\n", tmp_path)
    need = need_of(plan, "names_per_certificate")
    assert (need.subject, need.count, need.limit) == ("b.com", 2, 10)
    assert need_of(plan, "records_per_zone").subject == "b.com"


def test_weighted_records_stand_beside_the_alias(tmp_path: Path) -> None:
    plan = plan_of("sites:\n  a.com: {successor: {load_balancer: network}}\n", tmp_path)
    # The alias, two weighted ones, and the validation.
    assert need_of(plan, "records_per_zone").count == 4


def test_rules_are_counted_a_group_and_the_version_with_most(tmp_path: Path) -> None:
    ranges = ", ".join(f"198.51.100.{i}/32" for i in range(7))
    plan = plan_of(f"sites:\n  a.com: {{allow: [{ranges}, '2001:db8::/32']}}\n", tmp_path)
    need = need_of(plan, "rules_per_security_group")
    assert (need.count, need.subject) == (14, plan.sites[0].balancer.client_group)


def test_ranges_of_ports_are_rules_of_the_servers_group(tmp_path: Path) -> None:
    ports = {f"s{i}.com": 9000 + 100 * i for i in range(5)}
    need = need_of(plan_of(sites(5), tmp_path, ports), "rules_per_security_group")
    assert (need.count, need.subject) == (5, "sg-0123abcd")


def test_uploaded_certificates_are_counted_by_service(tmp_path: Path) -> None:
    fleet = fleet_of(sites(3), tmp_path)
    fleet = with_pem(fleet, "s0.com", "iam", facts(), "s0")
    fleet = with_pem(fleet, "s1.com", "acm", facts(), "s1")
    found = counts(make_plan(fleet))
    assert [
        found[key] for key in ("iam_certificates", "imported_certificates", "acm_certificates")
    ] == [1, 1, 1]


def test_an_empty_fleet_needs_rules_for_clients_alone(tmp_path: Path) -> None:
    assert counts(plan_of("sites: {}\n", tmp_path)) == {"rules_per_security_group": 2}


# --- too much --------------------------------------------------------------------------------


def test_enough_is_no_warning(tmp_path: Path) -> None:
    assert quota_warnings(plan_of(sites(50), tmp_path), "fleet.yaml") == ()


def test_too_much_is_a_warning_with_the_code_and_the_way_around(tmp_path: Path) -> None:
    (warning,) = quota_warnings(plan_of(sites(51), tmp_path), "fleet.yaml")
    assert str(warning) == (
        "fleet.yaml:1:1: Application Load Balancers per Region: the fleet needs 51; "
        "allowed: 50; raise the quota L-53DA6B97, or let sites share balancers with "
        "load_balancer: shared [F703]"
    )


def test_the_accounts_own_quota_counts(tmp_path: Path) -> None:
    raised = "quotas: {application_load_balancers: 60}\n"
    assert quota_warnings(plan_of(raised + sites(51), tmp_path), "fleet.yaml") == ()
    (warning,) = quota_warnings(plan_of(raised + sites(61), tmp_path), "fleet.yaml")
    assert "allowed: 60" in str(warning)


@pytest.mark.parametrize(("kind", "code"), [("classic", "L-E9E9831D"), ("network", "L-69A177A2")])
def test_each_kind_has_a_quota_of_its_own(kind: str, code: str, tmp_path: Path) -> None:
    quotas = f"quotas: {{{kind}_load_balancers: 1}}\n"
    text = quotas + sites(2, f"{{load_balancer: {kind}}}")
    (warning,) = quota_warnings(plan_of(text, tmp_path), "fleet.yaml")
    assert code in warning.message
    assert "load_balancer: application" in warning.message


def test_what_aws_never_gives_is_an_error(tmp_path: Path) -> None:
    plan = plan_of("sites:\n  a.com:\n", tmp_path)
    (certificate,) = plan.certificates
    assert isinstance(certificate, RequestedCertificate)
    many = replace(certificate, names=tuple(f"n{i}.a.com" for i in range(101)))
    plan = replace(plan, certificates=(many,), quotas={"names_per_certificate": 200})
    with pytest.raises(FleetError) as refused:
        quota_warnings(plan, "fleet.yaml")
    assert str(refused.value) == (
        "fleet.yaml:1:1: Domain names per ACM certificate: a.com needs 101; allowed: 100 at "
        "most, ever; make a second site of some aliases, or name a wildcard [F427]"
    )


# --- data ------------------------------------------------------------------------------------


def test_every_figure_of_the_file_is_a_quota() -> None:
    assert set(Quotas.model_fields) <= {quota.key for quota in QUOTAS}


def test_a_quota_can_be_raised_or_is_fixed() -> None:
    for quota in QUOTAS:
        assert quota.code or quota.default == quota.most
        assert quota.most is None or quota.default <= quota.most
        assert quota.source.startswith("https://docs.aws.amazon.com/")
    codes = [quota.code for quota in QUOTAS if quota.code]
    assert len(set(codes)) == len(codes)
