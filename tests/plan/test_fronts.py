"""The balancers: of every kind, with a successor, shared; what their names change with."""

from pathlib import Path

import pytest

from modules.plan.records import HEALTH_PATH, BalancerKind, HealthCheck
from tests.plan.plans import front_of, plan_of, site_of

KINDS = ("application", "classic", "network")
SHARED = "defaults: {document_root: /srv, load_balancer: shared}\n"


# --- kinds -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_site_has_the_balancer_that_it_names(kind: str, tmp_path: Path) -> None:
    front = front_of(f"{{load_balancer: {kind}}}", tmp_path)
    assert (front.balancer.kind, front.balancer.key, front.weight) == (kind, "a.com", None)
    assert front.health_check == HealthCheck(HEALTH_PATH, "200", 10, 5, 2, 3)


def test_target_groups_are_what_the_kind_sends_to(tmp_path: Path) -> None:
    groups = {
        kind: (front.target_group is not None, front.http_target_group is not None)
        for kind in KINDS
        for front in [front_of(f"{{load_balancer: {kind}}}", tmp_path)]
    }
    assert groups == {
        "application": (True, False),
        "classic": (False, False),
        "network": (True, True),
    }


@pytest.mark.parametrize(
    ("level", "policies"),
    [
        (
            "intermediate",
            {
                "application": "ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
                "classic": "ELBSecurityPolicy-TLS-1-2-2017-01",
                "network": "ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
            },
        ),
        (
            "modern",
            {
                "application": "ELBSecurityPolicy-TLS13-1-3-2021-06",
                "network": "ELBSecurityPolicy-TLS13-1-3-2021-06",
            },
        ),
        (
            "old",
            {
                "application": "ELBSecurityPolicy-TLS13-1-0-2021-06",
                "classic": "ELBSecurityPolicy-2016-08",
                "network": "ELBSecurityPolicy-TLS13-1-0-2021-06",
            },
        ),
    ],
)
def test_a_tls_level_is_a_policy_of_each_kind(
    level: str, policies: dict[str, str], tmp_path: Path
) -> None:
    found = {
        kind: front_of(f"{{load_balancer: {kind}, tls: {level}}}", tmp_path).balancer.tls_policy
        for kind in policies
    }
    assert found == policies


def test_a_balancer_has_nothing_that_its_kind_lacks(tmp_path: Path) -> None:
    network = front_of("{load_balancer: network}", tmp_path).balancer
    assert (network.idle_timeout, network.drop_invalid_headers) == (None, False)
    classic = front_of("{load_balancer: classic, cross_zone: false}", tmp_path).balancer
    assert (classic.idle_timeout, classic.drop_invalid_headers, classic.cross_zone) == (
        60,
        False,
        False,
    )
    assert front_of("{}", tmp_path).balancer.drop_invalid_headers


def test_settings_reach_the_balancer(tmp_path: Path) -> None:
    acl = (
        "arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/shop/"
        "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
    )
    balancer = front_of(
        "{ipv6: true, idle_timeout: 75, deletion_protection: true, drop_invalid_headers: false, "
        f"desync_mitigation: strictest, waf: '{acl}'}}",
        tmp_path,
    ).balancer
    assert (balancer.ipv6, balancer.idle_timeout, balancer.waf) == (True, 75, acl)
    assert balancer.deletion_protection
    assert not balancer.drop_invalid_headers
    assert balancer.desync_mitigation == "strictest"


def test_client_ranges_of_a_site_are_a_group_of_its_balancer(tmp_path: Path) -> None:
    balancer = front_of("{allow: [203.0.113.0/24, 198.51.100.0/24]}", tmp_path).balancer
    assert balancer.allow == ("198.51.100.0/24", "203.0.113.0/24")
    assert balancer.client_group is not None
    plain = front_of("{}", tmp_path).balancer
    assert (plain.allow, plain.client_group) == (None, None)


@pytest.mark.parametrize(
    ("bucket", "prefix"),
    [("{create: shop-logs}", "a.com"), ("{bucket: team-logs, prefix: elb/x}", "elb/x/a.com")],
)
def test_access_logs_have_a_prefix_a_site(bucket: str, prefix: str, tmp_path: Path) -> None:
    text = f"access_log_bucket: {bucket}\nsites:\n  a.com: {{access_logs: true}}\n  b.com:\n"
    first, second = plan_of(text, tmp_path).sites
    assert (first.balancer.log_prefix, second.balancer.log_prefix) == (prefix, None)


def test_the_client_is_told_by_proxy_protocol_where_the_site_says_so(tmp_path: Path) -> None:
    assert not front_of("{load_balancer: network}", tmp_path).proxy_protocol
    assert front_of("{load_balancer: network, client_address: proxied}", tmp_path).proxy_protocol


# --- successors ------------------------------------------------------------------------------


def test_a_successor_takes_its_share_of_the_answers(tmp_path: Path) -> None:
    site = site_of(
        "{load_balancer: classic, successor: {load_balancer: application, weight: 30}}", tmp_path
    )
    assert [(front.balancer.kind, front.weight) for front in site.fronts] == [
        (BalancerKind.CLASSIC, 70),
        (BalancerKind.APPLICATION, 30),
    ]
    assert site.balancer.kind is BalancerKind.CLASSIC


@pytest.mark.parametrize("one", KINDS)
@pytest.mark.parametrize("other", [*KINDS, "shared"])
def test_both_balancers_of_a_move_have_names_of_their_own(
    one: str, other: str, tmp_path: Path
) -> None:
    if one == other:
        return
    site = site_of(f"{{load_balancer: {one}, successor: {{load_balancer: {other}}}}}", tmp_path)
    names = [
        name
        for front in site.fronts
        for name in (front.balancer.name, front.target_group, front.http_target_group)
        if name
    ]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("kind", KINDS)
def test_a_move_keeps_the_old_balancers_names_to_its_end(kind: str, tmp_path: Path) -> None:
    other = next(each for each in KINDS if each != kind)
    alone = site_of(f"{{load_balancer: {kind}}}", tmp_path).fronts[0]
    moving = site_of(
        f"{{load_balancer: {other}, successor: {{load_balancer: {kind}}}}}", tmp_path
    ).fronts[1]
    assert moving.balancer == alone.balancer
    assert moving.target_group == alone.target_group


@pytest.mark.parametrize("more", ["", ", load_balancer: network"])
def test_balancers_with_ipv6_have_aaaa_records(more: str, tmp_path: Path) -> None:
    def types(ipv6: str) -> tuple[str, ...]:
        return site_of(f"{{ipv6: {ipv6}{more}}}", tmp_path).alias_records[0].types

    assert (types("true"), types("false")) == (("A", "AAAA"), ("A",))


def test_the_most_patient_balancer_tells_apache_how_long_to_keep_alive(tmp_path: Path) -> None:
    assert site_of("{idle_timeout: 75}", tmp_path).idle_timeout == 75
    move = "{idle_timeout: 60, successor: {load_balancer: network}}"
    assert site_of(move, tmp_path).idle_timeout == 350


# --- shared ----------------------------------------------------------------------------------


def test_sites_share_the_balancer_that_the_lock_names(tmp_path: Path) -> None:
    plan = plan_of(
        f"{SHARED}sites:\n  a.com:\n  b.com:\n  c.com:\n",
        tmp_path,
        {"a.com": 8444, "b.com": 8443, "c.com": 443},
        {"a.com": 1, "b.com": 1, "c.com": 2},
    )
    first, second = plan.shared_balancers
    assert (first.balancer.key, first.sites, first.default) == (
        "shared-1",
        ("a.com", "b.com"),
        "b.com",
    )
    assert (second.balancer.key, second.sites, second.default) == ("shared-2", ("c.com",), "c.com")
    assert [site.balancer for site in plan.sites] == [
        first.balancer,
        first.balancer,
        second.balancer,
    ]
    assert len({site.fronts[0].target_group for site in plan.sites}) == 3
    assert plan.balancers == (first.balancer, second.balancer)


def test_a_shared_balancer_is_as_defaults_say(tmp_path: Path) -> None:
    plan = plan_of(
        "tags: {team: web}\n"
        "defaults: {document_root: /srv, load_balancer: shared, idle_timeout: 75, ipv6: true, "
        "tags: {stage: live}}\nsites:\n  a.com: {tags: {site: a}}\n",
        tmp_path,
    )
    (shared,) = plan.shared_balancers
    assert (shared.balancer.idle_timeout, shared.balancer.ipv6) == (75, True)
    assert shared.balancer.tags == {"portico:fleet": "shop", "stage": "live", "team": "web"}
    assert plan.sites[0].needs_sni


def test_a_site_that_moves_to_a_shared_balancer_is_on_it(tmp_path: Path) -> None:
    plan = plan_of(
        "sites:\n  a.com: {successor: {load_balancer: shared}}\n  b.com: {load_balancer: shared}\n",
        tmp_path,
        {"a.com": 443, "b.com": 8443},
        {"a.com": 1, "b.com": 1},
    )
    (shared,) = plan.shared_balancers
    assert shared.sites == ("a.com", "b.com")
    assert plan.sites[0].needs_sni
    assert [balancer.key for balancer in plan.balancers] == ["a.com", "shared-1"]


# --- names -----------------------------------------------------------------------------------


def names_of(text: str, folder: Path, more: str = "") -> tuple[str, str | None, str | None]:
    (site,) = plan_of(f"{more}sites:\n  a.com: {text}\n", folder).sites
    (front,) = site.fronts
    return front.balancer.name, front.target_group, front.http_target_group


@pytest.mark.parametrize("kind", KINDS)
def test_names_change_with_internal_alone_of_what_stays_in_place(kind: str, tmp_path: Path) -> None:
    before = names_of(f"{{load_balancer: {kind}}}", tmp_path)
    internal = names_of(f"{{load_balancer: {kind}, internal: true}}", tmp_path)
    assert before[0] != internal[0]
    assert before[1] is None or before[1] != internal[1]
    kept = names_of(
        f"{{load_balancer: {kind}, draining: 5, health_check: {{path: /up}}, "
        "allow: [203.0.113.0/24], tags: {a: b}}",
        tmp_path,
    )
    assert kept == before


@pytest.mark.parametrize("kind", KINDS)
def test_a_tls_level_is_in_the_names_of_classic_balancers_alone(kind: str, tmp_path: Path) -> None:
    before, after = (
        names_of(f"{{load_balancer: {kind}, tls: {level}}}", tmp_path)
        for level in ("intermediate", "old")
    )
    assert (before != after) is (kind == "classic")


NETWORK = "network: {{vpc: {vpc}, subnets: [{subnets}]}}\n"


def test_subnets_are_in_the_names_of_network_balancers_alone(tmp_path: Path) -> None:
    few = NETWORK.format(vpc="vpc-0123abcd", subnets="subnet-0123abcd, subnet-0123abce")
    same = NETWORK.format(vpc="vpc-0123abcd", subnets="subnet-0123abce, subnet-0123abcd")
    more = NETWORK.format(
        vpc="vpc-0123abcd", subnets="subnet-0123abcd, subnet-0123abce, subnet-0123abcf"
    )
    for kind in KINDS:
        text = f"{{load_balancer: {kind}}}"
        before = names_of(text, tmp_path, few)
        assert names_of(text, tmp_path, same) == before
        after = names_of(text, tmp_path, more)
        if kind == "network":
            assert not set(after) & set(before)
        else:
            assert after == before


def test_a_vpc_is_in_the_names_of_target_groups(tmp_path: Path) -> None:
    one = NETWORK.format(vpc="vpc-0123abcd", subnets="subnet-0123abcd, subnet-0123abce")
    other = NETWORK.format(vpc="vpc-0123abce", subnets="subnet-0123abcd, subnet-0123abce")
    assert names_of("{}", tmp_path, one)[1] != names_of("{}", tmp_path, other)[1]


def test_a_port_is_in_the_names_of_target_groups_alone(tmp_path: Path) -> None:
    (before,) = plan_of("", tmp_path, {"domain-a.com": 443}).sites
    (after,) = plan_of("", tmp_path, {"domain-a.com": 8443}).sites
    assert before.fronts[0].target_group != after.fronts[0].target_group
    assert before.balancer.name == after.balancer.name


@pytest.mark.parametrize("kind", ["application", "network"])
def test_ipv6_is_in_the_names_of_balancers_and_their_groups(kind: str, tmp_path: Path) -> None:
    before, after = (
        names_of(f"{{load_balancer: {kind}, ipv6: {ipv6}}}", tmp_path) for ipv6 in ("false", "true")
    )
    assert not {*filter(None, before)} & {*filter(None, after)}


def test_a_web_acl_is_in_the_names_of_the_balancers_that_have_it(tmp_path: Path) -> None:
    digits = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f"
    acl = f"arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/shop/{digits}"
    texts = ["{}", *(f"{{waf: '{acl}{digit}'}}" for digit in "01")]
    names = [name for text in texts for name in names_of(text, tmp_path) if name]
    assert len(set(names)) == len(names) == 6


def test_a_balancer_that_dns_elsewhere_leads_to_keeps_its_name(tmp_path: Path) -> None:
    far = "zone: external, certificate: {acm: {validation: manual}}"
    before, after = (names_of(f"{{{far}{more}}}", tmp_path) for more in ("", ", ipv6: true"))
    assert before == after


def test_another_default_certificate_is_another_shared_balancer(tmp_path: Path) -> None:
    def name(sites: str, **ports: int) -> str:
        lock = {domain.replace("_", "."): port for domain, port in ports.items()}
        text = SHARED
        if "wild" in sites:
            text += "certificates:\n  wild: {acm: {names: ['*.a.com', a.com]}}\n"
        plan = plan_of(f"{text}sites:\n{sites}", tmp_path, lock, dict.fromkeys(lock, 1))
        (shared,) = plan.shared_balancers
        assert len({site.fronts[0].target_group for site in plan.sites}) == len(lock)
        return shared.balancer.name

    both = name("  a.com:\n  b.com:\n", a_com=443, b_com=8443)
    assert both == name("  a.com:\n", a_com=443)
    assert both != name("  b.com:\n", b_com=8443)
    assert both == name("  a.com: {aliases: [www.a.com]}\n", a_com=443)
    far = "{zone: external, certificate: {acm: {validation: manual}}}"
    assert name(f"  a.com: {far}\n", a_com=443) == name(f"  b.com: {far}\n", b_com=8443)
    wild = "{certificate: {use: wild}}"
    assert name(f"  a.com: {wild}\n", a_com=443) == name(f"  x.a.com: {wild}\n", x_a_com=8443)


def test_a_prefix_is_what_names_start_with(tmp_path: Path) -> None:
    plan = plan_of("prefix: tenant\nsites:\n  a.com: {allow: [203.0.113.0/24]}\n", tmp_path)
    front = plan.sites[0].fronts[0]
    names = [
        front.balancer.name,
        front.balancer.client_group,
        front.target_group,
        plan.balancer_group,
        plan.client_group,
        plan.servers[0].aws_name,
    ]
    assert all(str(name).startswith("tenant-") for name in names)
    assert plan.fleet == "shop"
