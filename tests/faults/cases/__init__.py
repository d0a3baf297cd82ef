"""The campaign's cases: a theme a module, each with its `CASES`."""

from __future__ import annotations

import importlib
import pkgutil
from collections import Counter
from types import ModuleType

from tests.faults.case import Case


def modules() -> list[ModuleType]:
    """Return the modules of all themes."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return [importlib.import_module(f"{__name__}.{name}") for name in names]


def collect() -> tuple[Case, ...]:
    """Return all cases, by theme.

    :raises ValueError: two have one name.
    """
    cases = tuple(case for module in modules() for case in module.CASES)
    count = Counter(case.name for case in cases)
    if twice := sorted(name for name in count if count[name] > 1):
        raise ValueError(f"more than one case is named {', '.join(twice)}")
    return cases
