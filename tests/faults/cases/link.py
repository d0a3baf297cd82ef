"""The link between Terraform and the server fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from tests.faults import steps
from tests.faults.case import Case, Fault, applied, finished, refused
from tests.faults.rig import Rig
from tests.faults.steps import Step

_LOST = r"Error: .*(remote|provisioner|handshake|EOF|connection)"


def cut_after(count: int, naive: int | None = None) -> Fault:
    """Cut after so many bytes of Terraform's; the naive way has fewer to send."""
    return lambda rig: rig.wire.cut_after(naive if rig.is_naive and naive else count)


def cut_at(step: Step) -> Fault:
    return lambda rig: steps.held(rig.machine, step, rig.wire.cut)


def switched(rig: Rig) -> AbstractContextManager[None]:
    """Cut as soon as the journal says that the link to the new release is set."""
    return rig.wire.cut_when(lambda: "switched" in rig.machine.journal())


@contextmanager
def stalled(rig: Rig) -> Iterator[None]:
    """Nothing passes from the switch on, and nothing is closed: Terraform waits for two minutes."""
    with steps.held(rig.machine, steps.says("switching to release"), rig.wire.stall):
        try:
            yield
        finally:
            rig.wire.heal()


_ONLY_PORTICO = "nothing runs on the server after its two commands"

CASES = (
    Case("link-cut-in-handshake", applied(), fault=cut_after(1500)),
    Case("link-cut-early-in-upload", refused(_LOST), fault=cut_after(12_000)),
    Case("link-cut-late-in-upload", refused(_LOST), fault=cut_after(40_000, naive=20_000)),
    Case(
        "link-cut-at-test",
        finished(_LOST),
        fault=cut_at(steps.says("testing the configuration")),
        naive=_ONLY_PORTICO,
    ),
    Case("link-cut-after-switch", finished(_LOST), fault=switched, quick=True, naive=_ONLY_PORTICO),
    Case(
        "link-cut-in-reload",
        finished(_LOST),
        fault=cut_at(steps.says_then("switching to release", "curl *")),
        naive=_ONLY_PORTICO,
    ),
    Case("link-stalled", finished(_LOST), fault=stalled, naive=_ONLY_PORTICO),
)
