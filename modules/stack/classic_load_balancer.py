"""A Classic Load Balancer of a site's own, which re-encrypts to the site's port."""

from __future__ import annotations

from collections.abc import Iterator

from modules.plan.names import address
from modules.plan.records import HEALTH_PATH
from modules.stack.addressing import at
from modules.stack.bindings import (
    Elb,
    ElbAttachment,
    ElbHealthCheck,
    ElbListener,
    LbSslNegotiationPolicy,
    LbSslNegotiationPolicyAttribute,
    LoadBalancerListenerPolicy,
    TerraformResourceLifecycle,
)
from modules.stack.load_balancer import LoadBalancer


class ClassicLoadBalancer(LoadBalancer):
    """HTTPS on 443 to HTTPS on the site's port; 80 goes to Apache's own, which redirects."""

    def _build(self) -> None:
        balancer = self._balancer()
        self.dns_name = balancer.dns_name
        self.zone_id = balancer.zone_id
        self.serving = [*self._attachments(balancer), self._tls_policy(balancer)]

    def _balancer(self) -> Elb:
        https = ElbListener(
            lb_port=443,
            lb_protocol="https",
            ssl_certificate_id=self._certificate_arn,
            instance_port=self._site.port,
            instance_protocol="https",
        )
        http = ElbListener(
            lb_port=80, lb_protocol="http", instance_port=80, instance_protocol="http"
        )
        return at(
            address(self._site.domain),
            Elb(
                self,
                "balancer",
                name=self._site.balancer.name,
                internal=False,
                security_groups=[self._surroundings.balancer_group_id],
                subnets=list(self._surroundings.subnet_ids),
                listener=[https, http],
                health_check=ElbHealthCheck(
                    target=f"HTTPS:{self._site.port}{HEALTH_PATH}",
                    interval=10,
                    timeout=5,
                    healthy_threshold=2,
                    unhealthy_threshold=3,
                ),
                cross_zone_load_balancing=True,
                connection_draining=True,
                # Its listeners point at Apache's ports: Apache must listen there before.
                depends_on=[*self._reachable, *self._surroundings.released] or None,
                tags=self._tags,
            ),
        )

    def _attachments(self, balancer: Elb) -> Iterator[ElbAttachment]:
        for server, instance_id in self._surroundings.instance_ids.items():
            yield at(
                address(self._site.domain, server),
                ElbAttachment(
                    self,
                    server,
                    elb=balancer.id,
                    instance=instance_id,
                    depends_on=list(self._surroundings.released) or None,
                ),
            )

    def _tls_policy(self, balancer: Elb) -> LoadBalancerListenerPolicy:
        predefined = LbSslNegotiationPolicyAttribute(
            name="Reference-Security-Policy", value=self._site.balancer.tls_policy
        )
        policy = at(
            address(self._site.domain),
            LbSslNegotiationPolicy(
                self,
                "tls",
                name="portico-tls",
                load_balancer=balancer.id,
                lb_port=443,
                attribute=[predefined],
            ),
        )
        # The provider makes a listener whose certificate changes anew, without its policies, and
        # this resource would notice at the next apply: hashicorp/terraform-provider-aws#187.
        # Replaced with the listener, one apply ends with the policy (measured with 3.39); it is
        # off only while the new certificate is validated.
        return at(
            address(self._site.domain),
            LoadBalancerListenerPolicy(
                self,
                "tls-of-listener",
                load_balancer_name=balancer.name,
                load_balancer_port=443,
                policy_names=[policy.name],
                lifecycle=TerraformResourceLifecycle(
                    # Terraform's JSON takes a plain reference here; `fqn` would be in "${}".
                    replace_triggered_by=[f"aws_elb.{address(self._site.domain)}.listener"]
                ),
            ),
        )
