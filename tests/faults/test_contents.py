"""Each fault that was asked for has its cases, and each case its place."""

from __future__ import annotations

from fnmatch import fnmatch

from tests.faults.cases import collect, modules
from tests.faults.contents import FAULTS, TO_COME

WRITTEN = {case.name for case in collect()}
NAMED = {pattern for patterns in FAULTS.values() for pattern in patterns}


def written(pattern: str) -> bool:
    return any(fnmatch(name, pattern) for name in WRITTEN)


def test_each_named_case_is_written() -> None:
    assert {pattern for pattern in NAMED if not written(pattern)} == TO_COME


def test_each_written_case_is_named() -> None:
    named = {name for name in WRITTEN if any(fnmatch(name, each) for each in NAMED)}
    assert named == WRITTEN


def test_what_is_to_come_is_named() -> None:
    assert TO_COME <= NAMED


def test_the_quick_ones_fit_into_a_test_run() -> None:
    quick = [case.name for case in collect() if case.quick]
    assert 6 <= len(quick) <= 10


def test_a_case_stands_in_the_module_of_its_theme() -> None:
    for module in modules():
        assert {case.theme for case in module.CASES} == {module.__name__.rpartition(".")[2]}


def test_the_quick_cases_share_one_sandbox() -> None:
    assert {case.servers for case in collect() if case.quick} == {1}
