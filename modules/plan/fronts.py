"""The balancers: a site's own and its successor, and those that sites share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import assert_never

from modules.fleet import Fleet, model
from modules.plan import certificates, names, records, tls
from modules.plan.records import BalancerKind
from modules.plan.tags import balancer_tags

HTTP_PORT = 80
"""Neither a classic nor a network balancer redirects: Apache answers their port 80."""

ANSWERED_BY_APACHE = frozenset({BalancerKind.CLASSIC, BalancerKind.NETWORK})

APPLICATION = frozenset({BalancerKind.APPLICATION, BalancerKind.SHARED})
"""The kinds that AWS calls application load balancers."""


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
    return tuple(
        records.SharedBalancer(
            balancer=_shared_balancer(fleet, number),
            default=_default(fleet, number),
            sites=tuple(_members(fleet, number)),
        )
        for number in sorted({*fleet.shared.values()})
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
        keeps_connections=kind is BalancerKind.NETWORK and fleet.rollout.drain is not None,
        backend_keys=_backend_keys(fleet, site) if kind is BalancerKind.CLASSIC else (),
        weight=weight,
    )


def _backend_keys(fleet: Fleet, site: model.Site) -> tuple[str, ...]:
    if site.backend_auth is None:
        return ()
    return tuple(sorted({fleet.public_keys[file] for file in site.backend_auth.public_keys}))


def _own_balancer(
    fleet: Fleet, site: model.Site, certificate: records.Certificate, kind: BalancerKind
) -> records.Balancer:
    return _balancer(
        fleet,
        site,
        kind,
        key=site.domain,
        identity=tuple(_identity(fleet, site, certificate, kind)),
    )


def _identity(
    fleet: Fleet, site: model.Site, certificate: records.Certificate, kind: BalancerKind
) -> Iterator[str]:
    """Find what can't change without a new balancer, as both are up for a while."""
    if kind is not BalancerKind.APPLICATION:
        yield kind
    yield from _unchanging(site, kind, pinned=site.external_dns)
    if kind is BalancerKind.CLASSIC:
        # The provider makes a classic listener anew for another certificate, and leaves it without
        # any policy once it has exchanged the one for TLS.
        yield certificates.identity(certificate)
        yield tls.balancer_policies(records.TlsLevel(site.tls))[kind]
    if kind is BalancerKind.NETWORK:
        # The provider makes a network balancer anew where a subnet goes, and 3.39 where one comes.
        yield from _subnets(fleet, site)


def _unchanging(settings: model.SiteSettings, kind: BalancerKind, *, pinned: bool) -> Iterator[str]:
    """Find the settings that can't change in place, or shut clients out while they do."""
    if settings.internal:
        yield "internal"
    if pinned:
        return
    if settings.ipv6 and kind is not BalancerKind.CLASSIC:
        # Taken away in place, it is gone while clients still know the AAAA records.
        yield "ipv6"
    if settings.waf and kind in APPLICATION:
        # An association that goes takes its successor off the balancer too.
        yield settings.waf


def _shared_balancer(fleet: Fleet, number: int) -> records.Balancer:
    """Return the shared balancer of this number.

    Another site's certificate by default is another balancer. Exchanged in place, it would be what
    clients of the site that had the old one get, until that is in the certificate list or, where
    the site leaves, until they have followed its DNS. Nor can it be in the list beforehand: AWS
    may refuse to take it out again, hashicorp/terraform-provider-aws#19495.
    """
    kind = BalancerKind.SHARED
    pinned = any(fleet.sites[domain].external_dns for domain in _members(fleet, number))
    identity = _unchanging(fleet.defaults, kind, pinned=pinned)
    presented = [] if pinned else [_owner(fleet, _default(fleet, number))]
    balancer = _balancer(
        fleet, fleet.defaults, kind, key=f"shared-{number}", identity=(*identity, *presented)
    )
    return replace(balancer, pinned=pinned)


def _members(fleet: Fleet, number: int) -> list[str]:
    return sorted(domain for domain, its in fleet.shared.items() if its == number)


def _default(fleet: Fleet, number: int) -> str:
    """Return the site with the lowest port; that of a site to come is higher."""
    return min(_members(fleet, number), key=lambda domain: fleet.ports[domain])


def _owner(fleet: Fleet, domain: str) -> str:
    """Return whose certificate a site presents: its own, or that of a name in `certificates`."""
    certificate = fleet.sites[domain].certificate
    return certificate.use if isinstance(certificate, model.NamedCertificate) else domain


def _balancer(
    fleet: Fleet,
    settings: model.SiteSettings,
    kind: BalancerKind,
    *,
    key: str,
    identity: tuple[str, ...],
) -> records.Balancer:
    by_http = kind is not BalancerKind.NETWORK
    return records.Balancer(
        kind=kind,
        key=key,
        name=names.aws_name(fleet.prefix, key, *identity),
        tls_policy=tls.balancer_policies(records.TlsLevel(settings.tls))[kind],
        ipv6=settings.ipv6 and kind is not BalancerKind.CLASSIC,
        internal=settings.internal,
        idle_timeout=settings.idle_timeout if by_http else None,
        deletion_protection=settings.deletion_protection and kind is not BalancerKind.CLASSIC,
        drop_invalid_headers=settings.drop_invalid_headers and kind in APPLICATION,
        desync_mitigation=settings.desync_mitigation if by_http else None,
        cross_zone=settings.cross_zone or kind in APPLICATION,
        allow=tuple(sorted(settings.allow)) if settings.allow else None,
        client_group=names.aws_name(fleet.prefix, key, "clients") if settings.allow else None,
        pinned=isinstance(settings, model.Site) and settings.external_dns,
        log_prefix=_log_prefix(fleet, key) if settings.access_logs else None,
        waf=settings.waf if kind in APPLICATION else None,
        tags=balancer_tags(fleet, settings),
    )


def _log_prefix(fleet: Fleet, key: str) -> str | None:
    bucket = fleet.access_log_bucket
    if bucket is None:
        return None
    return f"{bucket.prefix}/{key}" if bucket.prefix else key


def _target_groups(fleet: Fleet, site: model.Site, balancer: records.Balancer) -> Mapping[str, str]:
    """Name the target groups by protocol.

    A name changes with what the provider makes a group anew for. A group serves one balancer, so
    that it changes with a balancer that can be up beside another of the site:
    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
    """

    def name(protocol: str, port: int, *identity: str) -> str:
        return names.aws_name(
            fleet.prefix, site.domain, protocol, str(port), _vpc(fleet), *identity
        )

    port = fleet.ports[site.domain]
    match balancer.kind:
        case BalancerKind.APPLICATION:
            return {
                "https": name(
                    "HTTPS", port, *_unchanging(site, balancer.kind, pinned=balancer.pinned)
                )
            }
        case BalancerKind.SHARED:
            return {"https": name("HTTPS", port, balancer.name)}
        case BalancerKind.NETWORK:
            return {
                "https": name("TLS", port, balancer.name),
                "http": name("TCP", HTTP_PORT, balancer.name),
            }
        case BalancerKind.CLASSIC:
            return {}
        case _:
            assert_never(balancer.kind)


def _subnets(fleet: Fleet, site: model.Site) -> list[str]:
    network = fleet.network
    if isinstance(network, model.NewNetwork):
        return [network.create]
    return sorted((site.internal and network.internal_subnets) or network.subnets)


def _vpc(fleet: Fleet) -> str:
    network = fleet.network
    return network.vpc if isinstance(network, model.ExistingNetwork) else network.create
