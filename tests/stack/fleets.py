"""Random valid fleets with all settings, as the maps that a fleet file holds.

Files of certificates are made once a process, in a folder that is gone with it.
"""

from __future__ import annotations

import atexit
import functools
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from modules.fleet.domains import registrable_domain
from tests.fleet.golden import HOST_KEY
from tests.fleet.zoo import expand

Settings = dict[str, Any]

DOMAINS = (
    "a.com", "eu.a.com", "shop.a.com", "b.org", "shop.co.uk", "at.shop.co.uk", "1st.net",
    "xn--bcher-kva.de",
)  # fmt: skip
"""Some of one zone, some of a zone of their own."""
KINDS = ("application", "classic", "network", "shared")
ACCOUNT = "123456789012"
ARN = f"arn:aws:acm:eu-west-1:{ACCOUNT}:certificate/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
IAM_ARN = f"arn:aws:iam::{ACCOUNT}:server-certificate/brand"
TOPIC = f"arn:aws:sns:eu-west-1:{ACCOUNT}:alarms"
WEB_ACL = (
    f"arn:aws:wafv2:eu-west-1:{ACCOUNT}:regional/webacl/own/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
)
ROLES = (
    f"arn:aws:iam::{ACCOUNT}:role/dns",
    "arn:aws:iam::210987654321:role/teams/dns.admin",
)
RANGES = ("0.0.0.0/0", "::/0", "198.51.100.0/24", "2001:db8::/32")
FILES: Mapping[str, str] = {
    "own.conf": "Header set X-Site own\n",
    "server.pem": "%public server\n",
}
"""Those that the fleets of `with_files` name, beside the fleet file."""


def lay_files(folder: Path) -> None:
    """Write what `with_files` fleets name."""
    for name, text in FILES.items():
        (folder / name).write_bytes(expand(text))


def names_of(domain: str) -> tuple[str, ...]:
    """The names that a site may have: in its own zone, and in one that all share."""
    number = DOMAINS.index(domain)
    return (domain, f"www.{domain}", f"shop.eu.{domain}", f"site-{number}.shared.io")


# --- certificates ----------------------------------------------------------------------------


@functools.cache
def _folder() -> Path:
    folder = tempfile.TemporaryDirectory(prefix="portico-pem-")
    atexit.register(folder.cleanup)
    return Path(folder.name)


@functools.cache
def pem_files(domain: str) -> Mapping[str, str]:
    """The files of a certificate for all names that the site may have; the chain apart."""
    names = ",".join(names_of(domain))
    texts = {
        "certificate": f"%crlf\nBought for {domain}\n%cert {domain} names={names}\n",
        "private_key": f"%key {domain}\n",
        "chain": "%cert Middle\n%cert Root\n",
    }
    files = {key: _folder() / f"{domain}.{key}.pem" for key in texts}
    for key, text in texts.items():
        files[key].write_bytes(expand(text))
    return {key: str(file) for key, file in files.items()}


@st.composite
def _certificate(
    draw: st.DrawFn, names: tuple[str, ...], kinds: frozenset[str], *, external: bool
) -> Settings | str:
    pem = dict(pem_files(names[0]))
    choices: list[Settings | str] = [{"arn": ARN}, {"arn": IAM_ARN}, {"iam": pem}]
    if "classic" not in kinds:
        choices.append({"acm_import": pem})
    acm: Settings = {"validation": "manual", "wait": draw(st.booleans())} if external else {}
    if draw(st.booleans()):
        acm["names"] = [*names, f"*.{names[0]}"]
    if "classic" not in kinds:
        acm["key_algorithm"] = draw(st.sampled_from(("RSA_2048", "EC_prime256v1")))
    choices += [{"acm": acm}] if external else ["acm", {"acm": acm}]
    return draw(st.sampled_from(choices))


# --- settings --------------------------------------------------------------------------------


def _choice(draw: st.DrawFn, *values: object, unless: bool = False) -> Any:  # noqa: ANN401
    """Draw one of the values; `unless` leaves the first."""
    return values[0] if unless else draw(st.sampled_from(values))


def _may(draw: st.DrawFn, *, unless: bool) -> bool:
    """Draw whether a setting that is off by default is on; `unless` leaves it off."""
    return not unless and draw(st.booleans())


def _balancer(draw: st.DrawFn, kinds: frozenset[str]) -> Settings:
    """All settings that a shared balancer has from `defaults`, so that a site overrides each."""
    classic, network = "classic" in kinds, "network" in kinds
    allow = draw(st.lists(st.sampled_from(RANGES), unique=True, min_size=1).filter(has_ipv4))
    return {
        "tls": draw(st.sampled_from(("intermediate", "old", *([] if classic else ["modern"])))),
        "ipv6": _may(draw, unless=classic or (network and len(kinds) > 1)),
        "internal": draw(st.booleans()),
        "allow": _choice(draw, None, allow),
        "idle_timeout": _choice(draw, 60, 1, 3600, unless=network),
        "deletion_protection": _may(draw, unless=classic),
        "drop_invalid_headers": draw(st.booleans()),
        "desync_mitigation": _choice(draw, None, "strictest", unless=network),
        "access_logs": draw(st.booleans()),
        "waf": _choice(draw, None, WEB_ACL, unless=classic or network),
    }


def _own(draw: st.DrawFn, kinds: frozenset[str]) -> Settings:
    """Settings that any site has of its own."""
    classic, network = "classic" in kinds, "network" in kinds
    interval = draw(st.sampled_from((10, 60)))
    return {
        "canonical": draw(st.booleans()),
        "hsts": _choice(
            draw, None, {}, {"max_age": 63072000, "include_subdomains": True, "preload": True}
        ),
        "stickiness": _choice(draw, None, 3600, unless=network),
        "draining": _choice(draw, 60, 0, 3600),
        "cross_zone": not _may(draw, unless=not kinds <= {"classic", "network"}),
        "client_address": _choice(draw, "kept", "proxied", unless=kinds != {"network"}),
        "health_check": {
            "path": _choice(draw, None, "/health"),
            "matcher": _choice(draw, "200", "200-299,301", unless=classic),
            "interval": interval,
            "timeout": draw(st.sampled_from((2, 9))),
            "healthy": draw(st.sampled_from((2, 10))),
            "unhealthy": draw(st.sampled_from((2, 10))),
        },
        "alarms": _choice(draw, None, {"topic": TOPIC}, {"topic": TOPIC, "certificate_days": 7}),
        "backend_tls": _choice(
            draw, None, {"certificate": "/etc/ssl/site.pem", "private_key": "/etc/ssl/site.key"}
        ),
        "tags": _choice(draw, {}, {"owner": "team"}),
    }


@st.composite
def sites(
    draw: st.DrawFn, domain: str, defaults: Settings, zone: str | None, *, with_files: bool
) -> Settings:
    """Draw the settings of one site; `zone` is what all sites of its zone say of it."""
    kind = draw(st.sampled_from(KINDS))
    kinds = frozenset({kind})
    site: Settings = {"load_balancer": kind}
    if draw(st.booleans()):
        # What `defaults` may say, an application balancer can take, and no other need.
        others = [each for each in KINDS if each != kind and "shared" not in (each, kind)]
        others = {"shared": ["application"], "application": [*others, "shared"]}.get(kind, others)
        successor = draw(st.sampled_from(others))
        site["successor"] = {"load_balancer": successor, "weight": _choice(draw, 0, 30, 100)}
        kinds |= {successor}
    balancer = {} if "shared" in kinds else _balancer(draw, kinds)
    site |= {**balancer, **_own(draw, kinds)}
    first, *others = names_of(domain)
    site["aliases"] = draw(st.lists(st.sampled_from(others), unique=True))
    external = zone == "external"
    internal = {**defaults, **site}["internal"]
    if zone:
        site["zone"] = zone
    if external and "successor" in site:
        del site["successor"]["weight"]
    site["private_zone"] = _may(
        draw, unless=external or not internal or zone not in (None, "create")
    )
    names = (first, *site["aliases"])
    site["certificate"] = draw(_certificate(names, kinds, external=external))
    if with_files:
        site["extra_config"] = _choice(draw, None, "own.conf")
        if kinds == {"classic"} and site["backend_tls"]:
            site["backend_auth"] = {"public_keys": ["server.pem"]}
    return site


# --- the whole -------------------------------------------------------------------------------


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


def _zones(draw: st.DrawFn, domains: Iterable[str]) -> dict[str, str | None]:
    """Draw what all sites of a registrable domain say of its zone."""
    return {
        zone: _choice(draw, None, "create", "external", f"Z0123456789ABCDEFGH{DOMAINS.index(zone)}")
        for zone in sorted({registrable_domain(domain) for domain in domains})
    }


def _share(draw: st.DrawFn, fleet: Settings) -> None:
    """Let some sites use one certificate of `certificates`."""
    fitting = [d for d, site in fleet["sites"].items() if site.get("zone") != "external"]
    users = draw(st.lists(st.sampled_from(fitting), unique=True, max_size=2)) if fitting else []
    for domain in users:
        fleet["sites"][domain]["certificate"] = {"use": "common"}
    if users:
        names = [n for d in users for n in (d, *fleet["sites"][d]["aliases"])]
        fleet["certificates"] = {"common": draw(st.sampled_from((
            {"arn": ARN},
            {"acm": {"names": names}},
            {"acm": {"names": names, "validation": "manual", "wait": False}},
        )))}  # fmt: skip


def _rollout(draw: st.DrawFn, fleet: Settings) -> Settings:
    kinds = {
        kind
        for site in fleet["sites"].values()
        if site["draining"] == 0
        for kind in (site["load_balancer"], site.get("successor", {}).get("load_balancer"))
    }
    drained = len(fleet["servers"]) > 1 and "classic" not in kinds
    choices: list[Settings] = [{}, {"parallel": True}, *([{"drain": 30}] if drained else [])]
    return draw(st.sampled_from(choices))


@st.composite
def fleets(draw: st.DrawFn, min_sites: int = 0, *, with_files: bool = False) -> Settings:
    """Draw a whole fleet; the sites of one zone agree on who has it."""
    created = draw(st.lists(st.booleans(), min_size=1, max_size=2))
    domains = draw(st.lists(st.sampled_from(DOMAINS), unique=True, min_size=min_sites, max_size=4))
    subnets = {"vpc": "vpc-0123abcd", "subnets": ["subnet-0123abcd", "subnet-0123abce"]}
    inner = {"internal_subnets": ["subnet-0123abcf", "subnet-0123abcd"]}
    network = _choice(draw, {"create": "10.20.0.0/16"}, subnets, {**subnets, **inner})
    allow = draw(st.lists(st.sampled_from(RANGES), unique=True, min_size=1).filter(has_ipv4))
    defaults = {"document_root": "/var/www/html", **_balancer(draw, frozenset({"application"}))}
    zones = _zones(draw, domains)
    fleet: Settings = {
        "name": "shop",
        "region": "eu-west-1",
        "network": {**network, "allow": allow},
        "servers": {f"web-{i}": _server(i, created=c) for i, c in enumerate(created, 1)},
        "ports": {"reserved": draw(st.lists(st.sampled_from((8443, 8444, 8446)), unique=True))},
        "access_log_bucket": _choice(
            draw, {"create": "shop-logs"}, {"create": "shop-logs", "prefix": "elb/web"},
            {"bucket": "our-logs"},
        ),
        "tags": _choice(draw, {}, {"stage": "live"}),
        "defaults": defaults,
        "sites": {
            domain: draw(
                sites(domain, defaults, zones[registrable_domain(domain)], with_files=with_files)
            )
            for domain in domains
        },
    }  # fmt: skip
    fleet["rollout"] = _rollout(draw, fleet)
    _share(draw, fleet)
    private = {registrable_domain(d) for d, s in fleet["sites"].items() if s["private_zone"]}
    held = sorted(
        zone
        for zone, said in zones.items()
        if said != "external" and not (said == "create" and zone in private)
    )
    fleet["zones"] = {
        zone: {"role": draw(st.sampled_from(ROLES))} for zone in held if draw(st.booleans())
    }
    return fleet


def without(fleet: Settings, domain: str) -> Settings:
    """The fleet without a site, and without what only that site needed."""
    others = {each: site for each, site in fleet["sites"].items() if each != domain}
    held = {registrable_domain(each) for each in others}
    shared = [site for site in others.values() if site["certificate"] == {"use": "common"}]
    return {
        **fleet,
        "sites": others,
        "zones": {zone: said for zone, said in fleet["zones"].items() if zone in held},
        "certificates": fleet.get("certificates", {}) if shared else {},
    }
