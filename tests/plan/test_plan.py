"""Fleet → Plan, as `portico show` prints it: cases are text files, a fleet, dashes, the table."""

import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from modules.cli import show
from modules.fleet.addresses import PortRange
from modules.plan import Plan
from modules.plan.names import LOAD_BALANCER_NAME_LIMIT, address, aws_name
from tests.plan.plans import plan_of

CASES = sorted((Path(__file__).parent / "cases").glob("*.plantest"))
DASHES = "\n----------\n"


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
    document = json.loads(text)
    assert document["sites"][0]["domain"] == "domain-a.com"
    assert document["rollout"] == {"parallel": False, "keep_releases": 5, "drain": 0, "settle": 0}
    assert str(tmp_path) not in text


# --- ports -----------------------------------------------------------------------------------


HELD = {"a.com": 443, "b.com": 8443, "d.com": 8445, "e.com": 8500, "f.com": 32767}


@pytest.mark.parametrize(
    ("settings", "ranges"),
    [
        ("", ["443", "8443-8499", "8500-8599", "32700-32767"]),
        ("ports: {reserved: [9000]}", ["443", "8443-8499", "8500-8599", "32700-32767"]),
        (
            "ports: {reserved: [8400-8443, 8444, 8446, 8502-8700]}",
            ["443", "8445", "8500-8501", "32700-32767"],
        ),
    ],
)
def test_ranges_are_whole_blocks_without_what_is_reserved(
    settings: str, ranges: list[str], tmp_path: Path
) -> None:
    held = {domain: port for domain, port in HELD.items() if f"-{port}," not in settings}
    sites = "".join(f"  {domain}:\n" for domain in held)
    plan = plan_of(f"{settings}\nsites:\n{sites}", tmp_path, held)
    assert [str(each) for each in plan.port_ranges] == ranges


def test_a_site_that_comes_or_goes_changes_no_range(tmp_path: Path) -> None:
    held = {"a.com": 443, "b.com": 8443}
    before = plan_of("sites:\n  a.com:\n  b.com:\n", tmp_path, held).port_ranges
    assert plan_of("sites:\n  a.com:\n", tmp_path, held).port_ranges == before
    held["c.com"] = 8499
    assert plan_of("sites:\n  a.com:\n  c.com:\n", tmp_path, held).port_ranges == before


@pytest.mark.parametrize(
    ("settings", "reached"),
    [
        ("{}", False),
        ("{load_balancer: shared}", False),
        ("{load_balancer: classic}", True),
        ("{load_balancer: network}", True),
        ("{successor: {load_balancer: network}}", True),
    ],
)
def test_apaches_port_80_is_reached_by_balancers_that_do_not_redirect(
    settings: str, *, reached: bool, tmp_path: Path
) -> None:
    ranges = plan_of(f"sites:\n  a.com: {settings}\n", tmp_path).port_ranges
    redirect = (PortRange(80, 80),) if reached else ()
    assert ranges == (*redirect, PortRange(443, 443))


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
