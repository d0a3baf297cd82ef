"""A Network Load Balancer of a site's own, which re-encrypts to the site's port."""

from __future__ import annotations

from modules.plan.names import address, generation
from modules.stack.addressing import at
from modules.stack.application_load_balancer import access_logs
from modules.stack.bindings import Lb, LbListener, LbListenerDefaultAction
from modules.stack.lifecycle import FIRST_MADE
from modules.stack.load_balancer import LoadBalancer, tags_of
from modules.stack.target_groups import TCP_INTERVAL, TcpTargetGroup, TlsTargetGroup

NETWORK = "network"

REGISTRATION = 180
"""Seconds until a network balancer checks a target that is registered: "a few minutes".

https://docs.aws.amazon.com/elasticloadbalancing/latest/network/target-group-health-checks.html
"""


class NetworkLoadBalancer(LoadBalancer):
    """TLS on 443 to TLS on the site's port; 80 goes to Apache's own, which redirects."""

    def _build(self) -> None:
        site, front, around = self.site, self.front, self._surroundings
        tls = TlsTargetGroup(self, "targets", site, front, around, NETWORK)
        tcp = TcpTargetGroup(self, "http-targets", site, front, around, NETWORK, "http")
        balancer = self._made()
        self.dns_name = balancer.dns_name
        self.zone_id = balancer.zone_id
        self.dimensions = {"LoadBalancer": balancer.arn_suffix, "TargetGroup": tls.arn_suffix}
        self.attached = [*tls.attached, *tcp.attached]
        self.serving = [
            *self.attached,
            self._tls(balancer, tls),
            self._tcp(balancer, tcp),
        ]

    @property
    def settling(self) -> int:
        """Seconds until both ports of a server are found healthy, at most."""
        checks = self.front.health_check.unhealthy + 1
        return max(super().settling, checks * TCP_INTERVAL)

    @property
    def joining(self) -> int:
        """Seconds until it has registered a server and found it healthy, at most."""
        return REGISTRATION + self.settling

    def _made(self) -> Lb:
        balancer = self._balancer
        return at(
            address(balancer.key, NETWORK, generation(balancer.name)),
            Lb(
                self,
                "balancer",
                name=balancer.name,
                load_balancer_type="network",
                internal=balancer.internal,
                ip_address_type="dualstack" if balancer.ipv6 else "ipv4",
                security_groups=self._surroundings.groups(),
                subnets=self._surroundings.subnets(balancer),
                enable_cross_zone_load_balancing=balancer.cross_zone,
                enable_deletion_protection=balancer.deletion_protection,
                access_logs=access_logs(balancer, self._surroundings),
                lifecycle=FIRST_MADE,
                depends_on=self._surroundings.ready(balancer) or None,
                tags=tags_of(balancer),
            ),
        )

    def _tls(self, balancer: Lb, targets: TlsTargetGroup) -> LbListener:
        return at(
            address(self.site.domain, NETWORK, generation(self._balancer.name), "https"),
            LbListener(
                self,
                "https",
                load_balancer_arn=balancer.arn,
                port=443,
                protocol="TLS",
                ssl_policy=self._balancer.tls_policy,
                certificate_arn=self._certificate_arn,
                default_action=[
                    LbListenerDefaultAction(type="forward", target_group_arn=targets.arn)
                ],
                lifecycle=FIRST_MADE,
            ),
        )

    def _tcp(self, balancer: Lb, targets: TcpTargetGroup) -> LbListener:
        return at(
            address(self.site.domain, NETWORK, generation(self._balancer.name), "http"),
            LbListener(
                self,
                "http",
                load_balancer_arn=balancer.arn,
                port=80,
                protocol="TCP",
                default_action=[
                    LbListenerDefaultAction(type="forward", target_group_arn=targets.arn)
                ],
                lifecycle=FIRST_MADE,
            ),
        )
