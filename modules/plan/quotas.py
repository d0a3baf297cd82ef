"""AWS's quotas as data: defaults, maxima and codes, read in November 2026.

A code stands in the console of Service Quotas and in `aws service-quotas
request-service-quota-increase --quota-code`.
"""

from __future__ import annotations

from dataclasses import dataclass

from modules.fleet.shared import CERTIFICATES, RULES, TARGET_GROUPS

_ALB = (
    "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html"
)
_NLB = "https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-limits.html"
_CLASSIC = "https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/elb-limits.html"
_ACM = "https://docs.aws.amazon.com/acm/latest/userguide/acm-limits.html"
_IAM = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"
_VPC = "https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html"
_ROUTE_53 = "https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DNSLimitations.html"


@dataclass(frozen=True, slots=True)
class Quota:
    """One of AWS's quotas."""

    key: str
    """In `quotas` of the fleet file, where it is there."""
    what: str
    """In AWS's words, for one region, account, balancer, group, zone or certificate."""
    default: int
    source: str
    code: str | None = None
    """In Service Quotas; None where AWS raises none."""
    most: int | None = None
    """What AWS never goes beyond, where it says so."""
    instead: str = ""
    """The setting that needs less."""


QUOTAS: tuple[Quota, ...] = (
    Quota(
        "application_load_balancers",
        "Application Load Balancers per Region",
        50,
        _ALB,
        "L-53DA6B97",
        instead="let sites share balancers with load_balancer: shared",
    ),
    Quota(
        "classic_load_balancers",
        "Classic Load Balancers per Region",
        20,
        _CLASSIC,
        "L-E9E9831D",
        instead="say load_balancer: application or network for some sites",
    ),
    Quota(
        "network_load_balancers",
        "Network Load Balancers per Region",
        50,
        _NLB,
        "L-69A177A2",
        instead="say load_balancer: application or shared for some sites",
    ),
    Quota(
        "certificates_per_load_balancer",
        "Certificates per Application Load Balancer",
        CERTIFICATES,
        _ALB,
        "L-9365A611",
        instead="let sites share a certificate of certificates",
    ),
    Quota(
        "rules_per_load_balancer",
        "Rules per Application Load Balancer",
        RULES,
        _ALB,
        "L-7EED9B64",
        instead="take some of its sites off load_balancer: shared",
    ),
    Quota(
        "target_groups_per_load_balancer",
        "Target Groups per Application Load Balancer",
        TARGET_GROUPS,
        _ALB,
        most=TARGET_GROUPS,
        instead="take some of its sites off load_balancer: shared",
    ),
    Quota("target_groups", "Target Groups per Region", 3000, _ALB, "L-B22855CB"),
    Quota("acm_certificates", "ACM certificates", 2500, _ACM, "L-F141DD1D"),
    Quota("imported_certificates", "Imported certificates", 2500, _ACM, "L-D2CB7DE9"),
    Quota(
        "names_per_certificate",
        "Domain names per ACM certificate",
        10,
        _ACM,
        "L-FB94F0B0",
        most=100,
        instead="make a second site of some aliases, or name a wildcard",
    ),
    Quota(
        "iam_certificates",
        "Server certificates per account",
        20,
        _IAM,
        "L-BF35879D",
        most=1000,
        instead="say acm_import instead of iam",
    ),
    Quota(
        "rules_per_security_group",
        "Inbound or outbound rules per security group",
        60,
        _VPC,
        "L-0EA8095F",
        # That many times the groups of one network interface.
        most=1000,
        instead="join ranges of allow",
    ),
    Quota("records_per_zone", "Records per hosted zone", 10000, _ROUTE_53, "L-E209CC9F"),
)
