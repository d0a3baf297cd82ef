"""What arrives on the server is not what was sent."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from modules.plan import apache
from tests.faults import naive, steps
from tests.faults.case import Case, Fault, refused
from tests.faults.rig import Rig


def spoilt(spoil: Callable[[str], str]) -> Fault:
    """Spoil the configuration between its upload and the command that makes it live."""

    def fault(rig: Rig) -> AbstractContextManager[None]:
        def act() -> None:
            pattern = naive.FILE.lstrip("/") if rig.is_naive else f"*/*/.portico/*/{apache.CONF}"
            found = list(rig.machine.root.glob(pattern))
            assert found, "nothing was uploaded"
            for file in found:
                file.write_text(spoil(file.read_text()))

        step = naive.CONFIGTEST if rig.is_naive else steps.runs(f"sh *{apache.SCRIPT} *")
        return steps.held(rig.machine, step, act)

    return fault


def between_vhosts(text: str) -> str:
    """Cut after a virtual host: Apache takes what is left for whole."""
    head, end, _ = text.rpartition("<VirtualHost ")
    assert end, "only one virtual host"
    return head


CASES = (
    Case(
        "upload-cut-between-vhosts",
        refused(r"cut or changed on its way \(checksum\)"),
        fault=spoilt(between_vhosts),
        quick=True,
    ),
)
