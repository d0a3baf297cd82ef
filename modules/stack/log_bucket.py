"""The S3 bucket of the balancers' access logs: one that the team has, or one that only they fill.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/enable-access-logs.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/network/enable-access-logs.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from modules.fleet.aws import partition
from modules.plan.records import LogBucket as LogBucketRecord
from modules.plan.records import Plan
from modules.stack.addressing import at
from modules.stack.bindings import (
    Construct,
    DataAwsCallerIdentity,
    DataAwsElbServiceAccount,
    ITerraformDependable,
    S3Bucket,
    S3BucketLifecycleRule,
    S3BucketLifecycleRuleExpiration,
    S3BucketPolicy,
    S3BucketPublicAccessBlock,
    S3BucketServerSideEncryptionConfiguration,
    S3BucketServerSideEncryptionConfigurationRule,
    S3BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefault,
)

ADDRESS = "access_logs"

REGIONS_WITH_ACCOUNT = frozenset({
    "af-south-1", "ap-east-1", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1",
    "ap-southeast-1", "ap-southeast-2", "ca-central-1", "cn-north-1", "cn-northwest-1",
    "eu-central-1", "eu-north-1", "eu-south-1", "eu-west-1", "eu-west-2", "eu-west-3",
    "me-south-1", "sa-east-1", "us-east-1", "us-east-2", "us-gov-east-1", "us-gov-west-1",
    "us-west-1", "us-west-2",
})  # fmt: skip
"""Where Elastic Load Balancing once wrote by an account of the region; no new one will come.

AWS has the service principal in all regions now, and this beside it. Read in November 2026; those
that the provider knows since 3.39, for in any other its data source fails.
"""


class LogBucket(Construct):
    """The fleet's bucket, where it has one, created where it says so."""

    name: str | None = None
    ready: Sequence[ITerraformDependable] = ()
    """What must exist before a balancer is told to log: AWS writes a test file at that moment."""

    def __init__(self, scope: Construct, node_id: str, plan: Plan) -> None:
        super().__init__(scope, node_id)
        bucket = plan.log_bucket
        if bucket:
            self.name = bucket.name
        if bucket and bucket.create:
            self.ready = self._create(bucket, plan.region, plan.tags)

    def _create(
        self, record: LogBucketRecord, region: str, tags: Mapping[str, str]
    ) -> Sequence[ITerraformDependable]:
        bucket = at(
            ADDRESS,
            # Resources of their own for the two settings came with 4.0; these are in all versions
            # but 4.0 to 4.8.
            S3Bucket(
                self,
                "bucket",
                bucket=record.name,
                lifecycle_rule=[
                    S3BucketLifecycleRule(
                        id="expire",
                        enabled=True,
                        expiration=S3BucketLifecycleRuleExpiration(days=record.expire_days),
                    )
                ],
                server_side_encryption_configuration=_sse_s3(),
                tags={**tags, "Name": record.name},
            ),
        )
        closed = at(
            ADDRESS,
            S3BucketPublicAccessBlock(
                self,
                "closed",
                bucket=bucket.id,
                block_public_acls=True,
                block_public_policy=True,
                ignore_public_acls=True,
                restrict_public_buckets=True,
            ),
        )
        policy = at(
            ADDRESS,
            S3BucketPolicy(
                self,
                "policy",
                bucket=bucket.id,
                policy=json.dumps(self._policy(record, region)),
                # S3 refuses two changes of one bucket at a time.
                depends_on=[closed],
            ),
        )
        return [policy]

    def _policy(self, record: LogBucketRecord, region: str) -> dict[str, object]:
        account = at(ADDRESS, DataAwsCallerIdentity(self, "account")).account_id
        arn = f"arn:{partition(region)}"
        bucket = f"{arn}:s3:::{record.name}"
        # `*` is the rest of each balancer's prefix, slashes too.
        folder = "/".join((bucket, *([record.prefix] if record.prefix else []), "*"))
        files = f"{folder}/AWSLogs/{account}/*"
        classic_and_application: dict[str, object] = {
            "Service": "logdelivery.elasticloadbalancing.amazonaws.com"
        }
        if region in REGIONS_WITH_ACCOUNT:
            service = at(ADDRESS, DataAwsElbServiceAccount(self, "service"))
            classic_and_application["AWS"] = service.arn
        network = {"Service": "delivery.logs.amazonaws.com"}
        ours = {
            "StringEquals": {"aws:SourceAccount": account},
            "ArnLike": {"aws:SourceArn": f"{arn}:logs:{region}:{account}:*"},
        }
        owned = {"s3:x-amz-acl": "bucket-owner-full-control", **ours["StringEquals"]}
        return {
            "Version": "2012-10-17",
            "Statement": [
                _allow("Balancers", classic_and_application, "s3:PutObject", files),
                _allow("NetworkBalancersLook", network, "s3:GetBucketAcl", bucket, ours),
                _allow(
                    "NetworkBalancers",
                    network,
                    "s3:PutObject",
                    files,
                    {**ours, "StringEquals": owned},
                ),
            ],
        }


def _allow(
    sid: str,
    principal: Mapping[str, object],
    action: str,
    resource: str,
    condition: Mapping[str, object] | None = None,
) -> dict[str, object]:
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": principal,
        "Action": action,
        "Resource": resource,
        **({"Condition": condition} if condition else {}),
    }


def _sse_s3() -> S3BucketServerSideEncryptionConfiguration:
    """Return the one encryption that balancers can write to."""
    return S3BucketServerSideEncryptionConfiguration(
        rule=S3BucketServerSideEncryptionConfigurationRule(
            apply_server_side_encryption_by_default=(
                S3BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefault(
                    sse_algorithm="AES256"
                )
            )
        )
    )
