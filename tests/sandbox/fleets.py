"""Fleet files for the sandbox's tests."""

from __future__ import annotations

from pathlib import Path

from modules.fleet import load_fleet
from modules.plan import Plan, make_plan

HEAD = """\
name: {name}
region: eu-west-1
network: {{vpc: vpc-0a1b2c3d, subnets: [subnet-0a1b2c3d, subnet-1a2b3c4d]}}
servers:
  web-1:
    instance: i-0123456789abcdef0
    security_group: sg-0a1b2c3d
    ssh:
      host: 203.0.113.10
      user: admin
      private_key: /dev/null
      host_key: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE+i0KXrJdMd0acDgL4okF2FE7SznG9Mrv0SgrFB7y81
sites:{sites}
"""

ARN = "arn:aws:acm:eu-west-1:123456789012:certificate/{0}2345678-1234-1234-1234-123456789012"


def write(folder: Path, sites: str, name: str = "tried") -> Path:
    """Write a fleet file with one existing server; `sites` is the map's text, indented by two."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "fleet.yaml"
    file.write_text(HEAD.format(name=name, sites=f"\n{sites}" if sites.strip() else " {}"))
    return file


def site(domain: str, *settings: str) -> str:
    """Return the text of a site with these settings, each a line."""
    root = f"document_root: /var/www/{domain}"
    return "".join((f"  {domain}:\n", *(f"    {line}\n" for line in (root, *settings))))


def plan(folder: Path, sites: str) -> Plan:
    return make_plan(load_fleet(write(folder, sites)))
