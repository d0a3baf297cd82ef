"""Which zone each name lies in."""

from __future__ import annotations

from collections.abc import Iterable

from modules.fleet import Fleet, model
from modules.fleet.domains import lies_in, registrable_domain
from modules.plan import records


def alias_records(fleet: Fleet, site: model.Site, *, ipv6: bool) -> tuple[records.AliasRecord, ...]:
    """Return the alias records of a site's names, the domain first."""
    if site.external_dns:
        return ()
    types = ("A", "AAAA") if ipv6 else ("A",)
    return tuple(
        records.AliasRecord(name, zone_of(fleet, site, name).key, types)
        for name in (site.domain, *sorted(site.aliases))
    )


def zones(fleet: Fleet, validated: Iterable[records.Zone]) -> tuple[records.Zone, ...]:
    """Return each zone once: those of aliases, and those of the `validated` names."""
    found = {zone.key: zone for zone in validated}
    for site in fleet.sites.values():
        if not site.external_dns:
            for name in site.names:
                zone = zone_of(fleet, site, name)
                found[zone.key] = zone
    return tuple(found[key] for key in sorted(found))


def zone_of(fleet: Fleet, site: model.Site, name: str) -> records.Zone:
    """Find the zone of one of the site's names.

    What the file says of a zone holds for the names in it; an alias that lies elsewhere is looked
    up by the public suffix list, like every name that the file says nothing about.
    """
    return _zone(fleet, site, name, private=site.private_zone)


def public_zones(fleet: Fleet, names: Iterable[str]) -> dict[str, records.Zone]:
    """Find the public zone of each of a certificate's names, whichever certificate it is on.

    A site's name lies where the site has it, any other in the innermost zone around it that sites
    name, or in the zone of its registered domain.
    """
    sites = [
        site for site in fleet.sites.values() if not site.private_zone and not site.external_dns
    ]
    own = {name: site for site in sites for name in site.names}
    named = {site.zone_name: site for site in sites if site.zone_name}
    registered: dict[str, model.Site] = {}
    for site in sites:
        registered.setdefault(registrable_domain(site.domain), site)

    def zone(name: str) -> records.Zone:
        labels = name.split(".")
        around = (".".join(labels[i:]) for i in range(len(labels)))
        innermost = next((named[parent] for parent in around if parent in named), None)
        site = own.get(name) or innermost or registered.get(registrable_domain(name))
        if site is None:
            return _with_role(fleet, records.Zone(registrable_domain(name)))
        return _zone(fleet, site, name, private=False)

    return {name: zone(name) for name in names}


def _zone(fleet: Fleet, site: model.Site, name: str, *, private: bool) -> records.Zone:
    registrable = registrable_domain(name)
    if site.zone_name and lies_in(name, site.zone_name):
        zone = records.Zone(site.zone_name, private=private)
    elif registrable == registrable_domain(site.domain):
        zone = records.Zone(
            registrable, zone_id=site.zone_id, create=site.creates_zone, private=private
        )
    else:
        zone = records.Zone(registrable, private=private)
    return _with_role(fleet, zone)


def _with_role(fleet: Fleet, zone: records.Zone) -> records.Zone:
    said = fleet.zones.get(zone.name)
    if said is None or said.role is None:
        return zone
    return records.Zone(zone.name, zone.zone_id, zone.create, zone.private, said.role)
