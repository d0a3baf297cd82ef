"""Fleet → Plan, as `portico show` prints it: cases are text files, a fleet, dashes, the table."""

import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from modules.cli import show
from modules.fleet import LockMode, load_fleet
from modules.fleet.addresses import PortRange
from modules.plan import Plan, make_plan
from modules.plan.names import LOAD_BALANCER_NAME_LIMIT, address, aws_name
from tests.fleet.golden import complete

CASES = sorted((Path(__file__).parent / "cases").glob("*.plantest"))
DASHES = "\n----------\n"


def plan_of(text: str, folder: Path, ports: dict[str, int] | None = None) -> Plan:
    """The plan of a fleet file; keys that it leaves out come from the fleet tests' base."""
    path = folder / "fleet.yaml"
    path.write_text(complete(text), encoding="utf-8")
    if ports is not None:
        lock = json.dumps({"version": 1, "ports": ports})
        path.with_name("fleet.lock.json").write_text(lock, encoding="utf-8")
    return make_plan(load_fleet(path, LockMode.READ))


def table_of(plan: Plan) -> str:
    console = Console(file=io.StringIO(), width=140, legacy_windows=False)
    console.print(show.as_table(plan))
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in lines) + "\n"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_show(case: Path, tmp_path: Path) -> None:
    fleet, _, expected = case.read_text("utf-8").partition(DASHES)
    assert table_of(plan_of(fleet + "\n", tmp_path)) == expected


def test_json_holds_the_plan_and_no_path_of_this_machine(tmp_path: Path) -> None:
    text = show.as_json(plan_of("", tmp_path))
    assert json.loads(text)["sites"][0]["domain"] == "domain-a.com"
    assert str(tmp_path) not in text


# --- zones -----------------------------------------------------------------------------------


def zones_of(plan: Plan) -> dict[str, str]:
    return {record.name: record.zone for site in plan.sites for record in site.alias_records}


def test_a_zone_is_found_by_the_public_suffix_list(tmp_path: Path) -> None:
    plan = plan_of("sites:\n  www.shop.co.uk:\n    aliases: [shop.com, a.b.shop.com]\n", tmp_path)
    assert zones_of(plan) == {
        "www.shop.co.uk": "shop.co.uk",
        "shop.com": "shop.com",
        "a.b.shop.com": "shop.com",
    }


def test_a_named_zone_holds_for_names_in_it(tmp_path: Path) -> None:
    text = "sites:\n  a.eu.shop.com:\n    zone: eu.shop.com\n    aliases: [a.shop.com]\n"
    assert zones_of(plan_of(text, tmp_path)) == {
        "a.eu.shop.com": "eu.shop.com",
        "a.shop.com": "shop.com",
    }


def test_a_zone_is_created_once_for_all_names_in_it(tmp_path: Path) -> None:
    text = "defaults: {document_root: /srv, zone: create}\nsites:\n  a.shop.com:\n  b.shop.com:\n"
    (zone,) = plan_of(text, tmp_path).zones
    assert (zone.name, zone.create) == ("shop.com", True)


def test_a_zone_id_is_used_as_it_is(tmp_path: Path) -> None:
    text = "sites:\n  a.shop.com:\n    zone: Z0123456789ABCDEFGHIJ\n"
    (zone,) = plan_of(text, tmp_path).zones
    assert (zone.key, zone.name) == ("Z0123456789ABCDEFGHIJ", "shop.com")


# --- ports -----------------------------------------------------------------------------------


def test_resting_ports_stay_in_their_range(tmp_path: Path) -> None:
    held = {"a.com": 443, "b.com": 8443, "gone.com": 8444, "d.com": 8445, "e.com": 8500}
    sites = "".join(f"  {domain}:\n" for domain in held if domain != "gone.com")
    ranges = plan_of(f"sites:\n{sites}", tmp_path, held).port_ranges
    assert ranges == (PortRange(443, 443), PortRange(8443, 8445), PortRange(8500, 8500))


def test_apaches_port_80_is_reached_by_classic_balancers_alone(tmp_path: Path) -> None:
    (tls,) = plan_of("", tmp_path).port_ranges
    assert tls == PortRange(443, 443)
    text = "sites:\n  domain-a.com: {load_balancer: classic}\n"
    assert plan_of(text, tmp_path).port_ranges == (PortRange(80, 80), PortRange(443, 443))


def test_an_empty_fleet_opens_no_port(tmp_path: Path) -> None:
    plan = plan_of("sites: {}\n", tmp_path)
    assert (plan.sites, plan.port_ranges) == ((), ())


def test_a_new_vpc_keeps_half_of_its_range_free(tmp_path: Path) -> None:
    network = plan_of("network: {create: 10.20.0.0/16}\n", tmp_path).network
    assert network.subnets == ("10.20.0.0/18", "10.20.64.0/18")


# --- names -----------------------------------------------------------------------------------

labels = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)
domains = st.lists(labels, min_size=2, max_size=5).map(".".join)
fleets = st.from_regex(r"[a-z]([a-z0-9-]{0,18}[a-z0-9])", fullmatch=True)


@given(domains, domains, st.sampled_from(["https", "validation", "A"]))
def test_addresses_tell_domains_apart(one: str, other: str, part: str) -> None:
    assert (address(one) == address(other)) == (one == other)
    assert address(one, part) != address(other)
    assert address(one)[0].isalpha() or address(one)[0] == "_"


@given(fleets, domains)
def test_aws_names_fit(fleet: str, domain: str) -> None:
    name = aws_name(fleet, domain)
    assert len(name) <= LOAD_BALANCER_NAME_LIMIT
    assert name.replace("-", "a").isalnum()
    assert not name.startswith("-")
    assert not name.endswith("-")


def test_a_target_group_that_must_be_replaced_has_another_name(tmp_path: Path) -> None:
    (before,) = plan_of("", tmp_path, {"domain-a.com": 443}).sites
    (after,) = plan_of("", tmp_path, {"domain-a.com": 8443}).sites
    assert before.balancer.target_group != after.balancer.target_group
    assert before.balancer.name == after.balancer.name
