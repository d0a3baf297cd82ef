"""What settings of a site contradict: one another, the rest of the file, or AWS."""

from __future__ import annotations

from collections.abc import Iterator

from modules.fleet.aws import partition
from modules.fleet.capability_checks import a_balancer
from modules.fleet.domains import both_forms
from modules.fleet.problems import Code, Problem, show, words
from modules.fleet.sections import NewBucket, S3Choice
from modules.fleet.source import KeyPath
from modules.fleet.subject import Subject, is_ipv4

_PRELOAD_SECONDS = 31536000
"""https://hstspreload.org/#deployment-recommendations"""


# --- the balancer's --------------------------------------------------------------------------


def allow(subject: Subject) -> Iterator[Problem]:
    ranges: dict[KeyPath, tuple[str, ...]] = {("network", "allow"): subject.file.network.allow}
    for path, site in subject.sites.items():
        if site.allow is not None:
            ranges[subject.setting(path, "allow")] = site.allow
    for at, allowed in ranges.items():
        if not any(map(is_ipv4, allowed)):
            message = words(
                "no IPv4 range may reach the balancers: clients without IPv6 would be shut out",
                cure="add an IPv4 range, as 0.0.0.0/0",
            )
            yield subject.problem(Code.NO_IPV4, at, message)


def successors(subject: Subject) -> Iterator[Problem]:
    for path, site in subject.sites.items():
        if site.successor is None:
            continue
        at = (*subject.setting(path, "successor"), "load_balancer")
        kinds = (site.load_balancer, site.successor.load_balancer)
        if kinds[0] == kinds[1] and len(subject.kinds(path)) > 1:
            message = words(
                f"the successor is {a_balancer(kinds[1])}, as the site's own is",
                cure="name another kind, or say successor: ~",
            )
            yield subject.problem(Code.SUCCESSOR, at, message)
        elif site.client_address == "proxied" and "network" in kinds:
            message = words(
                "Apache takes PROXY protocol from all balancers of a site or from none, and only "
                "a network balancer sends it",
                cure="say client_address: kept as long as there is a successor",
            )
            yield subject.problem(Code.SUCCESSOR, at, message)
        elif site.ipv6 and "network" in kinds:
            # With instances as targets, IPv6 clients come from the balancer's own address, from
            # which Apache believes X-Forwarded-For for the sake of the other balancer.
            message = words(
                "IPv6 clients of a network balancer look to Apache like the other balancer, which "
                "may say who the client is",
                cure="move with ipv6: false",
            )
            yield subject.problem(Code.SUCCESSOR, at, message)


def access_logs(subject: Subject) -> Iterator[Problem]:
    if subject.file.access_log_bucket is not None or subject.doubtful_below(("access_log_bucket",)):
        return
    for path, site in subject.sites.items():
        if site.access_logs:
            message = words(
                "the balancer has nowhere to log to",
                cure="say access_log_bucket at the top: {create: …} or {bucket: …}",
            )
            at = subject.setting(path, "access_logs")
            yield subject.problem(Code.NO_LOG_BUCKET, at, message)


def log_bucket(subject: Subject) -> Iterator[Problem]:
    """Terraform's state must be there before anything is created."""
    bucket, state = subject.file.access_log_bucket, subject.file.state
    if not isinstance(bucket, NewBucket) or not isinstance(state, S3Choice):
        return
    if bucket.create == state.s3.bucket:
        message = words(
            f"the bucket {show(bucket.create)} holds the state, and exists",
            cure="create another one for logs",
        )
        yield subject.problem(Code.STATE_FILE, ("access_log_bucket", "create"), message)


# --- Apache's --------------------------------------------------------------------------------


def hsts(subject: Subject) -> Iterator[Problem]:
    for path, site in subject.sites.items():
        if site.hsts is None or not site.hsts.preload:
            continue
        lacking = []
        if not site.hsts.include_subdomains:
            lacking.append("include_subdomains: true")
        if site.hsts.max_age < _PRELOAD_SECONDS:
            lacking.append(f"a max_age of {_PRELOAD_SECONDS} or more")
        if lacking:
            message = words(
                "browsers' lists take no promise without " + " and ".join(lacking),
                cure="say so, or leave preload out",
            )
            at = (*subject.setting(path, "hsts"), "preload")
            yield subject.problem(Code.HSTS, at, message)


# --- ARNs ------------------------------------------------------------------------------------


def arns(subject: Subject) -> Iterator[Problem]:
    """ARNs of what must be in the fleet's region, or in its partition."""
    for path, site in subject.sites.items():
        if site.waf:
            at = subject.setting(path, "waf")
            yield from _arn(subject, at, "web ACL", site.waf)
        if site.alarms:
            at = (*subject.setting(path, "alarms"), "topic")
            yield from _arn(subject, at, "SNS topic", site.alarms.topic)
    for path, name in subject.zones.items():
        role = subject.file.zones[name].role
        if role:
            yield from _arn(subject, (*path, "role"), "role", role)


def _arn(subject: Subject, at: KeyPath, what: str, arn: str) -> Iterator[Problem]:
    region = subject.file.region
    _, its_partition, _, its_region, *_ = arn.split(":")
    if its_partition != partition(region):
        message = words(
            f"the {what} is of the partition {its_partition}",
            allowed=f"{partition(region)}, where {region} lies",
        )
        yield subject.problem(Code.ARN_PLACE, at, message)
    elif its_region not in ("", region):
        message = words(
            f"the {what} is of the region {its_region}",
            allowed=f"the fleet's, {region}",
            cure="name one there",
        )
        yield subject.problem(Code.ARN_PLACE, at, message)


# --- warnings --------------------------------------------------------------------------------


def old_tls(subject: Subject) -> Iterator[Problem]:
    """Warn of TLS 1.0 and 1.1.

    https://datatracker.ietf.org/doc/html/rfc8996
    """
    for path, site in subject.sites.items():
        if site.tls == "old":
            message = words(
                "TLS 1.0 and 1.1, which RFC 8996 forbids, are open to all clients: an attacker in "
                "between may read along, and an audit by PCI DSS fails",
                cure="keep it to sites that have such clients",
            )
            yield subject.problem(Code.OLD_TLS, subject.setting(path, "tls"), message)


def moving_names(subject: Subject) -> Iterator[Problem]:
    """Warn where a balancer's DNS name, which the team entered elsewhere, will change."""
    for path, site in subject.sites.items():
        if site.external_dns and "classic" in dict(subject.kinds(path)):
            message = words(
                f"another certificate or TLS level of {both_forms(site.domain)} is another classic "
                "balancer with another DNS name, and one apply takes the old one: the site is "
                "interrupted until its DNS, which lives elsewhere, follows",
                cure="say load_balancer: application, which changes both in place",
            )
            yield subject.problem(Code.MOVING_NAME, subject.setting(path, "zone"), message)
