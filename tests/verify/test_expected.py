"""The releases that the file makes are those that Terraform would ship."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from modules.fleet import load_fleet
from modules.plan import make_plan
from modules.verify.expected import RenderingError, render
from tests.apache.server import SUBNETS
from tests.fleet.golden import complete
from tests.stack.golden import plan_of, synthesize
from tests.stack.terraform import terraform

HOSTILE = "# ${path.module} %{if true} \\${x} é\r\n#\r$${x} %%{x} $$${x}\r%%{x}\n"
SITES = "sites:\n  a.com: {document_root: /var/www/a, extra_config: extra.conf}\n"


def test_it_is_the_release_that_the_stack_renders_byte_for_byte(tmp_path: Path) -> None:
    (tmp_path / "extra.conf").write_bytes(HOSTILE.encode())
    plan = plan_of(tmp_path, SITES)
    name = plan.servers[0].name
    shipped = rendered_by(synthesize(tmp_path, plan), name)
    found = render(plan, {name: SUBNETS})[name]
    assert (found.release, found.conf) == (shipped["release"], shipped["conf"])
    assert f"release {shipped['release']}" in found.manifest
    assert all(f"#| {line}\n" in found.conf for line in HOSTILE.split("\n")[:-1])
    assert render(plan, {name: ["10.0.0.0/8"]})[name].release != shipped["release"]


def rendered_by(stack: Path, server: str) -> dict[str, str]:
    """Have Terraform say what the stack would ship, were its balancers in `SUBNETS`."""
    document = json.loads(stack.read_text())
    kept = ("script", "sites", *(name for name in document["locals"] if name.startswith(server)))
    alone = stack.with_name("alone")
    alone.mkdir()
    (alone / "assets").symlink_to("../assets")
    (alone / "main.tf.json").write_text(
        json.dumps(
            {
                "variable": {
                    "fleet_dir": {"default": f"../{document['variable']['fleet_dir']['default']}"}
                },
                "locals": {
                    **{name: document["locals"][name] for name in kept},
                    "trusted_proxies": SUBNETS,
                },
                "output": {
                    word: {"value": f"${{local.{server}__{word}}}"} for word in ("release", "conf")
                },
            }
        )
    )
    terraform(alone, "apply", "-auto-approve")
    told = json.loads(terraform(alone, "output", "-json"))
    return {word: output["value"] for word, output in told.items()}


def test_only_servers_that_told_their_proxies_are_rendered(tmp_path: Path) -> None:
    (tmp_path / "fleet.yaml").write_text(complete(SITES.replace(", extra_config: extra.conf", "")))
    assert render(make_plan(load_fleet(tmp_path / "fleet.yaml")), {}) == {}


def test_what_cannot_be_rendered_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "fleet.yaml").write_text(complete(SITES), encoding="utf-8")
    (tmp_path / "extra.conf").write_text("")
    plan = make_plan(load_fleet(tmp_path / "fleet.yaml"))
    proxies = {plan.servers[0].name: SUBNETS}
    (tmp_path / "extra.conf").unlink()
    with pytest.raises(RenderingError, match=r"extra\.conf can't be read"):
        render(plan, proxies)
    (tmp_path / "extra.conf").write_text("")
    broken = tmp_path / "bin"
    broken.mkdir()
    (broken / "terraform").write_text("#!/bin/sh\necho 'Error: it broke' >&2\nexit 1\n")
    (broken / "terraform").chmod(0o755)
    monkeypatch.setenv("PATH", f"{broken}:{os.environ['PATH']}")
    with pytest.raises(RenderingError, match="terraform: Error: it broke"):
        render(plan, proxies)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RenderingError, match="no terraform on the PATH"):
        render(plan, proxies)
