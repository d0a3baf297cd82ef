"""Application Load Balancers, which re-encrypt to the sites' ports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from modules.plan.names import address, generation
from modules.plan.records import Balancer
from modules.stack.addressing import at
from modules.stack.bindings import (
    Construct,
    ITerraformDependable,
    Lb,
    LbAccessLogs,
    LbListener,
    LbListenerDefaultAction,
    LbListenerDefaultActionRedirect,
)
from modules.stack.lifecycle import FIRST_MADE
from modules.stack.load_balancer import LoadBalancer, tags_of
from modules.stack.surroundings import Surroundings
from modules.stack.target_groups import HttpsTargetGroup
from modules.stack.web_acl import WebAcl


class ApplicationLoadBalancer(LoadBalancer):
    """TLS on 443 to HTTPS on the site's port; 80 is redirected at the edge."""

    def _build(self) -> None:
        targets = HttpsTargetGroup(self, "targets", self.site, self.front, self._surroundings)
        balancer = ApplicationBalancer(self, "balancer", self._balancer, self._surroundings)
        https = balancer.listen(
            self._certificate_arn,
            LbListenerDefaultAction(type="forward", target_group_arn=targets.arn),
        )
        self.dns_name = balancer.dns_name
        self.zone_id = balancer.zone_id
        self.dimensions = balancer.dimensions(targets)
        self.attached = targets.attached
        self.serving = [*self.attached, *balancer.ready, https]


class ApplicationBalancer(Construct):
    """The balancer itself, with the redirect of port 80: of one site, or of many."""

    def __init__(
        self,
        scope: Construct,
        node_id: str,
        balancer: Balancer,
        surroundings: Surroundings,
    ) -> None:
        super().__init__(scope, node_id)
        self._record = balancer
        self._balancer = self._made(surroundings)
        self.dns_name = self._balancer.dns_name
        self.zone_id = self._balancer.zone_id
        self.ready: Sequence[ITerraformDependable] = [self._http(), *self._web_acl()]

    def dimensions(self, targets: HttpsTargetGroup) -> Mapping[str, str]:
        """Return by what CloudWatch knows it, as the balancer of these targets."""
        return {"LoadBalancer": self._balancer.arn_suffix, "TargetGroup": targets.arn_suffix}

    def listen(self, certificate_arn: str, default_action: LbListenerDefaultAction) -> LbListener:
        """Make the listener on 443."""
        return at(
            address(self._record.key, generation(self._record.name), "https"),
            LbListener(
                self,
                "https",
                load_balancer_arn=self._balancer.arn,
                port=443,
                protocol="HTTPS",
                ssl_policy=self._record.tls_policy,
                certificate_arn=certificate_arn,
                default_action=[default_action],
                lifecycle=FIRST_MADE,
            ),
        )

    def _made(self, surroundings: Surroundings) -> Lb:
        balancer = self._record
        return at(
            address(balancer.key, generation(balancer.name)),
            Lb(
                self,
                "balancer",
                name=balancer.name,
                load_balancer_type="application",
                internal=balancer.internal,
                ip_address_type="dualstack" if balancer.ipv6 else "ipv4",
                security_groups=surroundings.groups(),
                subnets=surroundings.subnets(balancer),
                idle_timeout=balancer.idle_timeout,
                enable_deletion_protection=balancer.deletion_protection,
                drop_invalid_header_fields=balancer.drop_invalid_headers,
                desync_mitigation_mode=balancer.desync_mitigation,
                access_logs=access_logs(balancer, surroundings),
                lifecycle=FIRST_MADE,
                depends_on=surroundings.ready(balancer) or None,
                tags=tags_of(balancer),
            ),
        )

    def _http(self) -> LbListener:
        redirect = LbListenerDefaultActionRedirect(
            protocol="HTTPS", port="443", status_code="HTTP_301"
        )
        return at(
            address(self._record.key, generation(self._record.name), "http"),
            LbListener(
                self,
                "http",
                load_balancer_arn=self._balancer.arn,
                port=80,
                protocol="HTTP",
                default_action=[LbListenerDefaultAction(type="redirect", redirect=redirect)],
                lifecycle=FIRST_MADE,
            ),
        )

    def _web_acl(self) -> list[ITerraformDependable]:
        if self._record.waf is None:
            return []
        acl = WebAcl(
            self,
            "web-acl",
            self._record,
            balancer_arn=self._balancer.arn,
            web_acl_arn=self._record.waf,
        )
        return [acl.association]


def access_logs(balancer: Balancer, surroundings: Surroundings) -> LbAccessLogs:
    """Return where the balancer logs; left out it would mean "as it is"."""
    if balancer.log_prefix is None or surroundings.log_bucket is None:
        return LbAccessLogs(enabled=False, bucket="")
    return LbAccessLogs(enabled=True, bucket=surroundings.log_bucket, prefix=balancer.log_prefix)
