"""Judges what a name answers over HTTP, on 443 and on 80."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from modules.plan.records import HEALTH_PATH, Site
from modules.verify.client import PROBE, Page, Redirect, Sight
from modules.verify.handshakes import HTTPS

_OK, _MISDIRECTED, _SERVER_ERRORS = 200, 421, 500
_PERMANENT = frozenset({301, 308})


def status(page: Page, *, strict: bool) -> str | None:
    """On a real fleet a site may want a login, or have no page at /."""
    good = page.status == _OK if strict else page.status < _SERVER_ERRORS
    return None if good and page.status != _MISDIRECTED else f"{page.status}"


def document_root(site: Site, page: Page) -> str | None:
    if site.domain in page.sites:
        return None
    return f"the page is from that of {', '.join(page.sites) or 'nobody known'}"


def hsts(promised: str, page: Page) -> str | None:
    return None if page.hsts == promised else f"{page.hsts or 'nothing'} instead of {promised}"


def is_redirected(site: Site, name: str) -> bool:
    return site.canonical and name != site.domain


def canonical(site: Site, page: Page) -> str | None:
    return _leads(Redirect(page.status, page.location), {site.domain})


def redirect(site: Site, name: str, sight: Sight) -> str | None:
    """An alias may be sent to the domain at once, where it would be sent in the end."""
    answer = sight.redirect
    if not isinstance(answer, Redirect):
        return answer
    return _leads(answer, {name, site.domain} if is_redirected(site, name) else {name})


def release(sight: Sight, live: Collection[str] | None) -> str | None:
    """Whether Portico's Apache answers, with one of the `live` releases; None: any."""
    if sight.release is None:
        return f"{HEALTH_PATH} tells none: it is not the fleet's Apache that answers"
    if live is not None and sight.release not in live:
        return f"{sight.release} answers, which is live on none of the servers"
    return None


def _leads(answer: Redirect, hosts: set[str]) -> str | None:
    if answer.status not in _PERMANENT:
        return f"{answer.status} instead of 301"
    return None if _is_at(answer.location or "", hosts) else f"it leads to {answer.location}"


def _is_at(location: str, hosts: Collection[str]) -> bool:
    """Whether it is the probe's address, by https at one of these hosts."""
    try:
        url = urlsplit(location)
        port = url.port
    except ValueError:  # a port that is none, a bracket without its pair
        return False
    return (
        url.scheme == "https"
        and url.hostname in hosts
        and port in {None, HTTPS}
        and f"{url.path}?{url.query}" == PROBE
    )
