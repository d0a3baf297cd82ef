"""Three servers that get a release one after another, and a fourth that comes and goes, under load.

The tests share one sandbox and each leaves it with all servers up to date. What takes long has the
mark `soak`; it needs nothing of the tests before it but that.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import sandbox
from modules import servers
from sandbox import Sandbox, SandboxError, balancing, network
from sandbox.emulator.api import Api
from tests.faults.machine import Machine
from tests.sandbox import examples
from tests.sandbox.hammering import Hammered, hammered

pytestmark = pytest.mark.sandbox

SITES = ("domain-a.com", "domain-b.com")
SERVERS = ("web-1", "web-2", "web-3")
DELAY = 10
"""Seconds: the example's `draining`."""
NOTICED = 14
"""Seconds in which all balancers have noticed a drain: the example's take 12."""
HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE+i0KXrJdMd0acDgL4okF2FE7SznG9Mrv0SgrFB7y81"
FOURTH = f"""\
  web-4:
    create: {{ami: ami-0123456789abcdef0, type: t3.small, ssh_from: [198.51.100.0/24]}}
    ssh: {{user: admin, private_key: ~/.ssh/portico, host_key: {HOST_KEY}}}
"""


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    fleet = examples.copied("three-servers", tmp_path_factory.mktemp("example"))
    try:
        yield fleet
    finally:
        sandbox.down(fleet)


@pytest.fixture(scope="module")
def three(fleet: Path) -> Sandbox:
    return sandbox.up(fleet)


@pytest.fixture
def text(fleet: Path) -> Iterator[str]:
    """Return the fleet file's text, which is put back."""
    text = fleet.read_text()
    yield text
    fleet.write_text(text)


@contextmanager
def nothing_fails(up: Sandbox) -> Iterator[Hammered]:
    """Have both sites fetched all the while, and each request answered."""
    with hammered(up, *SITES, kept=True) as tallies:
        yield tallies
    assert tallies.failed == []
    assert tallies.fewest > 50


def releases(up: Sandbox) -> dict[str, str]:
    """Return the release that is live, by server; no two servers have the same."""
    return {
        name: servers.execute(up.login(name), ["readlink", "/etc/portico/current"]).stdout.strip()
        for name in (each.name for each in up.plan.servers)
    }


def differing(one: dict[str, str], other: dict[str, str]) -> set[str]:
    """Return the servers that have another release."""
    return {name for name in one if one[name] != other.get(name)}


def changed(fleet: Path, line: str, text: str) -> None:
    """Give domain-a.com another configuration."""
    fleet.with_name("extra.conf").write_text(f"{line}\n")
    settings = "    document_root: /var/www/site_a\n    extra_config: extra.conf\n"
    fleet.write_text(text.replace("    document_root: /var/www/site_a\n", settings))


# --- who is sent requests ------------------------------------------------------------------------


@dataclass
class Seen:
    """What a watch has seen of the balancers' health checks."""

    failing: list[frozenset[str]] = field(default_factory=list)
    """Servers at once, each time that they changed."""
    requests: dict[str, list[int]] = field(default_factory=dict)
    """By server: how many requests it has logged, at each look while it was long drained."""

    @property
    def order(self) -> list[str]:
        """Servers in the order in which each first failed."""
        return list(dict.fromkeys(name for names in self.failing for name in sorted(names)))


@contextmanager
def watched(up: Sandbox) -> Iterator[Seen]:
    """Look all the while which servers the balancers find unhealthy, and who is sent requests."""
    seen, stop = Seen(), threading.Event()
    machines = [Machine(up, name) for name in SERVERS]
    begun: dict[str, float] = {}

    def look() -> None:
        while not stop.wait(0.2):
            for each in machines:
                if not each.path("/run/portico/draining").exists():
                    begun.pop(each.name, None)
                elif time.monotonic() - begun.setdefault(each.name, time.monotonic()) > NOTICED:
                    log = each.path("/var/log/apache2/portico-access.log").read_text()
                    seen.requests.setdefault(each.name, []).append(log.count("\n"))
            ways = balancing.unhealthy(up.place, up.state.enclosure)
            names = frozenset(re.sub("-subnet-.*", "", way) for way in ways)
            if not seen.failing or seen.failing[-1] != names:
                seen.failing.append(names)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        stop.set()
        thread.join()


# --- one after another ---------------------------------------------------------------------------


def test_the_example_is_up(three: Sandbox) -> None:
    examples.assert_good(three)


def test_one_server_after_another_is_drained_and_changed(
    three: Sandbox, fleet: Path, text: str
) -> None:
    before = releases(three)
    changed(fleet, 'Header set X-Change "1"', text)
    with nothing_fails(three), watched(three) as seen:
        after = sandbox.up(fleet)
    assert max(map(len, seen.failing)) == 1
    assert seen.order == [*SERVERS]
    assert {*seen.requests} == {*SERVERS}
    assert {name: len({*counts}) for name, counts in seen.requests.items()} == dict.fromkeys(
        SERVERS, 1
    ), "a drained server was sent requests"
    assert differing(before, releases(after)) == {*SERVERS}


@pytest.mark.soak
def test_a_server_that_refuses_stops_the_roll_out_and_is_named(
    three: Sandbox, fleet: Path, text: str
) -> None:
    sandbox.up(fleet)
    before = releases(three)
    servers.execute(three.login("web-2"), ["touch", "/etc/refuses"])
    changed(fleet, '<IfFile "/etc/refuses">\n  NoSuchDirective on\n</IfFile>', text)
    with nothing_fails(three):
        with pytest.raises(SandboxError, match="NoSuchDirective") as failed:
            sandbox.up(fleet)
        stopped = releases(three)
        servers.execute(three.login("web-2"), ["rm", "/etc/refuses"])
        after = sandbox.up(fleet)
    assert "terraform_data.web-2" in str(failed.value)
    assert "terraform_data.web-3" not in str(failed.value)
    assert differing(before, stopped) == {"web-1"}
    assert differing(stopped, releases(after)) == {"web-2", "web-3"}
    examples.assert_good(after)


@pytest.mark.soak
def test_all_at_once_where_asked(three: Sandbox, fleet: Path, text: str) -> None:
    text = text.replace("rollout: {drain: 5}", "rollout: {parallel: true}")
    before = releases(three)
    changed(fleet, 'Header set X-Change "parallel"', text)
    with nothing_fails(three):
        after = sandbox.up(fleet)
    log = after.place.log("deploy").read_text()
    begun, done = (
        [
            log.index(f"terraform_data.{name} (servers/{name}/release/shipped): {words}")
            for name in SERVERS
        ]
        for words in ("Creating...", "Creation complete")
    )
    assert max(begun) < min(done)
    assert differing(before, releases(after)) == {*SERVERS}


# --- one that comes, and goes --------------------------------------------------------------------


@dataclass
class Departure:
    """When a created server left; times of one clock."""

    deregistered: float = 0
    terminated: float = 0


@contextmanager
def departing(up: Sandbox, name: str) -> Iterator[Departure]:
    """Look when a created server's targets and its instance go; with the instance its machine goes.

    In the sandbox alone it would run until the end of the apply.
    """
    api, departure, stop = Api(up.emulator.url, up.plan.region), Departure(), threading.Event()
    instance = instance_of(api, name)

    def look() -> None:
        while not stop.wait(0.2):
            if not departure.deregistered and instance not in targets(api):
                departure.deregistered = time.monotonic()
            if state_of(api, instance) != "running":
                departure.terminated = time.monotonic()
                network.cut(up.state.enclosure, name)
                return

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield departure
    finally:
        stop.set()
        thread.join()


def instance_of(api: Api, name: str) -> str:
    for reservation in api.all("ec2", "describe_instances", "Reservations"):
        for found in reservation["Instances"]:
            tags = {tag["Key"]: tag["Value"] for tag in found.get("Tags", ())}
            if tags.get("Name", "").endswith(name) and found["State"]["Name"] == "running":
                return str(found["InstanceId"])
    pytest.fail(f"no instance of {name}")


def state_of(api: Api, instance: str) -> str:
    found = api.client("ec2").describe_instances(InstanceIds=[instance])
    return str(found["Reservations"][0]["Instances"][0]["State"]["Name"])


def targets(api: Api) -> set[str]:
    """Return the instances that any balancer knows."""
    known: list[Any] = []
    for balancer in api.all("elb", "describe_load_balancers", "LoadBalancerDescriptions"):
        known += [each["InstanceId"] for each in balancer["Instances"]]
    for group in api.all("elbv2", "describe_target_groups", "TargetGroups"):
        health = api.client("elbv2").describe_target_health(TargetGroupArn=group["TargetGroupArn"])
        known += [
            each["Target"]["Id"]
            for each in health["TargetHealthDescriptions"]
            if each["TargetHealth"]["State"] != "draining"
        ]
    return {str(each) for each in known}


@pytest.mark.soak
def test_a_server_joins_once_it_serves_and_is_gone_once_its_requests_are(
    three: Sandbox, fleet: Path, text: str
) -> None:
    before = releases(sandbox.up(fleet))
    fleet.write_text(text.replace("\nrollout:", f"{FOURTH}\nrollout:"))
    with nothing_fails(three), watched(three) as seen:
        four = sandbox.up(fleet)
    # The balancers knew it before it served, and sent it nothing.
    assert {"web-4"} in seen.failing
    assert seen.failing[-1] == set()
    assert seen.order == ["web-4"]
    assert differing(before, releases(four)) == set()
    examples.assert_good(four)
    fleet.write_text(text)
    with nothing_fails(four), departing(four, "web-4") as departure:
        after = sandbox.up(fleet)
    assert 0 < departure.deregistered < departure.terminated
    assert departure.terminated - departure.deregistered > DELAY - 1
    examples.assert_good(after)
