"""What is no obstacle, and should be known before an apply."""

from __future__ import annotations

from modules.fleet import Fleet
from modules.fleet.problems import Problem
from modules.plan.quota_needs import quota_warnings
from modules.plan.records import Plan


def warnings(fleet: Fleet, plan: Plan, path: str) -> tuple[Problem, ...]:
    """Return the warnings of the fleet file at `path` and of its plan, by place.

    Raises FleetError where the plan needs more than AWS ever gives.
    """
    return tuple(sorted((*fleet.warnings, *quota_warnings(plan, path))))
