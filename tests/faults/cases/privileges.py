"""Who logs in may not do what is needed, or the server is not the one that it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.faults.case import Case, Fault, refused
from tests.faults.rig import Rig

_USER = 1000


def sudo(words: str) -> Fault:
    """Log in as a user who is not root, and whom sudo refuses in these words."""

    @contextmanager
    def fault(rig: Rig) -> Iterator[None]:
        machine = rig.machine
        passwd = machine.path("/etc/passwd")
        before = passwd.read_text()
        program = machine.program("sudo", f"echo 'sudo: {words}' >&2\nexit 1")
        passwd.write_text(before.replace("admin:x:0:0:", f"admin:x:{_USER}:{_USER}:"))
        machine.run("chown", "-R", f"{_USER}:{_USER}", "/home/admin")
        try:
            yield
        finally:
            passwd.write_text(before)
            machine.run("chown", "-R", "0:0", "/home/admin")
            program.unlink()

    return fault


@contextmanager
def host_key_changed(rig: Rig) -> Iterator[None]:
    """Have another key in the server's place, as another machine at its address would."""
    machine, file = rig.machine, "/etc/ssh/ssh_host_ed25519_key"

    def restart() -> None:
        machine.shell("kill -HUP $(cat /run/sshd.pid); sleep 0.5")

    machine.run("mv", file, f"{file}.before")
    machine.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file)
    restart()
    try:
        yield
    finally:
        machine.run("mv", f"{file}.before", file)
        restart()


_NEEDS = "refused: admin needs sudo without a password on this machine"

CASES = (
    Case(
        "privileges-sudo-refused",
        refused(_NEEDS),
        fault=sudo("admin is not in the sudoers file"),
        quick=True,
    ),
    Case("privileges-sudo-password", refused(_NEEDS), fault=sudo("a password is required")),
    Case(
        "privileges-host-key-changed",
        refused(r"Error: .*(host key|knownhosts|key mismatch)"),
        fault=host_key_changed,
        minutes=5,
    ),
)
