"""How long a server is drained, and until balancers use it again."""

from pathlib import Path

import pytest

from modules.plan.records import Rollout
from tests.fleet.golden import HOST_KEY
from tests.plan.plans import TWO_SERVERS, plan_of


def rollout_of(text: str, folder: Path) -> Rollout:
    return plan_of(TWO_SERVERS + text, folder).rollout


def test_by_default_one_after_another_and_nothing_is_drained(tmp_path: Path) -> None:
    assert rollout_of("", tmp_path) == Rollout(parallel=False, keep_releases=5, drain=0, settle=0)


def test_what_is_asked(tmp_path: Path) -> None:
    found = rollout_of("rollout: {parallel: true, keep_releases: 9}\n", tmp_path)
    assert found == Rollout(parallel=True, keep_releases=9, drain=0, settle=0)


@pytest.mark.parametrize("kind", ["application", "classic", "network", "shared"])
def test_balancers_of_each_kind_have_time_to_notice(kind: str, tmp_path: Path) -> None:
    """By default three checks that fail and two that pass, 10 s apart, and 5 s for an answer."""
    text = f"rollout: {{drain: 30}}\nsites:\n  a.com: {{load_balancer: {kind}}}\n"
    found = rollout_of(text, tmp_path)
    assert (found.drain, found.settle) == (35 + 30, 25)


def test_the_slowest_balancer_counts_also_that_which_a_site_moves_to(tmp_path: Path) -> None:
    text = """\
rollout: {drain: 1}
sites:
  a.com: {health_check: {interval: 5, timeout: 2, unhealthy: 10, healthy: 2}}
  b.com:
    load_balancer: classic
    successor: {load_balancer: network}
    health_check: {interval: 20, timeout: 9, unhealthy: 2, healthy: 4}
"""
    found = rollout_of(text, tmp_path)
    assert (found.drain, found.settle) == (10 * 5 + 2 + 1, 4 * 20 + 9)


def test_without_sites_there_is_nobody_to_wait_for(tmp_path: Path) -> None:
    found = rollout_of("rollout: {drain: 30}\nsites: {}\n", tmp_path)
    assert (found.drain, found.settle) == (0, 0)


@pytest.mark.parametrize(("kind", "told"), [("network", True), ("application", False)])
def test_only_a_network_balancer_has_to_be_told_to_keep_connections(
    kind: str, told: object, tmp_path: Path
) -> None:
    sites = f"sites:\n  a.com: {{load_balancer: {kind}}}\n"
    for text, expected in (("rollout: {drain: 5}\n", told), ("", False)):
        (site,) = plan_of(TWO_SERVERS + text + sites, tmp_path).sites
        assert site.fronts[0].keeps_connections is expected


def test_an_instance_is_told_from_the_one_that_replaces_it(tmp_path: Path) -> None:
    def key(create: str) -> str:
        servers = f"""\
servers:
  web-1:
    create: {{{create}, ssh_from: [198.51.100.0/24]}}
    ssh: {{user: admin, private_key: key, host_key: "{HOST_KEY}"}}
"""
        (server,) = plan_of(servers, tmp_path).servers
        return server.instance_key

    base = key("ami: ami-0123abcd, type: t3.small")
    assert base == "web-1 ami-0123abcd subnet-0123abcd"
    assert key("ami: ami-0123abcd, type: t3.large") == base
    others = {
        key("ami: ami-0123abce, type: t3.small"),
        key("ami: ami-0123abcd, type: t3.small, key_name: mine"),
        key("ami: ami-0123abcd, type: t3.small, subnet: subnet-0123abce"),
    }
    assert len(others | {base}) == 4


def test_an_existing_instance_is_known_by_its_id(tmp_path: Path) -> None:
    keys = [server.instance_key for server in plan_of(TWO_SERVERS, tmp_path).servers]
    assert keys == ["i-0123456789abcdef1", "i-0123456789abcdef2"]
