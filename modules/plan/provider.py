"""Which version of the AWS provider knows all that a plan asks, and what asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from modules.plan.records import BalancerKind, Plan, RequestedCertificate

LOWEST = "3.39"
"""What every plan needs, and the newest that a package registry has."""


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument that is emitted only when set, as older providers refuse it."""

    resource: str
    name: str
    since: str
    """The provider's version that brought it, as `4.40`."""
    source: str
    """The change's page; the changelog has its number under that version."""

    def __str__(self) -> str:
        return f"{self.resource}.{self.name}"


_CHANGES = "https://github.com/hashicorp/terraform-provider-aws/pull"

_KEY_ALGORITHM = Argument("aws_acm_certificate", "key_algorithm", "4.40", f"{_CHANGES}/27781")
_LB_DESYNC = Argument("aws_lb", "desync_mitigation_mode", "3.72", f"{_CHANGES}/14764")
_ELB_DESYNC = Argument("aws_elb", "desync_mitigation_mode", "3.72", f"{_CHANGES}/14764")

_HEALTH_STATE = Argument("aws_lb_target_group", "target_health_state", "5.23", f"{_CHANGES}/34070")

NEWER = (_KEY_ALGORITHM, _LB_DESYNC, _ELB_DESYNC, _HEALTH_STATE)
"""All that Portico can ask beyond `LOWEST`; read in November 2026."""


@dataclass(frozen=True, slots=True)
class Need:
    """A setting that needs more than `LOWEST`."""

    subject: str
    """Key of a certificate or a balancer: a domain, a name in `certificates`, or `shared-1`."""
    setting: str
    """As the fleet file has it."""
    argument: Argument

    def __str__(self) -> str:
        return f"{self.setting} of {self.subject} needs AWS provider {self.argument.since}"


def needs(plan: Plan) -> tuple[Need, ...]:
    """Return the settings that need more than `LOWEST`, each once."""
    found = [*_of_certificates(plan), *_of_balancers(plan), *_of_targets(plan)]
    return tuple(dict.fromkeys(found))


def lowest_provider(plan: Plan) -> str:
    """Return the lowest version that the plan can do with, as `3.39`."""
    return max([LOWEST, *(need.argument.since for need in needs(plan))], key=version)


def version(text: str) -> tuple[int, ...]:
    """Return a version to compare with others: `3.39` before `3.100`."""
    return tuple(map(int, text.split(".")))


def _of_certificates(plan: Plan) -> Iterator[Need]:
    for certificate in plan.certificates:
        if isinstance(certificate, RequestedCertificate) and certificate.key_algorithm:
            yield Need(certificate.key, "key_algorithm", _KEY_ALGORITHM)


def _of_balancers(plan: Plan) -> Iterator[Need]:
    for balancer in plan.balancers:
        if balancer.desync_mitigation:
            classic = balancer.kind is BalancerKind.CLASSIC
            argument = _ELB_DESYNC if classic else _LB_DESYNC
            yield Need(balancer.key, "desync_mitigation", argument)


def _of_targets(plan: Plan) -> Iterator[Need]:
    for site in plan.sites:
        if any(front.keeps_connections for front in site.fronts):
            yield Need(site.domain, "rollout.drain with the network balancer", _HEALTH_STATE)
