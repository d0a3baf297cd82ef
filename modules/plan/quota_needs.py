"""What a plan needs of each of AWS's quotas, and what is more than there is.

What else the account has comes on top, and for a while replaced balancers and certificates do too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from modules.fleet.problems import Code, FleetError, Problem, words
from modules.fleet.shared import VALUES_OF_A_RULE
from modules.plan.quotas import QUOTAS, Quota
from modules.plan.records import (
    BalancerKind,
    ExistingCertificate,
    NewInstance,
    Plan,
    RequestedCertificate,
    SharedBalancer,
    UploadedCertificate,
)

_CLIENT_PORTS = 2
"""80 and 443: a rule of a security group each."""


@dataclass(frozen=True, slots=True)
class Need:
    """What a plan needs of a quota, of the thing that needs most of it."""

    quota: Quota
    count: int
    limit: int
    """The account's own figure, or AWS's default."""
    subject: str
    """Which balancer, certificate, group or zone; empty for a quota of a region or an account."""

    @property
    def over(self) -> bool:
        """Whether it is more than the account has."""
        return self.count > self.limit

    @property
    def never(self) -> bool:
        """Whether it is more than AWS ever gives."""
        return self.quota.most is not None and self.count > self.quota.most


def quota_needs(plan: Plan) -> tuple[Need, ...]:
    """Return the needs above zero, in the order of `QUOTAS`."""
    counted = _counted(plan)
    needs = []
    for quota in QUOTAS:
        counts = counted[quota.key]
        if any(counts.values()):
            subject = max(sorted(counts), key=lambda each: counts[each])
            limit = plan.quotas.get(quota.key, quota.default)
            needs.append(Need(quota, counts[subject], limit, subject))
    return tuple(needs)


def quota_warnings(plan: Plan, path: str) -> tuple[Problem, ...]:
    """Return a warning for each quota that is too small, at the top of the fleet file at `path`.

    Raises FleetError where the plan needs more than AWS ever gives.
    """
    needs = quota_needs(plan)
    never = [_problem(Code.NEVER, need, path) for need in needs if need.never]
    if never:
        raise FleetError(never)
    return tuple(_problem(Code.QUOTA, need, path) for need in needs if need.over)


def _problem(code: Code, need: Need, path: str) -> Problem:
    quota = need.quota
    what = f"{quota.what}: {need.subject or 'the fleet'} needs {need.count}"
    if need.never:
        message = words(what, allowed=f"{quota.most} at most, ever", cure=quota.instead)
    else:
        cures = [f"raise the quota {quota.code}"] if quota.code else []
        cures += [quota.instead] if quota.instead else []
        message = words(what, allowed=str(need.limit), cure=", or ".join(cures))
    return Problem(path, 1, 1, code.id, message)


# --- counts ----------------------------------------------------------------------------------


def _counted(plan: Plan) -> Mapping[str, Mapping[str, int]]:
    """Count by quota and subject."""
    kinds = Counter(balancer.kind for balancer in plan.balancers)
    requested = [each for each in plan.certificates if isinstance(each, RequestedCertificate)]
    services = Counter(
        each.service for each in plan.certificates if isinstance(each, UploadedCertificate)
    )
    fronts = [front for site in plan.sites for front in site.fronts]
    groups = [group for front in fronts for group in (front.target_group, front.http_target_group)]
    shared = {each.balancer.key: each for each in plan.shared_balancers}
    return {
        "application_load_balancers": {
            "": kinds[BalancerKind.APPLICATION] + kinds[BalancerKind.SHARED]
        },
        "classic_load_balancers": {"": kinds[BalancerKind.CLASSIC]},
        "network_load_balancers": {"": kinds[BalancerKind.NETWORK]},
        # Without the default one.
        "certificates_per_load_balancer": {
            key: _certificates(plan, each) - 1 for key, each in shared.items()
        },
        "rules_per_load_balancer": {key: _rules(plan, each) for key, each in shared.items()},
        "target_groups_per_load_balancer": {key: len(each.sites) for key, each in shared.items()},
        "target_groups": {"": len(groups) - groups.count(None)},
        "acm_certificates": {"": len(requested)},
        "imported_certificates": {"": services["acm"]},
        "names_per_certificate": {each.key: len(each.names) for each in requested},
        "iam_certificates": {"": services["iam"]},
        "rules_per_security_group": _group_rules(plan),
        "records_per_zone": Counter(_records(plan)),
    }


def _certificates(plan: Plan, shared: SharedBalancer) -> int:
    certificates = (site.certificate for site in plan.sites if site.domain in shared.sites)
    return len(
        {each.arn if isinstance(each, ExistingCertificate) else each.key for each in certificates}
    )


def _rules(plan: Plan, shared: SharedBalancer) -> int:
    counts = (len(site.names) for site in plan.sites if site.domain in shared.sites)
    return sum(-(-count // VALUES_OF_A_RULE) for count in counts)


def _group_rules(plan: Plan) -> Mapping[str, int]:
    """Count the rules of each group the way, and for the version of IP, that has most.

    A rule that names a group counts for both versions.
    """
    servers: dict[str, int] = {}
    for server in plan.servers:
        ssh = server.instance.ssh_from if isinstance(server.instance, NewInstance) else ()
        own = server.security_group is None
        group = server.security_group or server.aws_name
        servers[group] = len(plan.port_ranges) + (_by_version(ssh) if own else 0)
    allowed = {plan.client_group: plan.allow} | {
        balancer.client_group: balancer.allow
        for balancer in plan.balancers
        if balancer.client_group and balancer.allow
    }
    clients = {group: _CLIENT_PORTS * _by_version(ranges) for group, ranges in allowed.items()}
    return {**servers, **clients, plan.balancer_group: len(servers)}


def _by_version(ranges: Iterable[str]) -> int:
    """Count the ranges of the version of IP that has more."""
    return max(Counter(":" in cidr for cidr in ranges).values(), default=0)


def _records(plan: Plan) -> Iterator[str]:
    """Find the zone of each record; weighted ones stand beside the alias, one a balancer."""
    names = {zone.key: zone.name for zone in plan.zones}
    for site in plan.sites:
        weighted = len(site.fronts) if len(site.fronts) > 1 else 0
        for record in site.alias_records:
            yield from [names[record.zone]] * len(record.types) * (1 + weighted)
    for validation in plan.validation_records:
        yield names[validation.zone]
