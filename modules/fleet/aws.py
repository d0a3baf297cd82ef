"""AWS's and Terraform's names: regions, ids, ARNs, tags, state."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator

from modules.fleet.choices import OrNothing
from modules.fleet.problems import Code, nearest, refusal, show
from modules.fleet.text import Matching, described

REGIONS = (
    "af-south-1", "ap-east-1", "ap-east-2", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3",
    "ap-south-1", "ap-south-2", "ap-southeast-1", "ap-southeast-2", "ap-southeast-3",
    "ap-southeast-4", "ap-southeast-5", "ap-southeast-6", "ap-southeast-7", "ca-central-1",
    "ca-west-1", "cn-north-1", "cn-northwest-1", "eu-central-1", "eu-central-2", "eu-north-1",
    "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-2", "eu-west-3", "il-central-1",
    "me-central-1", "me-south-1", "mx-central-1", "sa-east-1", "us-east-1", "us-east-2",
    "us-gov-east-1", "us-gov-west-1", "us-west-1", "us-west-2",
)  # fmt: skip
"""As of 2026-11, for suggestions alone: a new region needs no new Portico."""
_REGION = re.compile(
    r"(af|ap|ca|cn|eu|il|me|mx|sa|us|us-gov)-"
    r"(central|(north|south)?(east|west)|north|south)-[1-9]",
    re.ASCII,
)
"""AWS's own words for places, so that a misspelt one is seen and a new number is not refused."""


def _region(value: str) -> str:
    if not _REGION.fullmatch(value):
        zone = value[:-1] if _REGION.fullmatch(value[:-1]) else ""
        guess = zone or nearest(value.lower().replace("_", "-"), REGIONS)
        raise refusal(
            Code.REGION,
            f"region {show(value)} is not one of AWS's",
            allowed="a region's name, as eu-west-1",
            meant=show(guess) if guess else "",
        )
    return value


def partition(region: str) -> str:
    """The partition that ARNs of `region` name."""
    return {"cn": "aws-cn", "us-gov": "aws-us-gov"}.get(region.rsplit("-", 2)[0], "aws")


Region = Annotated[str, AfterValidator(_region), described("a region, as eu-west-1")]


VpcId = Annotated[
    str,
    Matching(
        r"^vpc-([0-9a-f]{8}|[0-9a-f]{17})$",
        "vpc",
        "'vpc-' and 8 or 17 of 0-9, a-f",
        Code.AWS_ID,
    ),
]
SubnetId = Annotated[
    str,
    Matching(
        r"^subnet-([0-9a-f]{8}|[0-9a-f]{17})$",
        "subnet",
        "'subnet-' and 8 or 17 of 0-9, a-f",
        Code.AWS_ID,
    ),
]
SecurityGroupId = Annotated[
    str,
    Matching(
        r"^sg-([0-9a-f]{8}|[0-9a-f]{17})$",
        "security group",
        "'sg-' and 8 or 17 of 0-9, a-f",
        Code.AWS_ID,
    ),
]
InstanceId = Annotated[
    str,
    Matching(
        r"^i-([0-9a-f]{8}|[0-9a-f]{17})$",
        "instance",
        "'i-' and 8 or 17 of 0-9, a-f",
        Code.AWS_ID,
    ),
]
AmiId = Annotated[
    str,
    Matching(
        r"^ami-([0-9a-f]{8}|[0-9a-f]{17})$",
        "image",
        "'ami-' and 8 or 17 of 0-9, a-f",
        Code.AWS_ID,
    ),
]
InstanceType = Annotated[
    str,
    Matching(
        r"^[a-z][a-z0-9-]*\.(nano|micro|small|medium|[0-9]*x?large|metal(-[0-9a-z]+)?)$",
        "instance type",
        "family.size, as t3.small",
        Code.NAME,
    ),
]
KeyName = Annotated[
    str,
    Matching(
        r"^[A-Za-z0-9_]([A-Za-z0-9_.@:/+= -]{0,253}[A-Za-z0-9_.@:/+=-])?$",
        "key pair",
        "1 to 255 of A-Z, a-z, 0-9, spaces within and _.@:/+=-",
        Code.NAME,
    ),
]
ProfileName = Annotated[
    str,
    Matching(
        r"^[A-Za-z0-9_][A-Za-z0-9_.@/+-]{0,63}$",
        "profile",
        "1 to 64 of A-Z, a-z, 0-9 and _.@/+-",
        Code.NAME,
    ),
]
StateKey = Annotated[
    str,
    Matching(
        r"^[A-Za-z0-9_]([A-Za-z0-9_./-]{0,1022}[A-Za-z0-9_.-])?$",
        "state key",
        "1 to 1024 of A-Z, a-z, 0-9 and _./-, no mark first, no '/' last",
        Code.NAME,
    ),
]
CloudName = Annotated[
    str,
    Matching(
        r"^[A-Za-z0-9_][A-Za-z0-9_-]{0,89}$",
        "name",
        "1 to 90 of A-Z, a-z, 0-9, '_' and '-'",
        Code.NAME,
    ),
]
KmsKeyArn = Annotated[
    str,
    Matching(
        r"^arn:aws(-cn|-us-gov)?:kms:[a-z0-9-]+:[0-9]{12}:(key/[0-9a-f-]{36}|key/mrk-[0-9a-f]{32}"
        r"|alias/[A-Za-z0-9/_-]{1,250})$",
        "KMS key",
        "arn:aws:kms:REGION:ACCOUNT:key/ID",
        Code.ARN,
    ),
]


def _bucket(value: str) -> str:
    """Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html."""
    try:
        ipaddress.ip_address(value)
        address = True
    except ValueError:
        address = False
    if address or ".." in value or value.startswith("xn--") or value.endswith("-s3alias"):
        raise refusal(
            Code.NAME,
            f"bucket {show(value)} is a name that S3 refuses",
            allowed="no address, no '..', no 'xn--' first, no '-s3alias' last",
        )
    return value


BucketName = Annotated[
    str,
    Matching(
        r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$",
        "bucket",
        "3 to 63 of a-z, 0-9, '.' and '-', a letter or digit first and last",
        Code.NAME,
    ),
    AfterValidator(_bucket),
]


# --- certificates ----------------------------------------------------------------------------

_CERTIFICATE_SERVICES = ("acm", "iam")
_ACM = re.compile(
    r"arn:aws(-cn|-us-gov)?:acm:[a-z0-9-]+:[0-9]{12}:certificate/[0-9A-Za-z-]{36}", re.ASCII
)
_IAM = re.compile(
    r"arn:aws(-cn|-us-gov)?:iam::[0-9]{12}:server-certificate/[A-Za-z0-9_+=,.@/-]{1,512}", re.ASCII
)
_ARN_FORMS = (
    "arn:aws:acm:REGION:ACCOUNT:certificate/UUID, arn:aws:iam::ACCOUNT:server-certificate/NAME"
)


def _certificate_arn(value: str) -> str:
    parts = value.split(":")
    if len(parts) > 5 and parts[0] == "arn" and parts[2] not in _CERTIFICATE_SERVICES:  # noqa: PLR2004
        raise refusal(
            Code.ARN,
            f"ARN {show(value)} is of the service {show(parts[2])}",
            allowed="a certificate of acm or iam",
        )
    if not _ACM.fullmatch(value) and not _IAM.fullmatch(value):
        raise refusal(Code.ARN, f"ARN {show(value)} is no certificate's", allowed=_ARN_FORMS)
    return value


CertificateArn = Annotated[
    str, AfterValidator(_certificate_arn), described("an ARN of acm or iam", "^arn:")
]

RoleArn = Annotated[
    str,
    Matching(
        r"^arn:aws(-cn|-us-gov)?:iam::[0-9]{12}:role/([A-Za-z0-9_+=,.@-]+/)*[A-Za-z0-9_+=,.@-]{1,64}$",
        "role",
        "arn:aws:iam::ACCOUNT:role/NAME",
        Code.ARN,
    ),
]
SnsTopicArn = Annotated[
    str,
    Matching(
        r"^arn:aws(-cn|-us-gov)?:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}$",
        "SNS topic",
        "arn:aws:sns:REGION:ACCOUNT:NAME",
        Code.ARN,
    ),
]
WebAclArn = Annotated[
    str,
    Matching(
        r"^arn:aws(-cn|-us-gov)?:wafv2:[a-z0-9-]+:[0-9]{12}:regional/webacl/[A-Za-z0-9_-]{1,128}"
        r"/[0-9a-f-]{36}$",
        "web ACL",
        "arn:aws:wafv2:REGION:ACCOUNT:regional/webacl/NAME/ID",
        Code.ARN,
    ),
]


def _log_prefix(value: str) -> str:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html.

    A key has 1024 bytes at most; the site's domain and AWS's own part follow the prefix.
    """
    if "AWSLogs" in value:
        raise refusal(
            Code.NAME,
            f"prefix {show(value)} holds 'AWSLogs', which AWS adds itself",
            cure="leave it out",
        )
    return value


LogPrefix = Annotated[
    str,
    Matching(
        r"^(?=.{1,255}$)[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$",
        "prefix",
        "1 to 255 of A-Z, a-z, 0-9 and _.-, parts joined by '/'",
        Code.NAME,
    ),
    AfterValidator(_log_prefix),
]


# --- tags ------------------------------------------------------------------------------------

MAX_TAGS = 50
"""https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html"""
OWN_TAGS = ("Name", "portico:fleet", "portico:site")
"""What Portico sets itself, beside the file's own tags."""
_TAG_CHARACTERS = "of A-Z, a-z, 0-9, spaces within and _.:/=+@-"
"""Elastic Load Balancing's rule, and no letter beyond ASCII:
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-tags.html"""


def _tag_key(key: str) -> str:
    if key == "Name" or key.lower().startswith("portico:"):
        raise refusal(Code.TAG, f"tag {show(key)} is Portico's own", cure="choose another key")
    if key.lower().startswith("aws:"):
        raise refusal(Code.TAG, f"tag {show(key)} starts with 'aws:', which AWS keeps for itself")
    return key


TagKey = Annotated[
    str,
    Matching(
        r"^[A-Za-z0-9_.:/=+@-]([A-Za-z0-9_.:/=+@ -]{0,126}[A-Za-z0-9_.:/=+@-])?$",
        "tag",
        f"1 to 128 {_TAG_CHARACTERS}",
        Code.TAG,
    ),
    AfterValidator(_tag_key),
]
TagValue = Annotated[
    str,
    Matching(
        r"^([A-Za-z0-9_.:/=+@-]([A-Za-z0-9_.:/=+@ -]{0,254}[A-Za-z0-9_.:/=+@-])?)?$",
        "tag value",
        f"0 to 256 {_TAG_CHARACTERS}",
        Code.TAG,
    ),
]
Tags = Annotated[Mapping[TagKey, TagValue], OrNothing()]
