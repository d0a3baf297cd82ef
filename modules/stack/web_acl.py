"""A WAF web ACL in front of a balancer."""

from __future__ import annotations

from modules.stack.addressing import at
from modules.stack.bindings import Construct, Wafv2WebAclAssociation


class WebAcl(Construct):
    """The association of a regional web ACL that the team has with an application balancer.

    One that goes takes whatever ACL the balancer has off it: so it goes before its successor comes.
    https://docs.aws.amazon.com/waf/latest/APIReference/API_DisassociateWebACL.html
    """

    def __init__(
        self, scope: Construct, node_id: str, address: str, *, balancer_arn: str, web_acl_arn: str
    ) -> None:
        super().__init__(scope, node_id)
        self.association = at(
            address,
            Wafv2WebAclAssociation(
                self,
                "association",
                resource_arn=balancer_arn,
                web_acl_arn=web_acl_arn,
            ),
        )
