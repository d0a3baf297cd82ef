"""What moto's Elastic Load Balancing lacks of application and network balancers."""

from __future__ import annotations

from typing import Any

from moto.elbv2.exceptions import (
    DuplicateLoadBalancerName,
    ELBClientError,
    TooManyCertificatesError,
)
from moto.elbv2.models import ELBv2Backend, FakeListener, FakeLoadBalancer, FakeTargetGroup

from sandbox.emulator.gaps.replacing import replace

_MORE_CERTIFICATES = 25
"""Of a balancer, its default one excluded:
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html"""


def fill() -> None:
    # moto gives a network balancer an application balancer's ARN, and a name to many.
    replace(ELBv2Backend, "create_load_balancer", _create_balancer)
    # moto deletes a protected balancer.
    replace(ELBv2Backend, "delete_load_balancer", _delete_balancer)
    # moto refuses TLS listeners, and forgets all certificates but the default one.
    replace(ELBv2Backend, "modify_listener", _modify_listener)
    # moto keeps the default certificate among the others, so that it can't be in both places.
    replace(ELBv2Backend, "add_listener_certificates", _add_certificates)
    replace(ELBv2Backend, "describe_listener_certificates", _all_certificates)
    replace(ELBv2Backend, "remove_listener_certificates", _remove_certificates)
    # moto drops the statuses of a TLS or TCP group's HTTP health check.
    replace(ELBv2Backend, "modify_target_group", _modify_target_group)
    # moto refuses an hour, which AWS takes.
    replace(ELBv2Backend, "modify_target_group_attributes", _modify_target_group_attributes)
    # moto takes ten tags, as AWS did once.
    replace(ELBv2Backend, "add_tags", _add_tags)


_moto_create_balancer = ELBv2Backend.create_load_balancer
_moto_delete_balancer = ELBv2Backend.delete_load_balancer
_moto_modify_listener = ELBv2Backend.modify_listener
_moto_modify_target_group = ELBv2Backend.modify_target_group
_moto_modify_target_group_attributes = ELBv2Backend.modify_target_group_attributes


def _create_balancer(
    backend: ELBv2Backend,
    *positional: Any,  # noqa: ANN401 - moto's own
    tags: list[dict[str, str]] | None = None,
    **named: Any,  # noqa: ANN401
) -> FakeLoadBalancer:
    balancer = _moto_create_balancer(backend, *positional, **named)
    if (known := _namesake(backend, balancer)) is not None:
        del backend.load_balancers[balancer.arn]
        if _settings(known) != _settings(balancer):
            raise DuplicateLoadBalancerName
        return known
    if balancer.type == "network":
        del backend.load_balancers[balancer.arn]
        balancer.arn = balancer.arn.replace(":loadbalancer/app/", ":loadbalancer/net/")
        backend.load_balancers[balancer.arn] = balancer
    backend.tagging_service.tag_resource(balancer.arn, tags)
    return balancer


def _namesake(backend: ELBv2Backend, balancer: FakeLoadBalancer) -> FakeLoadBalancer | None:
    """Find the balancer that has the name already; the same settings mean the same balancer.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html
    """
    others = (each for each in backend.load_balancers.values() if each is not balancer)
    return next((each for each in others if each.name == balancer.name), None)


def _settings(balancer: FakeLoadBalancer) -> tuple[object, ...]:
    subnets = {subnet.id for subnet in balancer.subnets}
    groups = set(balancer.security_groups or ())
    return balancer.type, balancer.scheme, balancer.ip_address_type, subnets, groups


def _delete_balancer(backend: ELBv2Backend, arn: str) -> None:
    balancer = backend.load_balancers.get(arn)
    if balancer and balancer.attrs.get("deletion_protection.enabled") == "true":
        raise ELBClientError(
            "OperationNotPermitted",
            f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled",
        )
    _moto_delete_balancer(backend, arn)


def _modify_listener(  # noqa: PLR0913, PLR0917 - moto's own
    backend: ELBv2Backend,
    arn: str,
    port: str | None = None,
    protocol: str | None = None,
    ssl_policy: str | None = None,
    certificates: list[dict[str, Any]] | None = None,
    actions: list[dict[str, Any]] | None = None,
) -> FakeListener:
    asked = None if protocol == "TLS" else protocol
    listener = _moto_modify_listener(
        backend, arn, port, asked, ssl_policy, certificates or [], actions
    )
    if protocol == "TLS":
        listener.protocol = protocol
    if certificates and listener.protocol == "TLS":
        listener.certificate = certificates[0]["CertificateArn"]
        listener.certificates = [listener.certificate]
    return listener


def _add_certificates(
    backend: ELBv2Backend, arn: str, certificates: list[dict[str, Any]]
) -> list[str]:
    more = _more_certificates(backend, arn)
    added = [each["CertificateArn"] for each in certificates]
    more.extend(each for each in added if each not in more)
    if len(more) > _MORE_CERTIFICATES:
        del more[_MORE_CERTIFICATES:]
        raise TooManyCertificatesError
    return added


def _all_certificates(backend: ELBv2Backend, arn: str) -> list[str]:
    return [*_listener(backend, arn).certificates, *_more_certificates(backend, arn)]


def _remove_certificates(
    backend: ELBv2Backend, arn: str, certificates: list[dict[str, Any]]
) -> None:
    removed = {each["CertificateArn"] for each in certificates}
    more = _more_certificates(backend, arn)
    more[:] = [each for each in more if each not in removed]


def _more_certificates(backend: ELBv2Backend, arn: str) -> list[str]:
    found: list[str] = _listener(backend, arn).__dict__.setdefault("more_certificates", [])
    return found


def _listener(backend: ELBv2Backend, arn: str) -> FakeListener:
    return backend.describe_listeners(load_balancer_arn=None, listener_arns=[arn])[0]


def _modify_target_group(
    backend: ELBv2Backend,
    arn: str,
    *positional: Any,  # noqa: ANN401 - moto's own
    **named: Any,  # noqa: ANN401
) -> FakeTargetGroup:
    group = _moto_modify_target_group(backend, arn, *positional, **named)
    statuses = positional[_HTTP_CODES] if len(positional) > _HTTP_CODES else None
    if statuses is not None and group.health_check_protocol in {"HTTP", "HTTPS"}:
        group.matcher = {"HttpCode": statuses}
    return group


_HTTP_CODES = 7
"""Position among the arguments after the ARN."""


def _modify_target_group_attributes(
    backend: ELBv2Backend, target_group_arn: str, attributes: dict[str, Any]
) -> None:
    delay = "deregistration_delay.timeout_seconds"
    longest = attributes.get(delay) == "3600"
    others = {key: value for key, value in attributes.items() if not (longest and key == delay)}
    _moto_modify_target_group_attributes(backend, target_group_arn, others)
    if longest:
        backend.target_groups[target_group_arn].attributes[delay] = attributes[delay]


def _add_tags(backend: ELBv2Backend, resource_arns: list[str], tags: list[dict[str, str]]) -> None:
    for arn in resource_arns:
        backend._get_resource_by_arn(arn)  # noqa: SLF001 - raises as AWS does
        backend.tagging_service.tag_resource(arn, tags)
