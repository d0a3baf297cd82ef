"""Fleet → Plan: every decision between what was asked and what Terraform is told.

The functions stand in the order in which a reader asks: the whole, a site, its certificate, its
names in DNS, the ports, the servers, the network. Nothing here reads a file or the network.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network
from itertools import pairwise
from pathlib import PurePosixPath

from modules.fleet import Fleet, model
from modules.fleet.addresses import PortRange
from modules.fleet.domains import lies_in, registrable_domain
from modules.plan import names, records, tls
from modules.plan.records import BalancerKind

HTTP_PORT = 80
"""A classic balancer has no redirect action: Apache answers its port 80."""

FLEET_TAG = "portico:fleet"
SITE_TAG = "portico:site"


def make_plan(fleet: Fleet) -> records.Plan:
    """Return all that will exist for the fleet, sorted by key."""
    tags = {FLEET_TAG: fleet.name, **fleet.tags}
    sites = tuple(_site(fleet, site) for site in fleet.sites.values())
    return records.Plan(
        fleet=fleet.name,
        fleet_dir=str(fleet.folder),
        region=fleet.region,
        state=_state(fleet),
        network=_network(fleet),
        allow=fleet.network.allow,
        balancer_group=f"{fleet.name}-balancers",
        port_ranges=tuple(_port_ranges(fleet)),
        servers=tuple(_server(fleet, name, server) for name, server in fleet.servers.items()),
        zones=_zones(fleet),
        sites=sites,
        tags=tags,
    )


# --- a site ----------------------------------------------------------------------------------


def _site(fleet: Fleet, site: model.Site) -> records.Site:
    return records.Site(
        domain=site.domain,
        unicode=site.unicode,
        aliases=tuple(sorted(site.aliases)),
        port=fleet.ports[site.domain],
        document_root=PurePosixPath(site.document_root),
        balancer=_balancer(fleet, site),
        certificate=_certificate(site),
        alias_records=tuple(
            records.AliasRecord(name, _zone(site, name).key, ("A", "AAAA") if site.ipv6 else ("A",))
            for name in _names(site)
        ),
        tls=records.TlsLevel(site.tls),
        backend_tls=_backend_tls(site),
        extra_config=site.extra_config,
        tags={FLEET_TAG: fleet.name, SITE_TAG: site.domain, **site.tags},
    )


def _balancer(fleet: Fleet, site: model.Site) -> records.Balancer:
    kind = BalancerKind(site.load_balancer)
    policies = tls.balancer_policies(records.TlsLevel(site.tls))
    return records.Balancer(
        kind=kind,
        # Both kinds have names of their own: a site that changes its kind has two balancers for
        # a while, and AWS wants names to be unique in a region.
        name=names.aws_name(fleet.name, site.domain)
        if kind is BalancerKind.APPLICATION
        else names.aws_name(fleet.name, site.domain, kind),
        target_group=names.aws_name(
            fleet.name, site.domain, "HTTPS", str(fleet.ports[site.domain]), _vpc(fleet)
        )
        if kind is BalancerKind.APPLICATION
        else None,
        tls_policy=policies[kind],
        ipv6=site.ipv6,
    )


def _backend_tls(site: model.Site) -> records.BackendTls | None:
    if site.backend_tls is None:
        return None
    return records.BackendTls(
        certificate=PurePosixPath(site.backend_tls.certificate),
        private_key=PurePosixPath(site.backend_tls.private_key),
    )


def _certificate(site: model.Site) -> records.Certificate:
    if isinstance(site.certificate, model.ArnCertificate):
        return records.ExistingCertificate(site.certificate.arn)
    return records.RequestedCertificate(
        names=_names(site),
        validations=tuple(
            records.ValidationRecord(name, _zone(site, name).key) for name in _names(site)
        ),
    )


def _names(site: model.Site) -> tuple[str, ...]:
    """The domain, then the aliases in an order that a reordered file does not change."""
    return (site.domain, *sorted(site.aliases))


# --- names in DNS ----------------------------------------------------------------------------


def _zone(site: model.Site, name: str) -> records.Zone:
    """Find the zone of one of the site's names.

    What the file says of a zone holds for the names in it; an alias that lies elsewhere is looked
    up by the public suffix list, like every name that the file says nothing about.
    """
    registrable = registrable_domain(name)
    if site.zone_name and lies_in(name, site.zone_name):
        return records.Zone(site.zone_name)
    if registrable == registrable_domain(site.domain):
        return records.Zone(registrable, zone_id=site.zone_id, create=site.creates_zone)
    return records.Zone(registrable)


def _zones(fleet: Fleet) -> tuple[records.Zone, ...]:
    """Each zone once."""
    found: dict[str, records.Zone] = {}
    for site in fleet.sites.values():
        for name in site.names:
            zone = _zone(site, name)
            found[zone.key] = zone
    return tuple(found[key] for key in sorted(found))


# --- ports -----------------------------------------------------------------------------------


def _port_ranges(fleet: Fleet) -> Iterator[PortRange]:
    """Ports that balancers may reach: all in the lock, and 80 for classic ones.

    A resting port stays in its range, so that removing a site changes no rule.
    """
    ports = set(fleet.ports.values())
    if any(site.load_balancer == "classic" for site in fleet.sites.values()):
        ports.add(HTTP_PORT)
    yield from _ranges(sorted(ports))


def _ranges(ports: Sequence[int]) -> Iterator[PortRange]:
    gaps = [i for i, (port, following) in enumerate(pairwise(ports), 1) if following > port + 1]
    for start, end in zip([0, *gaps], [*gaps, len(ports)], strict=True):
        if ports:
            yield PortRange(ports[start], ports[end - 1])


# --- servers, network, state -----------------------------------------------------------------


def _server(
    fleet: Fleet, name: str, server: model.ExistingServer | model.NewServer
) -> records.Server:
    instance: records.ExistingInstance | records.NewInstance
    if isinstance(server, model.ExistingServer):
        instance = records.ExistingInstance(server.instance)
    else:
        create = server.create
        instance = records.NewInstance(
            ami=create.ami,
            type=create.type,
            key_name=create.key_name,
            user_data=create.user_data,
            ssh_from=create.ssh_from,
            subnet=create.subnet,
        )
    ssh = server.ssh
    return records.Server(
        name=name,
        instance=instance,
        security_group=server.security_group,
        ssh=records.Ssh(ssh.host, ssh.port, ssh.user, ssh.private_key, ssh.host_key),
        layout=server.layout,
        aws_name=f"{fleet.name}-{name}",
    )


def _network(fleet: Fleet) -> records.Network:
    network = fleet.network
    if isinstance(network, model.ExistingNetwork):
        return records.ExistingNetwork(network.vpc, tuple(sorted(network.subnets)))
    return records.NewNetwork(
        cidr=network.create,
        subnets=_subnets(network.create),
    )


def _subnets(cidr: str) -> tuple[str, str]:
    """Two quarters of the VPC's range; the other two stay free for the team.

    An application balancer wants a /27 with 8 free addresses in each of two zones:
    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html
    """
    first, second, *_ = IPv4Network(cidr).subnets(prefixlen_diff=2)
    return str(first), str(second)


def _vpc(fleet: Fleet) -> str:
    network = fleet.network
    return network.vpc if isinstance(network, model.ExistingNetwork) else network.create


def _state(fleet: Fleet) -> records.State:
    state = fleet.state
    match state:
        case model.S3State():
            return records.S3State(
                state.bucket, state.key, state.region, state.kms_key_id, state.profile
            )
        case model.CloudState():
            return records.CloudState(state.organization, state.workspace, state.hostname)
        case model.LocalState():
            return records.LocalState(state.path)
