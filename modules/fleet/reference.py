"""What is generated of the fleet file's documents, from the types.

`python -m modules.fleet.reference` writes `docs/fleet.schema.json`, `docs/capabilities.md` and the
part of `docs/fleet.md` between its markers; a test fails where one is out of date.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from modules.fleet.capability_document import capabilities_text
from modules.fleet.schema import fleet_schema

_Schema = Mapping[str, Any]

DOCS = Path(__file__).parents[2] / "docs"
SCHEMA = DOCS / "fleet.schema.json"
CAPABILITIES = DOCS / "capabilities.md"
REFERENCE = DOCS / "fleet.md"
_START = "<!-- reference: written by python -m modules.fleet.reference -->"
_END = "<!-- end of reference -->"
_BAR = "\\|"
_NAMES = {
    "servers": "NAME",
    "sites": "DOMAIN",
    "tags": "KEY",
    "certificates": "NAME",
    "zones": "ZONE",
}
"""What stands for the operator's own keys of a map."""


def schema_text() -> str:
    """The text of `docs/fleet.schema.json`."""
    return json.dumps(fleet_schema(), indent=2, ensure_ascii=False) + "\n"


def with_reference(text: str) -> str:
    """`text`, that of `docs/fleet.md`, with a fresh part between the markers."""
    before, _, rest = text.partition(_START)
    _, _, after = rest.partition(_END)
    return f"{before}{_START}\n{reference()}{_END}{after}"


def reference() -> str:
    """A table of the top level, and one for each of its keys that has keys below it.

    `defaults` has the keys of a site and no table of its own.
    """
    schema = fleet_schema()
    parts = [_table("The top level", _rows("", schema, schema, depth=1))]
    for key, part in schema["properties"].items():
        rows = list(_rows(key, part, schema))
        if rows and key != "defaults":
            parts.append(_table(f"`{key}`", rows))
    return "\n".join(parts)


def _table(title: str, rows: Iterable[str]) -> str:
    head = "| key | value | default | meaning |\n|--|--|--|--|\n"
    return f"\n### {title}\n\n{head}{''.join(rows)}"


def _rows(path: str, part: _Schema, schema: _Schema, depth: int = 9) -> Iterator[str]:
    """The rows of all keys below `path`, `depth` levels of them."""
    kinds = list(_kinds(part, schema))
    seen: set[str] = set()
    for kind in kinds:
        for key, inner in kind.get("properties", {}).items():
            if key not in seen:
                seen.add(key)
                below = f"{path}.{key}".lstrip(".")
                yield _row(below, inner, _presence(key, inner, kinds), schema)
                if depth > 1:
                    yield from _rows(below, inner, schema, depth - 1)
        for inner in _of_free_keys(kind):
            name = _NAMES.get(path.rpartition(".")[2], "KEY")
            yield from _rows(f"{path}.{name}", inner, schema, depth)


def _presence(key: str, part: _Schema, kinds: Sequence[_Schema]) -> str:
    """Whether `key` must be there, in all of its map's `kinds` or with the key that tells one."""
    maps = [kind for kind in kinds if "properties" in kind]
    requiring = [kind for kind in maps if key in kind.get("required", ())]
    if len(requiring) == len(maps):
        return "required"
    told = {_telling_key(kind, maps): kind for kind in maps}
    if key in told:
        others = [f"`{other}`" for other in told if other != key]
        return f"this or {' or '.join(others)}"
    if requiring:
        return f"required with `{_telling_key(requiring[0], maps)}`"
    return _default(part)


def _telling_key(kind: _Schema, kinds: Sequence[_Schema]) -> str:
    """The key by which `kind` is told from the others of `kinds`."""
    others = [other["properties"] for other in kinds if other is not kind]
    own = (key for key in kind.get("required", ()) if not any(key in other for other in others))
    return next(own, "")


def _of_free_keys(kind: _Schema) -> list[_Schema]:
    free = [*kind.get("patternProperties", {}).values(), kind.get("additionalProperties")]
    return [part for part in free if isinstance(part, dict)]


def _kinds(part: _Schema, schema: _Schema) -> Iterator[_Schema]:
    """What may stand at `part`, with references followed; nothing at all left out."""
    if "$ref" in part:
        yield from _kinds(schema["definitions"][part["$ref"].rpartition("/")[2]], schema)
    elif "$comment" not in part and ("anyOf" in part or "oneOf" in part):
        for inner in part.get("anyOf") or part["oneOf"]:
            yield from _kinds(inner, schema)
    elif part.get("type") != "null":
        yield part


def _row(path: str, part: _Schema, presence: str, schema: _Schema) -> str:
    values = ", ".join(dict.fromkeys(_value(kind, schema) for kind in _kinds(part, schema)))
    cells = (f"`{path}`", values, presence, str(part.get("description", "")))
    return f"| {' | '.join(cell.replace('|', _BAR) for cell in cells)} |\n"


def _default(part: _Schema) -> str:
    default = part.get("default")
    if isinstance(default, list):
        return ", ".join(f"`{item}`" for item in default)
    return "" if default is None else f"`{json.dumps(default)}`".replace('"', "")


def _value(kind: _Schema, schema: _Schema) -> str:
    if "$comment" in kind:
        return str(kind["$comment"])
    if "enum" in kind or "const" in kind:
        return ", ".join(f"`{word}`" for word in kind.get("enum", [kind.get("const")]))
    match kind.get("type"):
        case "array":
            inner = ", ".join(_value(item, schema) for item in _kinds(kind["items"], schema))
            return f"list: {inner}"
        case "object":
            return _map_value(kind)
        case "boolean":
            return "`true`, `false`"
        case other:
            return (
                f"{other}, {kind['minimum']} to {kind['maximum']}"
                if "minimum" in kind
                else f"{other}"
            )


def _map_value(kind: _Schema) -> str:
    required = kind.get("required", ())
    return f"map with `{required[0]}`" if len(required) == 1 else "map"


def main() -> None:
    """Write the documents."""
    SCHEMA.write_text(schema_text(), "utf-8")
    CAPABILITIES.write_text(capabilities_text(), "utf-8")
    REFERENCE.write_text(with_reference(REFERENCE.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
