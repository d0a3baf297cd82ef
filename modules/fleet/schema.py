"""The JSON Schema of the fleet file, for editors.

Draft 7, as yaml-language-server reads no newer one; pydantic writes 2020-12.
"""

from __future__ import annotations

from typing import Any

from modules.fleet.sections import FleetFile

_DRAFT = "http://json-schema.org/draft-07/schema#"


def fleet_schema() -> dict[str, Any]:
    """The schema of a whole fleet file."""
    schema = FleetFile.model_json_schema(ref_template="#/definitions/{model}")
    definitions = schema.pop("$defs")
    return {
        "$schema": _DRAFT,
        "title": "Portico's fleet file",
        **_plain(schema),
        "definitions": {name: _plain(part) for name, part in sorted(definitions.items())},
    }


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    """Drop generated titles and empty defaults; close maps whose keys have a pattern."""
    plain = {key: _plain_value(key, value) for key, value in schema.items() if key != "title"}
    if plain.get("default", {}) is None or isinstance(plain.get("default"), dict):
        del plain["default"]
    if "patternProperties" in plain:
        plain["additionalProperties"] = False
    return plain


def _plain_value(key: str, value: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    if key in ("properties", "patternProperties"):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, dict) and key != "default":
        return _plain(value)
    if isinstance(value, list):
        return [_plain(item) if isinstance(item, dict) else item for item in value]
    return value
