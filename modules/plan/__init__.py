"""What will exist: the fleet's plan as frozen records. Pure: no cdktf, no network."""

from modules.plan.planner import make_plan
from modules.plan.records import Plan
from modules.plan.warnings import warnings

__all__ = ["Plan", "make_plan", "warnings"]
