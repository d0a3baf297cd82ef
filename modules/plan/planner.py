"""Fleet → Plan: every decision between what was asked and what Terraform is told.

The functions stand in the order in which a reader asks: the whole, a site, the ports, the servers,
the network. Balancers, certificates and zones have modules of their own. Nothing here reads a file
or the network.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from ipaddress import IPv4Network
from pathlib import PurePosixPath

from modules.fleet import Fleet, model
from modules.plan import certificates, dns, fronts, records, rollouts
from modules.plan.provider import LOWEST, lowest_provider
from modules.plan.server_ports import port_ranges
from modules.plan.tags import site_tags, tags_of


def make_plan(fleet: Fleet) -> records.Plan:
    """Return all that will exist for the fleet, sorted by key."""
    sites = tuple(_site(fleet, site) for site in fleet.sites.values())
    made = certificates.made(sites)
    validated = certificates.validation_zones(fleet, made)
    network = _network(fleet)
    plan = records.Plan(
        fleet=fleet.name,
        prefix=fleet.prefix,
        fleet_dir=str(fleet.folder),
        region=fleet.region,
        state=_state(fleet),
        provider=LOWEST,
        network=network,
        allow=tuple(sorted(fleet.network.allow)),
        balancer_group=f"{fleet.prefix}-balancers",
        client_group=f"{fleet.prefix}-clients",
        port_ranges=port_ranges(fleet, _reached(fleet, sites)),
        servers=tuple(_server(fleet, name, each, network) for name, each in fleet.servers.items()),
        rollout=rollouts.rollout(fleet, sites),
        zones=dns.zones(fleet, validated.values()),
        zone_roles=tuple(sorted({zone.role for zone in fleet.zones.values() if zone.role})),
        certificates=made,
        validation_records=certificates.validation_records(made, validated),
        shared_balancers=fronts.shared_balancers(fleet),
        log_bucket=_log_bucket(fleet),
        sites=sites,
        quotas=fleet.quotas.model_dump(exclude_none=True),
        tags=tags_of(fleet),
    )
    return replace(plan, provider=lowest_provider(plan))


# --- a site ----------------------------------------------------------------------------------


def _site(fleet: Fleet, site: model.Site) -> records.Site:
    certificate = certificates.certificate_of(fleet, site)
    doors = fronts.fronts(fleet, site, certificate)
    return records.Site(
        domain=site.domain,
        unicode=site.unicode,
        aliases=tuple(sorted(site.aliases)),
        port=fleet.ports[site.domain],
        document_root=PurePosixPath(site.document_root),
        fronts=doors,
        certificate=certificate,
        alias_records=dns.alias_records(
            fleet, site, ipv6=all(door.balancer.ipv6 for door in doors)
        ),
        tls=records.TlsLevel(site.tls),
        backend_tls=_backend_tls(site),
        extra_config=site.extra_config,
        canonical=site.canonical,
        hsts=_hsts(site.hsts) if site.hsts else None,
        alarms=_alarms(fleet, site, site.alarms, certificate) if site.alarms else None,
        tags=site_tags(fleet, site),
    )


def _backend_tls(site: model.Site) -> records.BackendTls | None:
    if site.backend_tls is None:
        return None
    return records.BackendTls(
        certificate=PurePosixPath(site.backend_tls.certificate),
        private_key=PurePosixPath(site.backend_tls.private_key),
    )


def _hsts(hsts: model.Hsts) -> str:
    directives = [f"max-age={hsts.max_age}"]
    if hsts.include_subdomains:
        directives.append("includeSubDomains")
    if hsts.preload:
        directives.append("preload")
    return "; ".join(directives)


def _alarms(
    fleet: Fleet, site: model.Site, alarms: model.Alarms, certificate: records.Certificate
) -> records.Alarms:
    return records.Alarms(
        name=f"{fleet.prefix}-{site.domain}",
        topic=alarms.topic,
        certificate_days=alarms.certificate_days if _is_acms(certificate) else None,
        unhealthy_hosts=alarms.unhealthy_hosts,
        server_errors=alarms.server_errors,
    )


def _is_acms(certificate: records.Certificate) -> bool:
    match certificate:
        case records.RequestedCertificate():
            return True
        case records.UploadedCertificate():
            return certificate.service == "acm"
        case records.ExistingCertificate(arn):
            return arn.split(":")[2] == "acm"


# --- ports -----------------------------------------------------------------------------------


def _reached(fleet: Fleet, sites: Sequence[records.Site]) -> set[int]:
    """Return the ports that balancers must reach: all in the lock, and 80 where Apache redirects.

    Resting ports are among them, so that removing a site changes no rule.
    """
    ports = set(fleet.ports.values())
    kinds = {front.balancer.kind for site in sites for front in site.fronts}
    if kinds & fronts.ANSWERED_BY_APACHE:
        ports.add(fronts.HTTP_PORT)
    return ports


# --- servers, network, state -----------------------------------------------------------------


def _server(
    fleet: Fleet,
    name: str,
    server: model.ExistingServer | model.NewServer,
    network: records.Network,
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
            ssh_from=tuple(sorted(create.ssh_from)),
            subnet=create.subnet,
        )
    ssh = server.ssh
    return records.Server(
        name=name,
        instance=instance,
        security_group=server.security_group,
        ssh=records.Ssh(ssh.host, ssh.port, ssh.user, ssh.private_key, ssh.host_key),
        layout=server.layout,
        aws_name=f"{fleet.prefix}-{name}",
        instance_key=_instance_key(name, instance, network),
    )


def _instance_key(
    name: str,
    instance: records.ExistingInstance | records.NewInstance,
    network: records.Network,
) -> str:
    if isinstance(instance, records.ExistingInstance):
        return instance.instance
    subnet = instance.subnet or network.subnets[0]
    return " ".join(filter(None, (name, instance.ami, subnet, instance.key_name)))


def _network(fleet: Fleet) -> records.Network:
    network = fleet.network
    if isinstance(network, model.ExistingNetwork):
        return records.ExistingNetwork(
            network.vpc,
            tuple(sorted(network.subnets)),
            tuple(sorted(network.internal_subnets or network.subnets)),
        )
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


def _log_bucket(fleet: Fleet) -> records.LogBucket | None:
    match fleet.access_log_bucket:
        case model.NewBucket() as new:
            return records.LogBucket(
                new.create, create=True, prefix=new.prefix, expire_days=new.expire_days
            )
        case model.ExistingBucket() as known:
            return records.LogBucket(
                known.bucket, create=False, prefix=known.prefix, expire_days=None
            )
        case None:
            return None


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
