"""What every map of the fleet file has in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A map of the fleet file: unknown keys refused, values never converted, frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
