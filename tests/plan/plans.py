"""Plans of fleet files, for tests."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from modules.fleet import Fleet, LockMode, load_fleet
from modules.fleet.model import IamCertificate, ImportedCertificate, Pem, PemFacts
from modules.plan import Plan, make_plan
from modules.plan.records import Front, Site
from tests.fleet.golden import HOST_KEY, complete

TWO_SERVERS = "servers:\n" + "".join(
    f"""\
  web-{number}:
    instance: i-0123456789abcdef{number}
    security_group: sg-0123abcd
    ssh: {{host: 203.0.113.{number}, user: admin, private_key: key, host_key: "{HOST_KEY}"}}
"""
    for number in (1, 2)
)
"""Both of the team's, for fleets that need a second one."""


def fleet_of(
    text: str,
    folder: Path,
    ports: Mapping[str, int] | None = None,
    shared: Mapping[str, int] | None = None,
) -> Fleet:
    """The fleet of a file; keys that it leaves out come from the fleet tests' base."""
    path = folder / "fleet.yaml"
    path.write_text(complete(text), encoding="utf-8")
    if ports is not None:
        lock = {"version": 1, "ports": ports, **({"shared": shared} if shared else {})}
        path.with_name("fleet.lock.json").write_text(json.dumps(lock), encoding="utf-8")
    return load_fleet(path, LockMode.READ)


def plan_of(
    text: str,
    folder: Path,
    ports: Mapping[str, int] | None = None,
    shared: Mapping[str, int] | None = None,
) -> Plan:
    return make_plan(fleet_of(text, folder, ports, shared))


def site_of(text: str, folder: Path) -> Site:
    """The one site of a fleet, whose settings are `text`: a YAML map in braces."""
    (site,) = plan_of(f"sites:\n  a.com: {text}\n", folder).sites
    return site


def front_of(text: str, folder: Path) -> Front:
    (front,) = site_of(text, folder).fronts
    return front


def with_pem(fleet: Fleet, domain: str, service: str, facts: PemFacts, name: str = "a") -> Fleet:
    """The fleet with a site that has a certificate from PEM files, which need not exist."""
    pem = Pem(certificate=f"{name}.crt", private_key=f"{name}.key")
    certificate = (
        IamCertificate(iam=pem) if service == "iam" else ImportedCertificate(acm_import=pem)
    )
    site = fleet.sites[domain].model_copy(update={"certificate": certificate})
    return replace(fleet, sites={**fleet.sites, domain: site}, pems={**fleet.pems, pem: facts})


def facts(fingerprint: str = "ab", chain: str = "cd") -> PemFacts:
    """What a PEM file of a.com holds; both digests are repeated to their length."""
    return PemFacts(
        fingerprint=fingerprint * 32,
        chain=chain * 32,
        names=("a.com", "www.a.com"),
        not_after=dt.datetime(2030, 1, 1, tzinfo=dt.UTC),
        key_type="RSA_2048",
    )
