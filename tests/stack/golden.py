"""Golden cases: a fleet file, a line of dashes, the Terraform addresses that come of it.

A JSON file beside a case, `cases/reference.json`, holds every argument too. Keys that a case is
not about are added as in `tests.fleet.golden`. `python -m tests.stack.golden` rewrites what is
expected: review the difference, for a changed address is a replaced resource.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from modules.fleet import LockMode, load_fleet
from modules.plan import Plan, make_plan
from modules.stack import FleetStack
from modules.stack.bindings import App
from tests.fleet.golden import complete

FOLDER = Path(__file__).parent / "cases"
DASHES = "\n----------\n"

Configuration = Mapping[str, Any]
"""Terraform's JSON, as synthesized."""


def plan_of(folder: Path, text: str, ports: Mapping[str, int] | None = None) -> Plan:
    """Return the plan of a fleet file in `folder`; `ports` is its lock."""
    path = folder / "fleet.yaml"
    path.write_text(complete(text), encoding="utf-8")
    lock = path.with_name("fleet.lock.json")
    lock.unlink(missing_ok=True)
    if ports is not None:
        lock.write_text(json.dumps({"version": 1, "ports": dict(ports)}), encoding="utf-8")
    return make_plan(load_fleet(path, LockMode.READ))


def synthesize(folder: Path, plan: Plan) -> Path:
    """Synthesize into `folder`/cdktf.out; return the file of Terraform's JSON."""
    outdir = folder / "cdktf.out"
    app = App(outdir=str(outdir))
    FleetStack(app, plan)
    app.synth()
    return outdir / "stacks" / plan.fleet / "cdk.tf.json"


def configuration_of(folder: Path, text: str) -> Configuration:
    """Return what a fleet file becomes."""
    configuration: Configuration = json.loads(synthesize(folder, plan_of(folder, text)).read_text())
    return configuration


def blocks(configuration: Configuration) -> Mapping[str, Any]:
    """Return resources, data sources, outputs and locals by their addresses."""
    return dict(_blocks(configuration))


def _blocks(configuration: Configuration) -> Iterator[tuple[str, Any]]:
    for prefix, section in (("", "resource"), ("data.", "data")):
        for kind, named in configuration.get(section, {}).items():
            for name, block in named.items():
                yield f"{prefix}{kind}.{name}", block
    for prefix, section in (("output", "output"), ("local", "locals")):
        for name, block in configuration.get(section, {}).items():
            yield f"{prefix}.{name}", block


def plainly(configuration: Configuration) -> Configuration:
    """Return it without the generations in addresses, which differ by what a resource is."""
    found: Configuration = json.loads(_GENERATION.sub("", json.dumps(configuration)))
    return found


_GENERATION = re.compile(r"__[0-9a-f]{6}(?=__|[].}\"\\])")


def arguments_of(case: Path) -> Path:
    """Return where every argument of a case stands, if anywhere."""
    return case.with_suffix(".json")


def addresses(configuration: Configuration) -> str:
    """Return the addresses of what lives in Terraform's state, a line each."""
    found = (name for name in blocks(configuration) if not name.startswith("local."))
    return "\n".join(sorted(found)) + "\n"


def reference(configuration: Configuration) -> str:
    """Return all but what only the templates decide, and cdktf's comments."""
    kept = {key: value for key, value in configuration.items() if key not in ("//", "locals")}
    text = json.dumps(kept, indent=2, sort_keys=True)
    text = re.sub(r'\s*"//": \{\s*"metadata": \{[^}]*\}\s*\},?', "", text)
    return re.sub(r"(assets/\w+)/[0-9a-f]{32}", r"\1/DIGEST", text) + "\n"


def _rewrite() -> None:
    for case in sorted(FOLDER.glob("*.stacktest")):
        fleet, _, _ = case.read_text("utf-8").partition(DASHES)
        with tempfile.TemporaryDirectory() as folder:
            configuration = configuration_of(Path(folder), fleet.rstrip("\n") + "\n")
        case.write_text(fleet.rstrip("\n") + DASHES + addresses(configuration), "utf-8")
        if arguments_of(case).exists():
            arguments_of(case).write_text(reference(configuration), "utf-8")


if __name__ == "__main__":
    _rewrite()
