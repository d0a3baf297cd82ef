"""The campaign's table, for a terminal and for the docs.

`python -m tests.faults.report PORTICO.md NAIVE.md` puts two that `--markdown` wrote side by side;
with `--different` only the faults that the two ways meet with another outcome.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from tests.faults.running import Outcome

_NONE = "-"
"""In place of an exit status: the fault was not met."""
_HEAD = ("fault", "outcome", "exit", "sent", "failed", "closed", "longest wait", "seconds")


def line(outcome: Outcome, number: int, count: int) -> str:
    """Tell one case as it ends."""
    fault, came, *figures = _row(outcome)
    status, sent, failed, closed, longest, seconds = figures
    told = "".join(f"    {each}\n" for each in outcome.broken)
    return (
        f"{number:3}/{count} {fault:44} {came}; exit {status}, {sent} requests, {failed} failed,"
        f" {closed} closed, longest {longest}, {seconds} s\n{told}"
    )


def summary(outcomes: Sequence[Outcome]) -> str:
    rows = [_HEAD, *map(_row, outcomes)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    padded = ([*map(str.ljust, row, widths)] for row in rows)
    table = "".join(f"{'  '.join(cells).rstrip()}\n" for cells in padded)
    met = [each for each in outcomes if not each.not_met]
    sent = sum(each.tallies.sent for each in met)
    failed = sum(len(each.tallies.failed) for each in met)
    fine = sum(each.survived for each in met)
    total = f"{fine} of {len(met)} faults survived; {failed} of {sent} requests failed"
    return f"{table}\n{total}\n"


def markdown(outcomes: Iterable[Outcome]) -> str:
    """Return the table in Markdown."""
    return _markdown([_HEAD, *map(_row, outcomes)])


def side_by_side(portico: str, naive: str, *, different: bool = False) -> str:
    """Join two tables in Markdown by their faults; only those that `different` asks for."""
    ours, theirs = _read(portico), _read(naive)
    head = ("fault", "Portico", "failed of sent", "upload, configtest, graceful", "failed of sent")
    joined = ((name, *ours[name], *theirs.get(name, ("", ""))) for name in ours)
    return _markdown([head, *(row for row in joined if not different or _differ(row[1], row[3]))])


def _differ(ours: str, theirs: str) -> bool:
    """Whether both ways met a fault, and only one survived it."""
    met = theirs and not theirs.startswith("n/a")
    return bool(met) and ours.startswith("survived") != theirs.startswith("survived")


def _read(table: str) -> Mapping[str, tuple[str, str]]:
    """Return outcome and requests of each fault."""
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()]
    head, _, *cases = rows
    found = (dict(zip(head, row, strict=True)) for row in cases)
    return {
        row["fault"]: (
            row["outcome"],
            f"{row['failed']} of {row['sent']}" if row["exit"] != _NONE else "",
        )
        for row in found
    }


def _markdown(rows: Sequence[Sequence[str]]) -> str:
    head, *body = rows
    lines = [head, ["--"] * len(head), *body]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _told(outcome: Outcome) -> str:
    if outcome.not_met:
        return f"n/a: {outcome.not_met}"
    numbers = sorted({each.number for each in outcome.broken})
    broken = [f"invariant {number}" if number else "not as expected" for number in numbers]
    return "; ".join(broken or outcome.harm or ("survived", *outcome.notes))


def _row(outcome: Outcome) -> tuple[str, ...]:
    tallies = outcome.tallies
    failed = str(len(tallies.failed))
    return (
        outcome.case.name,
        _told(outcome),
        _NONE if outcome.status is None else str(outcome.status),
        str(tallies.sent),
        f"{failed} (+{tallies.excused})" if tallies.excused else failed,
        str(tallies.closed),
        f"{tallies.longest:.2f} s",
        f"{outcome.seconds:.0f}",
    )


def _main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.report", description=__doc__)
    parser.add_argument("portico", type=Path)
    parser.add_argument("naive", type=Path)
    parser.add_argument("--different", action="store_true", help="one survived, the other did not")
    asked = parser.parse_args()
    tables = (asked.portico.read_text(), asked.naive.read_text())
    sys.stdout.write(side_by_side(*tables, different=asked.different))


if __name__ == "__main__":
    _main()
