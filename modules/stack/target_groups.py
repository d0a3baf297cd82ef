"""Target groups: the servers, as balancers of AWS's second generation reach them.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-target-groups.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-target-groups.html
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from modules.plan.fronts import HTTP_PORT
from modules.plan.names import address, generation
from modules.plan.records import Front, Site
from modules.stack.addressing import at
from modules.stack.bindings import (
    Construct,
    ITerraformDependable,
    LbTargetGroup,
    LbTargetGroupAttachment,
    LbTargetGroupHealthCheck,
    LbTargetGroupStickiness,
    LbTargetGroupTargetHealthState,
)
from modules.stack.lifecycle import FIRST_MADE
from modules.stack.surroundings import Surroundings

TCP_INTERVAL = 10
"""Seconds between two checks by TCP; AWS takes none that is shorter than their time-out.

https://docs.aws.amazon.com/elasticloadbalancing/latest/network/target-group-health-checks.html
"""


class TargetGroup(Construct):
    """One port of every server; `parts` follow the domain in its addresses."""

    arn: str
    arn_suffix: str

    def __init__(
        self,
        scope: Construct,
        node_id: str,
        site: Site,
        front: Front,
        surroundings: Surroundings,
        *parts: str,
    ) -> None:
        super().__init__(scope, node_id)
        self._site = site
        self._front = front
        self._vpc_id = surroundings.vpc_id
        parts = (*parts, generation(self._name))
        group = at(address(site.domain, *parts), self._group())
        self.arn = group.arn
        self.arn_suffix = group.arn_suffix
        self.attached: Sequence[ITerraformDependable] = [
            at(
                address(site.domain, *parts, target),
                LbTargetGroupAttachment(
                    self,
                    target,
                    target_group_arn=group.arn,
                    target_id=instance_id,
                    port=self._port,
                    lifecycle=FIRST_MADE,
                    depends_on=surroundings.targets_ready or None,
                ),
            )
            for target, instance_id in surroundings.instance_ids.items()
        ]

    @property
    def _port(self) -> int:
        return self._site.port

    @property
    def _name(self) -> str:
        """Of the group, in AWS."""
        return str(self._front.target_group)

    @abstractmethod
    def _group(self) -> LbTargetGroup:
        """Return the group itself."""

    def _https_check(self) -> LbTargetGroupHealthCheck:
        check = self._front.health_check
        return LbTargetGroupHealthCheck(
            protocol="HTTPS",
            port="traffic-port",
            path=check.path,
            matcher=check.matcher,
            interval=check.interval,
            timeout=check.timeout,
            healthy_threshold=check.healthy,
            unhealthy_threshold=check.unhealthy,
        )

    def _tags(self) -> dict[str, str]:
        return {**self._site.tags, "Name": self._name}


class HttpsTargetGroup(TargetGroup):
    """Of an application balancer, a site's own or a shared one: HTTPS on the site's port."""

    def _group(self) -> LbTargetGroup:
        seconds = self._front.stickiness
        return LbTargetGroup(
            self,
            "group",
            name=self._name,
            port=self._port,
            protocol="HTTPS",
            target_type="instance",
            vpc_id=self._vpc_id,
            deregistration_delay=str(self._front.draining),
            health_check=self._https_check(),
            # Left out it would mean "as it is" to newer providers.
            stickiness=LbTargetGroupStickiness(
                type="lb_cookie", enabled=seconds is not None, cookie_duration=seconds
            ),
            lifecycle=FIRST_MADE,
            tags=self._tags(),
        )


class TlsTargetGroup(TargetGroup):
    """Of a network balancer: TLS on the site's port."""

    def _group(self) -> LbTargetGroup:
        return LbTargetGroup(
            self,
            "group",
            name=self._name,
            port=self._port,
            protocol="TLS",
            target_type="instance",
            vpc_id=self._vpc_id,
            deregistration_delay=str(self._front.draining),
            health_check=self._https_check(),
            preserve_client_ip=_preserved(self._front),
            proxy_protocol_v2=self._front.proxy_protocol,
            target_health_state=(
                [LbTargetGroupTargetHealthState(enable_unhealthy_connection_termination=False)]
                if self._front.keeps_connections
                else None
            ),
            lifecycle=FIRST_MADE,
            tags=self._tags(),
        )


class TcpTargetGroup(TargetGroup):
    """Of a network balancer: Apache's port 80, which redirects."""

    @property
    def _port(self) -> int:
        return HTTP_PORT

    @property
    def _name(self) -> str:
        return str(self._front.http_target_group)

    def _group(self) -> LbTargetGroup:
        check = self._front.health_check
        return LbTargetGroup(
            self,
            "group",
            name=self._name,
            port=self._port,
            protocol="TCP",
            target_type="instance",
            vpc_id=self._vpc_id,
            deregistration_delay=str(self._front.draining),
            # Provider 3.39 takes no timeout of a check by TCP, wants both thresholds the same, and
            # makes the group anew for another interval.
            health_check=LbTargetGroupHealthCheck(
                protocol="TCP",
                port="traffic-port",
                interval=TCP_INTERVAL,
                healthy_threshold=check.unhealthy,
                unhealthy_threshold=check.unhealthy,
            ),
            preserve_client_ip=_preserved(self._front),
            lifecycle=FIRST_MADE,
            tags=self._tags(),
        )


def _preserved(front: Front) -> str:
    """Say whether the servers see the client's address as the source of the connection."""
    return "false" if front.proxy_protocol else "true"
