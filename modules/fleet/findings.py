"""Pydantic's errors as problems, in Portico's words and at the file's places."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from modules.fleet.problems import Code, Problem, nearest, show, words
from modules.fleet.site_sections import SiteEntry, SiteSettings
from modules.fleet.source import KeyPath, Source
from modules.fleet.spots import Spot, find_spot

_KINDS: Mapping[str, str] = {
    "string_type": "text",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "dict_type": "a map",
    "mapping_type": "a map",
    "model_type": "a map",
}
_SHORT = re.compile(r"[A-Za-z0-9._/:*-]{1,60}")
"""What may be meant as the one item of a list."""
_CODES = frozenset(code.id for code in Code)


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem and the paths that it explains, the first of which is where it lies."""

    problem: Problem
    paths: tuple[KeyPath, ...]


def findings(source: Source, error: ValidationError) -> list[Finding]:
    """Translate all of the error's details.

    A missing key whose misspelling stands beside it is explained by the misspelling.
    """
    details = [d for d in error.errors(include_url=False) if not _follows_from_items(d)]
    found = list(_unknown_keys(source, details))
    explained = {path for finding in found for path in finding.paths}
    missing = {find_spot(d["loc"]).path for d in details if d["type"] == "missing"}
    for detail in details:
        match detail["type"]:
            case "extra_forbidden":
                continue
            case "missing":
                if not _is_explained(detail, explained, missing):
                    found.append(_missing_key(source, detail))
            case _:
                found.append(_bad_value(source, detail))
    return found


def _is_explained(detail: ErrorDetails, explained: set[KeyPath], missing: set[KeyPath]) -> bool:
    """Whether a missing key follows from another problem of its map.

    Where the keys that tell maps apart are all missing, or exclude each other, it is not known
    which map was meant, and only what all of them need is missing for sure.
    """
    path = find_spot(detail["loc"]).path
    within = find_spot(detail["loc"][:-1])
    told_apart = {(*within.path, tag) for tag in within.tags}
    if path in explained:
        return True
    if not told_apart & (missing | explained) or path in told_apart:
        return False
    fields = [kind.model_fields for kind in within.members.values()]
    return not all(path[-1] in each and each[path[-1]].is_required() for each in fields)


def _follows_from_items(detail: ErrorDetails) -> bool:
    """Whether a list or map is too short only because its items were refused."""
    return detail["type"] == "too_short" and len(detail["input"]) >= detail["ctx"]["min_length"]


def _unknown_keys(source: Source, details: Iterable[ErrorDetails]) -> Iterator[Finding]:
    """Each unknown key in the words of the first of the maps that it was merged into."""
    said: dict[tuple[int, int], Problem] = {}
    for detail in details:
        if detail["type"] == "extra_forbidden":
            found = _unknown_key(source, detail)
            place = (found.problem.line, found.problem.column)
            yield Finding(said.setdefault(place, found.problem), found.paths)


def _unknown_key(source: Source, detail: ErrorDetails) -> Finding:
    spot = find_spot(detail["loc"][:-1])
    key = str(detail["loc"][-1])
    path = (*spot.path, key)
    others = [
        tag
        for tag, kind in spot.members.items()
        if tag != spot.tag and key in getattr(kind, "model_fields", ())
    ]
    if others:
        message = words(f"key {show(key)} excludes {show(spot.tag)}", cure="keep one of them")
        if others[0] != key:
            message = words(f"key {show(key)} goes with {show(others[0])}, not {show(spot.tag)}")
        return Finding(source.problem(Code.ONE_OF, path, message, at_key=True), (path,))
    known = tuple(dict.fromkeys([*spot.keys, *spot.tags]))
    if spot.model is SiteSettings and key in SiteEntry.model_fields:
        message = words(f"key {show(key)} is each site's own", cure="say it in the sites")
        return Finding(source.problem(Code.UNKNOWN_KEY, path, message, at_key=True), (path,))
    meant = nearest(key, known)
    message = words(
        f"unknown key {show(key)}",
        allowed=", ".join(sorted(known)),
        meant=show(meant) if meant else "",
    )
    problem = source.problem(Code.UNKNOWN_KEY, path, message, at_key=True)
    return Finding(problem, (path, (*spot.path, meant)) if meant else (path,))


def _missing_key(source: Source, detail: ErrorDetails) -> Finding:
    spot = find_spot(detail["loc"])
    within = find_spot(detail["loc"][:-1])
    key = str(spot.path[-1])
    what = f"key {show(key)} is missing"
    if key in within.tags and len(within.tags) > 1:
        what = f"one of the keys {', '.join(map(show, within.tags))} is missing"
    elif within.model:
        what += f": {_meaning(within.model.model_fields[key].description or '')}"
    problem = source.problem(Code.MISSING_KEY, spot.path[:-1], what, at_key=True)
    return Finding(problem, (spot.path,))


def _meaning(description: str) -> str:
    """A field's description as the end of a message."""
    first = description.partition(". ")[0].rstrip(".")
    return first if first[1:2].isupper() else first[:1].lower() + first[1:]


def _bad_value(source: Source, detail: ErrorDetails) -> Finding:
    spot = find_spot(detail["loc"])
    code, message = _words_for(spot, detail)
    return Finding(source.problem(code, spot.path, message, at_key=spot.at_key), (spot.path,))


def _words_for(spot: Spot, detail: ErrorDetails) -> tuple[Code, str]:
    kind, value = detail["type"], detail["input"]
    name = show(_name(spot.path))
    if kind in _CODES:
        return next(code for code in Code if code.id == kind), detail["ctx"]["message"]
    if kind == "too_short":
        least = detail["ctx"]["min_length"]
        return Code.TOO_FEW, words(f"{name} is empty", allowed=f"at least {least}")
    if spot.words and not isinstance(value, Mapping | Sequence):
        return Code.WRONG_KIND, words(f"{name} is {show(value)}", allowed=_choice(spot))
    if kind == "literal_error" and isinstance(value, str):
        guess = nearest(value, (*spot.words, *spot.tags))
        meant = f"{{{guess}: …}}" if guess in spot.tags and guess not in spot.words else guess
        return Code.UNKNOWN_WORD, words(
            f"{name} is {show(value)}",
            allowed=_choice(spot),
            meant=show(meant) if guess in spot.words else meant,
        )
    expected = _choice(spot) if spot.words or spot.members else _KINDS.get(kind, detail["msg"])
    return Code.WRONG_KIND, words(
        f"{name} is {show(value)}", allowed=expected, meant=_other_kind(kind, value)
    )


def _choice(spot: Spot) -> str:
    if spot.words:
        return ", ".join((*spot.words, *spot.shapes))
    return f"a map with one of the keys {', '.join(spot.tags)}"


def _other_kind(kind: str, value: object) -> str:
    """The same value in the kind that was expected."""
    if kind == "string_type" and isinstance(value, bool | int | float):
        return f'"{show(value)}" in quotes'
    if kind == "tuple_type" and isinstance(value, str | int):
        text = value if isinstance(value, str) else show(value)
        quote = '"' if set(text) & set(":*") else ""
        return f"[{quote}{text}{quote}]" if _SHORT.fullmatch(text) else ""
    if kind == "bool_type" and str(value).lower() in {"yes", "on", "1", "'true'"}:
        return "true"
    if kind == "bool_type" and str(value).lower() in {"no", "off", "0"}:
        return "false"
    if kind == "int_type" and isinstance(value, str) and value.isdecimal():
        return f"{value} without quotes"
    return ""


def _name(path: KeyPath) -> str:
    """The nearest key of `path`, which a list's item has from its list."""
    return next((str(step) for step in reversed(path) if isinstance(step, str)), "the file")
