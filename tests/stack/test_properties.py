"""What holds for the Terraform configuration of every fleet."""

import json
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from modules.plan import Plan
from modules.plan.names import address
from modules.plan.records import Site
from tests.stack.fleets import Settings, fleets
from tests.stack.golden import Configuration, blocks, plan_of, synthesize
from tests.stack.graph import Graph

few = settings(max_examples=20, deadline=None)


def told(fleet: Settings, ports: Mapping[str, int] | None = None) -> tuple[Plan, str]:
    """The plan of a fleet, and what Terraform is told."""
    with tempfile.TemporaryDirectory() as folder:
        plan = plan_of(Path(folder), f"# whole\n{json.dumps(fleet)}\n", ports)
        return plan, synthesize(Path(folder), plan).read_text()


def ports_of(plan: Plan) -> dict[str, int]:
    return {site.domain: site.port for site in plan.sites}


@few
@given(fleets())
def test_invariants(fleet: Settings) -> None:
    plan, text = told(fleet)
    configuration = json.loads(text)
    graph = Graph(configuration)
    assert not graph.dangling()
    every_listener_has_a_certificate(configuration)
    every_alias_has_its_own_sites_balancer(plan, configuration)
    each_site_has_a_port_of_its_own(plan, configuration)
    balancers_reach_the_site_ports_and_nobody_else_does(plan, configuration)
    every_site_resource_is_tagged(plan, configuration)


def every_listener_has_a_certificate(configuration: Configuration) -> None:
    resources = configuration["resource"]
    certificates = [
        listener["certificate_arn"]
        for listener in resources.get("aws_lb_listener", {}).values()
        if listener["port"] == 443
    ]
    certificates += [
        elb["listener"][0]["ssl_certificate_id"] for elb in resources.get("aws_elb", {}).values()
    ]
    assert len(certificates) == len(configuration["locals"]["sites"])
    assert all(
        certificate.startswith(("arn:", "${aws_acm_certificate_validation."))
        for certificate in certificates
    )


def every_alias_has_its_own_sites_balancer(plan: Plan, configuration: Configuration) -> None:
    found = blocks(configuration)
    for site in plan.sites:
        balancer = next(
            name
            for name in (f"aws_lb.{address(site.domain)}", f"aws_elb.{address(site.domain)}")
            if name in found
        )
        for name in site.names:
            for type_ in ("A", "AAAA") if site.balancer.ipv6 else ("A",):
                record = found[f"aws_route53_record.{address(name, type_)}"]
                assert record["alias"]["name"] == f"${{{balancer}.dns_name}}"
                assert record["alias"]["zone_id"] == f"${{{balancer}.zone_id}}"


def each_site_has_a_port_of_its_own(plan: Plan, configuration: Configuration) -> None:
    resources = configuration["resource"]
    ports = [group["port"] for group in resources.get("aws_lb_target_group", {}).values()]
    ports += [elb["listener"][0]["instance_port"] for elb in resources.get("aws_elb", {}).values()]
    assert len(set(ports)) == len(ports) == len(plan.sites)
    assert sorted(ports) == sorted(site["port"] for site in configuration["locals"]["sites"])


def balancers_reach_the_site_ports_and_nobody_else_does(
    plan: Plan, configuration: Configuration
) -> None:
    open_ports: dict[str, set[int]] = {}
    for rule in configuration["resource"]["aws_security_group_rule"].values():
        group = rule["security_group_id"]
        if rule["type"] != "ingress" or group == "${aws_security_group.balancers.id}":
            continue
        if rule["from_port"] == 22:
            assert rule["cidr_blocks"] == ["198.51.100.0/24"]
            continue
        assert rule["source_security_group_id"] == "${aws_security_group.balancers.id}"
        ports = range(rule["from_port"], rule["to_port"] + 1)
        assert open_ports.setdefault(group, set()).isdisjoint(ports)
        open_ports[group] |= set(ports)
    wanted = {site.port for site in plan.sites}
    wanted |= {80 for site in plan.sites if site.balancer.kind == "classic"}
    assert all(ports == wanted for ports in open_ports.values())
    assert bool(open_ports) == bool(wanted)


def every_site_resource_is_tagged(plan: Plan, configuration: Configuration) -> None:
    for kind in ("aws_lb", "aws_elb", "aws_lb_target_group", "aws_acm_certificate"):
        for name, block in configuration["resource"].get(kind, {}).items():
            (site,) = (site for site in plan.sites if address(site.domain) == name)
            assert block["tags"]["Name"]
            assert block["tags"]["portico:fleet"] == plan.fleet
            assert block["tags"]["portico:site"] == site.domain


# --- order, and one site more or less --------------------------------------------------------


@few
@given(fleets(), st.randoms(use_true_random=False))
def test_order_in_the_file_changes_no_byte(fleet: Settings, random: Random) -> None:
    items = list(fleet["sites"].items())
    random.shuffle(items)
    servers = list(fleet["servers"].items())
    random.shuffle(servers)
    reordered = {**fleet, "sites": dict(items), "servers": dict(servers)}
    assert told(fleet)[1] == told(reordered)[1]


@few
@given(st.data())
def test_a_site_more_or_less_changes_only_what_is_its_own_or_shared(data: st.DataObject) -> None:
    larger = data.draw(fleets(min_sites=1))
    domain = data.draw(st.sampled_from(list(larger["sites"])))
    smaller = {**larger, "sites": {d: s for d, s in larger["sites"].items() if d != domain}}
    before, before_text = told(smaller)
    after, after_text = told(larger, ports_of(before))
    assert ports_of(after).items() >= ports_of(before).items()
    assert_only_its_own(after, domain, before_text, after_text)
    # Taken out again, its port rests: the rule for it stays, all else is as before.
    _, gone_text = told(smaller, ports_of(after))
    assert_only_its_own(after, domain, gone_text, after_text)


def assert_only_its_own(plan: Plan, domain: str, without: str, having: str) -> None:
    smaller, larger = blocks(json.loads(without)), blocks(json.loads(having))
    changed = {
        name
        for name in smaller.keys() | larger.keys()
        if smaller.get(name) != larger.get(name) and not shared(name)
    }
    assert {name for name in changed if not is_own(plan, domain, name)} == set()


def is_own(plan: Plan, domain: str, name: str) -> bool:
    """Whether the block is of the site alone, by its kind and by its address."""
    kind, _, rest = name.removeprefix("data.").partition(".")
    subject, _, part = rest.partition("__")
    (site,) = (site for site in plan.sites if site.domain == domain)
    if kind == "aws_route53_zone" or (kind, part) == ("output", "name_servers"):
        others = {key for other in plan.sites if other is not site for key in zones_of(other)}
        made = {zone.key: zone for zone in plan.zones if not zone.zone_id}
        return subject in {
            address(made[key].name) for key in zones_of(site) - others if key in made
        }
    if kind == "aws_route53_record":
        return subject in map(address, site.names)
    return subject == address(domain)


def zones_of(site: Site) -> set[str]:
    """The zones that the site's names lie in."""
    return {record.zone for record in site.alias_records}


def shared(name: str) -> bool:
    """The port rules, and the shipped configuration."""
    if re.fullmatch(r"aws_security_group_rule\.(?!balancers__).+__[0-9]+", name):
        return True
    return name == "local.sites" or name.startswith(("terraform_data.", "local.web-"))
