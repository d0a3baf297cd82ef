"""Which version of the AWS provider knows all that a plan asks."""

from __future__ import annotations

from collections.abc import Sequence

from modules.plan.records import Certificate, SharedBalancer, Site

LOWEST = "3.39"


def lowest_provider(
    sites: Sequence[Site], shared: Sequence[SharedBalancer], certificates: Sequence[Certificate]
) -> str:
    """Return the lowest version, as `3.39`."""
    return LOWEST
