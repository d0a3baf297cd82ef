"""What Terraform is told: hostile texts are data, and balancers alone reach a site's port."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from modules.fleet.lock import NEXT_PORTS
from modules.plan.names import address
from tests.hostile.drawing import Count, drawn
from tests.hostile.sites import Batch, batch, hostile_sites, twin
from tests.stack.fleets import Settings, fleets
from tests.stack.golden import synthesize
from tests.stack.test_properties import told

AT_ONCE = 60
EXPANDED = re.compile(r"\$\$\{|%%\{|\$\{|%\{")


def skeleton(template: str) -> str:
    """Return what Terraform evaluates in the text, without the text itself.

    https://developer.hashicorp.com/terraform/language/expressions/strings
    """
    return "".join(_template(iter(template), quoted=False))


def _template(rest: Iterator[str], *, quoted: bool) -> Iterator[str]:
    before = ""
    for character in rest:
        if quoted and character == "\\":
            next(rest)
            before = ""
        elif quoted and character == '"':
            return
        elif character == "{" and re.search(r"(?:^|[^$%])[$%]$", before):
            yield f"{before[-1]}{{"
            yield from _expression(rest)
            yield "}"
            before = ""
        else:
            before = (before + character)[-2:]


def _expression(rest: Iterator[str]) -> Iterator[str]:
    depth = 0
    for character in rest:
        if character == '"':
            yield '"'
            yield from _template(rest, quoted=True)
            yield '"'
            continue
        depth += {"{": 1, "}": -1}.get(character, 0)
        if depth < 0:
            return
        yield character


def test_the_skeleton_of_a_template() -> None:
    assert skeleton("plain $${no} %%{no} $x {y} 100%") == ""
    assert skeleton('a ${file("b${var.c}\\"}d")} e') == '${file("${var.c}")}'
    assert skeleton("${a}%{if b}${ {c = 1}.c }") == "${a}%{if b}${ {c = 1}.c }"


def skeletons(value: object) -> Iterator[str]:
    """Find what is evaluated, with names that derive from a domain left out."""
    match value:
        case dict():
            for key, item in value.items():
                if key != "//":
                    yield from (*skeletons(key), *skeletons(item))
        case list():
            for item in value:
                yield from skeletons(item)
        case str():
            found = skeleton(value)
            yield re.sub(r"\b(aws_\w+|terraform_data)\.[\w-]+", r"\1.…", found)


def whole(folder: Path, sites: int) -> Count:
    count = Count()
    (folder / "plain").mkdir()
    plain = batch(folder / "plain", [twin(0, 1, given=True, extra=True)])
    known = set(skeletons(_synthesized(folder / "plain", plain)))
    waiting = drawn(hostile_sites(), sites)
    for at in range(0, len(waiting), AT_ONCE):
        some = waiting[at : at + AT_ONCE]
        (folder / str(at)).mkdir()
        made = batch(folder / str(at), some)
        configuration = _synthesized(folder / str(at), made)
        assert set(skeletons(configuration)) - known == set()
        of_sites = configuration["locals"]["sites"]
        for site, said in zip(made.plan.sites, of_sites, strict=True):
            assert (said["domain"], said["aliases"]) == (site.domain, list(site.aliases))
            assert said["document_root"] == str(site.document_root)
            assert address(site.domain).isascii()
        tried = sum(site.texts for site in some)
        count.add(tried, tried - sum(site.texts for site in made.sites.values()))
    return count


def _synthesized(folder: Path, made: Batch) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(synthesize(folder, made.plan).read_text())
    return found


def test_terraform_evaluates_nothing_of_a_hostile_site(tmp_path: Path) -> None:
    assert whole(tmp_path, 20).accepted > 20


@pytest.mark.soak
def test_terraform_evaluates_nothing_of_many_hostile_sites(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    count = whole(tmp_path, 600)
    count.tell(capfd, "texts of sites, synthesized")
    for fleet in drawn(fleets(), 200):
        balancers_alone_reach_the_sites(fleet)


# --- who reaches a site's port ---------------------------------------------------------------

ABOUT_REACH = re.compile(
    r"security_group|network_acl|_sg_|peering|vpn|eip|network_interface|ingress|egress"
)
KNOWN = {"aws_security_group", "aws_security_group_rule"}
"""Of the kinds of resources that say who reaches what, those that are read below."""
BALANCERS = "${aws_security_group.balancers.id}"


def test_nobody_but_balancers_reaches_a_sites_port() -> None:
    for fleet in drawn(fleets(), 6):
        balancers_alone_reach_the_sites(fleet)


def balancers_alone_reach_the_sites(fleet: Settings) -> None:
    plan, text = told(fleet)
    resources = json.loads(text)["resource"]
    assert {kind for kind in resources if ABOUT_REACH.search(kind)} <= KNOWN
    assert not any("ingress" in group for group in resources["aws_security_group"].values())
    instances = resources.get("aws_instance", {}).values()
    of_servers = {group for each in instances for group in each["vpc_security_group_ids"]}
    of_servers |= {server.security_group for server in plan.servers if server.security_group}
    assert BALANCERS not in of_servers
    ports = {80, *(site.port for site in plan.sites)}
    ssh = {server.ssh.port for server in plan.servers}
    reached = set()
    for rule in resources["aws_security_group_rule"].values():
        if rule["type"] != "ingress" or rule["security_group_id"] not in of_servers:
            continue
        covered = set(range(rule["from_port"], rule["to_port"] + 1))
        if rule.get("source_security_group_id") == BALANCERS:
            assert not {"cidr_blocks", "ipv6_cidr_blocks", "prefix_list_ids", "self"} & rule.keys()
            assert covered <= (ports | {*NEXT_PORTS}) - ssh
            reached |= covered
        else:
            assert covered <= ssh - ports
    assert {site.port for site in plan.sites} <= reached
    for kind in ("aws_lb", "aws_elb"):
        for balancer in resources.get(kind, {}).values():
            assert BALANCERS in balancer["security_groups"]
