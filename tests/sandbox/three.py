"""A fleet of three domains, as clients, servers and changes of it are tested."""

from __future__ import annotations

from pathlib import Path

from tests.sandbox import fleets

A = fleets.site("domain-a.com", "aliases: [www.domain-a.com]")
C = fleets.site("domain-c.com", "ipv6: true", "hsts: {max_age: 600}")


def classic(domain: str, aliases: str, number: int) -> str:
    """Return a site whose certificate exists: the provider waits half as long for it."""
    certificate = f"certificate: {{arn: '{fleets.ARN.format(number)}'}}"
    return fleets.site(domain, f"aliases: [{aliases}]", "load_balancer: classic", certificate)


B = classic("domain-b.com", "www.domain-b.com", 2)


def write(folder: Path, sites: str = A + B + C) -> Path:
    return fleets.write(folder, sites, name="three")
