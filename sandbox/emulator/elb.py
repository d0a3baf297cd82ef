"""The classic balancers that the emulator holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.emulator.api import Api
from sandbox.emulator.balancer import Balancer
from sandbox.emulator.listeners import Forward, HealthCheck, Listener, Stickiness, Target
from sandbox.emulator.policies import ALL, TlsPolicy, policy_named

_VERSIONS = (
    ("TLSv1.0", "Protocol-TLSv1"),
    ("TLSv1.1", "Protocol-TLSv1.1"),
    ("TLSv1.2", "Protocol-TLSv1.2"),
)
"""Versions by the attribute of a custom policy that turns each on."""

_KEY, _KEY_POLICY = "PublicKey", "PublicKeyPolicyName"
_PERIOD = "CookieExpirationPeriod"


@dataclass(frozen=True, slots=True)
class _Policies:
    """Attributes of a balancer's policies by name: pairs, as a name may come again."""

    attributes: Mapping[str, tuple[tuple[str, str], ...]]

    def of(self, names: list[str]) -> Iterator[tuple[str, str]]:
        for name in names:
            yield from self.attributes.get(name, ())

    def tls(self, names: list[str]) -> TlsPolicy:
        """A policy refers to a predefined one, or says what is on, version by version and so on."""
        for name in names:
            attributes = dict(self.attributes.get(name, ()))
            if reference := attributes.get("Reference-Security-Policy"):
                return policy_named(reference)
            if on := [ours for ours, aws in _VERSIONS if attributes.get(aws) == "true"]:
                ciphers = [name for name, value in attributes.items() if _is_cipher(name, value)]
                return TlsPolicy(on[0], on[-1], ":".join(ciphers) or ALL)
        return policy_named("ELBSecurityPolicy-2016-08")

    def stickiness(self, names: list[str]) -> Stickiness | None:
        for attribute, value in self.of(names):
            if attribute == _PERIOD:
                return Stickiness("AWSELB", int(value) if value else None)
        return None

    def public_keys(self, names: list[str]) -> tuple[str, ...]:
        """The policy of a port names policies that hold a key each."""
        held = [value for attribute, value in self.of(names) if attribute == _KEY_POLICY]
        return tuple(value for attribute, value in self.of(held) if attribute == _KEY)


def _is_cipher(attribute: str, value: str) -> bool:
    return value == "true" and not attribute.startswith(("Protocol-", "Server-Defined-"))


def read(api: Api) -> Iterator[Balancer]:
    """Find all of them."""
    client = api.client("elb")
    for found in api.all("elb", "describe_load_balancers", "LoadBalancerDescriptions"):
        name = found["LoadBalancerName"]
        answer = client.describe_load_balancer_attributes(LoadBalancerName=name)
        attributes = answer["LoadBalancerAttributes"]
        described = client.describe_load_balancer_policies(LoadBalancerName=name)
        policies = _Policies(
            {
                policy["PolicyName"]: tuple(
                    (each["AttributeName"], each["AttributeValue"])
                    for each in policy.get("PolicyAttributeDescriptions", ())
                )
                for policy in described["PolicyDescriptions"]
            }
        )
        yield Balancer(
            name=name,
            dns_name=found["DNSName"],
            ipv6=False,
            subnets=tuple(found["Subnets"]),
            groups=tuple(found["SecurityGroups"]),
            idle_timeout=int(attributes.get("ConnectionSettings", {}).get("IdleTimeout", 60)),
            listeners=tuple(
                _listener(found, description, policies)
                for description in found["ListenerDescriptions"]
            ),
            cross_zone=attributes["CrossZoneLoadBalancing"]["Enabled"],
        )


def _listener(
    balancer: Mapping[str, Any], description: Mapping[str, Any], policies: _Policies
) -> Listener:
    listener, names = description["Listener"], description["PolicyNames"]
    secure = listener["Protocol"] in {"HTTPS", "SSL"}
    of_ports = {b["InstancePort"]: b["PolicyNames"] for b in balancer["BackendServerDescriptions"]}
    port = listener["InstancePort"]
    return Listener(
        port=listener["LoadBalancerPort"],
        protocol=listener["Protocol"],
        certificates=(listener["SSLCertificateId"],) if secure else (),
        tls=policies.tls(names) if secure else None,
        http2=False,
        action=Forward(
            protocol=listener["InstanceProtocol"],
            targets=tuple(
                Target(instance["InstanceId"], port) for instance in balancer["Instances"]
            ),
            check=_check(balancer.get("HealthCheck") or _unset(port)),
            stickiness=policies.stickiness(names),
            public_keys=policies.public_keys(of_ports.get(port, [])),
        ),
    )


def _check(found: Mapping[str, Any]) -> HealthCheck:
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


def _unset(port: int) -> Mapping[str, Any]:
    """Return the check of a balancer that was told none yet."""
    return {
        "Target": f"TCP:{port}",
        "Interval": 30,
        "Timeout": 5,
        "HealthyThreshold": 10,
        "UnhealthyThreshold": 2,
    }
