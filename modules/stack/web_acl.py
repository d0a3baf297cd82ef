"""A WAF web ACL in front of a balancer."""

from __future__ import annotations

from modules.plan.names import address, generation
from modules.plan.records import Balancer
from modules.stack.addressing import at
from modules.stack.bindings import Construct, Wafv2WebAclAssociation
from modules.stack.lifecycle import FIRST_MADE


class WebAcl(Construct):
    """The association of a regional web ACL that the team has with an application balancer.

    One that goes takes whatever ACL the balancer has off it. So another ACL is another balancer,
    and each keeps its own for as long as clients reach it; or, of a balancer that is `pinned`, the
    old association goes before the new one comes.
    https://docs.aws.amazon.com/waf/latest/APIReference/API_DisassociateWebACL.html
    """

    def __init__(
        self,
        scope: Construct,
        node_id: str,
        balancer: Balancer,
        *,
        balancer_arn: str,
        web_acl_arn: str,
    ) -> None:
        super().__init__(scope, node_id)
        self.association = at(
            address(balancer.key, generation(balancer.name)),
            Wafv2WebAclAssociation(
                self,
                "association",
                resource_arn=balancer_arn,
                web_acl_arn=web_acl_arn,
                lifecycle=None if balancer.pinned else FIRST_MADE,
            ),
        )
