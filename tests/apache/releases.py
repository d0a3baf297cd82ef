"""Releases as Terraform renders them from a fleet file, and what it takes to ship one."""

from __future__ import annotations

import functools
import re
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from modules.fleet import LockMode, load_fleet
from modules.plan import apache, make_plan
from modules.verify import expected
from tests.apache.server import HOME, SUBNETS, Machine
from tests.fleet.golden import complete

SCRIPT = "".join(
    (apache.TEMPLATES / "activate" / f"{part}.sh").read_text() for part in apache.SCRIPT_PARTS
)

THREE = """\
sites:
  domain-a.com: {aliases: [www.domain-a.com], document_root: /var/www/site_a}
  domain-b.com: {document_root: /var/www/site_b}
  domain-c.com: {document_root: /var/www/site_c}
"""


@dataclass(frozen=True, slots=True)
class Release:
    """The files of an upload; any of them may be spoilt by `dataclasses.replace`."""

    id: str
    conf: str
    manifest: str

    @property
    def ports(self) -> dict[str, int]:
        """Ports by domain."""
        lines = (line.split() for line in self.manifest.splitlines())
        return {words[1]: int(words[2]) for words in lines if words[0] == "site"}

    def later(self) -> Release:
        """The same release from a newer plan."""
        return self.planned("2036-01-01T00:00:00Z")

    def planned(self, serial: str) -> Release:
        """The same release from a plan of that time."""
        manifest = re.sub(r"^serial .*$", f"serial {serial}", self.manifest, flags=re.MULTILINE)
        return replace(self, manifest=manifest)

    def upload(self, machine: Machine) -> str:
        """Put the files where Terraform does; return the folder, relative to home."""
        folder = f".portico/{self.id}"
        target = machine.path(f"{HOME}/{folder}")
        target.mkdir(parents=True, exist_ok=True)
        (target / apache.CONF).write_text(self.conf)
        (target / apache.MANIFEST).write_text(self.manifest)
        (target / apache.SCRIPT).write_text(SCRIPT)
        return folder

    def activate(self, machine: Machine, shell: str = "sh") -> subprocess.CompletedProcess[str]:
        folder = self.upload(machine)
        return machine.run(shell, f"{folder}/{apache.SCRIPT}", folder, check=False)


@functools.cache
def render(
    text: str, files: Sequence[tuple[str, str]] = (), proxies: Sequence[str] = SUBNETS
) -> Release:
    """Render the release of the fleet's first server; `files` lie beside the fleet file."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "fleet.yaml").write_text(complete(text), encoding="utf-8")
        for file, content in files:
            (folder / file).write_bytes(content.encode())
        plan = make_plan(load_fleet(folder / "fleet.yaml", LockMode.READ))
        [rendered] = expected.render(plan, {plan.servers[0].name: proxies}).values()
    return Release(rendered.release, rendered.conf, rendered.manifest)
