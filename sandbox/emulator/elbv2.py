"""The application and network balancers that the emulator holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.emulator.api import Api
from sandbox.emulator.balancer import Balancer
from sandbox.emulator.listeners import (
    Action,
    FixedResponse,
    Forward,
    HealthCheck,
    Listener,
    Redirect,
    Rule,
    Stickiness,
    Target,
)
from sandbox.emulator.policies import policy_named
from sandbox.errors import SandboxError

_ENCRYPTED = frozenset({"HTTPS", "TLS"})
_TCP_IDLE_TIMEOUT = 350
"""Seconds: https://docs.aws.amazon.com/elasticloadbalancing/latest/network/network-load-balancers.html"""


def read(api: Api) -> Iterator[Balancer]:
    """Find all of them."""
    client = api.client("elbv2")
    for found in api.all("elbv2", "describe_load_balancers", "LoadBalancers"):
        arn = found["LoadBalancerArn"]
        network = found["Type"] == "network"
        attributes = _values(client.describe_load_balancer_attributes(LoadBalancerArn=arn))
        groups = tuple(found.get("SecurityGroups", ()))
        yield Balancer(
            name=found["LoadBalancerName"],
            dns_name=found["DNSName"],
            ipv6=found["IpAddressType"] == "dualstack",
            subnets=tuple(zone["SubnetId"] for zone in found["AvailabilityZones"]),
            groups=None if network and not groups else groups,
            idle_timeout=_TCP_IDLE_TIMEOUT
            if network
            else int(attributes.get("idle_timeout.timeout_seconds", 60)),
            listeners=tuple(
                _listener(api, listener)
                for listener in api.all(
                    "elbv2", "describe_listeners", "Listeners", LoadBalancerArn=arn
                )
            ),
            cross_zone=not network or attributes["load_balancing.cross_zone.enabled"] == "true",
        )


def _listener(api: Api, found: Mapping[str, Any]) -> Listener:
    arn, protocol = found["ListenerArn"], found["Protocol"]
    secure = protocol in _ENCRYPTED
    return Listener(
        port=int(found["Port"]),
        protocol=protocol,
        certificates=tuple(_certificates(api, arn)) if secure else (),
        tls=policy_named(found["SslPolicy"]) if secure else None,
        http2=protocol == "HTTPS",
        action=_action(api, found["DefaultActions"][-1]),
        rules=tuple(_rules(api, arn)),
    )


def _certificates(api: Api, listener: str) -> Iterator[str]:
    """Find the default certificate, then the others."""
    found = list(
        api.all("elbv2", "describe_listener_certificates", "Certificates", ListenerArn=listener)
    )
    for is_default in (True, False):
        yield from (c["CertificateArn"] for c in found if c["IsDefault"] is is_default)


def _rules(api: Api, listener: str) -> Iterator[Rule]:
    for found in api.all("elbv2", "describe_rules", "Rules", ListenerArn=listener):
        if not found["IsDefault"]:
            yield Rule(
                priority=int(found["Priority"]),
                hosts=_hosts(found["Conditions"]),
                action=_action(api, found["Actions"][-1]),
            )


def _hosts(conditions: list[Mapping[str, Any]]) -> tuple[str, ...]:
    fields = [condition["Field"] for condition in conditions]
    if fields != ["host-header"]:
        raise SandboxError(f"a rule's conditions are {fields}: the sandbox knows one host-header")
    return tuple(conditions[0]["HostHeaderConfig"]["Values"])


def _action(api: Api, found: Mapping[str, Any]) -> Action:
    match found["Type"]:
        case "forward":
            return _target_group(api, found["TargetGroupArn"])
        case "redirect":
            config = found["RedirectConfig"]
            return Redirect(
                protocol=config.get("Protocol", "#{protocol}"),
                host=config.get("Host", "#{host}"),
                port=config.get("Port", "#{port}"),
                path=config.get("Path", "/#{path}"),
                query=config.get("Query", "#{query}"),
                status=int(config["StatusCode"].removeprefix("HTTP_")),
            )
        case "fixed-response":
            config = found["FixedResponseConfig"]
            return FixedResponse(
                status=int(config["StatusCode"]),
                content_type=config.get("ContentType", "text/plain"),
                body=config.get("MessageBody", ""),
            )
        case other:
            raise SandboxError(
                f"a listener's action is {other!r}: the sandbox knows forward, redirect,"
                " fixed-response"
            )


def _target_group(api: Api, arn: str) -> Forward:
    client = api.client("elbv2")
    group = client.describe_target_groups(TargetGroupArns=[arn])["TargetGroups"][0]
    health = client.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    attributes = _values(client.describe_target_group_attributes(TargetGroupArn=arn))
    port = group["HealthCheckPort"]
    http = group["Protocol"] in {"HTTP", "HTTPS"}
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
        stickiness=_stickiness(attributes),
        # What AWS does for instances unless told otherwise:
        # https://docs.aws.amazon.com/elasticloadbalancing/latest/network/edit-target-group-attributes.html
        client_kept=not http and attributes.get("preserve_client_ip.enabled", "true") == "true",
        proxy_protocol=attributes.get("proxy_protocol_v2.enabled") == "true",
    )


def _stickiness(attributes: Mapping[str, str]) -> Stickiness | None:
    if attributes["stickiness.enabled"] != "true":
        return None
    if attributes["stickiness.type"] == "lb_cookie":
        return Stickiness("AWSALB", int(attributes["stickiness.lb_cookie.duration_seconds"]))
    if attributes["stickiness.type"] == "source_ip":
        return Stickiness(None, None)
    raise SandboxError(
        f"stickiness is by {attributes['stickiness.type']}: the sandbox knows lb_cookie, source_ip"
    )


def _values(answer: Mapping[str, Any]) -> dict[str, str]:
    return {attribute["Key"]: attribute["Value"] for attribute in answer["Attributes"]}
