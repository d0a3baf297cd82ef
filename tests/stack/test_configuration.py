"""The Terraform configuration of whole fleets."""

from pathlib import Path

import pytest

from modules.fleet import LockMode, load_fleet
from modules.plan import apache
from modules.stack import FleetStack
from modules.stack.bindings import App
from tests.fleet.golden import HOST_KEY
from tests.stack.golden import (
    DASHES,
    FOLDER,
    addresses,
    arguments_of,
    blocks,
    configuration_of,
    plainly,
    plan_of,
    reference,
    synthesize,
)

CASES = sorted(FOLDER.glob("*.stacktest"))
WHOLE = [case for case in CASES if arguments_of(case).exists()]
TWO_SERVERS = (FOLDER / "servers.stacktest").read_text("utf-8").partition(DASHES)[0] + "\n"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_addresses(case: Path, tmp_path: Path) -> None:
    fleet, _, expected = case.read_text("utf-8").partition(DASHES)
    assert addresses(configuration_of(tmp_path, fleet + "\n")) == expected


@pytest.mark.parametrize(
    "case", [case for case in CASES if arguments_of(case).exists()], ids=lambda case: case.stem
)
def test_every_argument(case: Path, tmp_path: Path) -> None:
    fleet, _, _ = case.read_text("utf-8").partition(DASHES)
    found = reference(configuration_of(tmp_path, fleet + "\n"))
    assert found == arguments_of(case).read_text("utf-8")


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
    parts = [f"activate/{part}.sh" for part in apache.SCRIPT_PARTS]
    assert all((templates / part).is_file() for part in parts)
    assert f"assets/apache_templates/{templates.name}/activate/" in file.read_text()


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


# --- ACM -----------------------------------------------------------------------------------


def test_a_site_without_aliases_says_so_to_acm(tmp_path: Path) -> None:
    """Null would mean "as it is": a removed last alias would stay on the certificate."""
    found = blocks(plainly(configuration_of(tmp_path, TWO_SERVERS)))
    assert found["aws_acm_certificate.domain-a_com"]["subject_alternative_names"] == []
