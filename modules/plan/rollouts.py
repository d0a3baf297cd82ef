"""How a release reaches the servers, and how long balancers take to follow.

A balancer counts checks in a row, of one target, a target group or classic balancer at a time:
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/network/target-group-health-checks.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/elb-healthchecks.html

A shared balancer checks each site's target group, as the site says. Port 80 of a network balancer
is checked by TCP, which a server that is drained passes: it goes on to answer with the redirect.
"""

from __future__ import annotations

from collections.abc import Sequence

from modules.fleet import Fleet
from modules.plan import records


def rollout(fleet: Fleet, sites: Sequence[records.Site]) -> records.Rollout:
    """Return the roll-out; a drain lasts until the slowest balancer has noticed, and then as asked.

    Servers without sites have no balancers to wait for.
    """
    asked = fleet.rollout
    drain = settle = 0
    checks = [front.health_check for site in sites for front in site.fronts]
    if asked.drain is not None and checks:
        drain = max(check.found_unhealthy for check in checks) + asked.drain
        settle = max(check.found_healthy for check in checks)
    return records.Rollout(
        parallel=asked.parallel, keep_releases=asked.keep_releases, drain=drain, settle=settle
    )
