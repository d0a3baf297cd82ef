"""What the cross checks look at: a draft, with its sites as they are meant."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from modules.fleet.model import Site, effective_site
from modules.fleet.problems import Code, Problem
from modules.fleet.sections import FleetFile
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

    def setting(self, site: KeyPath, key: str) -> KeyPath:
        """Where the effective value of a site's setting was said."""
        own = self.file.sites[self.draft.sites[site]]
        return (*site, key) if key in own.model_fields_set else ("defaults", key)

    def problem(self, code: Code, path: KeyPath, message: str, *, at_key: bool = False) -> Problem:
        return self.draft.source.problem(code, path, message, at_key=at_key)

    def line(self, path: KeyPath) -> int:
        """The line of the key at `path`."""
        return self.draft.source.problem(Code.NAME_TWICE, path, "", at_key=True).line

    def doubtful(self, *paths: KeyPath) -> bool:
        """Whether a problem at one of `paths` is reported already."""
        return any(path in self.draft.refused for path in paths)


def is_ipv4(cidr: str) -> bool:
    """Whether a checked range is one of IPv4."""
    return ":" not in cidr
