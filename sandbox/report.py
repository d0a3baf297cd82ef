"""What a person reads: the table of a verification, and how to visit a sandbox."""

from __future__ import annotations

from collections.abc import Iterable

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sandbox.client import Page, Redirect, View, resolve
from sandbox.life import Sandbox
from sandbox.verifier import Check, Result, Verification


def table(verification: Verification) -> RenderableType:
    """Return a row a name, and below it the reasons where a check failed."""
    rows = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("name", "address", "certificate", "TLS", "HTTP", "redirect", "server"):
        rows.add_column(heading, overflow="fold")
    rows.add_column("port", justify="right")
    rows.add_column("verified")
    for result in verification.results:
        rows.add_row(*_row(result))
    return Group(rows, *_verdict(verification))


def visit(sandbox: Sandbox) -> str:
    """Return the lines with which a person visits the sites of a sandbox; they are long."""
    addresses = _addresses(sandbox)
    host, port = sandbox.nameserver
    maps = ",".join(f"MAP {name} {address}" for name, address in addresses.items())
    rules = f"--host-resolver-rules='{maps}'"
    urls = " ".join(f"https://{name}" for name in addresses)
    root = sandbox.root_certificate
    lines = [
        *(
            f"curl --cacert {root} --resolve {name}:443:{address} https://{name}/"
            for name, address in addresses.items()
        ),
        f"chromium --user-data-dir=$(mktemp -d) --ignore-certificate-errors {rules} {urls}",
        f"dig @{host} -p {port} NAME",
        f"aws --endpoint-url {sandbox.emulator.url} --region {sandbox.plan.region} …",
    ]
    return "\n".join(lines)


def _row(result: Result) -> tuple[RenderableType, ...]:
    sight = result.observation.sights[0] if result.observation.sights else None
    shown = sight.certificates[-1] if sight and sight.certificates else None
    page = sight.page if sight and isinstance(sight.page, Page) else None
    redirect = sight.redirect if sight and isinstance(sight.redirect, Redirect) else None
    return (
        Text(result.name, style="bold" if result.name == result.site.domain else ""),
        "\n".join(result.observation.addresses) or "-",
        f"{shown.names[0]} ({shown.fingerprint[:8]})" if shown and shown.names else "-",
        sight.version if sight and shown else "-",
        str(page.status) if page else "-",
        str(redirect.status) if redirect else "-",
        (page and page.server) or "-",
        str(result.site.port),
        Text("yes", style="green") if result.ok else Text("NO", style="bold red"),
    )


def _verdict(verification: Verification) -> Iterable[RenderableType]:
    results = verification.results
    if not results:
        return [Text("There are no sites to verify.")]
    if verification.ok:
        certificates = {
            certificate.fingerprint
            for result in results
            for sight in result.observation.sights
            for certificate in sight.certificates
        }
        domains = {result.site.domain for result in results}
        return [
            Text(
                f"{len(results)} names of {len(domains)} domains, {len(certificates)} certificates:"
                f" all {len(Check)} checks of each passed, without SNI."
            )
        ]
    return [Text(reason, style="red") for reason in verification.reasons]


def _addresses(sandbox: Sandbox) -> dict[str, str]:
    """Find the address that DNS gives for each name."""
    view = View(nameserver=sandbox.nameserver)
    names = (record.name for site in sandbox.plan.sites for record in site.alias_records)
    return {name: resolve(name, "A", view)[0] for name in names}
