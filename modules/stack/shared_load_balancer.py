"""An Application Load Balancer of many sites, told apart by SNI and host; a site's part on it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence

from modules.fleet.shared import VALUES_OF_A_RULE
from modules.plan.names import address, generation
from modules.plan.records import Certificate, ExistingCertificate, SharedBalancer, Site
from modules.stack.addressing import at
from modules.stack.application_load_balancer import ApplicationBalancer
from modules.stack.bindings import (
    Construct,
    ITerraformDependable,
    LbListenerCertificate,
    LbListenerDefaultAction,
    LbListenerDefaultActionFixedResponse,
    LbListenerRule,
    LbListenerRuleAction,
    LbListenerRuleCondition,
    LbListenerRuleConditionHostHeader,
)
from modules.stack.lifecycle import FIRST_MADE
from modules.stack.load_balancer import FrontDoor
from modules.stack.security_groups import clients_of
from modules.stack.surroundings import Surroundings
from modules.stack.target_groups import HttpsTargetGroup

SHARED = "shared"

_DIGEST = 12


class SharedLoadBalancer(Construct):
    """The balancer with the certificates of its sites; a host that is no site's gets 404.

    A client without SNI gets the certificate of the `default` site.
    """

    def __init__(
        self,
        scope: Construct,
        node_id: str,
        record: SharedBalancer,
        sites: Mapping[str, Site],
        surroundings: Surroundings,
    ) -> None:
        super().__init__(scope, node_id)
        self._key = record.balancer.key
        self._generation = generation(record.balancer.name)
        default = sites[record.default].certificate
        surroundings = clients_of(self, record.balancer, surroundings)
        nowhere = LbListenerDefaultActionFixedResponse(
            content_type="text/plain", message_body="Not Found", status_code="404"
        )
        self.balancer = ApplicationBalancer(self, "balancer", record.balancer, surroundings)
        self._https = self.balancer.listen(
            surroundings.certificate_arn(default),
            LbListenerDefaultAction(type="fixed-response", fixed_response=nowhere),
        )
        self.listener_arn = self._https.arn
        others = {
            identity(sites[domain].certificate): sites[domain].certificate
            for domain in record.sites
        }
        others.pop(identity(default))
        self._presented = {
            key: self._present(key, surroundings.certificate_arn(certificate))
            for key, certificate in others.items()
        }

    def presenting(self, certificate: Certificate) -> Sequence[ITerraformDependable]:
        """Return what must exist before clients with SNI get the certificate."""
        presented = self._presented.get(identity(certificate))
        return [*self.balancer.ready, self._https, *([presented] if presented else [])]

    def _present(self, key: str, certificate_arn: str) -> LbListenerCertificate:
        return at(
            address(self._key, self._generation, key),
            LbListenerCertificate(
                self,
                key,
                listener_arn=self.listener_arn,
                certificate_arn=certificate_arn,
                lifecycle=FIRST_MADE,
            ),
        )


class SharedFrontDoor(FrontDoor):
    """A site on a shared balancer: its target group, and the rules that lead its names there."""

    def _build(self) -> None:
        targets = HttpsTargetGroup(
            self, "targets", self.site, self.front, self._surroundings, SHARED
        )
        shared = self._surroundings.shared[self.front.balancer.key]
        self.dns_name = shared.balancer.dns_name
        self.zone_id = shared.balancer.zone_id
        self.dimensions = shared.balancer.dimensions(targets)
        self.attached = targets.attached
        self.serving = [
            *self.attached,
            *shared.presenting(self.site.certificate),
            *self._rules(shared.listener_arn, targets),
        ]

    def _rules(self, listener_arn: str, targets: HttpsTargetGroup) -> list[LbListenerRule]:
        """Make the rules from the last one back.

        Where a name leaves, the following ones move up: the rule that takes them is changed before
        the last one goes, and the other way round where a name comes.
        """
        on = generation(self.front.balancer.name)
        rules: list[LbListenerRule] = []
        for number, names in reversed([*enumerate(_names_of_rules(self.site.names), 1)]):
            rules.append(
                at(
                    address(self.site.domain, SHARED, on, str(number)),
                    LbListenerRule(
                        self,
                        f"rule-{number}",
                        # No name is in two rules, so that their priority is all the same. Left out,
                        # AWS's highest and one more is taken, which no other rule of any site has.
                        listener_arn=listener_arn,
                        action=[LbListenerRuleAction(type="forward", target_group_arn=targets.arn)],
                        condition=[
                            LbListenerRuleCondition(
                                host_header=LbListenerRuleConditionHostHeader(values=list(names))
                            )
                        ],
                        lifecycle=FIRST_MADE,
                        depends_on=rules[-1:] or None,
                    ),
                )
            )
        return rules


def identity(certificate: Certificate) -> str:
    """Return what tells a certificate from all others, as a part of an address.

    Also from its predecessors: where one comes back whose removal an apply still owes, the old
    presentation has to be the same resource, else its removal would follow the new one's creation.
    """
    if isinstance(certificate, ExistingCertificate):
        return hashlib.sha256(certificate.arn.encode()).hexdigest()[:_DIGEST]
    return "__".join((certificate.key.replace(".", "_"), *certificate.generation))


def _names_of_rules(names: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(names), VALUES_OF_A_RULE):
        yield names[start : start + VALUES_OF_A_RULE]
