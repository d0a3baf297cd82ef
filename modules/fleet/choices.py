"""Values that are one of several shapes, told apart by a word or by a key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from modules.fleet.problems import nearest

CREATE_ZONE = "create"
EXTERNAL_ZONE = "external"


def told_apart(
    *keys: str, words: Mapping[str, str] | None = None
) -> Callable[[object], str | None]:
    """A discriminator: a map goes by the first of `keys` in it, text by `words`.

    A map with none of the keys goes by the key that was probably meant, so that its own model
    reports what is wrong with it.
    """

    def tag(value: object) -> str | None:
        if isinstance(value, Mapping):
            present = [key for key in keys if key in value]
            guesses = [guess for word in value if (guess := nearest(word, keys))]
            return (*present, *guesses, keys[0])[0]
        if isinstance(value, str) and words:
            return words.get(value, next(iter(words.values())))
        return None

    return tag


state = told_apart("s3", "local", "cloud", words={"cloud": "cloud word"})
network = told_apart("vpc", "create")
server = told_apart("instance", "create")
owned_certificate = told_apart("acm", "acm_import", "iam", "arn")
certificate = told_apart("acm", "acm_import", "iam", "arn", "use", words={"acm": "acm word"})
bucket = told_apart("bucket", "create")


class OrNothing:
    """Marks a map that may be left empty, as when all its entries are commented out: `{}`."""

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_before_validator_function(_empty_map, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"anyOf": [handler(schema), {"type": "null"}]}


def _empty_map(value: object) -> object:
    return {} if value is None else value
