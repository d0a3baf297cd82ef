from pathlib import Path

import pytest

from tests.fleet.golden import Case, all_cases


@pytest.mark.parametrize("case", all_cases(), ids=lambda case: case.path.stem)
def test_case(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CI", raising=False)
    outcome = case.outcome(tmp_path)
    if case.expected[0].startswith("fleet."):
        assert outcome == case.expected
    else:
        assert set(case.expected) <= set(outcome)
