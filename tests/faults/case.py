"""What a case of the campaign is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from enum import Enum, auto

from tests.faults.fleet import Change, directives
from tests.faults.rig import Applied, Rig

Fault = Callable[[Rig], AbstractContextManager[object]]
"""Holds while the change is applied, and is repaired at its end."""

Act = Callable[[Rig], Applied]
"""Applies the change."""


class Serves(Enum):
    """What the changed site is to serve once the server is at rest."""

    BEFORE = auto()
    AFTER = auto()
    EITHER = auto()
    """Which of the two depends on a race that is the fault itself; never a mixture."""


@dataclass(frozen=True, slots=True)
class Expect:
    """What is to come of the apply that the fault meets."""

    fails: bool
    serves: Serves
    words: tuple[str, ...] = ()
    """Regular expressions, each to be found in the apply's output, its whitespace made single."""


def refused(*words: str) -> Expect:
    """The apply fails with the reason, and nothing that is served has changed."""
    return Expect(fails=True, serves=Serves.BEFORE, words=words)


def rolled_back(*words: str) -> Expect:
    """As `refused`, after the new release was live for a moment."""
    return Expect(fails=True, serves=Serves.BEFORE, words=("rolled back", *words))


def finished(*words: str) -> Expect:
    """The apply fails, as it can't know, and the server has made the change live by itself."""
    return Expect(fails=True, serves=Serves.AFTER, words=words)


def applied(*words: str) -> Expect:
    """The fault is withstood: the apply succeeds."""
    return Expect(fails=False, serves=Serves.AFTER, words=words)


LOST = r"Error: (file|remote-exec) provisioner error with terraform_data\.web-1"
"""What Terraform says when it has lost a server: which one, and in doing what."""


def nothing(_rig: Rig) -> AbstractContextManager[object]:
    return nullcontext()


def apply(rig: Rig) -> Applied:
    return rig.apply()


@contextmanager
def lock_as_before(rig: Rig) -> Iterator[None]:
    """Have the ports free again for the cases to come."""
    lock = rig.fleet.folder / "fleet.lock.json"
    before = lock.read_text()
    yield
    lock.write_text(before)


@dataclass(frozen=True, slots=True)
class Case:
    """One fault: what is done, at which step, what is expected."""

    name: str
    """Words joined by `-`, the theme's module first; `contents.py` names it."""
    expect: Expect
    fault: Fault = nothing
    change: Change | None = None
    """Of the fleet; None: the changed site gets a header of its own."""
    then: Change | None = None
    """Makes the fleet that converges of the faulty one; None: what was asked for is right."""
    act: Act = apply
    servers: int = 1
    """Of the fleet; the rig's machine is the last of them, which is changed last."""
    minutes: int = 1
    """How long it takes, about: the longest begin first."""
    quick: bool = False
    naive: str = ""
    """Why the naive way can't meet this fault; "" where it can."""

    @property
    def theme(self) -> str:
        return self.name.partition("-")[0]

    @property
    def changes(self) -> Change:
        return self.change or directives(f'Header set X-Changed "{self.name}"')

    @property
    def mark(self) -> str:
        """X-Changed of the changed site once the change is served; "" where that is not known."""
        return "" if self.change else self.name


def both(*faults: Fault) -> Fault:
    """Have several faults at once, repaired in the order of their undoing."""

    @contextmanager
    def fault(rig: Rig) -> Iterator[None]:
        if not faults:
            yield
            return
        with faults[0](rig), both(*faults[1:])(rig):
            yield

    return fault
