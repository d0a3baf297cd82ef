"""Terraform itself, with HashiCorp's AWS provider 3.39, accepts what is synthesized."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from modules.fleet import LockMode, load_fleet
from modules.plan import Plan, make_plan
from modules.stack import FleetStack
from modules.stack.bindings import App
from tests.stack.golden import DASHES, FOLDER, plan_of

HOME = Path(__file__).parents[2]
EXAMPLES = sorted((HOME / "examples").glob("**/fleet.yaml"))
CASES = sorted(FOLDER.glob("*.stacktest"))


def validate(plan: Plan, folder: Path) -> None:
    """Synthesize, initialize and validate; private keys are any files."""
    outdir = folder / "cdktf.out"
    app = App(outdir=str(outdir))
    FleetStack(app, plan)
    app.synth()
    for key in (folder / ".ssh" / "portico", folder / "keys" / "id"):
        key.parent.mkdir(exist_ok=True)
        key.write_text("not read by anyone\n")
    stack = outdir / "stacks" / plan.fleet
    environment = {
        **os.environ,
        "HOME": str(folder),
        "TF_CLI_CONFIG_FILE": str(HOME / ".portico/terraform/sandbox.tfrc"),
    }
    for command in (("init", "-backend=false", "-input=false"), ("validate", "-json")):
        done = subprocess.run(
            [str(HOME / "tools/run"), "terraform", f"-chdir={stack}", *command],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert (found["valid"], found["diagnostics"]) == (True, [])


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.parent.name)
def test_examples(file: Path, tmp_path: Path) -> None:
    validate(make_plan(load_fleet(file, LockMode.READ)), tmp_path)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_cases(case: Path, tmp_path: Path) -> None:
    fleet, _, _ = case.read_text("utf-8").partition(DASHES)
    text = fleet.replace("/etc/portico/id", "~/.ssh/portico") + "\n"
    validate(plan_of(tmp_path, text), tmp_path)
