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
    LocalExecProvisioner,
    RemoteExecProvisioner,
    S3Backend,
    SSHProvisionerConnection,
    TerraformAsset,
    TerraformElement,
    TerraformLocal,
    TerraformOutput,
    TerraformProvider,
    TerraformResource,
    TerraformResourceLifecycle,
    TerraformStack,
    TerraformVariable,
)
from cdktf_cdktf_provider_aws.acm_certificate import AcmCertificate
from cdktf_cdktf_provider_aws.acm_certificate_validation import AcmCertificateValidation
from cdktf_cdktf_provider_aws.cloudwatch_metric_alarm import CloudwatchMetricAlarm
from cdktf_cdktf_provider_aws.data_aws_availability_zones import (
    DataAwsAvailabilityZones,
    DataAwsAvailabilityZonesFilter,
)
from cdktf_cdktf_provider_aws.data_aws_caller_identity import DataAwsCallerIdentity
from cdktf_cdktf_provider_aws.data_aws_elb_service_account import DataAwsElbServiceAccount
from cdktf_cdktf_provider_aws.data_aws_route53_zone import DataAwsRoute53Zone
from cdktf_cdktf_provider_aws.data_aws_subnet import DataAwsSubnet
from cdktf_cdktf_provider_aws.elb import Elb, ElbAccessLogs, ElbHealthCheck, ElbListener
from cdktf_cdktf_provider_aws.elb_attachment import ElbAttachment
from cdktf_cdktf_provider_aws.iam_server_certificate import IamServerCertificate
from cdktf_cdktf_provider_aws.instance import Instance, InstanceMetadataOptions
from cdktf_cdktf_provider_aws.internet_gateway import InternetGateway
from cdktf_cdktf_provider_aws.lb import Lb, LbAccessLogs
from cdktf_cdktf_provider_aws.lb_listener import (
    LbListener,
    LbListenerDefaultAction,
    LbListenerDefaultActionFixedResponse,
    LbListenerDefaultActionRedirect,
)
from cdktf_cdktf_provider_aws.lb_listener_certificate import LbListenerCertificate
from cdktf_cdktf_provider_aws.lb_listener_rule import (
    LbListenerRule,
    LbListenerRuleAction,
    LbListenerRuleCondition,
    LbListenerRuleConditionHostHeader,
)
from cdktf_cdktf_provider_aws.lb_ssl_negotiation_policy import (
    LbSslNegotiationPolicy,
    LbSslNegotiationPolicyAttribute,
)
from cdktf_cdktf_provider_aws.lb_target_group import (
    LbTargetGroup,
    LbTargetGroupHealthCheck,
    LbTargetGroupStickiness,
    LbTargetGroupTargetHealthState,
)
from cdktf_cdktf_provider_aws.lb_target_group_attachment import LbTargetGroupAttachment
from cdktf_cdktf_provider_aws.load_balancer_backend_server_policy import (
    LoadBalancerBackendServerPolicy,
)
from cdktf_cdktf_provider_aws.load_balancer_listener_policy import LoadBalancerListenerPolicy
from cdktf_cdktf_provider_aws.load_balancer_policy import (
    LoadBalancerPolicy,
    LoadBalancerPolicyPolicyAttribute,
)
from cdktf_cdktf_provider_aws.provider import AwsProvider, AwsProviderAssumeRole
from cdktf_cdktf_provider_aws.route import Route
from cdktf_cdktf_provider_aws.route53_record import (
    Route53Record,
    Route53RecordAlias,
    Route53RecordWeightedRoutingPolicy,
)
from cdktf_cdktf_provider_aws.route53_zone import Route53Zone, Route53ZoneVpc
from cdktf_cdktf_provider_aws.route_table import RouteTable
from cdktf_cdktf_provider_aws.route_table_association import RouteTableAssociation
from cdktf_cdktf_provider_aws.s3_bucket import (
    S3Bucket,
    S3BucketLifecycleRule,
    S3BucketLifecycleRuleExpiration,
    S3BucketServerSideEncryptionConfiguration,
    S3BucketServerSideEncryptionConfigurationRule,
    S3BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefault,
)
from cdktf_cdktf_provider_aws.s3_bucket_policy import S3BucketPolicy
from cdktf_cdktf_provider_aws.s3_bucket_public_access_block import S3BucketPublicAccessBlock
from cdktf_cdktf_provider_aws.security_group import SecurityGroup
from cdktf_cdktf_provider_aws.security_group_rule import SecurityGroupRule
from cdktf_cdktf_provider_aws.subnet import Subnet
from cdktf_cdktf_provider_aws.vpc import Vpc
from cdktf_cdktf_provider_aws.wafv2_web_acl_association import Wafv2WebAclAssociation
from constructs import Construct

__all__ = [
    "AcmCertificate",
    "AcmCertificateValidation",
    "App",
    "AssetType",
    "AwsProvider",
    "AwsProviderAssumeRole",
    "CloudwatchMetricAlarm",
    "Construct",
    "DataAwsAvailabilityZones",
    "DataAwsAvailabilityZonesFilter",
    "DataAwsCallerIdentity",
    "DataAwsElbServiceAccount",
    "DataAwsRoute53Zone",
    "DataAwsSubnet",
    "Elb",
    "ElbAccessLogs",
    "ElbAttachment",
    "ElbHealthCheck",
    "ElbListener",
    "FileProvisioner",
    "ITerraformDependable",
    "IamServerCertificate",
    "Instance",
    "InstanceMetadataOptions",
    "InternetGateway",
    "Lb",
    "LbAccessLogs",
    "LbListener",
    "LbListenerCertificate",
    "LbListenerDefaultAction",
    "LbListenerDefaultActionFixedResponse",
    "LbListenerDefaultActionRedirect",
    "LbListenerRule",
    "LbListenerRuleAction",
    "LbListenerRuleCondition",
    "LbListenerRuleConditionHostHeader",
    "LbSslNegotiationPolicy",
    "LbSslNegotiationPolicyAttribute",
    "LbTargetGroup",
    "LbTargetGroupAttachment",
    "LbTargetGroupHealthCheck",
    "LbTargetGroupStickiness",
    "LbTargetGroupTargetHealthState",
    "LoadBalancerBackendServerPolicy",
    "LoadBalancerListenerPolicy",
    "LoadBalancerPolicy",
    "LoadBalancerPolicyPolicyAttribute",
    "LocalBackend",
    "LocalExecProvisioner",
    "RemoteExecProvisioner",
    "Route",
    "Route53Record",
    "Route53RecordAlias",
    "Route53RecordWeightedRoutingPolicy",
    "Route53Zone",
    "Route53ZoneVpc",
    "RouteTable",
    "RouteTableAssociation",
    "S3Backend",
    "S3Bucket",
    "S3BucketLifecycleRule",
    "S3BucketLifecycleRuleExpiration",
    "S3BucketPolicy",
    "S3BucketPublicAccessBlock",
    "S3BucketServerSideEncryptionConfiguration",
    "S3BucketServerSideEncryptionConfigurationRule",
    "S3BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefault",
    "SSHProvisionerConnection",
    "SecurityGroup",
    "SecurityGroupRule",
    "Subnet",
    "TerraformAsset",
    "TerraformElement",
    "TerraformLocal",
    "TerraformOutput",
    "TerraformProvider",
    "TerraformResource",
    "TerraformResourceLifecycle",
    "TerraformStack",
    "TerraformVariable",
    "Vpc",
    "Wafv2WebAclAssociation",
]
