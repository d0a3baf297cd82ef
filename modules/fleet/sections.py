"""The fleet file as written: each map of it a type.

The field descriptions are also the text of `docs/fleet.md` and `docs/fleet.schema.json`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from modules.fleet import choices
from modules.fleet.addresses import Cidrs, Host, PortNumber, ReservedPorts, VpcCidr
from modules.fleet.aws import (
    AmiId,
    BucketName,
    CloudName,
    InstanceId,
    InstanceType,
    KeyName,
    KmsKeyArn,
    LogPrefix,
    ProfileName,
    Region,
    RoleArn,
    SecurityGroupId,
    StateKey,
    SubnetId,
    Tags,
    VpcId,
)
from modules.fleet.certificate_sections import OwnedCertificate
from modules.fleet.domains import Domain
from modules.fleet.names import CertificateName, FleetName, Prefix, ServerName, User
from modules.fleet.numbers import between
from modules.fleet.paths import KeyFile, StatePath, UserDataFile
from modules.fleet.section import Section
from modules.fleet.site_sections import SiteEntry, SiteSettings
from modules.fleet.ssh import HostKey

# --- state -----------------------------------------------------------------------------------


class S3State(Section):
    """Terraform's S3 backend, locked by its own lock file."""

    bucket: BucketName = Field(description="An S3 bucket that exists.")
    key: StateKey = Field(description="The state's key in the bucket.")
    region: Region = Field(description="The bucket's region.")
    kms_key_id: KmsKeyArn | None = Field(
        default=None, description="ARN of the KMS key that encrypts the state."
    )
    profile: ProfileName | None = Field(
        default=None, description="Profile of the AWS configuration that reaches the bucket."
    )


class LocalState(Section):
    """A state file on this machine."""

    path: StatePath = Field(
        description="The file, relative to the fleet file's folder; Terraform writes it."
    )


class CloudState(Section):
    """HCP Terraform or Terraform Enterprise.

    All None with plain `state: cloud`: `TF_CLOUD_ORGANIZATION` and `TF_WORKSPACE` say it.
    """

    organization: CloudName | None = Field(default=None, description="The organization.")
    workspace: CloudName | None = Field(default=None, description="Its workspace.")
    hostname: Host | None = Field(
        default=None, description="Host of Terraform Enterprise; HCP Terraform's when left out."
    )


State = S3State | LocalState | CloudState


class S3Choice(Section):
    """State in S3."""

    s3: S3State = Field(description="Terraform's S3 backend.")


class LocalChoice(Section):
    """State in a local file."""

    local: LocalState = Field(description="Terraform's local backend.")


class CloudChoice(Section):
    """State in HCP Terraform."""

    cloud: CloudState = Field(description="HCP Terraform or Terraform Enterprise.")


StateChoice = Annotated[
    Annotated[S3Choice, Tag("s3")]
    | Annotated[LocalChoice, Tag("local")]
    | Annotated[CloudChoice, Tag("cloud")]
    | Annotated[Literal["cloud"], Tag("cloud word")],
    Discriminator(choices.state),
]


# --- network ---------------------------------------------------------------------------------


class NetworkBase(Section):
    """What an existing and a created network have in common."""

    allow: Cidrs = Field(
        default=("0.0.0.0/0", "::/0"),
        min_length=1,
        description="CIDR ranges that may reach the balancers on 80 and 443; one of them IPv4.",
    )


class ExistingNetwork(NetworkBase):
    """A VPC and subnets that the team has."""

    vpc: VpcId = Field(description="The VPC.")
    subnets: tuple[SubnetId, ...] = Field(
        min_length=1,
        description="Subnets of the balancers; at least two, in different zones, with an "
        "`application` or `shared` balancer.",
    )
    internal_subnets: tuple[SubnetId, ...] | None = Field(
        default=None,
        min_length=1,
        description="Subnets of `internal` balancers; `subnets` when left out.",
    )


class NewNetwork(NetworkBase):
    """A VPC to create, with a public subnet in each of two zones."""

    create: VpcCidr = Field(description="IPv4 range of the VPC, /16 to /25, private.")


Network = Annotated[
    Annotated[ExistingNetwork, Tag("vpc")] | Annotated[NewNetwork, Tag("create")],
    Discriminator(choices.network),
]


# --- servers ---------------------------------------------------------------------------------


class Ssh(Section):
    """How Terraform's provisioners reach a server. The host key is always checked."""

    host: Host | None = Field(
        default=None, description="Name or address; the public one of a created instance."
    )
    port: PortNumber = Field(default=22, description="The SSH port.")
    user: User = Field(description="Root, or a user with sudo that asks for no password.")
    private_key: KeyFile = Field(
        description="Private key file: `~/…`, absolute, or relative to the fleet file's folder. "
        "Without a passphrase, as Terraform asks for none. It need not exist for `validate`."
    )
    host_key: HostKey = Field(
        description="The server's public host key, `ssh-ed25519 AAAA…`, as "
        "`ssh-keyscan -t ed25519 HOST` prints it after the host."
    )


class KnownSsh(Ssh):
    """SSH to an existing instance, whose address must be given."""

    host: Host = Field(
        description="Name or address of the server. With `create` the public one when left out."
    )


class ServerBase(Section):
    """What an existing and a created server have in common."""

    layout: Annotated[
        Literal["debian", "redhat"],
        Field(description="Where Apache keeps its files; Ubuntu is debian, Amazon Linux redhat."),
    ] = "debian"


class ExistingServer(ServerBase):
    """An EC2 instance that the team has."""

    instance: InstanceId = Field(description="The instance.")
    security_group: SecurityGroupId = Field(
        description="One of its security groups: the rules from the balancers go there."
    )
    ssh: KnownSsh = Field(description="How Terraform reaches it.")


class CreateInstance(Section):
    """The EC2 instance to create."""

    ami: AmiId = Field(description="The image.")
    type: InstanceType = Field(description="The instance type, as t3.small.")
    key_name: KeyName | None = Field(default=None, description="An EC2 key pair that exists.")
    user_data: UserDataFile | None = Field(
        default=None,
        description="Start-up script, a file in the fleet file's folder, 16 KiB at most.",
    )
    ssh_from: Cidrs = Field(
        default=(),
        description="CIDR ranges that may reach SSH; required, with one of IPv4, when the "
        "security group is created.",
    )
    subnet: SubnetId | None = Field(
        default=None, description="Its subnet; the network's first one when left out."
    )


class NewServer(ServerBase):
    """An EC2 instance to create, with a public address."""

    create: CreateInstance = Field(description="The instance to create.")
    security_group: SecurityGroupId | None = Field(
        default=None, description="An existing security group; created when left out."
    )
    ssh: Ssh = Field(description="How Terraform reaches it.")


Server = Annotated[
    Annotated[ExistingServer, Tag("instance")] | Annotated[NewServer, Tag("create")],
    Discriminator(choices.server),
]


# --- the whole -------------------------------------------------------------------------------


class Ports(Section):
    """Ports that Portico must leave alone."""

    reserved: tuple[ReservedPorts, ...] = Field(
        default=(), description="Ports (`8500`) and ranges (`9000-9010`) never given to a site."
    )


class Rollout(Section):
    """How a new release of Apache's configuration reaches the servers."""

    parallel: bool = Field(
        default=False,
        description="Change all servers at once. Otherwise one after another, and the first that "
        "fails stops the roll-out.",
    )
    drain: Annotated[int, between(1, 3600)] | None = Field(
        default=None,
        description="Seconds for which a server gets no new requests before it is changed, by "
        "failing its balancers' health checks; the time that they take to notice comes on top. "
        "Needs a second server.",
    )
    keep_releases: Annotated[int, between(2, 100)] = Field(
        default=5, description="Releases that stay on a server, to roll back to."
    )


class ZoneSettings(Section):
    """What is to be said of a Route 53 zone, whichever sites have names in it."""

    role: RoleArn | None = Field(
        default=None,
        description="IAM role by which the zone of another account is read and changed.",
    )


class ExistingBucket(Section):
    """A bucket that takes the balancers' logs; its policy is the team's."""

    bucket: BucketName = Field(description="An S3 bucket that exists, in the fleet's region.")
    prefix: LogPrefix | None = Field(
        default=None, description="What the keys start with; each site's domain follows."
    )


class NewBucket(Section):
    """A bucket to create, with the policy that the balancers need, encrypted, not public."""

    create: BucketName = Field(description="The S3 bucket to create.")
    prefix: LogPrefix | None = Field(
        default=None, description="What the keys start with; each site's domain follows."
    )
    expire_days: Annotated[int, between(1, 3650)] = Field(
        default=90, description="Days until a log is deleted."
    )


AccessLogBucket = Annotated[
    Annotated[ExistingBucket, Tag("bucket")] | Annotated[NewBucket, Tag("create")],
    Discriminator(choices.bucket),
]


Count = Annotated[int, between(1, 1000000)]


class Quotas(Section):
    """The account's quotas, where they are not AWS's defaults."""

    classic_load_balancers: Count | None = Field(default=None, description="A region.")
    application_load_balancers: Count | None = Field(default=None, description="A region.")
    network_load_balancers: Count | None = Field(default=None, description="A region.")
    certificates_per_load_balancer: Count | None = Field(
        default=None,
        description="Of an application balancer, the default one not counted; also what a "
        "`shared` balancer is filled up to.",
    )
    rules_per_load_balancer: Count | None = Field(
        default=None, description="Of an application balancer, default rules not counted."
    )
    target_groups: Count | None = Field(default=None, description="A region.")
    acm_certificates: Count | None = Field(default=None, description="A region.")
    names_per_certificate: Count | None = Field(default=None, description="Of ACM.")
    iam_certificates: Count | None = Field(default=None, description="An account.")
    rules_per_security_group: Count | None = Field(
        default=None, description="Each way, IPv4 and IPv6 apart."
    )
    records_per_zone: Count | None = Field(default=None, description="Of Route 53.")


class FleetFile(Section):
    """The fleet file as written."""

    name: FleetName = Field(description="Name of the stack.")
    prefix: Prefix | None = Field(
        default=None, description="What AWS names start with; `name` when left out."
    )
    region: Region = Field(description="AWS region of the fleet.")
    state: StateChoice | None = Field(
        default=None,
        description="Where Terraform's state lives: one of `s3`, `local`, `cloud`; "
        "`terraform.<name>.tfstate` beside the fleet file when left out.",
    )
    network: Network = Field(description="An existing VPC with its subnets, or one to create.")
    servers: Mapping[ServerName, Server] = Field(
        min_length=1, description="The Apache servers by name; every balancer reaches all of them."
    )
    rollout: Annotated[Rollout, choices.OrNothing()] = Field(
        default=Rollout(), description="How a new release reaches the servers."
    )
    ports: Annotated[Ports, choices.OrNothing()] = Field(
        default=Ports(), description="Ports that are not Portico's to give."
    )
    zones: Annotated[Mapping[Domain, ZoneSettings], choices.OrNothing()] = Field(
        default={}, description="Route 53 zones of which more is to be said, by name."
    )
    certificates: Annotated[Mapping[CertificateName, OwnedCertificate], choices.OrNothing()] = (
        Field(
            default={},
            description="Certificates that several sites use, by a name for `{use: …}`.",
        )
    )
    access_log_bucket: AccessLogBucket | None = Field(
        default=None, description="Where balancers with `access_logs` write."
    )
    quotas: Annotated[Quotas, choices.OrNothing()] = Field(
        default=Quotas(), description="The account's own quotas, for `show` and its warnings."
    )
    tags: Tags = Field(default={}, description="Tags of every AWS resource.")
    defaults: Annotated[SiteSettings, choices.OrNothing()] = Field(
        default=SiteSettings(), description="Settings of every site that does not say otherwise."
    )
    sites: Annotated[
        Mapping[Domain, Annotated[SiteEntry, choices.OrNothing()]],
        choices.OrNothing(),
    ] = Field(default={}, description="The sites, keyed by domain: order never matters.")
