"""`portico show`: the plan as a table for people, and as JSON for machines."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from modules.plan.records import ExistingCertificate, NewNetwork

if TYPE_CHECKING:
    from rich.console import RenderableType

    from modules.plan import Plan
    from modules.plan.records import Site


def as_json(plan: Plan) -> str:
    """Return the whole plan, in the words of `modules.plan.records`."""
    document = asdict(plan)
    del document["fleet_dir"]
    return json.dumps(document, indent=2, default=str, ensure_ascii=False)


def as_table(plan: Plan) -> RenderableType:
    """Return the fleet in a line and a table with a row a site."""
    from rich import box  # noqa: PLC0415 - validate doesn't pay for tables
    from rich.console import Group  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("domain", "names", "balancer", "certificate"):
        table.add_column(heading, overflow="fold")
    table.add_column("port", justify="right")
    table.add_column("document root", overflow="fold")
    for site in plan.sites:
        table.add_row(
            Text(_domain(site), style="bold"),
            "\n".join(site.names),
            site.balancer.kind,
            _certificate(site),
            str(site.port),
            str(site.document_root),
        )
    return Group(Text(_summary(plan)), table if plan.sites else Text("No sites."))


def _domain(site: Site) -> str:
    return site.domain if site.unicode == site.domain else f"{site.unicode}\n({site.domain})"


def _certificate(site: Site) -> str:
    certificate = site.certificate
    if isinstance(certificate, ExistingCertificate):
        return certificate.arn
    count = len(certificate.names)
    return f"ACM, {count} {'name' if count == 1 else 'names'}"


def _summary(plan: Plan) -> str:
    network = plan.network
    vpc = f"new VPC {network.cidr}" if isinstance(network, NewNetwork) else network.vpc
    servers = ", ".join(server.name for server in plan.servers)
    return f"{plan.fleet} in {plan.region}, {vpc}; served by {servers}"
