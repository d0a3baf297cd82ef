"""examples/embedded: Portico's constructs in a team's own CDKTF app."""

import json
import runpy
from pathlib import Path
from typing import Any

import pytest

from modules.fleet import LockMode, load_fleet
from modules.plan import make_plan
from modules.stack import FleetStack
from modules.stack.bindings import App
from tests.stack.golden import blocks, plainly
from tests.stack.graph import Graph

WAITS = ("current", "drain", "healthy", "since")
EMBEDDED = Path(__file__).parents[2] / "examples" / "embedded"


@pytest.fixture(scope="module")
def outdir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    app = App(outdir=str(tmp_path_factory.mktemp("embedded") / "cdktf.out"))
    runpy.run_path(str(EMBEDDED / "app.py"))["build"](app)
    app.synth()
    return Path(app.outdir)


def told(outdir: Path, stack: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((outdir / "stacks" / stack / "cdk.tf.json").read_text())
    return found


def test_the_fleet_is_the_same_as_outside_of_the_teams_app(outdir: Path, tmp_path: Path) -> None:
    app = App(outdir=str(tmp_path / "cdktf.out"))
    plan = make_plan(load_fleet(EMBEDDED / "brands" / "fleet.yaml", LockMode.READ))
    FleetStack(app, plan)
    app.synth()
    assert told(tmp_path / "cdktf.out", "brands") == told(outdir, "brands")


def test_a_site_stands_beside_the_teams_own_resources(outdir: Path) -> None:
    campaign = plainly(told(outdir, "campaign"))
    graph = Graph(campaign)
    assert not graph.dangling()
    found = blocks(campaign)
    assert found["aws_lb.summer_example_com"]["security_groups"] == [
        "${aws_security_group.office.id}"
    ]
    assert found["aws_route53_record.summer_example_com__A"]["zone_id"] == (
        "${aws_route53_zone.zone.zone_id}"
    )
    assert found["aws_ssm_parameter.address"]["value"] == "${aws_lb.summer_example_com.dns_name}"
    waits = {f"terraform_data.summer_example_com__{word}" for word in WAITS}
    assert graph.of("terraform_data") == waits
    assert campaign["variable"]["drain_seconds"]["default"] == 120
