"""The releases that the file makes are those that Terraform would ship."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from modules.fleet import load_fleet
from modules.plan import make_plan
from modules.verify.expected import RenderingError, render
from tests.apache import releases
from tests.apache.server import SUBNETS
from tests.fleet.golden import complete

HOSTILE = "# ${path.module} %{if true} \\${x} é\r\n"
SITES = "sites:\n  a.com: {document_root: /var/www/a, extra_config: extra.conf}\n"


def test_it_is_the_release_that_terraform_renders_byte_for_byte(tmp_path: Path) -> None:
    (tmp_path / "fleet.yaml").write_text(complete(SITES), encoding="utf-8")
    (tmp_path / "extra.conf").write_bytes(HOSTILE.encode())
    plan = make_plan(load_fleet(tmp_path / "fleet.yaml"))
    name = plan.servers[0].name
    shipped = releases.render(SITES, (("extra.conf", HOSTILE),))
    found = render(plan, {name: SUBNETS})[name]
    assert (found.release, found.conf) == (shipped.id, shipped.conf)
    assert f"release {shipped.id}" in found.manifest
    assert render(plan, {name: ["10.0.0.0/8"]})[name].release != shipped.id


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
