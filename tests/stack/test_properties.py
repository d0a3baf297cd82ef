"""What holds for the Terraform configuration of every fleet."""

import json
import re
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from modules.fleet.domains import registrable_domain
from modules.fleet.lock import NEXT_PORTS
from modules.plan import Plan
from modules.plan.fronts import ANSWERED_BY_APACHE
from modules.plan.names import address, generation
from modules.plan.records import BalancerKind, Front, Site, UploadedCertificate
from modules.plan.server_ports import BLOCK
from modules.stack.alarms import METRICS
from modules.stack.zone_providers import provider_alias
from tests.stack.fleets import Settings, fleets, lay_files, without
from tests.stack.golden import Configuration, blocks, plan_of, synthesize
from tests.stack.graph import Graph

few = settings(max_examples=20, deadline=None)

BALANCERS = ("aws_lb", "aws_elb")
ON_A_SHARED_BALANCER = r"aws_lb_(target_group|target_group_attachment|listener_rule)[.].+__shared__"
FIRST_MADE = (
    *BALANCERS, "aws_lb_listener", "aws_lb_listener_rule", "aws_lb_listener_certificate",
    "aws_lb_target_group", "aws_lb_target_group_attachment", "aws_elb_attachment",
    "aws_lb_ssl_negotiation_policy", "aws_load_balancer_policy",
    "aws_load_balancer_listener_policy", "aws_load_balancer_backend_server_policy",
    "aws_acm_certificate", "aws_acm_certificate_validation",
    "aws_iam_server_certificate",
)  # fmt: skip


def told(fleet: Settings, ports: Mapping[str, int] | None = None) -> tuple[Plan, str]:
    """The plan of a fleet, and what Terraform is told."""
    with tempfile.TemporaryDirectory() as folder:
        lay_files(Path(folder))
        plan = plan_of(Path(folder), f"# whole\n{json.dumps(fleet)}\n", ports)
        return plan, synthesize(Path(folder), plan).read_text()


def ports_of(plan: Plan) -> dict[str, int]:
    return {site.domain: site.port for site in plan.sites}


def named(configuration: Configuration, kind: str) -> Mapping[str, Any]:
    """The resources of a kind, by name."""
    found: Mapping[str, Any] = configuration["resource"].get(kind, {})
    return found


@few
@given(fleets(with_files=True))
def test_invariants(fleet: Settings) -> None:
    plan, text = told(fleet)
    configuration = json.loads(text)
    graph = Graph(configuration)
    assert not graph.dangling()
    every_listener_has_a_certificate(plan, configuration)
    no_pem_file_is_in_the_configuration(plan, text)
    every_name_leads_to_its_own_sites_balancers(plan, configuration)
    records_are_changed_by_the_zones_own_role(plan, configuration)
    each_site_has_a_port_of_its_own(plan, configuration)
    reserved = fleet["ports"]["reserved"]
    balancers_reach_the_site_ports_and_nobody_else_does(plan, configuration, reserved)
    every_balancer_and_certificate_is_tagged(plan, configuration)
    what_has_another_name_has_another_address(configuration)
    a_replacement_is_made_first_and_needs_no_release(configuration, graph)
    every_alarm_watches_what_its_balancer_has(plan, configuration)
    logs_wait_for_the_buckets_policy(plan, configuration, graph)


def every_listener_has_a_certificate(plan: Plan, configuration: Configuration) -> None:
    certificates = [
        listener["certificate_arn"]
        for listener in named(configuration, "aws_lb_listener").values()
        if listener["port"] == 443
    ]
    certificates += [
        elb["listener"][0]["ssl_certificate_id"] for elb in named(configuration, "aws_elb").values()
    ]
    assert len(certificates) == len(plan.balancers)
    presented = [
        extra["certificate_arn"]
        for extra in named(configuration, "aws_lb_listener_certificate").values()
    ]
    for certificate in (*certificates, *presented):
        assert re.match(r"arn:|\$\{aws_(acm_certificate|iam_server_certificate)", certificate)


def no_pem_file_is_in_the_configuration(plan: Plan, text: str) -> None:
    for certificate in plan.certificates:
        if isinstance(certificate, UploadedCertificate):
            for file in (certificate.certificate, certificate.private_key, certificate.chain):
                for line in Path(str(file)).read_text().splitlines():
                    assert "-----" in line or line not in text


# --- DNS -------------------------------------------------------------------------------------


def balancer_of(front: Front) -> str:
    """The address of a front's balancer."""
    key, made = front.balancer.key, generation(front.balancer.name)
    match front.balancer.kind:
        case BalancerKind.CLASSIC:
            return f"aws_elb.{address(key, made)}"
        case BalancerKind.NETWORK:
            return f"aws_lb.{address(key, 'network', made)}"
        case _:
            return f"aws_lb.{address(key, made)}"


def every_name_leads_to_its_own_sites_balancers(plan: Plan, configuration: Configuration) -> None:
    found = blocks(configuration)
    aliases = 0
    for site in plan.sites:
        for record in site.alias_records:
            for type_ in record.types:
                led = list(targets(found, site, address(record.name, type_)))
                assert led == [f"${{{balancer_of(front)}" for front in site.fronts]
                aliases += 1 + (len(led) if len(led) > 1 else 0)
    records = named(configuration, "aws_route53_record").values()
    assert aliases == sum("alias" in record for record in records)


def targets(found: Mapping[str, Any], site: Site, name: str) -> Iterator[str]:
    """The balancers that an alias record leads to, straight or by weights."""
    record = found[f"aws_route53_record.{name}"]
    assert "weighted_routing_policy" not in record
    if len(site.fronts) == 1:
        yield target_of(record)
        return
    for front in site.fronts:
        share = found[f"aws_route53_record.{name}__{front.balancer.kind}"]
        kinds = "-".join(sorted(front.balancer.kind for front in site.fronts))
        assert share["name"] == record["alias"]["name"] == f"_portico-{kinds}.{record['name']}"
        assert share["zone_id"] == record["alias"]["zone_id"] == record["zone_id"]
        assert share["weighted_routing_policy"] == {"weight": front.weight}
        yield target_of(share)


def target_of(record: Mapping[str, Any]) -> str:
    name, zone_id = record["alias"]["name"], record["alias"]["zone_id"]
    balancer: str = name.removesuffix(".dns_name}")
    assert zone_id == f"{balancer}.zone_id}}"
    return balancer


def records_are_changed_by_the_zones_own_role(plan: Plan, configuration: Configuration) -> None:
    roles = {zone.key: zone.role for zone in plan.zones}
    zones = {
        address(record.name, type_): record.zone
        for site in plan.sites
        for record in site.alias_records
        for type_ in record.types
    }
    zones |= {address(rec.name, "validation"): rec.zone for rec in plan.validation_records}
    for name, block in named(configuration, "aws_route53_record").items():
        role = roles[zones.get(name) or zones[name.rpartition("__")[0]]]
        assert block.get("provider") == (f"aws.{provider_alias(role)}" if role else None)
    told_roles = [
        block["assume_role"][0]["role_arn"]
        for block in configuration["provider"]["aws"]
        if "alias" in block
    ]
    assert sorted(told_roles) == sorted({role for role in roles.values() if role})


# --- ports -----------------------------------------------------------------------------------


def each_site_has_a_port_of_its_own(plan: Plan, configuration: Configuration) -> None:
    ports = Counter(
        group["port"]
        for group in named(configuration, "aws_lb_target_group").values()
        if group["port"] != 80
    )
    ports += Counter(
        elb["listener"][0]["instance_port"] for elb in named(configuration, "aws_elb").values()
    )
    assert ports == Counter({site.port: len(site.fronts) for site in plan.sites})
    assert [site["port"] for site in configuration["locals"]["sites"]] == [
        site.port for site in plan.sites
    ]


def balancers_reach_the_site_ports_and_nobody_else_does(
    plan: Plan, configuration: Configuration, reserved: Sequence[int]
) -> None:
    open_ports: dict[str, set[int]] = {}
    for rule in configuration["resource"]["aws_security_group_rule"].values():
        group = rule["security_group_id"]
        if rule["type"] != "ingress" or group.endswith("clients.id}"):
            continue
        if rule["from_port"] == 22:
            assert rule["cidr_blocks"] == ["198.51.100.0/24"]
            continue
        assert rule["source_security_group_id"] == "${aws_security_group.balancers.id}"
        ports = range(rule["from_port"], rule["to_port"] + 1)
        assert open_ports.setdefault(group, set()).isdisjoint(ports)
        open_ports[group] |= set(ports)
    wanted = {site.port for site in plan.sites}
    kinds = {front.balancer.kind for site in plan.sites for front in site.fronts}
    wanted |= {80} if kinds & ANSWERED_BY_APACHE else set()
    for opened in open_ports.values():
        # Whole blocks of the ports that sites can have, so that no rule grows with its sites.
        assert wanted <= opened
        assert {port // BLOCK for port in opened} == {port // BLOCK for port in wanted}
        assert {port for port in opened if port not in NEXT_PORTS} <= wanted
        assert opened.isdisjoint(reserved)
    assert bool(open_ports) == bool(wanted)


# --- the rest --------------------------------------------------------------------------------


def every_balancer_and_certificate_is_tagged(plan: Plan, configuration: Configuration) -> None:
    expected = {balancer.name: balancer.tags for balancer in plan.balancers}
    made = [block for kind in BALANCERS for block in named(configuration, kind).values()]
    assert {block["name"]: block["tags"] for block in made} == {
        name: {**tags, "Name": name} for name, tags in expected.items()
    }
    certificates = [
        block["tags"]
        for kind in ("aws_acm_certificate", "aws_iam_server_certificate")
        for block in named(configuration, kind).values()
    ]
    by_name = {tags["Name"]: tags for tags in certificates}
    assert len(by_name) == len(certificates) == len(plan.certificates)
    for tags in by_name.values():
        assert tags["portico:fleet"] == plan.fleet
        assert not any("*" in value for value in tags.values())


def what_has_another_name_has_another_address(configuration: Configuration) -> None:
    for kind in (*BALANCERS, "aws_lb_target_group", "aws_iam_server_certificate"):
        for name, block in named(configuration, kind).items():
            digests = re.findall(r"-([0-9a-f]{6})(?=-|$)", block["name"])
            assert digests[-1] in name.split("__"), (name, block["name"])


def a_replacement_is_made_first_and_needs_no_release(
    configuration: Configuration, graph: Graph
) -> None:
    found = blocks(configuration)
    for name in graph.of(*FIRST_MADE):
        assert found[name]["lifecycle"]["create_before_destroy"] is True, name
        waits = {need for need in graph.needs(name) if need.startswith("terraform_data.")}
        assert waits <= {"terraform_data.servers__drained"}, name


def every_alarm_watches_what_its_balancer_has(plan: Plan, configuration: Configuration) -> None:
    alarms = named(configuration, "aws_cloudwatch_metric_alarm")
    expected = 0
    for site in plan.sites:
        if site.alarms is None:
            continue
        expected += site.alarms.certificate_days is not None
        for front in site.fronts:
            expected += len(METRICS[front.balancer.kind])
            prefix = address(site.domain, front.balancer.kind)
            mine = [alarm for name, alarm in alarms.items() if name.startswith(f"{prefix}__")]
            assert len(mine) == len(METRICS[front.balancer.kind])
            for alarm in mine:
                assert alarm["alarm_actions"] == alarm["ok_actions"] == [site.alarms.topic]
                balancer = alarm["dimensions"].get("LoadBalancer") or alarm["dimensions"].get(
                    "LoadBalancerName"
                )
                assert balancer.startswith(f"${{{balancer_of(front)}.")
    assert expected == len(alarms) == len({alarm["alarm_name"] for alarm in alarms.values()})


def logs_wait_for_the_buckets_policy(
    plan: Plan, configuration: Configuration, graph: Graph
) -> None:
    created = plan.log_bucket is not None and plan.log_bucket.create
    assert set(named(configuration, "aws_s3_bucket_policy")) == (
        {"access_logs"} if created else set()
    )
    for kind in BALANCERS:
        for name, block in named(configuration, kind).items():
            logs = block.get("access_logs") or {"enabled": False}
            if logs["enabled"]:
                assert plan.log_bucket is not None
                assert logs["bucket"] == plan.log_bucket.name
                needed = "aws_s3_bucket_policy.access_logs" in graph.needs(f"{kind}.{name}")
                assert needed == created


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
    smaller = without(larger, domain)
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
    # The first site whose DNS is elsewhere has a shared balancer made anew, with all that is on it
    # and all that leads there.
    for balancer in set(filter(is_shared_balancer, smaller)) - larger.keys():
        leads = {name for name in changed if f"{balancer}." in json.dumps(smaller.get(name))}
        changed -= {name for name in changed if re.match(ON_A_SHARED_BALANCER, name)} | leads
    # The first site that has its public zone made moves what proves a shared certificate there.
    for zone in smaller.keys() ^ larger.keys():
        if zone.startswith("aws_route53_zone."):
            subject = zone.partition(".")[2]
            moved = {zone, f"data.{zone}", f"output.{subject}__name_servers"}
            moved |= {name for name in changed if is_proof_in(zone, name, larger)}
            changed -= moved
    assert {name for name in changed if not is_own(plan, domain, name)} == set()


def is_proof_in(zone: str, name: str, found: Mapping[str, Any]) -> bool:
    """Whether it is a validation record in the zone."""
    if not name.startswith("aws_route53_record.") or name not in found:
        return False
    return found[name]["zone_id"] == f"${{{zone}.zone_id}}" and "alias" not in found[name]


def is_shared_balancer(name: str) -> bool:
    return name.startswith("aws_lb.shared-")


def is_own(plan: Plan, domain: str, name: str) -> bool:
    """Whether the block is of the site alone, by its kind and by its address."""
    kind, _, rest = name.removeprefix("data.").partition(".")
    subject, _, part = rest.partition("__")
    (site,) = (site for site in plan.sites if site.domain == domain)
    if kind == "aws_route53_zone" or (kind, part) == ("output", "name_servers"):
        others = {key for other in plan.sites if other is not site for key in zones_of(plan, other)}
        made = {zone.key: zone for zone in plan.zones if not zone.zone_id}
        mine = {made[key].name for key in zones_of(plan, site) - others if key in made}
        # A shared certificate keeps the site's names, whose zone only the site gives by its id.
        mine |= set(map(registrable_domain, site.names)) - {
            made[key].name for key in others if key in made
        }
        return subject in map(address, mine)
    if kind == "aws_route53_record":
        return subject in map(address, site.names)
    return subject == address(domain)


def zones_of(plan: Plan, site: Site) -> set[str]:
    """The zones that the site's names lie in, and those that prove them."""
    validated = {rec.zone for rec in plan.validation_records if rec.name in site.names}
    return {record.zone for record in site.alias_records} | validated


def shared(name: str) -> bool:
    """What sites have in common: port rules, the shipped configuration, balancers, a certificate.

    The first internal balancer brings its subnets, which Apache trusts from then on.
    """
    if re.fullmatch(r"aws_security_group_rule\.(?!balancers__).+__[0-9]+", name):
        return True
    subject = name.removeprefix("data.").partition(".")[2].partition("__")[0]
    if subject.startswith("shared-") or subject == "common":
        return True
    if name.startswith("data.aws_subnet.") or name == "local.trusted_proxies":
        return True
    own = ("terraform_data.web-", "local.web-", "terraform_data.servers__")
    return name == "local.sites" or name.startswith(own)
