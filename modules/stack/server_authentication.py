"""Which public keys a classic balancer accepts from Apache.

https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/elb-create-https-ssl-load-balancer.html
"""

from __future__ import annotations

import hashlib

from modules.plan.names import address, generation
from modules.plan.records import Front, Site
from modules.stack.addressing import at
from modules.stack.bindings import (
    Construct,
    LoadBalancerBackendServerPolicy,
    LoadBalancerPolicy,
    LoadBalancerPolicyPolicyAttribute,
)
from modules.stack.lifecycle import FIRST_MADE

_DIGEST = 12


class ServerAuthentication(Construct):
    """A policy a key, one over all of them, and its place on the site's port.

    The keys are in the policies' names, so that an exchange leaves no moment without a policy.
    """

    def __init__(
        self,
        scope: Construct,
        node_id: str,
        site: Site,
        front: Front,
        *,
        balancer_name: str,
    ) -> None:
        super().__init__(scope, node_id)
        self._domain, self._generation = site.domain, generation(front.balancer.name)
        self._balancer_name = balancer_name
        accepted = self._policy(
            "backend",
            _digest(*front.backend_keys),
            "BackendServerAuthenticationPolicyType",
            [
                LoadBalancerPolicyPolicyAttribute(
                    name="PublicKeyPolicyName", value=self._key(key).policy_name
                )
                for key in front.backend_keys
            ],
        )
        self.policy = at(
            address(site.domain, self._generation),
            LoadBalancerBackendServerPolicy(
                self,
                "policies-of-port",
                load_balancer_name=balancer_name,
                instance_port=site.port,
                policy_names=[accepted.policy_name],
                lifecycle=FIRST_MADE,
            ),
        )

    def _key(self, key: str) -> LoadBalancerPolicy:
        return self._policy(
            "key",
            _digest(key),
            "PublicKeyPolicyType",
            [LoadBalancerPolicyPolicyAttribute(name="PublicKey", value=key)],
        )

    def _policy(
        self,
        word: str,
        digest: str,
        type_name: str,
        attributes: list[LoadBalancerPolicyPolicyAttribute],
    ) -> LoadBalancerPolicy:
        return at(
            address(self._domain, self._generation, word, digest),
            LoadBalancerPolicy(
                self,
                f"{word}-{digest}",
                load_balancer_name=self._balancer_name,
                policy_name=f"portico-{word}-{digest}",
                policy_type_name=type_name,
                policy_attribute=attributes,
                lifecycle=FIRST_MADE,
            ),
        )


def _digest(*keys: str) -> str:
    return hashlib.sha256("\0".join(keys).encode()).hexdigest()[:_DIGEST]
