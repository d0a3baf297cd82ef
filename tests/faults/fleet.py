"""The campaign's fleet: three sites on one server, of which one is changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.sandbox import fleets

FIRST, SECOND, CHANGED = "domain-a.com", "domain-b.com", "domain-c.com"
EXTRA = "changed.conf"
"""The changed site's own directives."""

_HEALTH = "health_check: {interval: 5, timeout: 3}"


def site(number: int, *settings: str, kind: str = "classic") -> tuple[str, ...]:
    """Return the settings of a site whose certificate exists, which saves half a minute."""
    arn = fleets.ARN.format(number)
    return (f"load_balancer: {kind}", f"certificate: {{arn: '{arn}'}}", _HEALTH, *settings)


def cheap_site() -> tuple[str, ...]:
    """Return the settings of a site that costs AWS as little as can be, for where many come."""
    arn = fleets.ARN.format(9)
    return ("load_balancer: shared", f"certificate: {{arn: '{arn}'}}", "zone: external")


@dataclass(frozen=True, slots=True)
class Fleet:
    """What the fleet file says."""

    folder: Path
    sites: Mapping[str, tuple[str, ...]] = field(
        default_factory=lambda: {
            FIRST: site(1, kind="application"),
            SECOND: site(2),
            CHANGED: site(3, f"extra_config: {EXTRA}"),
        }
    )
    """Settings, each a line, by domain."""
    extra: str = "# nothing\n"
    """The changed site's directives of its own."""
    servers: int = 1

    @property
    def file(self) -> Path:
        return self.folder / "fleet.yaml"

    def write(self) -> Path:
        """Write the fleet file and what lies beside it."""
        text = "".join(fleets.site(domain, *lines) for domain, lines in self.sites.items())
        fleets.write(self.folder, text, name="faults", servers=self.servers)
        (self.folder / EXTRA).write_text(self.extra)
        return self.file


Change = Callable[[Fleet], Fleet]
"""Makes the next fleet of the one that is live."""


def directives(text: str) -> Change:
    """Give the changed site these directives."""
    return lambda fleet: replace(fleet, extra=f"{text}\n")


def with_site(domain: str, *settings: str) -> Change:
    return lambda fleet: replace(fleet, sites={**fleet.sites, domain: settings})


def given(name: str) -> Change:
    """Give the changed site a certificate behind its balancer that lies on the server."""
    certificate, key = pair_files(name)
    line = f"backend_tls: {{certificate: {certificate}, private_key: {key}}}"
    return with_site(CHANGED, *site(3, f"extra_config: {EXTRA}", line))


def pair_files(name: str) -> tuple[str, str]:
    """Name the certificate and the key on the server that `given` gives."""
    return f"/etc/ssl/private/{name}.pem", f"/etc/ssl/private/{name}.key"


def without(domain: str) -> Change:
    return lambda fleet: replace(
        fleet, sites={name: lines for name, lines in fleet.sites.items() if name != domain}
    )


def same(fleet: Fleet) -> Fleet:
    return fleet
