"""What only several values of a fleet file together can show to be wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import PurePosixPath

from modules.fleet import (
    capability_checks,
    certificate_checks,
    certificate_names,
    server_checks,
    setting_checks,
    shared_checks,
    zone_checks,
)
from modules.fleet.aws import MAX_TAGS, OWN_TAGS
from modules.fleet.domains import both_forms
from modules.fleet.problems import Code, Problem, show, words
from modules.fleet.source import KeyPath
from modules.fleet.subject import Subject


def cross_problems(subject: Subject) -> list[Problem]:
    """Run each check whose top-level keys are the file's own."""
    return [
        problem
        for needs, check in _CHECKS
        if not subject.draft.missing.intersection(needs)
        for problem in check(subject)
    ]


def warnings(subject: Subject) -> list[Problem]:
    """What is no obstacle, and should be known before an apply."""
    return [problem for check in _WARNINGS for problem in check(subject)]


# --- names -----------------------------------------------------------------------------------


def _names_once(subject: Subject) -> Iterator[Problem]:
    draft = subject.draft
    owners: dict[str, KeyPath] = {}
    for path, name in [*draft.sites.items(), *draft.aliases.items()]:
        if name not in owners:
            owners[name] = path
            continue
        first = owners[name]
        role = "a site" if len(first) == len(("sites", "domain")) else f"an alias of {first[1]}"
        message = words(
            f"{both_forms(name)} is {role} already, in line {subject.line(first)}",
            cure="a name belongs to one site",
        )
        yield subject.problem(Code.NAME_TWICE, path, message, at_key=True)


# --- settings of a site ----------------------------------------------------------------------


def _document_roots(subject: Subject) -> Iterator[Problem]:
    key = "document_root"
    for path, site in subject.sites.items():
        doubtful = subject.doubtful((*path, key), ("defaults", key))
        if getattr(site, key, None) is None and not doubtful:
            message = words(
                f"{both_forms(site.domain)} has no document_root",
                cure="say it here or in defaults",
            )
            yield subject.problem(Code.NO_DOCUMENT_ROOT, path, message, at_key=True)


def _keys_served(subject: Subject) -> Iterator[Problem]:
    roots = {
        PurePosixPath(root): site
        for site in subject.sites.values()
        if (root := getattr(site, "document_root", None)) is not None
    }
    for path, site in subject.sites.items():
        if site.backend_tls is None:
            continue
        key = PurePosixPath(site.backend_tls.private_key)
        root = next((root for root in roots if key.is_relative_to(root)), None)
        if root is not None:
            message = words(
                f"the private key {show(str(key))} lies in the document root {show(str(root))} of "
                f"{both_forms(roots[root].domain)}, which serves it to everybody",
                cure="keep it outside, as in /etc/ssl/private",
            )
            at = (*subject.setting(path, "backend_tls"), "private_key")
            yield subject.problem(Code.KEY_SERVED, at, message)


def _tags(subject: Subject) -> Iterator[Problem]:
    most = MAX_TAGS - len(OWN_TAGS)
    allowed = f"{most}, as Portico adds {', '.join(OWN_TAGS)}"
    if len(subject.file.tags) > most:
        message = words(f"{len(subject.file.tags)} tags", allowed=allowed)
        yield subject.problem(Code.TOO_MANY_TAGS, ("tags",), message, at_key=True)
        return
    for path, site in subject.sites.items():
        if len(site.tags) > most:
            what = f"{len(site.tags)} tags with the fleet's and the defaults'"
            message = words(what, allowed=allowed)
            at = subject.setting(path, "tags")
            yield subject.problem(Code.TOO_MANY_TAGS, at, message, at_key=True)


_CHECKS: tuple[tuple[tuple[str, ...], Callable[[Subject], Iterator[Problem]]], ...] = (
    ((), _names_once),
    ((), certificate_checks.named),
    ((), certificate_names.numbers_of_names),
    ((), certificate_names.coverage),
    ((), certificate_checks.pem_files),
    ((), certificate_checks.key_types),
    ((), certificate_checks.public_keys),
    ((), capability_checks.balancers),
    (("network",), capability_checks.subnets),
    ((), capability_checks.idle_timeouts),
    ((), capability_checks.health_checks),
    ((), capability_checks.backend_auth),
    ((), setting_checks.allow),
    ((), setting_checks.successors),
    ((), setting_checks.access_logs),
    ((), setting_checks.log_bucket),
    ((), setting_checks.hsts),
    (("region",), setting_checks.arns),
    ((), shared_checks.shared_settings),
    ((), shared_checks.fits),
    (("region",), certificate_checks.arns),
    ((), _document_roots),
    ((), zone_checks.zones),
    ((), zone_checks.created_zones),
    ((), zone_checks.external_zones),
    ((), zone_checks.private_zones),
    ((), _keys_served),
    ((), _tags),
    (("servers",), server_checks.servers_once),
    (("servers",), server_checks.ssh_access),
    (("servers", "network"), server_checks.subnets_of_servers),
    (("servers",), server_checks.port_80),
    (("servers",), server_checks.rollout),
    (("state",), server_checks.state_file),
)
"""Each check with the top-level keys that it needs to be the file's own."""

_WARNINGS: tuple[Callable[[Subject], Iterator[Problem]], ...] = (
    setting_checks.old_tls,
    setting_checks.moving_names,
    zone_checks.unused_zones,
    certificate_checks.warnings,
)
