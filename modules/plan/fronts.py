"""The balancers: a site's own and its successor, and those that sites share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

from modules.fleet import Fleet, model
from modules.plan import certificates, names, records, tls
from modules.plan.records import BalancerKind
from modules.plan.tags import site_tags, tags_of

HTTP_PORT = 80
"""Neither a classic nor a network balancer redirects: Apache answers their port 80."""

ANSWERED_BY_APACHE = frozenset({BalancerKind.CLASSIC, BalancerKind.NETWORK})


def fronts(
    fleet: Fleet, site: model.Site, certificate: records.Certificate
) -> tuple[records.Front, ...]:
    """Return the site's balancer, and its successor where it has one."""
    kind = BalancerKind(site.load_balancer)
    successor = site.successor
    if successor is None:
        return (_front(fleet, site, certificate, kind, weight=None),)
    return (
        _front(fleet, site, certificate, kind, weight=100 - successor.weight),
        _front(
            fleet,
            site,
            certificate,
            BalancerKind(successor.load_balancer),
            weight=successor.weight,
        ),
    )


def shared_balancers(fleet: Fleet) -> tuple[records.SharedBalancer, ...]:
    """Return the balancers that sites share, by number."""
    members: dict[int, list[str]] = {}
    for domain, number in fleet.shared.items():
        members.setdefault(number, []).append(domain)
    return tuple(
        records.SharedBalancer(
            balancer=_shared_balancer(fleet, number),
            default=min(members[number], key=lambda domain: fleet.ports[domain]),
            sites=tuple(sorted(members[number])),
        )
        for number in sorted(members)
    )


def _front(
    fleet: Fleet,
    site: model.Site,
    certificate: records.Certificate,
    kind: BalancerKind,
    *,
    weight: int | None,
) -> records.Front:
    balancer = (
        _shared_balancer(fleet, fleet.shared[site.domain])
        if kind is BalancerKind.SHARED
        else _own_balancer(fleet, site, certificate, kind)
    )
    groups = _target_groups(fleet, site, balancer)
    check = site.health_check
    return records.Front(
        balancer=balancer,
        target_group=groups.get("https"),
        http_target_group=groups.get("http"),
        health_check=records.HealthCheck(
            path=check.path or records.HEALTH_PATH,
            matcher=check.matcher,
            interval=check.interval,
            timeout=check.timeout,
            healthy=check.healthy,
            unhealthy=check.unhealthy,
        ),
        stickiness=site.stickiness,
        draining=site.draining,
        proxy_protocol=kind is BalancerKind.NETWORK and site.client_address == "proxied",
        backend_keys=tuple(fleet.public_keys[file] for file in site.backend_auth.public_keys)
        if kind is BalancerKind.CLASSIC and site.backend_auth
        else (),
        weight=weight,
    )


def _own_balancer(
    fleet: Fleet, site: model.Site, certificate: records.Certificate, kind: BalancerKind
) -> records.Balancer:
    # What can't change without a new balancer is in its name, as both are up for a while.
    # A classic balancer's certificate is: the provider would make its listener anew.
    identity = [
        *([] if kind is BalancerKind.APPLICATION else [str(kind)]),
        *(["internal"] if site.internal else []),
        *([certificates.identity(certificate)] if kind is BalancerKind.CLASSIC else []),
    ]
    return _balancer(
        fleet,
        site,
        kind,
        key=site.domain,
        name=names.aws_name(fleet.prefix, site.domain, *identity),
        tags=site_tags(fleet, site),
    )


def _shared_balancer(fleet: Fleet, number: int) -> records.Balancer:
    key = f"shared-{number}"
    identity = ["internal"] if fleet.defaults.internal else []
    return _balancer(
        fleet,
        fleet.defaults,
        BalancerKind.SHARED,
        key=key,
        name=names.aws_name(fleet.prefix, key, *identity),
        tags={**tags_of(fleet), **fleet.defaults.tags},
    )


def _balancer(
    fleet: Fleet,
    settings: model.SiteSettings,
    kind: BalancerKind,
    *,
    key: str,
    name: str,
    tags: Mapping[str, str],
) -> records.Balancer:
    bucket = fleet.access_log_bucket
    logs = settings.access_logs and bucket is not None
    return records.Balancer(
        kind=kind,
        key=key,
        name=name,
        tls_policy=tls.balancer_policies(records.TlsLevel(settings.tls))[kind],
        ipv6=settings.ipv6 and kind is not BalancerKind.CLASSIC,
        internal=settings.internal,
        idle_timeout=None if kind is BalancerKind.NETWORK else settings.idle_timeout,
        deletion_protection=settings.deletion_protection,
        drop_invalid_headers=settings.drop_invalid_headers,
        desync_mitigation=settings.desync_mitigation,
        cross_zone=settings.cross_zone,
        allow=settings.allow,
        client_group=names.aws_name(fleet.prefix, key, "clients") if settings.allow else None,
        log_prefix="/".join(part for part in (bucket.prefix if bucket else None, key) if part)
        if logs
        else None,
        waf=settings.waf,
        tags=tags,
    )


def _target_groups(fleet: Fleet, site: model.Site, balancer: records.Balancer) -> Mapping[str, str]:
    def name(protocol: str, port: int, *identity: str) -> str:
        more = (*identity, *(["internal"] if balancer.internal else []))
        return names.aws_name(fleet.prefix, site.domain, protocol, str(port), _vpc(fleet), *more)

    port = fleet.ports[site.domain]
    match balancer.kind:
        case BalancerKind.APPLICATION:
            return {"https": name("HTTPS", port)}
        case BalancerKind.SHARED:
            return {"https": name("HTTPS", port, balancer.key)}
        case BalancerKind.NETWORK:
            return {"https": name("TLS", port), "http": name("TCP", HTTP_PORT)}
        case BalancerKind.CLASSIC:
            return {}
        case _:
            assert_never(balancer.kind)


def _vpc(fleet: Fleet) -> str:
    network = fleet.network
    return network.vpc if isinstance(network, model.ExistingNetwork) else network.create
