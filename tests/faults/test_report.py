"""The campaign's tables."""

from __future__ import annotations

from tests.faults import report
from tests.faults.case import Case, applied, refused
from tests.faults.clients import Tallies, Tally
from tests.faults.invariants import Broken
from tests.faults.running import Outcome

MET = Case("link-cut", refused())
NOT_MET = Case("link-other", applied(), naive="it has no link")


def outcome(case: Case, **found: object) -> Outcome:
    made = Outcome(case, status=1, tallies=Tallies({"a new": Tally(sent=7, failed=["late"])}))
    for name, value in found.items():
        setattr(made, name, value)
    return made


def test_two_tables_are_joined_by_their_faults() -> None:
    ours = report.markdown([outcome(MET), outcome(NOT_MET)])
    naive = report.markdown(
        [
            outcome(MET, harm=["every site down", "the apply says success"]),
            outcome(NOT_MET, status=None, not_met=NOT_MET.naive),
        ]
    )
    assert report.side_by_side(ours, naive).splitlines()[2:] == [
        "| link-cut | survived | 1 of 7 | every site down; the apply says success | 1 of 7 |",
        "| link-other | survived | 1 of 7 | n/a: it has no link |  |",
    ]


def test_what_both_survive_or_one_cannot_meet_is_no_difference() -> None:
    other, alone, both = (Case(name, refused()) for name in ("disk-full", "clock", "tmp-full"))
    ours = report.markdown(
        [
            outcome(MET),
            outcome(NOT_MET),
            outcome(other),
            outcome(alone),
            outcome(both, broken=[Broken(1, "another site is down")]),
        ]
    )
    naive = report.markdown(
        [
            outcome(MET, notes=["2 downloads whole"]),
            outcome(NOT_MET, status=None, not_met=NOT_MET.naive),
            outcome(other, harm=["every site down"]),
            outcome(both, harm=["every site down"]),
        ]
    )
    assert report.side_by_side(ours, naive, different=True).splitlines()[2:] == [
        "| disk-full | survived | 1 of 7 | every site down | 1 of 7 |",
    ]


def test_a_fault_without_its_contrast_stands_alone() -> None:
    told = report.side_by_side(report.markdown([outcome(MET)]), report.markdown([]))
    assert told.splitlines()[2:] == ["| link-cut | survived | 1 of 7 |  |  |"]


def test_the_sum_counts_what_was_met() -> None:
    broken = outcome(MET, broken=[Broken(1, "another site is down")])
    told = report.summary([outcome(NOT_MET), broken, outcome(NOT_MET, not_met="no link")])
    assert "link-cut    invariant 1" in told
    assert told.endswith("1 of 2 faults survived; 2 of 14 requests failed\n")
