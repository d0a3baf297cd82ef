"""docs/security.md names tests that there are."""

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
DOCUMENT = TESTS.parent / "docs" / "security.md"


def test_what_the_document_names_exists() -> None:
    named = re.findall(
        r"`((?:tests/)?[\w/]*test_\w+(?:\.py)?|tests/[\w/.]+)`", DOCUMENT.read_text()
    )
    files = {file.name: file for file in TESTS.rglob("test_*.py")}
    functions = {
        name
        for file in files.values()
        for name in re.findall(r"^def (test_\w+)", file.read_text(), re.MULTILINE)
    }
    missing = [
        name
        for name in named
        if not ((TESTS.parent / name).exists() or name in files or name in functions)
    ]
    assert len(named) > 40
    assert missing == []
