"""Apache refuses the configuration, or is not what it should be when the apply begins."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sandbox import waiting
from tests.faults.case import Case, Fault, applied, both, refused
from tests.faults.fleet import directives
from tests.faults.machine import CURRENT, Machine
from tests.faults.naive import FILE
from tests.faults.rig import Rig

_FINE = directives("# corrected")

# Two pairs that servers make for classic balancers.
_KEY_OF_ANOTHER = """\
SSLCertificateFile /etc/portico/tls/domain-b.com/certificate.pem
SSLCertificateKeyFile /etc/portico/tls/domain-c.com/key.pem"""

_PID_FILE = "/run/apache2/apache2.pid"


def stop(machine: Machine) -> None:
    machine.run("apachectl", "stop")
    waiting.until("the end of Apache", lambda: machine.apache() is None, seconds=30)


@contextmanager
def stopped(rig: Rig) -> Iterator[None]:
    with rig.outage():
        stop(rig.machine)
        yield


def systemd(script: str) -> Fault:
    """Have a systemd that does no more than a `systemctl` of this script."""

    @contextmanager
    def fault(rig: Rig) -> Iterator[None]:
        program = rig.machine.program("systemctl", script)
        rig.machine.shell("mkdir -p /run/systemd/system")
        try:
            yield
        finally:
            rig.machine.shell("rm -rf /run/systemd /etc/systemd/system/apache2.service.d")
            program.unlink()

    return fault


@contextmanager
def crash_looping(rig: Rig) -> Iterator[None]:
    """Have Apache end at each start, as what is live was spoilt by hand, and be started anew."""
    machine = rig.machine
    with rig.outage():
        stop(machine)
        with machine.path(FILE if rig.is_naive else f"{CURRENT}/portico.conf").open("a") as file:
            file.write("NoSuchDirective on\n")
        machine.shell(f"touch /run/looping; setsid sh -c '{_LOOP}' >/dev/null 2>&1 &")
        try:
            yield
        finally:
            machine.shell("rm /run/looping")


_START = "flock -o /run/unit apachectl start"
"""As systemd: one start at a time."""
_LOOP = f"while [ -e /run/looping ]; do {_START}; sleep 0.3; done"
_SYSTEMCTL = f"""\
case $1 in
is-enabled) echo enabled ;;
start) exec {_START} ;;
esac"""


@contextmanager
def pid_file_stale(rig: Rig) -> Iterator[None]:
    """Have the PidFile name a process that is not Apache."""
    machine = rig.machine
    machine.shell(f"setsid sleep 900 >/dev/null 2>&1 & echo $! >{_PID_FILE}")
    yield
    machine.run("pkill", "-f", "^sleep 900$", check=False)


@contextmanager
def pid_file_moved(rig: Rig) -> Iterator[None]:
    """Have the configuration name another PidFile than the one that Apache was started with."""
    file = rig.machine.path("/etc/apache2/apache2.conf")
    before = file.read_text()
    moved = before.replace("PidFile ${APACHE_PID_FILE}", "PidFile /run/apache2/moved.pid")
    assert moved != before
    file.write_text(moved)
    yield
    file.write_text(before)


CASES = (
    Case(
        "apache-test-fails",
        refused("refused: every site is served as before", "NoSuchDirective"),
        change=directives("NoSuchDirective on"),
        then=_FINE,
        quick=True,
    ),
    Case(
        "apache-module-missing",
        refused("refused: every site is served as before", "ProxyPass"),
        change=directives("ProxyPass /x http://127.0.0.1:9/"),
        then=_FINE,
    ),
    Case(
        "apache-key-of-another-in-directives",
        refused("the trial beside the live Apache failed", "domain-c.com"),
        change=directives(_KEY_OF_ANOTHER),
        then=_FINE,
    ),
    Case("apache-stopped", applied(), stopped),
    Case(
        "apache-masked",
        refused("systemd's unit apache2 is masked, Apache cannot start: systemctl unmask apache2"),
        systemd('[ "$1" != is-enabled ] || { echo masked && exit 1; }'),
        naive="it does not ask systemd",
    ),
    Case("apache-crash-looping", applied(), both(systemd(_SYSTEMCTL), crash_looping)),
    Case("apache-pidfile-stale", applied(), pid_file_stale),
    Case("apache-pidfile-moved", applied(), pid_file_moved),
)
