"""Tags of what belongs to the fleet, and of what belongs to a site, sorted by key."""

from __future__ import annotations

from collections.abc import Mapping

from modules.fleet import Fleet, model

FLEET_TAG = "portico:fleet"
SITE_TAG = "portico:site"


def tags_of(fleet: Fleet) -> dict[str, str]:
    """Return the tags of whatever belongs to no site."""
    return _tags(fleet, fleet.tags)


def site_tags(fleet: Fleet, site: model.Site) -> dict[str, str]:
    """Return the tags of a site's own resources, but `Name`."""
    return _tags(fleet, {SITE_TAG: site.domain, **site.tags})


def balancer_tags(fleet: Fleet, settings: model.SiteSettings) -> dict[str, str]:
    """Return the tags of a site's own balancer, or of one that sites share by `defaults`."""
    if isinstance(settings, model.Site):
        return site_tags(fleet, settings)
    return _tags(fleet, {**fleet.tags, **settings.tags})


def _tags(fleet: Fleet, more: Mapping[str, str]) -> dict[str, str]:
    return dict(sorted({FLEET_TAG: fleet.name, **more}.items()))
