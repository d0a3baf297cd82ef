"""What the templates in `apache_templates/` are given, and how Terraform makes a release of them.

A release is `portico.conf` and a manifest. Its id is a hash of both with the release left blank,
and of the activation script: what changes what the server does changes the id, nothing else does.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from pathlib import Path, PurePosixPath

from modules.plan import arrivals
from modules.plan.layouts import LAYOUTS, Layout
from modules.plan.records import HEALTH_PATH, BackendTls, BalancerKind, Plan, Server, Site
from modules.plan.tls import httpd_tls

TLS_FOLDER = PurePosixPath("/etc/portico/tls")
"""On the server: certificates and keys that it made for itself, a folder a domain.

RSA keys lie there, others in a folder of their kind: a site that needs another one keeps the
former as long as the current release names it.
"""

TEMPLATES = Path(__file__).parents[2] / "apache_templates"
"""The folder that Terraform renders from; it travels with the stack."""

SCRIPT = "activate.sh"
MANIFEST = "manifest"
CONF = "portico.conf"
"""The three files of an upload; the script expects the other two in one folder."""

PARTS = ("header", "modules", "mpm", "listen", "tls", "logging", "http")
"""`<part>.conf.tftpl`, once a server, in this order; `site.conf.tftpl` follows for each site."""

SCRIPT_PARTS = (
    "00-settings",
    "10-manifest",
    "20-apache",
    "30-probes",
    "40-releases",
    "50-preparing",
    "60-trial",
    "70-switch",
    "80-reports",
    "90-work",
)
"""`activate/<part>.sh`, which make up the script in this order: each uses what stands before it."""

VHOST_PARTS = ("logging", "tls", "proxies", "connections", "health")
"""`vhost_<part>.conf.tftpl`, what a virtual host says of its arrival: `${vhost.<part>}`."""

_BLANK = "\x01release\x01"
"""What the release is filled in for; an `extra_config` holds no such character."""


def script_local(templates: str) -> str:
    """Return `local.script`, the activation script; `templates` as in `server_locals`."""
    part = f'file("{templates}/activate/${{part}}.sh")'
    return f'${{join("", [for part in {json.dumps(SCRIPT_PARTS)} : {part}])}}'


def sites_local(sites: Iterable[Site], read: Callable[[str], str]) -> list[dict[str, object]]:
    """Return `local.sites`; `read` gives the Terraform string that reads a file of the fleet's.

    The files are named relative to the fleet file's folder.
    """
    return [site_variables(site, read) for site in sites]


def site_variables(site: Site, read: Callable[[str], str]) -> dict[str, object]:
    """Return what the templates know of a site."""
    kind = made_key(site)
    backend = site.backend_tls or made_backend_tls(site.domain, kind)
    arrival = arrivals.of_site(site)
    return {
        "domain": site.domain,
        "aliases": list(site.aliases),
        "port": site.port,
        "document_root": str(site.document_root),
        "tls": asdict(httpd_tls(site.tls)),
        "backend": "given" if site.backend_tls else kind,
        "certificate_file": str(backend.certificate),
        "private_key_file": str(backend.private_key),
        "extra_config": read(site.extra_config) if site.extra_config else "",
        "arrival": arrival.name,
        "forwarded": arrival.forwarded,
        "redirected": list(site.aliases) if site.canonical else [],
        "hsts": site.hsts or "",
    }


def made_key(site: Site) -> str:
    """Return the kind of key that the server makes for a site: `ec` (P-256) or `rsa` (2048 bits).

    An EC key is made some fifty times faster. Application and network balancers speak
    ELBSecurityPolicy-2016-08 or newer to their targets, with ECDHE-ECDSA; a classic one a fixed
    list without elliptic curves:
    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html
    https://docs.aws.amazon.com/elasticloadbalancing/latest/network/describe-ssl-policies.html
    https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/elb-ssl-security-policy.html
    https://github.com/concourse/concourse/issues/2223 (a classic balancer's ClientHello)
    """
    kinds = {front.balancer.kind for front in site.fronts}
    return "rsa" if BalancerKind.CLASSIC in kinds else "ec"


def made_backend_tls(domain: str, kind: str) -> BackendTls:
    """Return where the server keeps the certificate that it makes for a domain."""
    folder = TLS_FOLDER / domain if kind == "rsa" else TLS_FOLDER / kind / domain
    return BackendTls(certificate=folder / "certificate.pem", private_key=folder / "key.pem")


def layout_variables(layout: Layout) -> dict[str, object]:
    """Return what the templates know of a distribution."""
    return {**asdict(layout), "listen_files": list(layout.listen_files)}


def server_locals(
    plan: Plan, server: Server, *, templates: str, trusted_proxies: str
) -> Mapping[str, object]:
    """Return Terraform's locals of one server, in the form of its JSON syntax.

    `templates` is the folder of the templates as Terraform finds it, `trusted_proxies` an
    expression for the balancers' ranges (a list of CIDR); `local.sites` must hold `sites_local`,
    and `local.script` `script_local`.
    `<server>__release` tells a change; `<server>__conf` and `<server>__manifest` are shipped.
    """

    def local(word: str) -> str:
        return f"{server.name}__{word}"

    def rendered(file: str, *more: str) -> str:
        variables = ", ".join((f"local.{local('variables')}", *more))
        return f'templatefile("{templates}/{file}.tftpl", merge({variables}))'

    def manifest(release: str, serial: str, conf_sha256: str) -> str:
        return rendered(
            MANIFEST,
            sites,
            f"{{release = {release}, serial = {serial}, conf_sha256 = {conf_sha256}}}",
        )

    def vhost(arrival: str) -> str:
        return f"{{vhost = local.{local('vhost')}[{arrival}]}}"

    # Not one of the variables of all: Terraform copies them for every site.
    sites = "{sites = local.sites}"
    blank = f'{{release = "{_BLANK}"}}'
    http = arrivals.of_http(plan.sites)
    known = sorted({http, *map(arrivals.of_site, plan.sites)}, key=lambda each: each.name)
    vhost_part = rendered("vhost_${part}.conf", blank, "{arrival = arrival}")
    vhost_parts = f"{{for part in {json.dumps(VHOST_PARTS)} : part => chomp({vhost_part})}}"
    part = rendered("${part}.conf", sites, blank, vhost(json.dumps(http.name)))
    site = rendered("site.conf", blank, vhost("site.arrival"), "{site = site}")
    body = f"[for part in {json.dumps(PARTS)} : {part}], [for site in local.sites : {site}]"
    release = f"local.{local('release')}"
    conf = f"local.{local('conf')}"
    identity = (
        f"local.{local('body')}",
        manifest(*('""',) * 3),
        "sha256(local.script)",
    )
    expressions = {
        "vhost": f"{{for name, arrival in local.{local('arrivals')} : name => {vhost_parts}}}",
        "body": f'join("\\n", concat({body}))',
        "release": f'substr(sha256(join("", [{", ".join(identity)}])), 0, 12)',
        "conf": f'replace(local.{local("body")}, "{_BLANK}", {release})',
        "manifest": manifest(release, "plantimestamp()", f"sha256({conf})"),
    }
    return {
        local("variables"): {
            "fleet": plan.fleet,
            "server": server.name,
            "layout": layout_variables(LAYOUTS[server.layout]),
            "health_path": HEALTH_PATH,
            "rollout": asdict(plan.rollout),
            "trusted_proxies": f"${{{trusted_proxies}}}",
        },
        local("arrivals"): {each.name: arrivals.variables(each) for each in known},
        **{local(word): f"${{{expression}}}" for word, expression in expressions.items()},
    }
