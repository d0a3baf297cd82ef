"""The link between Terraform and the server fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from tests.faults import steps
from tests.faults.case import LOST, Case, Fault, applied, finished, refused
from tests.faults.naive import CONFIGTEST, GRACEFUL
from tests.faults.rig import Rig
from tests.faults.steps import Step


def cut_after(count: int, naive: int | None = None) -> Fault:
    """Cut after so many bytes of Terraform's; the naive way has fewer to send."""
    return lambda rig: rig.wire.cut_after(naive if rig.is_naive and naive else count)


def cut_at(step: Step, naive: Step) -> Fault:
    return lambda rig: steps.held(rig.machine, naive if rig.is_naive else step, rig.wire.cut)


def switched(rig: Rig) -> AbstractContextManager[None]:
    """Cut as soon as the journal says that the link to the new release is set."""
    return rig.wire.cut_when(lambda: "switched" in rig.machine.journal())


@contextmanager
def stalled(rig: Rig) -> Iterator[None]:
    """Nothing passes from the switch on, and nothing is closed: Terraform waits for two minutes."""
    step = GRACEFUL if rig.is_naive else steps.says("switching to release")
    with steps.held(rig.machine, step, rig.wire.stall):
        try:
            yield
        finally:
            rig.wire.heal()


CASES = (
    Case("link-cut-in-handshake", applied(), fault=cut_after(1500)),
    Case("link-cut-early-in-upload", refused(LOST), fault=cut_after(12_000)),
    Case("link-cut-late-in-upload", refused(LOST), fault=cut_after(40_000, naive=20_000)),
    Case(
        "link-cut-at-test",
        finished(LOST),
        fault=cut_at(steps.says("testing the configuration"), CONFIGTEST),
    ),
    Case(
        "link-cut-after-switch",
        finished(LOST),
        fault=switched,
        quick=True,
        naive="its switch is the upload, after which link-cut-at-test cuts",
    ),
    Case(
        "link-cut-in-reload",
        finished(LOST),
        fault=cut_at(steps.says_then("switching to release", "curl *"), GRACEFUL),
    ),
    Case("link-stalled", finished(LOST), fault=stalled),
)
