"""Tags of what belongs to the fleet, and of what belongs to a site."""

from __future__ import annotations

from modules.fleet import Fleet, model

FLEET_TAG = "portico:fleet"
SITE_TAG = "portico:site"


def tags_of(fleet: Fleet) -> dict[str, str]:
    """Return the tags of whatever belongs to no site."""
    return {FLEET_TAG: fleet.name, **fleet.tags}


def site_tags(fleet: Fleet, site: model.Site) -> dict[str, str]:
    """Return the tags of a site's own resources, but `Name`."""
    return {FLEET_TAG: fleet.name, SITE_TAG: site.domain, **site.tags}
