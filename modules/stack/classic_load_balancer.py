"""A Classic Load Balancer of a site's own, which re-encrypts to the site's port."""

from __future__ import annotations

from collections.abc import Iterator

from modules.plan.fronts import HTTP_PORT
from modules.plan.names import address, generation
from modules.stack.addressing import at
from modules.stack.bindings import (
    Elb,
    ElbAccessLogs,
    ElbAttachment,
    ElbHealthCheck,
    ElbListener,
    ITerraformDependable,
    LbSslNegotiationPolicy,
    LbSslNegotiationPolicyAttribute,
    LoadBalancerListenerPolicy,
    LoadBalancerPolicy,
    LoadBalancerPolicyPolicyAttribute,
)
from modules.stack.lifecycle import FIRST_MADE
from modules.stack.load_balancer import LoadBalancer, tags_of
from modules.stack.server_authentication import ServerAuthentication


class ClassicLoadBalancer(LoadBalancer):
    """HTTPS on 443 to HTTPS on the site's port; 80 goes to Apache's own, which redirects.

    Its name holds its certificate and TLS policy, so that another of either is another balancer.
    The provider would make the listener anew for the first, without its policies, and leave it
    without any after an exchange of the second: hashicorp/terraform-provider-aws#187.
    """

    def _build(self) -> None:
        balancer = self._made()
        self.dns_name = balancer.dns_name
        self.zone_id = balancer.zone_id
        self.dimensions = {"LoadBalancerName": balancer.name}
        self.attached = [*self._attachments(balancer)]
        self.serving = [
            *self.attached,
            self._listener_policy(balancer),
            *self._server_authentication(balancer),
        ]

    def _address(self, *parts: str) -> str:
        return address(self.site.domain, generation(self._balancer.name), *parts)

    def _made(self) -> Elb:
        site, front, balancer = self.site, self.front, self._balancer
        check = front.health_check
        https = ElbListener(
            lb_port=443,
            lb_protocol="https",
            ssl_certificate_id=self._certificate_arn,
            instance_port=site.port,
            instance_protocol="https",
        )
        http = ElbListener(
            lb_port=80, lb_protocol="http", instance_port=HTTP_PORT, instance_protocol="http"
        )
        return at(
            self._address(),
            Elb(
                self,
                "balancer",
                name=balancer.name,
                internal=balancer.internal,
                security_groups=self._surroundings.groups(),
                subnets=self._surroundings.subnets(balancer),
                listener=[https, http],
                health_check=ElbHealthCheck(
                    target=f"HTTPS:{site.port}{check.path}",
                    interval=check.interval,
                    timeout=check.timeout,
                    healthy_threshold=check.healthy,
                    unhealthy_threshold=check.unhealthy,
                ),
                idle_timeout=balancer.idle_timeout,
                cross_zone_load_balancing=balancer.cross_zone,
                connection_draining=front.draining > 0,
                connection_draining_timeout=front.draining or None,
                desync_mitigation_mode=balancer.desync_mitigation,
                access_logs=self._access_logs(),
                lifecycle=FIRST_MADE,
                depends_on=self._surroundings.ready(balancer) or None,
                tags=tags_of(balancer),
            ),
        )

    def _access_logs(self) -> ElbAccessLogs | None:
        bucket, prefix = self._surroundings.log_bucket, self._balancer.log_prefix
        if bucket is None or prefix is None:
            return None
        return ElbAccessLogs(enabled=True, bucket=bucket, bucket_prefix=prefix, interval=60)

    def _attachments(self, balancer: Elb) -> Iterator[ElbAttachment]:
        for target, instance_id in self._surroundings.instance_ids.items():
            yield at(
                self._address(target),
                ElbAttachment(
                    self,
                    target,
                    elb=balancer.id,
                    instance=instance_id,
                    lifecycle=FIRST_MADE,
                    depends_on=self._surroundings.targets_ready or None,
                ),
            )

    # --- policies ----------------------------------------------------------------------------

    def _listener_policy(self, balancer: Elb) -> LoadBalancerListenerPolicy:
        policies = [self._tls(balancer).name, *self._stickiness(balancer)]
        return at(
            self._address(),
            LoadBalancerListenerPolicy(
                self,
                "policies-of-listener",
                load_balancer_name=balancer.name,
                load_balancer_port=443,
                policy_names=policies,
                lifecycle=FIRST_MADE,
            ),
        )

    def _tls(self, balancer: Elb) -> LbSslNegotiationPolicy:
        predefined = LbSslNegotiationPolicyAttribute(
            name="Reference-Security-Policy", value=self._balancer.tls_policy
        )
        return at(
            self._address(),
            LbSslNegotiationPolicy(
                self,
                "tls",
                name="portico-tls",
                load_balancer=balancer.id,
                lb_port=443,
                attribute=[predefined],
                lifecycle=FIRST_MADE,
            ),
        )

    def _stickiness(self, balancer: Elb) -> Iterator[str]:
        """Make the policy by what any policy is made.

        The provider's resource for a cookie takes all policies off the listener when it goes.
        """
        seconds = self.front.stickiness
        if seconds is None:
            return
        period = LoadBalancerPolicyPolicyAttribute(
            name="CookieExpirationPeriod", value=str(seconds)
        )
        yield at(
            self._address("stickiness"),
            LoadBalancerPolicy(
                self,
                "stickiness",
                load_balancer_name=balancer.name,
                policy_name=f"portico-stickiness-{seconds}",
                policy_type_name="LBCookieStickinessPolicyType",
                policy_attribute=[period],
                lifecycle=FIRST_MADE,
            ),
        ).policy_name

    def _server_authentication(self, balancer: Elb) -> list[ITerraformDependable]:
        keys = self.front.backend_keys
        if not keys:
            return []
        authentication = ServerAuthentication(
            self, "server-authentication", self.site, self.front, balancer_name=balancer.name
        )
        return [authentication.policy]
