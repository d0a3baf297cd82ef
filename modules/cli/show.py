"""`portico show`: the plan as tables for people, and as JSON for machines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

from modules.cli.output import counted, new_table
from modules.fleet.model import Rollout as Asked
from modules.plan.provider import LOWEST
from modules.plan.quota_needs import quota_needs
from modules.plan.records import (
    BalancerKind,
    ExistingCertificate,
    Front,
    NewNetwork,
    RequestedCertificate,
    TlsLevel,
    UploadedCertificate,
)

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from modules.plan import Plan
    from modules.plan.records import Rollout, Site


_WHOLE_NAME = 30
"""Columns up to which a narrow terminal folds no name."""


def as_json(plan: Plan) -> str:
    """Return the whole plan, in the words of `modules.plan.records`, and what it needs of quotas.

    It holds paths of private keys, and public keys; no private key is in a plan.
    """
    document = asdict(plan)
    del document["fleet_dir"]
    document["quota_needs"] = [
        {
            "key": need.quota.key,
            "quota": need.quota.what,
            "code": need.quota.code,
            "subject": need.subject or None,
            "need": need.count,
            "limit": need.limit,
        }
        for need in quota_needs(plan)
    ]
    return json.dumps(document, indent=2, default=str, ensure_ascii=False)


def as_table(plan: Plan) -> RenderableType:
    """Return the fleet in a line, a table with a row a site, and one with a row a quota."""
    from rich.console import Group  # noqa: PLC0415 - validate doesn't pay for tables
    from rich.text import Text  # noqa: PLC0415

    return Group(
        Text(_summary(plan)),
        _sites(plan) if plan.sites else Text("No sites.\n"),
        _quotas(plan),
    )


def _summary(plan: Plan) -> str:
    network = plan.network
    vpc = f"new VPC {network.cidr}" if isinstance(network, NewNetwork) else network.vpc
    servers = ", ".join(server.name for server in plan.servers)
    provider = f"; AWS provider {plan.provider} or newer" if plan.provider != LOWEST else ""
    rollout = "".join(f"; {each}" for each in _rollout(plan.rollout))
    return f"{plan.fleet} in {plan.region}, {vpc}; served by {servers}{rollout}{provider}"


def _rollout(rollout: Rollout) -> Iterator[str]:
    """Find what is not as it is by default."""
    if rollout.parallel:
        yield "changed all at once"
    if rollout.drain:
        seconds = f"{rollout.drain} s before and {rollout.settle} s after"
        yield f"drained {seconds} its change, one after another"
    if rollout.keep_releases != Asked().keep_releases:
        yield f"{rollout.keep_releases} releases kept"


# --- sites -----------------------------------------------------------------------------------


def _sites(plan: Plan) -> Table:
    from rich.text import Text  # noqa: PLC0415

    table = new_table("site", "balancer", "certificate", "port", "document root", "settings")
    longest = max(len(name) for site in plan.sites for name in (site.domain, *site.aliases))
    table.columns[0].min_width = min(longest, _WHOLE_NAME)
    private = {zone.key for zone in plan.zones if zone.private}
    for site in plan.sites:
        in_private_zone = any(record.zone in private for record in site.alias_records)
        table.add_row(
            Text(site.unicode, style="bold").append("".join(_other_names(site)), style="not bold"),
            Text("\n".join(_front(front) for front in site.fronts)),
            Text(_certificate(site)),
            str(site.port),
            Text(str(site.document_root)),
            Text(", ".join(_settings(site, in_private_zone=in_private_zone))),
        )
    return table


def _other_names(site: Site) -> Iterator[str]:
    if site.unicode != site.domain:
        yield f"\n({site.domain})"
    for alias in site.aliases:
        yield f"\n{alias}"


def _front(front: Front) -> str:
    balancer = front.balancer
    name = balancer.key if balancer.kind is BalancerKind.SHARED else str(balancer.kind)
    return name if front.weight is None else f"{name} {front.weight}%"


def _certificate(site: Site) -> str:
    match site.certificate:
        case RequestedCertificate() as certificate:
            words = ["ACM", counted(len(certificate.names), "name")]
            words += [certificate.key_algorithm] if certificate.key_algorithm else []
            words += ["by hand"] if certificate.manual else []
        case UploadedCertificate() as certificate:
            words = [f"PEM in {certificate.service.upper()}", certificate.fingerprint]
        case ExistingCertificate(arn):
            name = arn.rpartition("/")[2]
            return f"IAM {name}" if arn.split(":")[2] == "iam" else f"ACM {name[:8]}…"
    own = certificate.key == site.domain
    return ", ".join([*([] if own else [certificate.key]), *words])


def _settings(site: Site, *, in_private_zone: bool) -> Iterator[str]:
    """Find what is not as it is by default, of what clients and operators notice."""
    balancer = site.balancer
    fronts = site.fronts
    for there, word in (
        (balancer.internal, "internal"),
        (not site.alias_records, "DNS elsewhere"),
        (in_private_zone, "private zone"),
        (balancer.ipv6, "IPv6"),
        (site.tls is not TlsLevel.INTERMEDIATE, f"TLS {site.tls}"),
        (balancer.allow is not None, "own ranges"),
        (site.canonical, "canonical"),
        (site.hsts is not None, "HSTS"),
        (any(front.backend_keys for front in fronts), "pinned key"),
        (any(front.proxy_protocol for front in fronts), "PROXY protocol"),
        (any(front.stickiness for front in fronts), "sticky"),
        (balancer.waf is not None, "WAF"),
        (balancer.log_prefix is not None, "access logs"),
        (site.alarms is not None, "alarms"),
        (balancer.deletion_protection, "deletion protection"),
    ):
        if there:
            yield word


# --- quotas ----------------------------------------------------------------------------------


def _quotas(plan: Plan) -> Table:
    from rich.text import Text  # noqa: PLC0415

    table = new_table("quota", "need", "of", "code")
    for need in quota_needs(plan):
        what = f"{need.quota.what}: {need.subject}" if need.subject else need.quota.what
        table.add_row(
            Text(what),
            str(need.count),
            str(need.limit),
            f"raise {need.quota.code}" if need.over else need.quota.code or "fixed",
            style="bold red" if need.over else "",
        )
    return table
