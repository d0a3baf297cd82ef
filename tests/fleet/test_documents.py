import json
import re
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import pytest
from ruamel.yaml import YAML

from modules.fleet import LockMode, load_fleet
from modules.fleet.problems import Code
from modules.fleet.reference import REFERENCE, SCHEMA, schema_text, with_reference
from tests.fleet.golden import FOLDER, Case, all_cases

ERRORS = REFERENCE.with_name("errors.md")
FROM_OTHER_TESTS = {"F101", "F102", "F508", "F509", "F510", "F511", "F701", "F703", "F427"}
"""Codes whose problems need more than text files to show."""


def test_the_schema_is_current() -> None:
    assert SCHEMA.read_text("utf-8") == schema_text()


def test_the_reference_is_current() -> None:
    text = REFERENCE.read_text("utf-8")
    assert with_reference(text) == text


def test_the_schema_is_draft_7() -> None:
    schema = json.loads(schema_text())
    jsonschema.Draft7Validator.check_schema(schema)
    assert "$defs" not in schema_text()


FINE = [case for case in all_cases() if not case.expected[0].startswith("fleet.")]


@pytest.mark.parametrize("case", FINE, ids=lambda case: case.path.stem)
def test_the_schema_takes_what_the_loader_takes(case: Case) -> None:
    values = YAML(typ="safe", pure=True).load(case.files["fleet.yaml"])
    jsonschema.Draft7Validator(json.loads(schema_text())).validate(json.loads(_json(values)))


def _json(values: object) -> str:
    return json.dumps(values, default=str)


@pytest.mark.parametrize("name", ["keys-unknown", "keys-exclusive", "words", "kinds", "no-servers"])
def test_the_schema_refuses_what_it_can_see(name: str) -> None:
    case = next(case for case in all_cases() if case.path.stem == name)
    values = YAML(typ="safe", pure=True).load(case.files["fleet.yaml"])
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft7Validator(json.loads(schema_text())).validate(json.loads(_json(values)))


def entries() -> dict[str, tuple[str, str]]:
    """Each code's title and text in the document of errors."""
    parts = re.split(r"^### (F\d+): (.*)\n", ERRORS.read_text("utf-8"), flags=re.MULTILINE)[1:]
    return {parts[i]: (parts[i + 1], parts[i + 2]) for i in range(0, len(parts), 3)}


def test_every_code_has_its_entry() -> None:
    assert {code: title for code, (title, _) in entries().items()} == {
        code.id: code.meaning for code in Code
    }


def test_every_example_is_what_portico_says() -> None:
    said = {line for path in FOLDER.iterdir() for line in path.read_text("utf-8").splitlines()}
    for code, (_, text) in entries().items():
        example = text.partition("```\n")[2].partition("\n```")[0]
        assert example.endswith(f" [{code}]")
        assert example in said or code in FROM_OTHER_TESTS
        assert text.partition("```")[0].strip()


def test_every_code_is_used() -> None:
    source = "".join(path.read_text("utf-8") for path in _modules())
    assert [code.name for code in Code if f"Code.{code.name}" not in source] == []


def _modules() -> list[Path]:
    modules = REFERENCE.parents[1] / "modules"
    return [path for stage in ("fleet", "plan") for path in (modules / stage).glob("*.py")]


def test_the_example_of_the_reference_is_a_fleet(tmp_path: Path) -> None:
    text = REFERENCE.read_text("utf-8").partition("```yaml\n")[2].partition("```")[0]
    (tmp_path / "fleet.yaml").write_text(text, "utf-8")
    fleet = load_fleet(tmp_path / "fleet.yaml", LockMode.READ)
    assert fleet.ports == {"domain-a.com": 443, "domain-b.com": 8443}
