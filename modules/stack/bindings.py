"""The one seam to cdktf and the AWS bindings: all that Portico uses of them, and nothing else.

The classes that end a list argument (`LbListenerDefaultAction`, …) are here because a dict in a
list loses keys silently.
"""
# ruff: noqa: E402 - `startup.start` comes before the first import of cdktf

from __future__ import annotations

from modules.stack import startup

startup.start()

from cdktf import (
    App,
    AssetType,
    FileProvisioner,
    ITerraformDependable,
    LocalBackend,
    RemoteExecProvisioner,
    S3Backend,
    SSHProvisionerConnection,
    TerraformAsset,
    TerraformElement,
    TerraformLocal,
    TerraformOutput,
    TerraformResource,
    TerraformResourceLifecycle,
    TerraformStack,
    TerraformVariable,
)
from cdktf_cdktf_provider_aws.acm_certificate import AcmCertificate
from cdktf_cdktf_provider_aws.acm_certificate_validation import AcmCertificateValidation
from cdktf_cdktf_provider_aws.data_aws_availability_zones import (
    DataAwsAvailabilityZones,
    DataAwsAvailabilityZonesFilter,
)
from cdktf_cdktf_provider_aws.data_aws_route53_zone import DataAwsRoute53Zone
from cdktf_cdktf_provider_aws.data_aws_subnet import DataAwsSubnet
from cdktf_cdktf_provider_aws.elb import Elb, ElbHealthCheck, ElbListener
from cdktf_cdktf_provider_aws.elb_attachment import ElbAttachment
from cdktf_cdktf_provider_aws.instance import Instance, InstanceMetadataOptions
from cdktf_cdktf_provider_aws.internet_gateway import InternetGateway
from cdktf_cdktf_provider_aws.lb import Lb
from cdktf_cdktf_provider_aws.lb_listener import (
    LbListener,
    LbListenerDefaultAction,
    LbListenerDefaultActionRedirect,
)
from cdktf_cdktf_provider_aws.lb_ssl_negotiation_policy import (
    LbSslNegotiationPolicy,
    LbSslNegotiationPolicyAttribute,
)
from cdktf_cdktf_provider_aws.lb_target_group import LbTargetGroup, LbTargetGroupHealthCheck
from cdktf_cdktf_provider_aws.lb_target_group_attachment import LbTargetGroupAttachment
from cdktf_cdktf_provider_aws.load_balancer_listener_policy import LoadBalancerListenerPolicy
from cdktf_cdktf_provider_aws.provider import AwsProvider
from cdktf_cdktf_provider_aws.route import Route
from cdktf_cdktf_provider_aws.route53_record import Route53Record, Route53RecordAlias
from cdktf_cdktf_provider_aws.route53_zone import Route53Zone
from cdktf_cdktf_provider_aws.route_table import RouteTable
from cdktf_cdktf_provider_aws.route_table_association import RouteTableAssociation
from cdktf_cdktf_provider_aws.security_group import SecurityGroup
from cdktf_cdktf_provider_aws.security_group_rule import SecurityGroupRule
from cdktf_cdktf_provider_aws.subnet import Subnet
from cdktf_cdktf_provider_aws.vpc import Vpc
from constructs import Construct

__all__ = [
    "AcmCertificate",
    "AcmCertificateValidation",
    "App",
    "AssetType",
    "AwsProvider",
    "Construct",
    "DataAwsAvailabilityZones",
    "DataAwsAvailabilityZonesFilter",
    "DataAwsRoute53Zone",
    "DataAwsSubnet",
    "Elb",
    "ElbAttachment",
    "ElbHealthCheck",
    "ElbListener",
    "FileProvisioner",
    "ITerraformDependable",
    "Instance",
    "InstanceMetadataOptions",
    "InternetGateway",
    "Lb",
    "LbListener",
    "LbListenerDefaultAction",
    "LbListenerDefaultActionRedirect",
    "LbSslNegotiationPolicy",
    "LbSslNegotiationPolicyAttribute",
    "LbTargetGroup",
    "LbTargetGroupAttachment",
    "LbTargetGroupHealthCheck",
    "LoadBalancerListenerPolicy",
    "LocalBackend",
    "RemoteExecProvisioner",
    "Route",
    "Route53Record",
    "Route53RecordAlias",
    "Route53Zone",
    "RouteTable",
    "RouteTableAssociation",
    "S3Backend",
    "SSHProvisionerConnection",
    "SecurityGroup",
    "SecurityGroupRule",
    "Subnet",
    "TerraformAsset",
    "TerraformElement",
    "TerraformLocal",
    "TerraformOutput",
    "TerraformResource",
    "TerraformResourceLifecycle",
    "TerraformStack",
    "TerraformVariable",
    "Vpc",
]
