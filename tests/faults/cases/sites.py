"""Sites go, come, change their names and return, beside others that must not notice."""

from __future__ import annotations

from dataclasses import replace

from tests.faults.case import Act, Case, applied
from tests.faults.fleet import SECOND, Change, Fleet, site, without
from tests.faults.joining import served
from tests.faults.rig import Applied, Rig

_BETWEEN = "domain-ab.com"


def inserted(before: str, domain: str, *settings: str) -> Change:
    """Put a site before another one in the file."""

    def change(fleet: Fleet) -> Fleet:
        sites: dict[str, tuple[str, ...]] = {}
        for name, lines in fleet.sites.items():
            if name == before:
                sites[domain] = settings
            sites[name] = lines
        return replace(fleet, sites=sites)

    return change


def new_one_served(domain: str) -> Act:
    def act(rig: Rig) -> Applied:
        done = rig.apply()
        if not done.status and not rig.is_naive:
            served(rig, domain)
        return done

    return act


CASES = (
    Case(
        "sites-inserted-in-the-middle",
        applied(),
        change=inserted(SECOND, _BETWEEN, *site(5)),
        then=without(_BETWEEN),
        act=new_one_served(_BETWEEN),
    ),
)
