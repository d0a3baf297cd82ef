"""Settings that a site's kinds of balancer cannot take, by the table of capabilities."""

from __future__ import annotations

from collections.abc import Iterator

from modules.fleet.capabilities import CAPABILITIES, KINDS, LEAST_SUBNETS, Capability
from modules.fleet.domains import both_forms
from modules.fleet.model import Site
from modules.fleet.problems import Code, Problem, show, words
from modules.fleet.sections import ExistingNetwork
from modules.fleet.site_sections import LoadBalancer
from modules.fleet.source import KeyPath
from modules.fleet.subject import Subject

_BY_PREFERENCE = sorted(KINDS, key=("application", "network", "classic", "shared").index)
_CLASSIC_TIMEOUT = 60
"""Seconds:
https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/2012-06-01/API_HealthCheck.html"""

_CLASSIC_IDLE = 3600
"""Seconds:
https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/2012-06-01/API_ConnectionSettings.html"""


def balancers(subject: Subject) -> Iterator[Problem]:
    """What the kind of a site's balancer, or of its successor, cannot do."""
    for path, site in subject.sites.items():
        for kind, at in subject.kinds(path):
            for row in CAPABILITIES:
                if kind in row.cannot and row.asked(site) and not _is_a_move(site, row):
                    message = words(
                        f"{a_balancer(kind)} {row.cannot[kind]}", cure=_cure(site, row, kind)
                    )
                    yield subject.problem(row.code, _place(subject, path, row, at), message)


def a_balancer(kind: LoadBalancer) -> str:
    """The kind in words."""
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind} balancer"


def _is_a_move(site: Site, row: Capability) -> bool:
    """Whether it is the move to another kind that excludes the setting: F418 says so."""
    if row.path != ("client_address",) or site.successor is None:
        return False
    return "network" in (site.load_balancer, site.successor.load_balancer)


def _place(subject: Subject, site: KeyPath, row: Capability, kind_said: KeyPath) -> KeyPath:
    """The setting where the site says it, else the kind where the site says that."""
    key, *below = row.path
    said = (*subject.setting(site, key), *below)
    return kind_said if said[0] != "sites" and kind_said[0] == "sites" else said


def _cure(site: Site, row: Capability, kind: LoadBalancer) -> str:
    able = [each for each in _BY_PREFERENCE if each not in row.cannot]
    if kind != site.load_balancer:
        others = [each for each in able if each != site.load_balancer]
        if not others:
            return f"move to it without {row.setting}"
        return f"name a successor that can: {', '.join(others)}"
    asked = [each for each in CAPABILITIES if each.asked(site)]
    whole = [each for each in able if not any(each in other.cannot for other in asked)]
    return f"say load_balancer: {(*whole, *able)[0]}"


def subnets(subject: Subject) -> Iterator[Problem]:
    network = subject.file.network
    if not isinstance(network, ExistingNetwork):
        return
    lists = {"subnets": network.subnets, "internal_subnets": network.internal_subnets or ()}
    for key, ids in lists.items():
        for i, subnet in enumerate(ids):
            if subnet in ids[:i]:
                message = words(f"subnet {show(subnet)} stands twice")
                yield subject.problem(Code.SUBNETS, ("network", key, i), message)
    told: set[str] = set()
    for path, site in subject.sites.items():
        key = "internal_subnets" if site.internal and network.internal_subnets else "subnets"
        for kind, _ in subject.kinds(path):
            least = LEAST_SUBNETS[kind]
            if len(lists[key]) >= least or key in told:
                continue
            told.add(key)
            message = words(
                f"{a_balancer(kind)}, as of {both_forms(site.domain)}, needs "
                f"{least} subnets in different zones",
                cure="add a subnet, or say load_balancer: classic",
            )
            yield subject.problem(Code.SUBNETS, ("network", key), message)


def idle_timeouts(subject: Subject) -> Iterator[Problem]:
    for path, site in subject.sites.items():
        if site.idle_timeout > _CLASSIC_IDLE and "classic" in dict(subject.kinds(path)):
            message = words(
                f"a classic balancer keeps no connection idle for {site.idle_timeout} s",
                allowed=f"1 to {_CLASSIC_IDLE}",
                cure="say less, or load_balancer: application",
            )
            at = subject.setting(path, "idle_timeout")
            yield subject.problem(Code.BALANCER_CANNOT, at, message)


def health_checks(subject: Subject) -> Iterator[Problem]:
    """Times that AWS refuses.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html
    """
    for path, site in subject.sites.items():
        check = site.health_check
        at = (*subject.setting(path, "health_check"), "timeout")
        if check.timeout >= check.interval:
            message = words(
                f"a check may take {check.timeout} s, and the next one starts after "
                f"{check.interval} s",
                cure="say a timeout that is less than interval",
            )
            yield subject.problem(Code.HEALTH_CHECK, at, message)
        if check.timeout > _CLASSIC_TIMEOUT and "classic" in dict(subject.kinds(path)):
            message = words(
                f"a classic balancer waits no {check.timeout} s for a check",
                allowed=f"2 to {_CLASSIC_TIMEOUT}",
            )
            yield subject.problem(Code.HEALTH_CHECK, at, message)


def backend_auth(subject: Subject) -> Iterator[Problem]:
    """The server's own key, which its owner may change at any time, cannot be pinned."""
    for path, site in subject.sites.items():
        doubtful = subject.doubtful((*path, "backend_tls"), ("defaults", "backend_tls"))
        if site.backend_auth and site.backend_tls is None and not doubtful:
            message = words(
                "public keys are given for a certificate that each server makes for itself",
                cure="say backend_tls, the certificate on the server that has one of them",
            )
            at = subject.setting(path, "backend_auth")
            yield subject.problem(Code.BACKEND_AUTH, at, message, at_key=True)
