"""The load balancers that the emulator holds, of both generations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.emulator.api import Api
from sandbox.emulator.policies import TlsVersions, versions_of
from sandbox.errors import SandboxError

_CLASSIC = (
    ("TLSv1.0", "Protocol-TLSv1"),
    ("TLSv1.1", "Protocol-TLSv1.1"),
    ("TLSv1.2", "Protocol-TLSv1.2"),
)
"""Versions by the attribute of a custom policy that turns each on."""


@dataclass(frozen=True, slots=True)
class Target:
    """A port of an instance."""

    instance: str
    port: int


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """How a balancer finds out whether a target can be used; times in seconds."""

    protocol: str
    """HTTPS, HTTP, SSL or TCP."""
    path: str | None
    port: int | None
    """None: the target's own."""
    interval: int
    timeout: int
    healthy: int
    unhealthy: int
    statuses: str
    """As HAProxy writes them: `200-399,401`."""


@dataclass(frozen=True, slots=True)
class Forward:
    """Sends requests to targets over `protocol`, HTTPS or HTTP, or bytes over TCP or SSL."""

    protocol: str
    targets: tuple[Target, ...]
    check: HealthCheck


@dataclass(frozen=True, slots=True)
class Redirect:
    """Answers by itself; the parts are AWS's, with `#{host}` and its like."""

    protocol: str
    host: str
    port: str
    path: str
    query: str
    status: int


@dataclass(frozen=True, slots=True)
class Listener:
    port: int
    protocol: str
    """HTTPS, HTTP, SSL or TCP."""
    certificate: str | None
    """ARN of what a client without SNI gets."""
    tls: TlsVersions | None
    http2: bool
    action: Forward | Redirect


@dataclass(frozen=True, slots=True)
class Balancer:
    name: str
    dns_name: str
    ipv6: bool
    subnets: tuple[str, ...]
    groups: tuple[str, ...]
    idle_timeout: int
    """Seconds."""
    listeners: tuple[Listener, ...]


def read(api: Api) -> tuple[Balancer, ...]:
    """Return all balancers, by name."""
    return tuple(sorted((*_application(api), *_classic(api)), key=lambda balancer: balancer.name))


# --- Application ------------------------------------------------------------------------------


def _application(api: Api) -> Iterator[Balancer]:
    client = api.client("elbv2")
    for found in api.all("elbv2", "describe_load_balancers", "LoadBalancers"):
        arn = found["LoadBalancerArn"]
        attributes = client.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
        values = {a["Key"]: a["Value"] for a in attributes}
        yield Balancer(
            name=found["LoadBalancerName"],
            dns_name=found["DNSName"],
            ipv6=found["IpAddressType"] == "dualstack",
            subnets=tuple(zone["SubnetId"] for zone in found["AvailabilityZones"]),
            groups=tuple(found.get("SecurityGroups", ())),
            idle_timeout=int(values.get("idle_timeout.timeout_seconds", 60)),
            listeners=tuple(
                _application_listener(api, listener)
                for listener in api.all(
                    "elbv2", "describe_listeners", "Listeners", LoadBalancerArn=arn
                )
            ),
        )


def _application_listener(api: Api, found: Mapping[str, Any]) -> Listener:
    secure = found["Protocol"] == "HTTPS"
    certificates = found.get("Certificates") or [{}]
    return Listener(
        port=int(found["Port"]),
        protocol=found["Protocol"],
        certificate=certificates[0].get("CertificateArn"),
        tls=versions_of(found["SslPolicy"]) if secure else None,
        http2=secure,
        action=_action(api, found["DefaultActions"][-1]),
    )


def _action(api: Api, found: Mapping[str, Any]) -> Forward | Redirect:
    if found["Type"] == "redirect":
        config = found["RedirectConfig"]
        return Redirect(
            protocol=config.get("Protocol", "#{protocol}"),
            host=config.get("Host", "#{host}"),
            port=config.get("Port", "#{port}"),
            path=config.get("Path", "/#{path}"),
            query=config.get("Query", "#{query}"),
            status=int(config["StatusCode"].removeprefix("HTTP_")),
        )
    if found["Type"] == "forward":
        return _target_group(api, found["TargetGroupArn"])
    raise SandboxError(
        f"a listener's action is {found['Type']!r}: the sandbox knows forward, redirect"
    )


def _target_group(api: Api, arn: str) -> Forward:
    client = api.client("elbv2")
    group = client.describe_target_groups(TargetGroupArns=[arn])["TargetGroups"][0]
    health = client.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    port = group["HealthCheckPort"]
    return Forward(
        protocol=group["Protocol"],
        targets=tuple(Target(h["Target"]["Id"], int(h["Target"]["Port"])) for h in health),
        check=HealthCheck(
            protocol=group["HealthCheckProtocol"],
            path=group.get("HealthCheckPath"),
            port=None if port == "traffic-port" else int(port),
            interval=group["HealthCheckIntervalSeconds"],
            timeout=group["HealthCheckTimeoutSeconds"],
            healthy=group["HealthyThresholdCount"],
            unhealthy=group["UnhealthyThresholdCount"],
            statuses=group.get("Matcher", {}).get("HttpCode", "200"),
        ),
    )


# --- Classic ----------------------------------------------------------------------------------


def _classic(api: Api) -> Iterator[Balancer]:
    client = api.client("elb")
    for found in api.all("elb", "describe_load_balancers", "LoadBalancerDescriptions"):
        name = found["LoadBalancerName"]
        attributes = client.describe_load_balancer_attributes(LoadBalancerName=name)
        settings = attributes["LoadBalancerAttributes"].get("ConnectionSettings", {})
        policies = {
            policy["PolicyName"]: {
                attribute["AttributeName"]: attribute["AttributeValue"]
                for attribute in policy["PolicyAttributeDescriptions"]
            }
            for policy in client.describe_load_balancer_policies(LoadBalancerName=name)[
                "PolicyDescriptions"
            ]
        }
        yield Balancer(
            name=name,
            dns_name=found["DNSName"],
            ipv6=False,
            subnets=tuple(found["Subnets"]),
            groups=tuple(found["SecurityGroups"]),
            idle_timeout=int(settings.get("IdleTimeout", 60)),
            listeners=tuple(
                _classic_listener(found, description, policies)
                for description in found["ListenerDescriptions"]
            ),
        )


def _classic_listener(
    balancer: Mapping[str, Any],
    description: Mapping[str, Any],
    policies: Mapping[str, Mapping[str, str]],
) -> Listener:
    listener = description["Listener"]
    secure = listener["Protocol"] in {"HTTPS", "SSL"}
    return Listener(
        port=listener["LoadBalancerPort"],
        protocol=listener["Protocol"],
        certificate=listener.get("SSLCertificateId"),
        tls=_classic_versions(description["PolicyNames"], policies) if secure else None,
        http2=False,
        action=Forward(
            protocol=listener["InstanceProtocol"],
            targets=tuple(
                Target(instance["InstanceId"], listener["InstancePort"])
                for instance in balancer["Instances"]
            ),
            check=_classic_check(balancer["HealthCheck"]),
        ),
    )


def _classic_versions(
    names: Iterable[str], policies: Mapping[str, Mapping[str, str]]
) -> TlsVersions:
    """A policy refers to a predefined one, or says for each version whether it is on."""
    for name in names:
        attributes = policies.get(name, {})
        if reference := attributes.get("Reference-Security-Policy"):
            return versions_of(reference)
        if on := [ours for ours, aws in _CLASSIC if attributes.get(aws) == "true"]:
            return TlsVersions(on[0], on[-1])
    return versions_of("ELBSecurityPolicy-2016-08")


def _classic_check(found: Mapping[str, Any]) -> HealthCheck:
    """The target reads `HTTPS:8443/path` or `TCP:443`."""
    protocol, _, rest = found["Target"].partition(":")
    port, slash, path = rest.partition("/")
    return HealthCheck(
        protocol=protocol,
        path=f"{slash}{path}" if slash else None,
        port=int(port),
        interval=found["Interval"],
        timeout=found["Timeout"],
        healthy=found["HealthyThreshold"],
        unhealthy=found["UnhealthyThreshold"],
        # https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/elb-healthchecks.html
        statuses="200",
    )
