"""Any text in any place of the fleet file: refused with its line, or inert."""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from modules.fleet.sections import FleetFile
from tests.fleet.fleets import loaded
from tests.fleet.golden import BASE
from tests.hostile.carriers import (
    CODE,
    PLACES,
    SECONDS,
    assert_refused_or_inert,
    mutations,
)
from tests.hostile.drawing import Count, drawn

AT_ONCE = 50


def fuzz(texts: int) -> Count:
    count = Count()
    waiting = drawn(mutations, texts)
    for at in range(0, len(waiting), AT_ONCE):
        count.add(*assert_refused_or_inert(waiting[at : at + AT_ONCE]))
    return count


def test_some_texts_are_refused_or_inert() -> None:
    count = fuzz(400)
    assert count.refused > 100
    assert count.accepted > 10


@pytest.mark.soak
def test_tens_of_thousands_of_texts_are_refused_or_inert(capfd: pytest.CaptureFixture[str]) -> None:
    count = fuzz(30_000)
    assert count.tried > 20_000
    count.tell(capfd, "texts in any place")


# --- YAML itself -----------------------------------------------------------------------------

TRICKS = {
    "an alias of its own map": "&a {a: *a}",
    "an alias of its own list": "&a [*a, *a]",
    "a merge of itself": "&a {<<: *a}",
    "an alias of nothing": "*nothing",
    "python": '!!python/object/apply:os.system ["id"]',
    "python's module": "!!python/module:os",
    "a tag of its own": "!x text",
    "binary": "!!binary aWQ=",
    "a set": "!!set {a, b}",
    "an ordered map": "!!omap [a: b]",
    "a merge of text": "{<<: text}",
    "a merge of lists": "{<<: [[a]]}",
    "a map as a key": "{{a: b}: c}",
    "a list as a key": "{[a]: c}",
    "an explicit key": "{? a : b}",
    "a key twice": "{a: b, a: c}",
    "a key twice by escapes": '{a: b, "\\x61": c}',
    "a nul": '"a\\0b"',
    "half a character": '"\\ud800"',
    "a bell": '"\\a\\e[2J"',
    "line separators": '"\\L\\P\\N"',
    "folded": '"a\\',
    "an open quote": '"a',
    "an open map": "{a: b",
    "another document": "a\n---\nb: c",
    "an ended document": "a\n...\nb: c",
    "a directive": "a\n%YAML 9.9\n---\nb: c",
    "a tab": "\ta",
    "deep lists": "[" * 5000,
    "deep maps": "{a: " * 5000,
    "deep lists, closed": "[" * 900 + "]" * 900,
    "deep blocks": "\n" + "- " * 5000,
    "a long text": "x" * 60_000,
    "a long key": "{" + "k" * 2000 + ": v}",
    "many keys": "{" + ", ".join(f"k{i}: v" for i in range(500)) + "}",
    "a long number": "9" * 5000,
    "an endless float": "1e99999",
    "not a number": ".nan",
    "sexagesimal": "190:20:30",
    "octal": "0o17",
    "null": "~",
    "a date": "2024-01-01",
    "a literal": "|\n  a\n  b",
    "a literal with wrong indent": "|9\n a",
}


PLACES_OF_TRICKS = ("name: {}", "sites: {}", "sites: {{a.com: {}}}", "tags: {{a: {}}}", "{}: a")


@pytest.mark.parametrize("trick", TRICKS, ids=lambda trick: trick.replace(" ", "-"))
def test_no_trick_of_yaml_gets_further_than_its_line(trick: str, tmp_path: Path) -> None:
    path = tmp_path / "fleet.yaml"
    for place in PLACES_OF_TRICKS:
        text = place.format(TRICKS[trick])
        lacking = "".join(base for key, base in BASE.items() if not text.startswith(f"{key}:"))
        path.write_text(f"{lacking}{text}\n", "utf-8")
        start = time.monotonic()
        fleet, error = loaded(path)
        assert time.monotonic() - start < SECONDS
        assert fleet or error.problems
        for problem in error.problems:
            assert CODE.fullmatch(problem.code)
            assert str(problem).isprintable()
            assert len(str(problem)) < 2000
            assert problem.line >= 1


# --- every field -----------------------------------------------------------------------------

Schema = Mapping[str, Any]


def texts_of(schema: Schema, whole: Schema, path: str = "") -> Iterator[str]:
    """Where a text may stand, by the schema: `*` is any key of a map, or any item of a list."""
    if "$ref" in schema:
        yield from texts_of(whole["$defs"][schema["$ref"].rpartition("/")[2]], whole, path)
    for word in ("anyOf", "oneOf", "allOf"):
        for each in schema.get(word, ()):
            yield from texts_of(each, whole, path)
    if schema.get("type") == "string":
        yield path
    for name, each in schema.get("properties", {}).items():
        yield from texts_of(each, whole, f"{path}/{name}")
    several = (
        schema.get("items"),
        schema.get("additionalProperties"),
        *schema.get("patternProperties", {}).values(),
    )
    for each in several:
        if isinstance(each, dict):
            yield from texts_of(each, whole, f"{path}/*")
    if "propertyNames" in schema:
        yield f"{path}/*/key"


def test_every_field_of_the_file_that_takes_a_text_is_tried() -> None:
    schema = FleetFile.model_json_schema()
    fields = {field for field in texts_of(schema, schema) if not field.startswith("/defaults/")}
    maps = {field.removesuffix("/*/key") for field in fields if field.endswith("/*/key")}
    tried = set()
    for _, path in PLACES:
        steps, said = [str(step) for step in path], ""
        for step in steps if path[-1] is not None else steps[:-1]:
            said += "/*" if said in maps or step.isdecimal() else f"/{step}"
        tried.add(f"{said}/key" if path[-1] is None else said)
    assert fields - tried == set()
