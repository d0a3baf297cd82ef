"""The way back is blocked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from modules.plan.records import HEALTH_PATH
from modules.servers import rollback
from tests.faults.case import Case, Expect, Serves, rolled_back
from tests.faults.fleet import CHANGED, directives, given, pair_files
from tests.faults.machine import CURRENT
from tests.faults.naive import FILE
from tests.faults.rig import Applied, Rig

_NAME = "rollback"

# A trial runs in the foreground: this shows on the live Apache alone, and not to visitors.
FAILS_LIVE = directives(
    f"<IfDefine !FOREGROUND>\n<If \"%{{REQUEST_URI}} == '{HEALTH_PATH}'\">\n"
    "Require all denied\n</If>\n</IfDefine>"
)
_FINE = directives("# corrected")


def to_a_lost_key(rig: Rig) -> Applied:
    """Go back to a release whose key on the server has been removed since."""
    first = rig.apply()
    assert first.status == 0, first.output
    target = rig.machine.current()
    rig.write(directives('Header set X-Changed "rollback"')(rig.good))
    second = rig.apply()
    assert second.status == 0, second.output
    rig.machine.path(pair_files(_NAME)[1]).unlink()
    lines: list[str] = []
    status = rollback(rig.up.login(rig.machine.name), target, lines.append)
    return Applied(status, "\n".join(lines))


@contextmanager
def before_is_broken(rig: Rig) -> Iterator[None]:
    """Edit what is live by hand so that Apache can't read it any more; it has not been told to."""
    live = FILE if rig.is_naive else f"{CURRENT}/portico.conf"
    with rig.machine.path(live).open("a") as file:
        file.write("NoSuchDirective on\n")
    yield


CASES = (
    Case(
        "rollback-target-broken",
        Expect(
            fails=True,
            serves=Serves.AFTER,
            words=(rf"refused: every site is served as before: {CHANGED}: \S+ is missing",),
        ),
        change=given(_NAME),
        act=to_a_lost_key,
        naive="it keeps nothing to go back to",
    ),
    Case(
        "rollback-of-itself",
        rolled_back(rf"\({CHANGED}\) answers 403"),
        change=FAILS_LIVE,
        then=_FINE,
    ),
    Case(
        "rollback-of-itself-target-broken",
        rolled_back("was changed by hand; kept in"),
        change=FAILS_LIVE,
        then=_FINE,
        fault=before_is_broken,
    ),
)
