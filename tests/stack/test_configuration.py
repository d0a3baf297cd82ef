"""The Terraform configuration of whole fleets."""

from pathlib import Path

import pytest

from modules.fleet import LockMode, load_fleet
from modules.stack import FleetStack
from modules.stack.bindings import App
from tests.fleet.golden import HOST_KEY
from tests.stack.golden import (
    DASHES,
    FOLDER,
    REFERENCE,
    REFERENCE_JSON,
    addresses,
    blocks,
    configuration_of,
    plan_of,
    reference,
    synthesize,
)
from tests.stack.graph import Graph

CASES = sorted(FOLDER.glob("*.stacktest"))
TWO_SERVERS = (FOLDER / "servers.stacktest").read_text("utf-8").partition(DASHES)[0] + "\n"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_addresses(case: Path, tmp_path: Path) -> None:
    fleet, _, expected = case.read_text("utf-8").partition(DASHES)
    assert addresses(configuration_of(tmp_path, fleet + "\n")) == expected


def test_every_argument_of_the_reference_fleet(tmp_path: Path) -> None:
    fleet, _, _ = REFERENCE.read_text("utf-8").partition(DASHES)
    found = reference(configuration_of(tmp_path, fleet + "\n"))
    assert found == REFERENCE_JSON.read_text("utf-8")


def test_a_fleet_is_planned_by_the_stack_itself(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, "")
    planned = synthesize(tmp_path, plan).read_bytes()
    app = App(outdir=str(tmp_path / "cdktf.out"))
    FleetStack(app, load_fleet(tmp_path / "fleet.yaml", LockMode.READ))
    app.synth()
    assert (tmp_path / "cdktf.out/stacks/shop/cdk.tf.json").read_bytes() == planned


# --- the same bytes everywhere ---------------------------------------------------------------


def test_no_path_of_the_machine_and_the_same_bytes_in_every_checkout(tmp_path: Path) -> None:
    texts = []
    for checkout in (tmp_path / "one", tmp_path / "another" / "place"):
        checkout.mkdir(parents=True)
        texts.append(synthesize(checkout, plan_of(checkout, TWO_SERVERS)).read_text())
        assert str(checkout) not in texts[-1]
    assert texts[0] == texts[1]


def test_the_output_folder_is_whole(tmp_path: Path) -> None:
    file = synthesize(tmp_path, plan_of(tmp_path, ""))
    templates = next(file.parent.glob("assets/apache_templates/*"))
    assert (templates / "activate.sh").is_file()
    assert f"assets/apache_templates/{templates.name}/activate.sh" in file.read_text()


# --- files of the fleet's --------------------------------------------------------------------


def test_files_are_read_by_terraform_from_the_fleet_files_folder(tmp_path: Path) -> None:
    (tmp_path / "a.conf").write_text("Header set X y\n")
    (tmp_path / "start.sh").write_text("#!/bin/sh\n")
    text = f"""\
servers:
  web-1:
    create: {{ami: ami-0123abcd, type: t3.small, user_data: start.sh, ssh_from: [10.0.0.0/8]}}
    ssh: {{user: admin, private_key: keys/id, host_key: "{HOST_KEY}"}}
  web-2:
    create: {{ami: ami-0123abcd, type: t3.small, ssh_from: [10.0.0.0/8]}}
    ssh: {{user: admin, private_key: ~/.ssh/portico, host_key: "{HOST_KEY}"}}
sites:
  domain-a.com: {{extra_config: a.conf}}
"""
    found = blocks(configuration_of(tmp_path, text))
    assert found["local.sites"][0]["extra_config"] == '${file("${var.fleet_dir}/a.conf")}'
    assert found["aws_instance.web-1"]["user_data"] == '${file("${var.fleet_dir}/start.sh")}'
    keys = {name: found[f"terraform_data.{name}"]["connection"] for name in ("web-1", "web-2")}
    assert keys["web-1"]["private_key"] == '${file("${var.fleet_dir}/keys/id")}'
    assert keys["web-2"]["private_key"] == '${file("~/.ssh/portico")}'
    assert all(connection["host_key"] == HOST_KEY for connection in keys.values())


# --- order of change -------------------------------------------------------------------------


def test_apache_listens_before_a_balancer_points_at_it_and_dns_comes_last(tmp_path: Path) -> None:
    graph = Graph(configuration_of(tmp_path, TWO_SERVERS))
    releases = {"terraform_data.web-1", "terraform_data.web-2", "terraform_data.web-3"}
    attachments = graph.of("aws_lb_target_group_attachment", "aws_elb_attachment")
    assert len(attachments) == 2 * len(releases)
    for attachment in attachments:
        assert releases <= graph.needs(attachment)
    aliases = {record for record in graph.of("aws_route53_record") if record.endswith("__A")}
    for record in aliases:
        domain = record.removesuffix("__A").partition(".")[2]
        needed = graph.needs(record)
        assert {a for a in attachments if a.partition(".")[2].startswith(domain)} <= needed
        assert graph.of("aws_lb_listener") & needed or graph.of("aws_elb") & needed
        assert not needed & aliases


def test_no_listener_points_at_a_port_where_apache_does_not_listen_yet(tmp_path: Path) -> None:
    graph = Graph(configuration_of(tmp_path, TWO_SERVERS))
    releases = graph.of("terraform_data")
    assert releases <= graph.needs("aws_elb.domain-b_com")
    assert releases <= graph.needs("aws_lb_listener.domain-a_com__https")


def test_dns_goes_before_any_rule_that_its_clients_need(tmp_path: Path) -> None:
    graph = Graph(configuration_of(tmp_path, TWO_SERVERS))
    ssh = "aws_security_group_rule.web-3__server__ssh__198-51-100-0_24"
    rules = graph.of("aws_security_group_rule") - {ssh}
    assert len(rules) == 4 + 2 + 2 * 3 + 1  # clients, balancers' egress, ports of 2 groups, out
    for name in ("domain-a_com", "domain-b_com"):
        assert rules <= graph.needs(f"aws_route53_record.{name}__A")


def test_a_classic_listener_made_anew_gets_its_tls_policy_in_the_same_apply(
    tmp_path: Path,
) -> None:
    found = blocks(configuration_of(tmp_path, TWO_SERVERS))
    policy = found["aws_load_balancer_listener_policy.domain-b_com"]
    assert policy["lifecycle"]["replace_triggered_by"] == ["aws_elb.domain-b_com.listener"]


def test_a_site_without_aliases_says_so_to_acm(tmp_path: Path) -> None:
    """Null would mean "as it is": a removed last alias would stay on the certificate."""
    found = blocks(configuration_of(tmp_path, TWO_SERVERS))
    assert found["aws_acm_certificate.domain-a_com"]["subject_alternative_names"] == []


def test_servers_are_changed_one_after_another_once_the_balancers_may_reach_them(
    tmp_path: Path,
) -> None:
    graph = Graph(configuration_of(tmp_path, TWO_SERVERS))
    assert "terraform_data.web-1" in graph.needs("terraform_data.web-2")
    assert "terraform_data.web-2" in graph.needs("terraform_data.web-3")
    assert {
        "aws_security_group_rule.sg-0123abcd__8443",
        "aws_security_group_rule.web-3__server__8443",
        "aws_security_group_rule.web-3__server__ssh__198-51-100-0_24",
    } <= graph.needs("terraform_data.web-3")


def test_a_release_is_replaced_in_place_so_that_what_points_at_it_goes_first(
    tmp_path: Path,
) -> None:
    """create_before_destroy spreads to all that its owner needs: none may need a release."""
    configuration = configuration_of(tmp_path, TWO_SERVERS)
    graph = Graph(configuration)
    first_made = {
        address
        for address, block in blocks(configuration).items()
        if isinstance(block, dict) and block.get("lifecycle", {}).get("create_before_destroy")
    }
    assert graph.of("aws_acm_certificate", "aws_lb_target_group") <= first_made
    for address in first_made:
        assert not {a for a in graph.needs(address) if a.startswith("terraform_data.")}


def test_a_new_instance_gets_the_release_though_it_did_not_change(tmp_path: Path) -> None:
    found = blocks(configuration_of(tmp_path, TWO_SERVERS))
    assert found["terraform_data.web-1"]["triggers_replace"] == [
        "${local.web-1__release}",
        "i-0123456789abcdef0",
    ]
    assert found["terraform_data.web-3"]["triggers_replace"][1] == "${aws_instance.web-3.id}"
