"""Text that is plain enough for Apache, a shell and Terraform at once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, WithJsonSchema
from pydantic_core import CoreSchema, core_schema

from modules.fleet.problems import Code, refusal, show


@dataclass(frozen=True)
class Matching:
    """Marks a `str` that must match `pattern` as a whole.

    The pattern is ECMA and Python alike, as it also goes into the JSON Schema.
    """

    pattern: str
    what: str
    """The value's noun: `security group`."""
    allowed: str
    """The pattern in words."""
    code: Code

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self.pattern, re.ASCII)

    def check(self, value: str) -> str:
        """Return `value`; raise a refusal where it does not match."""
        if self._compiled.fullmatch(value) is None:
            raise refusal(
                self.code, f"{self.what} {show(value)} is malformed", allowed=self.allowed
            )
        return value

    def __get_pydantic_core_schema__(
        self, source: type[str], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {**handler(schema), "pattern": self.pattern, "$comment": self.allowed}


def described(allowed: str, pattern: str | None = None) -> WithJsonSchema:
    """The JSON Schema of a `str` that a function checks; `allowed` says in words what it takes."""
    schema = {"type": "string", "$comment": allowed}
    return WithJsonSchema(schema | ({"pattern": pattern} if pattern else {}))
