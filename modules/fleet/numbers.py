"""Whole numbers within bounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from modules.fleet.problems import Code, refusal


@dataclass(frozen=True, slots=True)
class between:  # noqa: N801 - reads as a word in an annotation
    """Marks an integer from `least` to `most`."""

    least: int
    most: int

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {**handler(schema), "minimum": self.least, "maximum": self.most}

    def _check(self, value: int) -> int:
        if not self.least <= value <= self.most:
            raise refusal(
                Code.NUMBER,
                f"{value} is out of bounds",
                allowed=f"{self.least} to {self.most}",
            )
        return value
