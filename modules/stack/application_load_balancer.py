"""An Application Load Balancer of a site's own, which re-encrypts to the site's port."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from modules.plan.names import address
from modules.plan.records import HEALTH_PATH
from modules.stack.addressing import at
from modules.stack.bindings import (
    Lb,
    LbListener,
    LbListenerDefaultAction,
    LbListenerDefaultActionRedirect,
    LbTargetGroup,
    LbTargetGroupAttachment,
    LbTargetGroupHealthCheck,
    TerraformResourceLifecycle,
)
from modules.stack.load_balancer import LoadBalancer

DRAIN_SECONDS = 60


class ApplicationLoadBalancer(LoadBalancer):
    """TLS on 443 to HTTPS on the site's port; 80 is redirected at the edge."""

    def _build(self) -> None:
        balancer = self._balancer()
        targets = self._target_group()
        attachments = list(self._attachments(targets))
        self.dns_name = balancer.dns_name
        self.zone_id = balancer.zone_id
        self.serving = [
            *attachments,
            self._https(balancer, targets, attachments),
            self._http(balancer),
        ]

    def _balancer(self) -> Lb:
        return at(
            address(self._site.domain),
            Lb(
                self,
                "balancer",
                name=self._site.balancer.name,
                load_balancer_type="application",
                internal=False,
                ip_address_type="dualstack" if self._site.balancer.ipv6 else "ipv4",
                security_groups=[self._surroundings.balancer_group_id],
                subnets=list(self._surroundings.subnet_ids),
                drop_invalid_header_fields=True,
                depends_on=list(self._reachable) or None,
                tags=self._tags,
            ),
        )

    def _target_group(self) -> LbTargetGroup:
        return at(
            address(self._site.domain),
            LbTargetGroup(
                self,
                "targets",
                name=self._site.balancer.target_group,
                port=self._site.port,
                protocol="HTTPS",
                target_type="instance",
                vpc_id=self._surroundings.vpc_id,
                deregistration_delay=str(DRAIN_SECONDS),
                health_check=LbTargetGroupHealthCheck(
                    protocol="HTTPS",
                    port="traffic-port",
                    path=HEALTH_PATH,
                    matcher="200",
                    interval=10,
                    timeout=5,
                    healthy_threshold=2,
                    unhealthy_threshold=3,
                ),
                # A target group in use can't be deleted.
                lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
                tags={**self._tags, "Name": str(self._site.balancer.target_group)},
            ),
        )

    def _attachments(self, targets: LbTargetGroup) -> Iterator[LbTargetGroupAttachment]:
        for server, instance_id in self._surroundings.instance_ids.items():
            yield at(
                address(self._site.domain, server),
                LbTargetGroupAttachment(
                    self,
                    server,
                    target_group_arn=targets.arn,
                    target_id=instance_id,
                    port=self._site.port,
                    depends_on=list(self._surroundings.released) or None,
                ),
            )

    def _https(
        self, balancer: Lb, targets: LbTargetGroup, attachments: Sequence[LbTargetGroupAttachment]
    ) -> LbListener:
        return at(
            address(self._site.domain, "https"),
            LbListener(
                self,
                "https",
                load_balancer_arn=balancer.arn,
                port=443,
                protocol="HTTPS",
                ssl_policy=self._site.balancer.tls_policy,
                certificate_arn=self._certificate_arn,
                default_action=[
                    LbListenerDefaultAction(type="forward", target_group_arn=targets.arn)
                ],
                # Apache listens, and is in the group, before the balancer sends requests there.
                depends_on=list(attachments) or None,
            ),
        )

    def _http(self, balancer: Lb) -> LbListener:
        redirect = LbListenerDefaultActionRedirect(
            protocol="HTTPS", port="443", status_code="HTTP_301"
        )
        return at(
            address(self._site.domain, "http"),
            LbListener(
                self,
                "http",
                load_balancer_arn=balancer.arn,
                port=80,
                protocol="HTTP",
                default_action=[LbListenerDefaultAction(type="redirect", redirect=redirect)],
            ),
        )
