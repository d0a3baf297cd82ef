"""The fleet file as written: each map of it a type.

The field descriptions are also the text of `docs/fleet.md` and `docs/fleet.schema.json`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag

from modules.fleet import choices
from modules.fleet.addresses import Cidrs, Host, PortNumber, ReservedPorts, VpcCidr
from modules.fleet.aws import (
    AmiId,
    BucketName,
    CertificateArn,
    CloudName,
    InstanceId,
    InstanceType,
    KeyName,
    KmsKeyArn,
    ProfileName,
    Region,
    SecurityGroupId,
    StateKey,
    SubnetId,
    Tags,
    VpcId,
)
from modules.fleet.domains import Domain, ZoneChoice
from modules.fleet.names import FleetName, ServerName, User
from modules.fleet.paths import (
    DocumentRoot,
    ExtraConfigFile,
    KeyFile,
    ServerPath,
    StatePath,
    UserDataFile,
)
from modules.fleet.ssh import HostKey


class Section(BaseModel):
    """A map of the fleet file: unknown keys refused, values never converted, frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


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
        "`application` balancer.",
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
        "It is read by Terraform alone and need not exist for `validate`."
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


# --- sites -----------------------------------------------------------------------------------


class ArnCertificate(Section):
    """A certificate that the team has, in ACM (of the fleet's region) or IAM."""

    arn: CertificateArn = Field(description="ARN of an ACM or IAM server certificate.")


class BackendTls(Section):
    """Certificate and key on the server, used between the balancer and Apache."""

    certificate: ServerPath = Field(description="PEM certificate (and chain) on the server.")
    private_key: ServerPath = Field(description="Its PEM private key on the server.")


LoadBalancer = Annotated[
    Literal["application", "classic"], BeforeValidator(choices.built_load_balancer)
]
Certificate = Annotated[
    Annotated[Literal["acm"], Tag("acm")] | Annotated[ArnCertificate, Tag("arn")],
    Discriminator(choices.certificate),
    BeforeValidator(choices.built_certificate),
]
TlsLevel = Literal["intermediate", "modern"]


class SiteSettings(Section):
    """What `defaults` can say for all sites, and each site for itself."""

    document_root: DocumentRoot | None = Field(
        default=None, description="Absolute folder on the server that is served."
    )
    load_balancer: LoadBalancer = Field(
        default="application", description="The kind of balancer of the site's own."
    )
    certificate: Certificate = Field(
        default="acm",
        description="`acm`: requested and validated by DNS; or `{arn: …}`: one that exists.",
    )
    tls: TlsLevel = Field(
        default="intermediate",
        description="Mozilla's level. AWS's nearest policy for a `classic` balancer adds CBC and "
        "RSA key exchange to `intermediate`. `modern` (TLS 1.3 alone) holds between client and "
        "balancer; Apache keeps TLS 1.2 open for the balancer, whose health checks need it.",
    )
    ipv6: bool = Field(
        default=False, description="Dual stack, with AAAA records; `application` only."
    )
    zone: ZoneChoice | None = Field(
        default=None,
        description="Route 53 zone: its name, its id, or `create`; found from the name by the "
        "public suffix list when left out.",
    )
    extra_config: ExtraConfigFile | None = Field(
        default=None,
        description="File of further Apache directives for the virtual host, in the fleet "
        "file's folder.",
    )
    backend_tls: BackendTls | None = Field(
        default=None,
        description="Certificate between balancer and Apache; made on the server when left out.",
    )
    tags: Tags = Field(default={}, description="Tags of the site's AWS resources.")


class SiteEntry(SiteSettings):
    """A site as written: its own settings alone."""

    aliases: tuple[Domain, ...] = Field(
        default=(), description="Further names of the site; each gets its own alias record."
    )


# --- the whole -------------------------------------------------------------------------------


class Ports(Section):
    """Ports that Portico must leave alone."""

    reserved: tuple[ReservedPorts, ...] = Field(
        default=(), description="Ports (`8500`) and ranges (`9000-9010`) never given to a site."
    )


class FleetFile(Section):
    """The fleet file as written."""

    name: FleetName = Field(description="Name of the stack, and prefix of every AWS name.")
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
    ports: Annotated[Ports, choices.OrNothing()] = Field(
        default=Ports(), description="Ports that are not Portico's to give."
    )
    tags: Tags = Field(default={}, description="Tags of every AWS resource.")
    defaults: Annotated[SiteSettings, choices.OrNothing()] = Field(
        default=SiteSettings(), description="Settings of every site that does not say otherwise."
    )
    sites: Annotated[
        Mapping[Domain, Annotated[SiteEntry, choices.OrNothing()]],
        choices.OrNothing(),
    ] = Field(default={}, description="The sites, keyed by domain: order never matters.")
