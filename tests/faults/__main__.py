"""Runs the campaign: `python -m tests.faults [--naive] [--only PATTERN] [--quick]`."""

from __future__ import annotations

import argparse
import fnmatch
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.faults import report, workers
from tests.faults.case import Case
from tests.faults.cases import collect
from tests.faults.running import Outcome
from tests.faults.workers import Rigs


def main() -> int:
    """Run the chosen cases and return the exit status: 1 if Portico broke an invariant."""
    options = _options()
    chosen = [case for case in collect() if _is_chosen(case, options)]
    if not chosen:
        sys.exit(f"no case is named like {options.only}")
    found: dict[int, Outcome] = {}
    with ExitStack() as undo:
        folder = options.keep or undo.enter_context(tempfile.TemporaryDirectory(prefix="faults-"))
        rigs = Rigs(Path(folder).resolve(), options.at_once, options.naive, bool(options.keep))
        for place, outcome in workers.outcomes(chosen, rigs):
            found[place] = outcome
            sys.stdout.write(report.line(outcome, len(found), len(chosen)))
            sys.stdout.flush()
    outcomes = [found[place] for place in sorted(found)]
    sys.stdout.write("\n" + report.summary(outcomes))
    if options.markdown:
        options.markdown.write_text(report.markdown(outcomes))
    return 0 if options.naive or all(each.survived for each in outcomes) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--naive", action="store_true", help="upload, configtest, graceful instead")
    parser.add_argument("--only", metavar="PATTERN", default="*", help="as in link-*")
    parser.add_argument("--quick", action="store_true", help="those of `make test`")
    parser.add_argument(
        "--at-once", type=int, default=1, metavar="N", help="cases, in sandboxes of their own"
    )
    parser.add_argument(
        "--keep", metavar="FOLDER", help="have the sandbox there, and leave it up for the next run"
    )
    parser.add_argument("--markdown", metavar="FILE", type=Path, help="write the table there too")
    return parser.parse_args()


def _is_chosen(case: Case, options: argparse.Namespace) -> bool:
    patterns = options.only.split(",")
    return (case.quick or not options.quick) and any(
        fnmatch.fnmatch(case.name, pattern) for pattern in patterns
    )


if __name__ == "__main__":
    sys.exit(main())
