"""How requests reach a virtual host: whom it believes about the client, and how long it waits.

What httpd takes for a virtual host, and when: `KeepAliveTimeout`, `Timeout` and
`RequestReadTimeout` are those of the port's first virtual host until a name is known, so that all
virtual hosts of port 80 have the same ones. `RemoteIPProxyProtocol` holds for all of a port, its
exceptions for the whole server: https://httpd.apache.org/docs/2.4/mod/mod_remoteip.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from modules.plan.fronts import ANSWERED_BY_APACHE
from modules.plan.records import NETWORK_IDLE_TIMEOUT, Front, Site

DEFAULT_IDLE_TIMEOUT = 60
"""Seconds: an application or classic balancer's, where nothing else is said."""

KEEP_ALIVE_MARGIN = 15
TIMEOUT_MARGIN = 30
"""Seconds longer than a balancer, so that it never sends a request into a closed connection:
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html
"""

HTTPD_TIMEOUT = 60
HTTPD_REQUEST_READ_TIMEOUT = "header=20-40,MinRate=500 body=20,MinRate=500"
"""httpd's own defaults, for clients whose slow requests no balancer collects:
https://httpd.apache.org/docs/2.4/mod/mod_reqtimeout.html"""


class Source(StrEnum):
    """Who says who the client is."""

    FORWARDED = "forwarded"
    """The balancers' subnets, by X-Forwarded-For."""
    DIRECT = "direct"
    """Nobody: the connection's source is the client."""
    PROXIED = "proxied"
    """The balancer, by PROXY protocol."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """What the balancers before a virtual host make of it; times in seconds."""

    source: Source
    idle_timeout: int
    """Of the most patient balancer."""
    timeout: int
    keep_alive_timeout: int
    request_read_timeout: str

    @property
    def name(self) -> str:
        """Tells it from all others."""
        return f"{self.source}-{self.idle_timeout}-{self.timeout}"

    @property
    def forwarded(self) -> bool:
        """Whether a balancer's headers tell the client and its scheme."""
        return self.source is Source.FORWARDED


def of_site(site: Site) -> Arrival:
    """Return the arrival of a site's virtual host."""
    proxied = any(front.proxy_protocol for front in site.fronts)
    return _arrival(site.fronts, Source.PROXIED if proxied else Source.DIRECT)


def of_http(sites: Iterable[Site]) -> Arrival:
    """Return the arrival of port 80, where application balancers send nothing."""
    return _arrival(
        (
            front
            for site in sites
            for front in site.fronts
            if front.balancer.kind in ANSWERED_BY_APACHE
        ),
        Source.DIRECT,
    )


def variables(arrival: Arrival) -> Mapping[str, object]:
    """Return what the templates know of an arrival."""
    return {
        "source": arrival.source.value,
        "idle_timeout": arrival.idle_timeout,
        "timeout": arrival.timeout,
        "keep_alive_timeout": arrival.keep_alive_timeout,
        "request_read_timeout": arrival.request_read_timeout,
    }


def _arrival(fronts: Iterable[Front], unforwarded: Source) -> Arrival:
    """Without a balancer that reads HTTP, of some, the source is `unforwarded`."""
    idle = [front.balancer.idle_timeout for front in fronts] or [DEFAULT_IDLE_TIMEOUT]
    longest = max(NETWORK_IDLE_TIMEOUT if each is None else each for each in idle)
    collecting = [each for each in idle if each is not None]
    timeout = max(collecting) + TIMEOUT_MARGIN if collecting else HTTPD_TIMEOUT
    return Arrival(
        source=Source.FORWARDED if collecting else unforwarded,
        idle_timeout=longest,
        timeout=timeout,
        keep_alive_timeout=longest + KEEP_ALIVE_MARGIN,
        request_read_timeout=f"header={timeout} body=0"
        if collecting
        else HTTPD_REQUEST_READ_TIMEOUT,
    )
