"""How a member of moto is replaced."""

from __future__ import annotations

from types import ModuleType
from typing import Any


def replace(owner: type | ModuleType, name: str, value: Any) -> None:  # noqa: ANN401 - any member
    """Put `value` in the place of a member that moto has, or should have."""
    setattr(owner, name, value)
