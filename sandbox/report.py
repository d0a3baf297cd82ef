"""How a person visits a sandbox."""

from __future__ import annotations

from modules.verify.answers import View, resolve
from sandbox.life import Sandbox


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


def _addresses(sandbox: Sandbox) -> dict[str, str]:
    """Find the address that DNS gives for each name."""
    view = View(nameserver=sandbox.nameserver)
    names = (name for site in sandbox.plan.sites for name in site.names)
    return {name: resolve(name, "A", view)[0] for name in names}
