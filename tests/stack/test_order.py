"""What Terraform makes, changes and destroys before what: the graph of whole fleets."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from modules.plan.names import address
from tests.fleet.zoo import expand
from tests.stack.golden import (
    DASHES,
    FOLDER,
    Configuration,
    blocks,
    configuration_of,
    plainly,
)
from tests.stack.graph import Graph

RELEASES = {"terraform_data.web-1", "terraform_data.web-2", "terraform_data.web-3"}
FRONTS = (
    "aws_lb", "aws_elb", "aws_lb_listener", "aws_lb_listener_rule", "aws_lb_listener_certificate",
    "aws_lb_target_group", "aws_lb_target_group_attachment", "aws_elb_attachment",
    "aws_lb_ssl_negotiation_policy", "aws_load_balancer_policy",
    "aws_load_balancer_listener_policy", "aws_load_balancer_backend_server_policy",
)  # fmt: skip
"""All that a front door is made of."""


def fleet_of(case: str) -> str:
    return (FOLDER / f"{case}.stacktest").read_text("utf-8").partition(DASHES)[0] + "\n"


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Configuration:
    return plainly(configuration_of(tmp_path_factory.mktemp("servers"), fleet_of("servers")))


@pytest.fixture(scope="module")
def balancers(tmp_path_factory: pytest.TempPathFactory) -> Configuration:
    return plainly(configuration_of(tmp_path_factory.mktemp("balancers"), fleet_of("balancers")))


def of_site(domain: str, name: str) -> bool:
    """Whether the resource of a front is the site's, or of a balancer that sites share."""
    subject = name.partition(".")[2].partition("__")[0]
    return subject == address(domain)


# --- making ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("domain", "shared"),
    [
        ("application.com", False),
        ("classic.com", False),
        ("network.com", False),
        ("moving.com", True),
        ("shared.com", True),
    ],
)
def test_dns_comes_last(domain: str, *, shared: bool, balancers: Configuration) -> None:
    graph = Graph(balancers)
    fronts = graph.of(*FRONTS)
    own = {name for name in fronts if of_site(domain, name)}
    if shared:
        own |= {name for name in graph.of("aws_lb", "aws_lb_listener") if ".shared-1" in name}
    alias = f"aws_route53_record.{address(domain)}__A"
    needed = graph.needs(alias)
    assert own | {"terraform_data.web-1"} <= needed
    assert not needed & {name for name in fronts - own if ".shared-1__" not in name}


def test_dns_waits_for_every_server(servers: Configuration) -> None:
    graph = Graph(servers)
    for domain in ("domain-a_com", "domain-b_com"):
        assert graph.needs(f"aws_route53_record.{domain}__A") >= RELEASES


def test_clients_with_sni_get_their_certificate_before_dns_leads_them_there(
    balancers: Configuration,
) -> None:
    graph = Graph(balancers)
    presented = "aws_lb_listener_certificate.shared-1__shared_com"
    assert presented in graph.needs("aws_route53_record.e_shared_com__A")
    # The other site's is the listener's own.
    assert presented not in graph.needs("aws_route53_record.moving_com__A")


# --- replacing -------------------------------------------------------------------------------


@pytest.mark.parametrize("fleet", ["servers", "balancers"])
def test_what_is_made_before_its_predecessor_goes_needs_no_release(
    fleet: str, request: pytest.FixtureRequest
) -> None:
    """It spreads to all that its owner needs; a release is replaced the other way round.

    What waits for a server that is drained is no release, and made first as well.
    """
    configuration: Configuration = request.getfixturevalue(fleet)
    graph = Graph(configuration)
    found = blocks(configuration)
    first_made = {
        name
        for name, block in found.items()
        if isinstance(block, dict) and block.get("lifecycle", {}).get("create_before_destroy")
    }
    assert graph.of(*FRONTS, "aws_acm_certificate") <= first_made
    for name in first_made:
        waits = {need for need in graph.needs(name) if need.startswith("terraform_data.")}
        assert waits <= {"terraform_data.servers__drained"}


@pytest.mark.parametrize(
    "domain", ["application.com", "classic.com", "network.com", "moving.com", "shared.com"]
)
def test_what_has_gone_from_a_front_waits_for_dns_and_its_clients(
    domain: str, balancers: Configuration
) -> None:
    graph = Graph(balancers)
    name = address(domain)
    records = {record for record in graph.of("aws_route53_record") if has_alias(record, balancers)}
    own = {record for record in records if name in record.partition(".")[2].partition("__")[0]}
    front = {each for each in graph.of(*FRONTS) if of_site(domain, each)}
    healthy, drain = f"terraform_data.{name}__healthy", f"terraform_data.{name}__drain"
    current = f"terraform_data.{name}__current"
    assert front <= graph.needs(healthy)
    assert not graph.needs(healthy) & records
    assert front | own | {healthy} <= graph.needs(drain)
    assert front | {drain} <= graph.needs(current)


def has_alias(record: str, configuration: Configuration) -> bool:
    return "alias" in blocks(configuration)[record]


def test_the_waits_are_of_the_balancers_that_dns_names(balancers: Configuration) -> None:
    found = blocks(balancers)
    names = ["${aws_lb.shared-1.dns_name}", "${aws_lb.moving_com.dns_name}"]
    for word in ("healthy", "drain"):
        wait = found[f"terraform_data.moving_com__{word}"]
        assert wait["triggers_replace"] == names
        assert wait["lifecycle"] == {"ignore_changes": ["input"]}
        assert wait["provisioner"] == [{"local-exec": {"command": "sleep ${self.input}"}}]
    assert found["terraform_data.moving_com__current"]["input"] == names
    assert "? 0 : var.drain_seconds" in found["terraform_data.moving_com__drain"]["input"]
    # Three checks, 20 s apart, and 10 s for the answer to the last.
    assert found["terraform_data.application_com__healthy"]["input"].endswith("? 0 : 70}")
    assert balancers["variable"]["drain_seconds"]["default"] == 120


def test_dns_leaves_a_successor_before_the_wait_for_its_clients(tmp_path: Path) -> None:
    """A record of its own for each pair of kinds: a share is destroyed after the wait."""

    def moving(kind: str, weight: int = 50) -> Mapping[str, Any]:
        successor = f"{{load_balancer: {kind}, weight: {weight}}}"
        return blocks(configuration_of(tmp_path, f"sites:\n  a.com: {{successor: {successor}}}\n"))

    def shares(found: Mapping[str, Any]) -> set[str]:
        return {
            record["name"]
            for name, record in found.items()
            if name.startswith("aws_route53_record.a_com__A__")
        }

    before, after, more = moving("network"), moving("classic"), moving("network", 90)
    for found in (before, after):
        assert shares(found) == {found["aws_route53_record.a_com__A"]["alias"]["name"]}
    assert not shares(before) & shares(after)
    assert shares(before) == shares(more)


ACL = (
    "arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/shop/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
)


@pytest.mark.parametrize(
    ("dns", "first_made"),
    [("", True), ("zone: external, certificate: {acm: {validation: manual}}, ", False)],
)
def test_a_web_acl_stays_as_long_as_its_balancer(
    dns: str, tmp_path: Path, *, first_made: bool
) -> None:
    text = f"sites:\n  a.com: {{{dns}waf: '{ACL}'}}\n"
    association = blocks(plainly(configuration_of(tmp_path, text)))[
        "aws_wafv2_web_acl_association.a_com"
    ]
    assert association.get("lifecycle") == ({"create_before_destroy": True} if first_made else None)


def test_rules_of_a_shared_listener_lose_no_name_while_names_move(
    balancers: Configuration,
) -> None:
    graph = Graph(balancers)
    first, second = (f"aws_lb_listener_rule.shared_com__shared__{n}" for n in (1, 2))
    assert second in graph.needs(first)
    assert first not in graph.needs(second)
    hosts = [
        blocks(balancers)[rule]["condition"][0]["host_header"]["values"] for rule in (first, second)
    ]
    assert [len(names) for names in hosts] == [5, 1]
    assert len({name for names in hosts for name in names}) == 6


def test_no_rule_has_a_priority_that_another_sites_could_have(balancers: Configuration) -> None:
    assert all("priority" not in rule for rule in rules_of(balancers).values())


def rules_of(configuration: Configuration) -> Mapping[str, Any]:
    rules: Mapping[str, Any] = configuration["resource"]["aws_lb_listener_rule"]
    return rules


# --- taking down -----------------------------------------------------------------------------


def test_dns_goes_before_any_rule_that_its_clients_need(servers: Configuration) -> None:
    graph = Graph(servers)
    ssh = "aws_security_group_rule.web-3__server__ssh__198-51-100-0_24"
    rules = graph.of("aws_security_group_rule") - {ssh}
    assert len(rules) == 4 + 2 + 2 * 3 + 1  # clients, balancers' egress, ports of 2 groups, out
    for name in ("domain-a_com", "domain-b_com"):
        assert rules <= graph.needs(f"aws_route53_record.{name}__A")


def test_clients_are_shut_out_only_once_their_balancer_is_gone(balancers: Configuration) -> None:
    graph = Graph(balancers)
    own = {rule for rule in graph.of("aws_security_group_rule") if "application_com" in rule}
    assert len(own) == 2
    fleets = {rule for rule in graph.of("aws_security_group_rule") if ".clients__" in rule}
    assert len(fleets) == 4
    assert own <= graph.needs("aws_lb.application_com")
    assert not fleets & graph.needs("aws_lb.application_com")
    assert fleets <= graph.needs("aws_lb.shared-1")


# --- what is known by what it is -------------------------------------------------------------


CLASSIC = """\
sites:
  a.com:
    load_balancer: classic
    backend_tls: {certificate: /etc/ssl/a.pem, private_key: /etc/ssl/a.key}
    backend_auth: {public_keys: KEYS}
"""


def test_server_keys_are_exchanged_by_policies_of_other_names(tmp_path: Path) -> None:
    for name in ("old", "new"):
        (tmp_path / f"{name}.pem").write_bytes(expand(f"%public {name}\n"))
    one, both = (
        plainly(configuration_of(tmp_path, CLASSIC.replace("KEYS", keys)))["resource"]
        for keys in ("[old.pem]", "[old.pem, new.pem]")
    )
    of_one, of_both = one["aws_load_balancer_policy"], both["aws_load_balancer_policy"]
    assert (len(of_one), len(of_both)) == (2, 3)
    (kept,) = of_one.keys() & of_both.keys()
    assert of_one[kept] == of_both[kept]
    assert kept.startswith("a_com__key__")
    names = {policy["policy_name"] for found in (of_one, of_both) for policy in found.values()}
    assert len(names) == 4
    for resources in (one, both):
        (port,) = resources["aws_load_balancer_backend_server_policy"].values()
        (accepted,) = (name for name in resources["aws_load_balancer_policy"] if "backend" in name)
        assert port["policy_names"] == [f"${{aws_load_balancer_policy.{accepted}.policy_name}}"]
        (policy,) = resources["aws_lb_ssl_negotiation_policy"].values()
        assert policy["name"] == "portico-tls"


def test_another_lifetime_of_the_cookie_is_a_policy_of_another_name(tmp_path: Path) -> None:
    text = "sites:\n  a.com: {load_balancer: classic, stickiness: SECONDS}\n"
    names = set()
    for seconds in ("300", "600"):
        found = blocks(plainly(configuration_of(tmp_path, text.replace("SECONDS", seconds))))
        names.add(found["aws_load_balancer_policy.a_com__stickiness"]["policy_name"])
        assert found["aws_load_balancer_listener_policy.a_com"]["policy_names"] == [
            "${aws_lb_ssl_negotiation_policy.a_com.name}",
            "${aws_load_balancer_policy.a_com__stickiness.policy_name}",
        ]
    assert names == {"portico-stickiness-300", "portico-stickiness-600"}


def test_a_named_certificate_of_two_sites_is_presented_once(tmp_path: Path) -> None:
    arn = "arn:aws:acm:eu-west-1:123456789012:certificate/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
    text = f"""\
sites:
  a.com: {{load_balancer: shared}}
  b.com: {{load_balancer: shared, certificate: {{arn: "{arn}"}}}}
  c.com: {{load_balancer: shared, certificate: {{arn: "{arn}"}}}}
"""
    configuration = configuration_of(tmp_path, text)
    (presented,) = configuration["resource"]["aws_lb_listener_certificate"].items()
    name, block = presented
    assert block["certificate_arn"] == arn
    graph = Graph(configuration)
    for record in ("b_com", "c_com"):
        assert f"aws_lb_listener_certificate.{name}" in graph.needs(
            f"aws_route53_record.{record}__A"
        )
