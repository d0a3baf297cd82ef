"""A team's own CDKTF app: a whole fleet as one stack, and one site among the team's own resources.

`cdktf synth` in this folder.
"""

from __future__ import annotations

from pathlib import Path

from modules.fleet import load_fleet
from modules.plan import Plan, make_plan
from modules.stack import Certificates, FleetStack, Site, Surroundings

# After modules.stack, cdktf and the AWS bindings load in half a second.
# isort: split
from cdktf import App, S3Backend, TerraformStack
from cdktf_cdktf_provider_aws.provider import AwsProvider
from cdktf_cdktf_provider_aws.route53_zone import Route53Zone
from cdktf_cdktf_provider_aws.security_group import SecurityGroup
from cdktf_cdktf_provider_aws.ssm_parameter import SsmParameter

HERE = Path(__file__).parent


class CampaignStack(TerraformStack):
    """One site's certificate, balancer and records; zone, security group and parameter are ours.

    Our Apache is configured by other means, on the port that the plan gives the site.
    """

    def __init__(self, app: App, plan: Plan) -> None:
        super().__init__(app, plan.fleet)
        AwsProvider(self, "aws", region=plan.region)
        S3Backend(self, bucket="team-tf", key="campaign.tfstate", region=plan.region)
        (record,) = plan.sites
        zone = Route53Zone(self, "zone", name="example.com")
        zone_ids = {"example.com": zone.zone_id}
        certificates = Certificates(
            self, "certificates", plan, zone_ids=zone_ids, zone_providers={}
        )
        group = SecurityGroup(self, "office", name="office", vpc_id="vpc-0f1e2d3c4b5a69788")
        site = Site(
            self,
            "summer",
            record,
            Surroundings(
                vpc_id=group.vpc_id,
                subnet_ids=["subnet-0f1e2d3c4b5a69788", "subnet-1f1e2d3c4b5a69788"],
                balancer_group_id=group.id,
                instance_ids={"web-9": "i-0fedcba9876543210"},
                zone_ids=zone_ids,
                certificate_arns=certificates.arns,
            ),
        )
        SsmParameter(
            self, "address", name="/summer/address", type="String", value=site.balancer.dns_name
        )


def build(app: App) -> None:
    """Add both stacks to the app."""
    FleetStack(app, load_fleet(HERE / "brands" / "fleet.yaml"))
    CampaignStack(app, make_plan(load_fleet(HERE / "campaign" / "fleet.yaml")))


if __name__ == "__main__":
    whole = App()
    build(whole)
    whole.synth()
