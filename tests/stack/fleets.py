"""Random valid fleets, as the maps that a fleet file holds."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from modules.fleet.domains import registrable_domain
from tests.fleet.golden import HOST_KEY

Settings = dict[str, Any]

DOMAINS = (
    "a.com", "eu.a.com", "shop.a.com", "b.org", "shop.co.uk", "at.shop.co.uk", "1st.net",
    "xn--bcher-kva.de",
)  # fmt: skip
"""Some of one zone, some of a zone of their own."""
ARN = "arn:aws:acm:eu-west-1:123456789012:certificate/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
RANGES = ("0.0.0.0/0", "::/0", "198.51.100.0/24", "2001:db8::/32")


@st.composite
def sites(draw: st.DrawFn, domain: str, *, creates_zone: bool) -> Settings:
    """Draw the settings of one site; aliases lie in its own zone and in one that all share."""
    kind = draw(st.sampled_from(("application", "classic")))
    number = DOMAINS.index(domain)
    aliases = (f"www.{domain}", f"shop.eu.{domain}", f"site-{number}.shared.io")
    site: Settings = {"load_balancer": kind}
    site["aliases"] = draw(st.lists(st.sampled_from(aliases), unique=True))
    site["certificate"] = draw(st.sampled_from(("acm", {"arn": ARN})))
    zone_id = f"Z0123456789ABCDEFGH{DOMAINS.index(registrable_domain(domain))}"
    zone = "create" if creates_zone else draw(st.sampled_from((None, zone_id)))
    if zone:
        site["zone"] = zone
    if kind == "application":
        site["ipv6"] = draw(st.booleans())
        site["tls"] = draw(st.sampled_from(("intermediate", "modern")))
    return site


def _server(number: int, *, created: bool) -> Settings:
    ssh = {"user": "admin", "private_key": "~/.ssh/portico", "host_key": HOST_KEY}
    if created:
        create = {"ami": "ami-0123abcd", "type": "t3.small", "ssh_from": ["198.51.100.0/24"]}
        return {"create": create, "ssh": ssh}
    return {
        "instance": f"i-0123456789abcdef{number}",
        "security_group": f"sg-0123abc{number % 2}",
        "ssh": {**ssh, "host": f"203.0.113.{number}"},
    }


def has_ipv4(ranges: list[str]) -> bool:
    """Whether the ranges are some that a fleet file may have: one of them IPv4."""
    return any(":" not in cidr for cidr in ranges)


@st.composite
def fleets(draw: st.DrawFn, min_sites: int = 0) -> Settings:
    """Draw a whole fleet; the sites of one zone agree on who makes it."""
    created = draw(st.lists(st.booleans(), min_size=1, max_size=2))
    domains = draw(st.lists(st.sampled_from(DOMAINS), unique=True, min_size=min_sites, max_size=4))
    created_zones = draw(st.sets(st.sampled_from([registrable_domain(d) for d in DOMAINS])))
    network: Settings = draw(
        st.sampled_from(
            (
                {"create": "10.20.0.0/16"},
                {"vpc": "vpc-0123abcd", "subnets": ["subnet-0123abcd", "subnet-0123abce"]},
            )
        )
    )
    allow = draw(st.lists(st.sampled_from(RANGES), unique=True, min_size=1).filter(has_ipv4))
    reserved = draw(st.lists(st.sampled_from((8443, 8444, 8446)), unique=True))
    return {
        "name": "shop",
        "region": "eu-west-1",
        "network": {**network, "allow": allow},
        "servers": {f"web-{i}": _server(i, created=c) for i, c in enumerate(created, 1)},
        "ports": {"reserved": reserved},
        "defaults": {"document_root": "/var/www/html"},
        "sites": {
            domain: draw(sites(domain, creates_zone=registrable_domain(domain) in created_zones))
            for domain in domains
        },
    }
