"""What a person reads: the table of a verification, and how to visit a sandbox."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sandbox.client import Page, Redirect, View, resolve
from sandbox.life import Sandbox
from sandbox.verifier import Result, Verification


def table(verification: Verification) -> RenderableType:
    """Return a row a name, and below it the reasons where a check failed."""
    rows = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    sni = any(result.site.needs_sni for result in verification.results)
    headings = ("name", "address", "certificate", *(["SNI"] if sni else []))
    for heading in (*headings, "TLS", "HTTP", "redirect", "server"):
        rows.add_column(heading, overflow="fold")
    rows.add_column("port", justify="right")
    rows.add_column("verified")
    for result in verification.results:
        rows.add_row(*_row(result, sni=sni))
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


def _row(result: Result, *, sni: bool) -> tuple[RenderableType, ...]:
    sight = result.observation.sights[0] if result.observation.sights else None
    shown = sight.certificates[-1] if sight and sight.certificates else None
    page = sight.page if sight and isinstance(sight.page, Page) else None
    redirect = sight.redirect if sight and isinstance(sight.redirect, Redirect) else None
    return (
        Text(result.name, style="bold" if result.name == result.site.domain else ""),
        "\n".join(result.observation.addresses) or "-",
        f"{shown.names[0]} ({shown.fingerprint[:8]})" if shown and shown.names else "-",
        *(["sent" if result.site.needs_sni else "none"] if sni else []),
        sight.version if sight and shown else "-",
        str(page.status) if page else "-",
        str(redirect.status) if redirect else "-",
        (page and page.server) or "-",
        str(result.site.port),
        _verified(result),
    )


def _verified(result: Result) -> Text:
    if result.out_of_sight:
        return Text("not from here", style="yellow")
    return Text("yes", style="green") if result.ok else Text("NO", style="bold red")


def _verdict(verification: Verification) -> Iterable[RenderableType]:
    if not verification.results:
        return [Text("There are no sites to verify.")]
    hidden = [result for result in verification.results if result.out_of_sight]
    apart = (
        [Text(f"{_names(hidden)} behind internal balancers can't be reached from here.")]
        if hidden
        else []
    )
    if not verification.ok:
        return [*(Text(reason, style="red") for reason in verification.reasons), *apart]
    return [*_praise([each for each in verification.results if not each.out_of_sight]), *apart]


def _praise(results: Sequence[Result]) -> Iterable[RenderableType]:
    if not results:
        return
    certificates = {
        certificate.fingerprint
        for result in results
        for sight in result.observation.sights
        for certificate in sight.certificates
    }
    counts = [len(result.findings) for result in results]
    checks = (
        f"all {counts[0]} checks of each passed"
        if len(set(counts)) == 1
        else f"all {sum(counts)} checks passed"
    )
    sent = [result for result in results if result.site.needs_sni]
    how = "without SNI"
    if sent:
        promised = len(results) - len(sent)
        how = f"{promised or 'none'} without SNI, {len(sent)} with it"
    yield Text(f"{_names(results)}, {len(certificates)} certificates: {checks}, {how}.")


def _names(results: Sequence[Result]) -> str:
    return f"{len(results)} names of {len({result.site.domain for result in results})} domains"


def _addresses(sandbox: Sandbox) -> dict[str, str]:
    """Find the address that DNS gives for each name."""
    view = View(nameserver=sandbox.nameserver)
    names = (name for site in sandbox.plan.sites for name in site.names)
    return {name: resolve(name, "A", view)[0] for name in names}
