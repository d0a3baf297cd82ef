"""Terraform is interrupted or killed."""

from __future__ import annotations

import signal

from tests.faults.case import Case, Expect, Fault, Serves


def signalled(words: str, number: signal.Signals) -> Fault:
    """Send Terraform a signal as soon as it says these words."""
    return lambda rig: rig.when_said(words, lambda: rig.signal_terraform(number))


CASES = (
    Case(
        "terraform-interrupted-in-activation",
        Expect(fails=True, serves=Serves.EITHER, words=("[Ii]nterrupt",)),
        fault=signalled("(remote-exec): Connected!", signal.SIGINT),
    ),
    Case(
        "terraform-killed-in-activation",
        Expect(fails=True, serves=Serves.EITHER),
        fault=signalled("testing the configuration", signal.SIGKILL),
        naive="nothing is said in between",
    ),
)
