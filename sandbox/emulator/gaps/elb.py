"""What moto's Elastic Load Balancing lacks of classic balancers."""

from __future__ import annotations

from typing import Any

from moto.elb.models import ELBBackend, LoadBalancer
from moto.elb.policies import LbCookieStickinessPolicy

from sandbox.emulator.gaps.replacing import replace

HOSTED_ZONE = "Z35SXDOTRQ7X7K"
"""Of classic balancers in us-east-1; aliases in the emulator resolve by name in every region.

https://docs.aws.amazon.com/general/latest/gr/elb.html
"""

_DRAINING = 300
"""Seconds, unless told otherwise:
https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/config-conn-drain.html"""


def fill() -> None:
    # moto returns none, so an alias record at a classic balancer is refused by the provider.
    replace(LoadBalancer, "canonical_hosted_zone_name_id", HOSTED_ZONE)
    # moto tells no attribute of a stickiness policy, without which the provider crashes.
    replace(LbCookieStickinessPolicy, "policy_attribute_descriptions", property(_expiration))
    # moto forgets how long connections drain.
    replace(ELBBackend, "modify_load_balancer_attributes", _modify_attributes)
    # moto takes ten tags, as AWS did once.
    replace(LoadBalancer, "add_tag", _add_tag)


def _expiration(policy: LbCookieStickinessPolicy) -> list[dict[str, str]]:
    seconds = policy.cookie_expiration_period
    return [
        {
            "AttributeName": "CookieExpirationPeriod",
            "AttributeValue": "" if seconds is None else str(seconds),
        }
    ]


_moto_modify_attributes = ELBBackend.modify_load_balancer_attributes


def _modify_attributes(
    backend: ELBBackend,
    load_balancer_name: str,
    connection_draining: dict[str, Any] | None = None,
    **others: Any,  # noqa: ANN401 - moto's own
) -> None:
    if connection_draining:
        held = backend.get_load_balancer(load_balancer_name).attributes["connection_draining"]
        seconds = connection_draining.pop("Timeout", held.get("timeout", _DRAINING))
        connection_draining["timeout"] = seconds
    _moto_modify_attributes(
        backend, load_balancer_name, connection_draining=connection_draining, **others
    )


def _add_tag(balancer: LoadBalancer, key: str, value: str) -> None:
    balancer.tags[key] = value
