"""What the cross checks look at: a draft, with its sites as they are meant."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property

from modules.fleet.certificate_sections import Certificate, IamCertificate, ImportedCertificate, Pem
from modules.fleet.domains import ascii_domain
from modules.fleet.model import Site, effective_site
from modules.fleet.pem import Fault, Reading, UnfitFileError
from modules.fleet.problems import Code, Problem
from modules.fleet.sections import FleetFile
from modules.fleet.site_sections import LoadBalancer, SiteSettings
from modules.fleet.source import KeyPath
from modules.fleet.validate import Draft


@dataclass(frozen=True)
class Subject:
    """A draft, with its sites as they are meant."""

    draft: Draft

    @property
    def file(self) -> FleetFile:
        return self.draft.file

    @cached_property
    def sites(self) -> dict[KeyPath, Site]:
        """Effective sites by their path."""
        file = self.file
        return {
            path: effective_site(domain, file.sites[domain], file.defaults, file.tags)
            for path, domain in self.draft.sites.items()
        }

    @cached_property
    def zones(self) -> dict[KeyPath, str]:
        """The path of each entry of `zones` to its name in ASCII."""
        written = self.draft.source.values.get("zones")
        paths: list[KeyPath] = (
            [("zones", key) for key in written] if isinstance(written, dict) else []
        )
        found = {path: ascii_domain(str(path[1])) for path in paths if not self.doubtful(path)}
        return {path: name for path, name in found.items() if name in self.file.zones}

    @cached_property
    def settings(self) -> dict[KeyPath, SiteSettings]:
        """`defaults` and the sites, as written, by their path."""
        sites = {path: self.file.sites[domain] for path, domain in self.draft.sites.items()}
        return {("defaults",): self.file.defaults, **sites}

    @cached_property
    def certificates(self) -> dict[KeyPath, Certificate]:
        """All certificates that are written, by their path."""
        said = {
            (*path, "certificate"): settings.certificate
            for path, settings in self.settings.items()
            if "certificate" in settings.model_fields_set
        }
        named = self.file.certificates.items()
        return {**{("certificates", name): each for name, each in named}, **said}

    @cached_property
    def pems(self) -> dict[Pem, Reading]:
        """What the PEM files of all certificates hold."""
        found = {each for _, each in self.pem_places()}
        if not found:
            return {}
        from modules.fleet.server_certificates import read_pem  # noqa: PLC0415 - a tenth of a second

        now = dt.datetime.now(dt.UTC)
        return {pem: read_pem(pem, self.draft.folder, now) for pem in found}

    def pem_places(self) -> list[tuple[KeyPath, Pem]]:
        """Each `Pem` that is written, and its path."""
        places: list[tuple[KeyPath, Pem]] = []
        for path, certificate in self.certificates.items():
            match certificate:
                case ImportedCertificate(acm_import=pem):
                    places.append(((*path, "acm_import"), pem))
                case IamCertificate(iam=pem):
                    places.append(((*path, "iam"), pem))
        return places

    @cached_property
    def public_keys(self) -> dict[str, str | Fault]:
        """Base64 of the public key of each file that a `backend_auth` names, or what is wrong."""
        sections = [settings.backend_auth for settings in self.settings.values()]
        names = {name for section in sections if section for name in section.public_keys}
        found: dict[str, str | Fault] = {}
        if names:
            from modules.fleet.pem_contents import read_public_key  # noqa: PLC0415 - as above
        for name in names:
            try:
                found[name] = read_public_key(name, self.draft.folder)
            except UnfitFileError as error:
                found[name] = error.fault
        return found

    def setting(self, site: KeyPath, key: str) -> KeyPath:
        """Where the effective value of a site's setting was said."""
        own = self.file.sites[self.draft.sites[site]]
        return (*site, key) if key in own.model_fields_set else ("defaults", key)

    def kinds(self, site: KeyPath) -> list[tuple[LoadBalancer, KeyPath]]:
        """The kinds of a site's balancer and of its successor, and where each was said.

        A kind that is refused already is none.
        """
        meant = self.sites[site]
        kinds = [(meant.load_balancer, self.setting(site, "load_balancer"))]
        if meant.successor:
            at = (*self.setting(site, "successor"), "load_balancer")
            kinds.append((meant.successor.load_balancer, at))
        refused = self.doubtful((*site, "load_balancer"), ("defaults", "load_balancer"))
        return kinds[1:] if refused else kinds

    def problem(self, code: Code, path: KeyPath, message: str, *, at_key: bool = False) -> Problem:
        return self.draft.source.problem(code, path, message, at_key=at_key)

    def line(self, path: KeyPath) -> int:
        """The line of the key at `path`."""
        return self.draft.source.problem(Code.NAME_TWICE, path, "", at_key=True).line

    def doubtful_below(self, path: KeyPath) -> bool:
        """Whether a problem at `path` or within it is reported already."""
        return any(refused[: len(path)] == path for refused in self.draft.refused)

    def doubtful(self, *paths: KeyPath) -> bool:
        """Whether a problem at one of `paths` is reported already."""
        return any(path in self.draft.refused for path in paths)


def is_ipv4(cidr: str) -> bool:
    """Whether a checked range is one of IPv4."""
    return ":" not in cidr
