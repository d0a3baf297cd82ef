"""A site as the fleet file has it, and what `defaults` can say for all of them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from modules.fleet.addresses import Cidrs
from modules.fleet.aws import SnsTopicArn, Tags, WebAclArn
from modules.fleet.certificate_sections import Certificate
from modules.fleet.domains import Domain, ZoneChoice
from modules.fleet.numbers import between
from modules.fleet.paths import DocumentRoot, ExtraConfigFile, PublicKeyFile, ServerPath
from modules.fleet.requests import Matcher, UrlPath
from modules.fleet.section import Section

LoadBalancer = Literal["application", "classic", "network", "shared"]
TlsLevel = Literal["modern", "intermediate", "old"]


class BackendTls(Section):
    """Certificate and key on the server, used between the balancer and Apache."""

    certificate: ServerPath = Field(description="PEM certificate (and chain) on the server.")
    private_key: ServerPath = Field(description="Its PEM private key on the server.")


class BackendAuth(Section):
    """Public keys that a classic balancer accepts from Apache, and no other."""

    public_keys: tuple[PublicKeyFile, ...] = Field(
        min_length=1,
        description="PEM files in the fleet file's folder, each a public key or a certificate; "
        "two while the server's key is exchanged.",
    )


class HealthCheck(Section):
    """How a balancer finds out whether a server can be used."""

    path: UrlPath | None = Field(
        default=None, description="Path that is asked; Portico's own when left out."
    )
    matcher: Matcher = Field(
        default="200", description="Statuses that are healthy: `200`, `200-299`, `200,301`."
    )
    interval: Annotated[int, between(5, 300)] = Field(
        default=10, description="Seconds between two checks."
    )
    timeout: Annotated[int, between(2, 120)] = Field(
        default=5, description="Seconds until a check has failed; less than `interval`."
    )
    healthy: Annotated[int, between(2, 10)] = Field(
        default=2, description="Checks that pass until a server is used."
    )
    unhealthy: Annotated[int, between(2, 10)] = Field(
        default=3, description="Checks that fail until a server is left out."
    )


class Hsts(Section):
    """HTTP Strict Transport Security, RFC 6797: browsers remember it for `max_age`."""

    max_age: Annotated[int, between(0, 63072000)] = Field(
        default=31536000, description="Seconds; 0 takes the promise back."
    )
    include_subdomains: bool = Field(
        default=False, description="Whether the promise holds for all names below."
    )
    preload: bool = Field(
        default=False,
        description="Consent to browsers' lists; needs `include_subdomains` and a year.",
    )


class Alarms(Section):
    """CloudWatch alarms of the site, told to one SNS topic."""

    topic: SnsTopicArn = Field(description="ARN of an SNS topic in the fleet's region.")
    certificate_days: Annotated[int, between(1, 90)] = Field(
        default=21, description="Days that the certificate has left, ACM's alone."
    )
    unhealthy_hosts: Annotated[int, between(1, 1000)] = Field(
        default=1, description="Servers that fail their health check."
    )
    server_errors: Annotated[int, between(1, 1000000)] = Field(
        default=10, description="Answers 5xx in five minutes."
    )


class Successor(Section):
    """The balancer that a site moves to; both are up until the site names it itself."""

    load_balancer: LoadBalancer = Field(description="Its kind, another than the site's.")
    weight: Annotated[int, between(0, 100)] = Field(
        default=0, description="Per cent of DNS answers that lead to it."
    )


class SiteSettings(Section):
    """What `defaults` can say for all sites, and each site for itself."""

    document_root: DocumentRoot | None = Field(
        default=None, description="Absolute folder on the server that is served."
    )
    load_balancer: LoadBalancer = Field(
        default="application",
        description="The kind of balancer of the site's own; or `shared`: one application "
        "balancer for many sites, whose clients must send SNI.",
    )
    successor: Successor | None = Field(
        default=None, description="A second balancer, to move to gradually by weighted DNS."
    )
    certificate: Certificate = Field(
        default="acm",
        description="`acm`: requested and validated by DNS; a map says more of it, or names a "
        "certificate that the team has.",
    )
    tls: TlsLevel = Field(
        default="intermediate",
        description="Mozilla's level. AWS's nearest policy for a `classic` balancer adds CBC and "
        "RSA key exchange to `intermediate`. `modern` (TLS 1.3 alone) holds between client and "
        "balancer; Apache keeps TLS 1.2 open for the balancer, whose health checks need it. "
        "`old` takes TLS 1.0 and 1.1 too, which are broken: for clients that have nothing else.",
    )
    ipv6: bool = Field(
        default=False, description="Dual stack, with AAAA records; not with `classic`."
    )
    internal: bool = Field(
        default=False, description="Whether the balancer has private addresses alone."
    )
    allow: Cidrs | None = Field(
        default=None,
        min_length=1,
        description="CIDR ranges that may reach the balancer; `network.allow` when left out.",
    )
    zone: ZoneChoice | None = Field(
        default=None,
        description="Route 53 zone: its name, its id, or `create`; `external`: DNS lives "
        "elsewhere; found from the name by the public suffix list when left out.",
    )
    private_zone: bool = Field(
        default=False,
        description="Whether the names stand in a private zone, which only the VPC sees; "
        "certificates are still validated in the public one.",
    )
    canonical: bool = Field(
        default=False, description="Whether aliases are redirected to the domain."
    )
    hsts: Hsts | None = Field(
        default=None, description="Strict-Transport-Security on every answer over TLS."
    )
    idle_timeout: Annotated[int, between(1, 4000)] = Field(
        default=60,
        description="Seconds that the balancer keeps an idle connection; AWS's own 350 with "
        "`network`.",
    )
    stickiness: Annotated[int, between(1, 604800)] | None = Field(
        default=None,
        description="Seconds that a client stays with its server, by the balancer's cookie.",
    )
    health_check: HealthCheck = Field(
        default=HealthCheck(), description="How the balancer checks a server."
    )
    draining: Annotated[int, between(0, 3600)] = Field(
        default=60, description="Seconds for requests in flight when a server leaves."
    )
    cross_zone: bool = Field(
        default=True,
        description="Whether a balancer's node sends to servers of all zones; always with "
        "`application` and `shared`.",
    )
    client_address: Literal["kept", "proxied"] = Field(
        default="kept",
        description="With `network`: whether Apache sees the client as the connection's source, "
        "or told by PROXY protocol.",
    )
    deletion_protection: bool = Field(
        default=False, description="Whether AWS refuses to delete the balancer."
    )
    drop_invalid_headers: bool = Field(
        default=True, description="Whether headers with names out of RFC 9110 are dropped."
    )
    desync_mitigation: Literal["monitor", "defensive", "strictest"] | None = Field(
        default=None,
        description="What becomes of ambiguous requests; AWS's own `defensive` when left out.",
    )
    access_logs: bool = Field(
        default=False, description="Whether the balancer logs into `access_log_bucket`."
    )
    waf: WebAclArn | None = Field(
        default=None, description="ARN of a regional WAF web ACL for the balancer."
    )
    alarms: Alarms | None = Field(default=None, description="CloudWatch alarms of the site.")
    extra_config: ExtraConfigFile | None = Field(
        default=None,
        description="File of further Apache directives for the virtual host, in the fleet "
        "file's folder.",
    )
    backend_tls: BackendTls | None = Field(
        default=None,
        description="Certificate between balancer and Apache; made on the server when left out.",
    )
    backend_auth: BackendAuth | None = Field(
        default=None,
        description="Public keys that Apache must have, `classic` only; needs `backend_tls`.",
    )
    tags: Tags = Field(default={}, description="Tags of the site's AWS resources.")


class SiteEntry(SiteSettings):
    """A site as written: its own settings alone."""

    aliases: tuple[Domain, ...] = Field(
        default=(), description="Further names of the site; each gets its own alias record."
    )
