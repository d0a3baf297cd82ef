"""Terraform itself, with HashiCorp's AWS provider 3.39, accepts what is synthesized."""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from modules.fleet import LockMode, load_fleet
from modules.plan import Plan, make_plan
from modules.plan.provider import LOWEST, NEWER
from tests.stack.fleets import Settings, fleets, lay_files
from tests.stack.golden import DASHES, FOLDER, plan_of, synthesize
from tests.stack.terraform import HOME, terraform

EXAMPLES = sorted((HOME / "examples").glob("**/fleet.yaml"))
CASES = sorted(FOLDER.glob("*.stacktest"))
LOCK = ".terraform.lock.hcl"

Validate = Callable[[Plan, Path], None]


@pytest.fixture(scope="module")
def validate(tmp_path_factory: pytest.TempPathFactory) -> Validate:
    """Synthesize and validate, with the providers of one initialization."""
    shared = tmp_path_factory.mktemp("terraform")
    (shared / "home" / ".ssh").mkdir(parents=True)
    (shared / "home" / ".ssh" / "portico").write_text("not read by anyone\n")
    data = {"HOME": str(shared / "home"), "TF_DATA_DIR": str(shared / "data")}
    first = shared / "first"
    first.mkdir()
    provider = {"aws": {"source": "aws", "version": f"~> {LOWEST}.0"}}
    (first / "main.tf.json").write_text(json.dumps({"terraform": {"required_providers": provider}}))
    terraform(first, "init", "-input=false", **data)

    def run(plan: Plan, folder: Path) -> None:
        stack = synthesize(folder, plan).parent
        shutil.copy(first / LOCK, stack)
        found = json.loads(terraform(stack, "validate", "-json", **data))
        assert (found["valid"], found["diagnostics"]) == (True, [])

    return run


def with_keys(folder: Path) -> None:
    key = folder / "keys" / "id"
    key.parent.mkdir(exist_ok=True)
    key.write_text("not read by anyone\n")


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.parent.name)
def test_examples(file: Path, tmp_path: Path, validate: Validate) -> None:
    folder = shutil.copytree(file.parent, tmp_path / "example")
    if (script := folder / "make_pem.py").exists():
        subprocess.run([sys.executable, str(script)], check=True)
    plan = make_plan(load_fleet(folder / file.name, LockMode.READ))
    if plan.provider != LOWEST:
        pytest.skip(f"needs provider {plan.provider}")
    validate(plan, tmp_path)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_cases(case: Path, tmp_path: Path, validate: Validate) -> None:
    fleet, _, _ = case.read_text("utf-8").partition(DASHES)
    text = fleet.replace("/etc/portico/id", "~/.ssh/portico") + "\n"
    with_keys(tmp_path)
    lay_files(tmp_path)
    plan = plan_of(tmp_path, text)
    if plan.provider != LOWEST:
        pytest.skip(f"needs provider {plan.provider}")
    validate(plan, tmp_path)


@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(fleets(min_sites=2, with_files=True))
def test_any_fleet(validate: Validate, fleet: Settings) -> None:
    newer = {argument.name for argument in NEWER} | {"desync_mitigation"}
    # A network balancer whose servers are drained needs a newer one too.
    known = without_keys(fleet, newer | {"drain"})
    with tempfile.TemporaryDirectory() as folder:
        lay_files(Path(folder))
        plan = plan_of(Path(folder), f"# whole\n{json.dumps(known)}\n")
        assert plan.provider == LOWEST
        validate(plan, Path(folder))


def without_keys(value: Any, keys: set[str]) -> Any:  # noqa: ANN401 - a map of any shape
    """The same without the settings that older providers don't know."""
    if isinstance(value, dict):
        return {key: without_keys(each, keys) for key, each in value.items() if key not in keys}
    return value
