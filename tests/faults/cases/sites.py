"""Sites go, come, change their names and return, beside others that must not notice."""

from __future__ import annotations

from dataclasses import replace

from tests.faults.case import Act, Case, applied
from tests.faults.fleet import FIRST, SECOND, Change, Fleet, site, with_site, without
from tests.faults.joining import served
from tests.faults.rig import Applied, Rig

_BETWEEN, _RENAMED = "domain-ab.com", "domain-renamed.com"
_FIRST, _SECOND = site(1, kind="application"), site(2)


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


def renamed(old: str, new: str, *settings: str) -> Change:
    """Give a site another name, in its place in the file."""
    return lambda fleet: without(old)(inserted(old, new, *settings)(fleet))


def new_one_served(domain: str) -> Act:
    def act(rig: Rig) -> Applied:
        done = rig.apply()
        if not done.status and not rig.is_naive:
            served(rig, domain)
        return done

    return act


def port_kept(domain: str) -> Act:
    """Apply, which takes a site away, and see that its port goes to nobody else meanwhile."""

    def act(rig: Rig) -> Applied:
        port = rig.ports[domain]
        done = rig.apply()
        rig.write(with_site(_BETWEEN, *site(5))(rig.fleet))
        other = rig.apply()
        assert other.status == 0, other.output[-2000:]
        assert rig.ports[_BETWEEN] != port, f"{_BETWEEN} has the port of {domain}"
        assert port not in {*rig.ports.values()}
        return done

    return act


def came_back(fleet: Fleet) -> Fleet:
    return without(_BETWEEN)(with_site(SECOND, *_SECOND)(fleet))


CASES = (
    Case(
        "sites-first-removed",
        applied(),
        change=without(FIRST),
        then=inserted(SECOND, FIRST, *_FIRST),
    ),
    Case(
        "sites-inserted-in-the-middle",
        applied(),
        change=inserted(SECOND, _BETWEEN, *site(5)),
        then=without(_BETWEEN),
        act=new_one_served(_BETWEEN),
    ),
    Case(
        "sites-renamed",
        applied(),
        change=renamed(SECOND, _RENAMED, *site(6)),
        then=renamed(_RENAMED, SECOND, *_SECOND),
        act=new_one_served(_RENAMED),
    ),
    Case(
        "sites-come-back",
        applied(),
        change=without(SECOND),
        then=came_back,
        act=port_kept(SECOND),
    ),
)
