"""The quick cases of the campaign; `python -m tests.faults` runs them all."""

from __future__ import annotations

import pytest

from tests.faults import running
from tests.faults.case import Case
from tests.faults.cases import collect
from tests.faults.rig import Rig

QUICK = [case for case in collect() if case.quick]


@pytest.mark.sandbox
@pytest.mark.parametrize("case", QUICK, ids=[case.name for case in QUICK])
def test_the_fault_is_survived(case: Case, one_server: Rig) -> None:
    outcome = running.run(one_server, case)
    assert [str(each) for each in outcome.broken] == []
    assert outcome.tallies.sent > 0
