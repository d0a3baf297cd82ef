"""What Terraform does to servers before and after what: releases, and who comes and goes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.stack.golden import Configuration, blocks, configuration_of, plainly
from tests.stack.graph import Graph
from tests.stack.test_order import RELEASES, fleet_of

DRAINED, JOINED, CURRENT = (
    f"terraform_data.servers__{word}" for word in ("drained", "joined", "current")
)
ATTACHMENTS = ("aws_lb_target_group_attachment", "aws_elb_attachment")


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Configuration:
    return configuration_of(tmp_path_factory.mktemp("servers"), fleet_of("servers"))


# --- releases --------------------------------------------------------------------------------


def test_servers_are_changed_one_after_another_once_the_balancers_may_reach_them(
    servers: Configuration,
) -> None:
    graph = Graph(servers)
    assert "terraform_data.web-1" in graph.needs("terraform_data.web-2")
    assert "terraform_data.web-2" in graph.needs("terraform_data.web-3")
    assert {
        "aws_security_group_rule.sg-0123abcd__8443",
        "aws_security_group_rule.web-3__server__8443",
        "aws_security_group_rule.web-3__server__ssh__198-51-100-0_24",
    } <= graph.needs("terraform_data.web-3")


def test_a_new_instance_gets_the_release_though_it_did_not_change(
    servers: Configuration,
) -> None:
    found = blocks(servers)
    assert found["terraform_data.web-1"]["triggers_replace"] == [
        "${local.web-1__release}",
        "i-0123456789abcdef0",
    ]
    assert found["terraform_data.web-3"]["triggers_replace"][1] == "${aws_instance.web-3.id}"


def test_servers_are_changed_all_at_once_where_asked(tmp_path: Path) -> None:
    text = f"rollout: {{parallel: true}}\n{fleet_of('servers')}"
    graph = Graph(configuration_of(tmp_path, text))
    for server in RELEASES:
        assert not RELEASES & graph.needs(server)
    assert graph.needs("aws_route53_record.domain-a_com__A") >= RELEASES


# --- servers that come and go ----------------------------------------------------------------


def test_targets_go_before_the_wait_for_their_requests_and_all_else_after_it(
    servers: Configuration,
) -> None:
    graph, found = Graph(servers), blocks(servers)
    for target in graph.of(*ATTACHMENTS):
        assert DRAINED in graph.needs(target)
    goes = {
        "aws_instance.web-3",
        "aws_security_group_rule.balancers__web-3__server",
        "aws_security_group_rule.balancers__sg-0123abcd",
        "aws_security_group_rule.web-3__server__8443",
        "aws_security_group_rule.web-3__server__out",
        "aws_security_group_rule.sg-0123abcd__8443",
    }
    assert goes <= graph.needs(DRAINED)
    # What was made first goes last, after `current`; the rest as soon as it is left out.
    by_port = {name for name in goes if name.endswith("__8443") or ".balancers__" in name}
    assert all(found[name]["lifecycle"]["create_before_destroy"] for name in by_port)
    assert found[DRAINED]["for_each"] == {
        "i-0123456789abcdef0": "i-0123456789abcdef0",
        "i-0123456789abcdef1": "i-0123456789abcdef1",
        "web-3 ami-0123abcd subnet-0123abcd": "${aws_instance.web-3.id}",
    }
    assert found[DRAINED]["input"] == {"instance": "${each.value}", "seconds": 60}


def test_nobody_is_let_go_before_those_that_come_are_healthy(servers: Configuration) -> None:
    graph = Graph(servers)
    assert graph.of(*ATTACHMENTS) | RELEASES <= graph.needs(JOINED)
    assert JOINED in graph.needs(CURRENT)


@pytest.mark.parametrize(
    ("kind", "seconds"), [("application", 25), ("classic", 25), ("shared", 25), ("network", 220)]
)
def test_one_that_comes_has_the_time_that_its_balancers_take(
    kind: str, seconds: int, tmp_path: Path
) -> None:
    text = f"sites:\n  a.com: {{load_balancer: {kind}}}\n  b.com:\n"
    joined = blocks(configuration_of(tmp_path, text))[JOINED]
    assert joined["input"].endswith(f" ? 0 : {seconds}}}")
    assert joined["lifecycle"] == {"ignore_changes": ["input"]}
    assert joined["triggers_replace"] == "${each.value}"


def test_the_longest_of_the_sites_requests_are_waited_for(tmp_path: Path) -> None:
    text = "sites:\n  a.com: {draining: 300}\n  b.com: {draining: 5}\n"
    assert blocks(configuration_of(tmp_path, text))[DRAINED]["input"]["seconds"] == 300


def test_a_network_balancer_keeps_the_connections_of_a_server_that_is_drained(
    tmp_path: Path,
) -> None:
    for rollout, told in (("{}", None), ("{drain: 5}", False)):
        text = f"rollout: {rollout}\n{fleet_of('servers').partition('sites:')[0]}"
        text += "sites:\n  a.com: {load_balancer: network}\n"
        groups = plainly(configuration_of(tmp_path, text))["resource"]["aws_lb_target_group"]
        (state,) = groups["a_com__network"].get("target_health_state", [{}])
        assert state.get("enable_unhealthy_connection_termination") is told
        assert "target_health_state" not in groups["a_com__network__http"]


def test_a_renamed_server_keeps_its_targets(tmp_path: Path) -> None:
    """Registered again and then let go under its old name, a target would be gone."""
    text = fleet_of("servers").replace("  web-1:\n", "  box-1:\n")
    assert "  box-1:\n" in text
    before, after = (
        {name: block for name, block in blocks(told).items() if "_attachment." in name}
        for told in (
            configuration_of(tmp_path, text),
            configuration_of(tmp_path, fleet_of("servers")),
        )
    )
    assert len(before) == 2 * 3
    assert before == after
