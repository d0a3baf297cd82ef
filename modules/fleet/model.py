"""The `Fleet` that a fleet file means, which is all that the rest of Portico reads.

Defaults are applied, names are in ASCII, maps are sorted by key, and each domain has its port.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modules.fleet.addresses import PortRange
from modules.fleet.aws import Tags
from modules.fleet.certificate_sections import (
    Acm,
    ArnCertificate,
    IamCertificate,
    ImportedCertificate,
    NamedCertificate,
    OwnedCertificate,
    Pem,
    RequestedCertificate,
)
from modules.fleet.choices import CREATE_ZONE, EXTERNAL_ZONE
from modules.fleet.domains import Domain, unicode_form
from modules.fleet.paths import DocumentRoot
from modules.fleet.pem import PemFacts
from modules.fleet.problems import Problem
from modules.fleet.sections import (
    AccessLogBucket,
    CloudState,
    CreateInstance,
    ExistingBucket,
    ExistingNetwork,
    ExistingServer,
    LocalState,
    NewBucket,
    NewNetwork,
    NewServer,
    Quotas,
    Rollout,
    S3State,
    Ssh,
    State,
    ZoneSettings,
)
from modules.fleet.site_sections import (
    Alarms,
    BackendAuth,
    BackendTls,
    HealthCheck,
    Hsts,
    SiteEntry,
    SiteSettings,
    Successor,
)

__all__ = [
    "AccessLogBucket",
    "Acm",
    "Alarms",
    "ArnCertificate",
    "BackendAuth",
    "BackendTls",
    "CloudState",
    "CreateInstance",
    "ExistingBucket",
    "ExistingNetwork",
    "ExistingServer",
    "Fleet",
    "HealthCheck",
    "Hsts",
    "IamCertificate",
    "ImportedCertificate",
    "LocalState",
    "NamedCertificate",
    "NewBucket",
    "NewNetwork",
    "NewServer",
    "OwnedCertificate",
    "Pem",
    "PemFacts",
    "PortRange",
    "Quotas",
    "RequestedCertificate",
    "Rollout",
    "S3State",
    "Site",
    "SiteSettings",
    "Ssh",
    "State",
    "Successor",
    "ZoneSettings",
]


class Site(SiteEntry):
    """A site as meant: its own settings over `defaults` over Portico's."""

    domain: Domain
    """ASCII (punycode) form; `unicode` is what a person reads."""
    document_root: DocumentRoot
    tags: Tags
    """The fleet's, the defaults' and the site's own, merged; neither `Name` nor `portico:…`."""

    @property
    def unicode(self) -> str:
        """The domain as a person reads it: `bücher.example`."""
        return unicode_form(self.domain)

    @property
    def names(self) -> tuple[str, ...]:
        """The domain and its aliases, as written in order."""
        return (self.domain, *self.aliases)

    @property
    def creates_zone(self) -> bool:
        """Whether `zone: create`: the zone of the registrable domain is to be created."""
        return self.zone == CREATE_ZONE

    @property
    def external_dns(self) -> bool:
        """Whether `zone: external`: no record of the site stands in Route 53."""
        return self.zone == EXTERNAL_ZONE

    @property
    def zone_id(self) -> str | None:
        """The zone's id, where `zone` is one (`Z0123…`)."""
        return self.zone if self.zone is not None and self.zone.startswith("Z") else None

    @property
    def zone_name(self) -> str | None:
        """The zone's name, where `zone` is one; None also where the suffix list decides."""
        words = self.creates_zone or self.external_dns
        named = self.zone is not None and not words and self.zone_id is None
        return self.zone if named else None


@dataclass(frozen=True, slots=True)
class Fleet:
    """A checked fleet: what was asked, complete, and sorted by key."""

    path: Path
    """The fleet file, absolute."""
    name: str
    prefix: str
    """What AWS names start with; the name, where the file says nothing."""
    region: str
    state: State
    """A `LocalState` of `terraform.<name>.tfstate` where the file says nothing."""
    network: ExistingNetwork | NewNetwork
    servers: Mapping[str, ExistingServer | NewServer]
    """By name, ascending."""
    rollout: Rollout
    reserved_ports: tuple[PortRange, ...]
    """The person's own, as written; `modules.fleet.lock` adds 80 and the SSH ports."""
    zones: Mapping[str, ZoneSettings]
    """By name in ASCII form, ascending."""
    certificates: Mapping[str, OwnedCertificate]
    """Those that several sites use, by name, ascending."""
    access_log_bucket: ExistingBucket | NewBucket | None
    quotas: Quotas
    tags: Mapping[str, str]
    defaults: SiteSettings
    """As written: also the settings of `shared` balancers."""
    sites: Mapping[str, Site]
    """By domain in ASCII form, ascending; with the effective settings."""
    ports: Mapping[str, int]
    """By domain, ascending: every site's port, and those that rest (see `resting`)."""
    shared: Mapping[str, int]
    """By domain, ascending: the number of the shared balancer of each site that has one."""
    pems: Mapping[Pem, PemFacts]
    """What the PEM files of the fleet's own certificates hold."""
    public_keys: Mapping[str, str]
    """Base64 of the DER public key by each file that a `backend_auth` names."""
    warnings: tuple[Problem, ...]
    """What is no obstacle, and should be known before an apply."""

    @property
    def folder(self) -> Path:
        """The fleet file's folder, which relative paths start from."""
        return self.path.parent

    @property
    def resting(self) -> Mapping[str, int]:
        """Ports of domains that are in the lock but no longer in the file."""
        return {domain: port for domain, port in self.ports.items() if domain not in self.sites}


def effective_site(
    domain: str, entry: SiteEntry, defaults: SiteSettings, tags: Mapping[str, str]
) -> Site:
    """Apply `defaults` and the fleet's `tags` below what `entry` itself says.

    The parts are validated already, so that nothing is checked, or refused, twice.
    """
    said: dict[str, Any] = {
        name: getattr(section, name)
        for section in (defaults, entry)
        for name in section.model_fields_set
    }
    said["tags"] = {**tags, **defaults.tags, **entry.tags}
    return Site.model_construct(domain=domain, **said)
