"""Apache's processes that still have a request of a release before, and the room for new ones."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from modules.plan.apache import SCRIPT
from tests.apache.releases import THREE, Release, render
from tests.apache.server import ADDRESS, Machine
from tests.apache.watching import FOURTH, REFUSED, live, reason

PROCESSES = 6
CLIENTS = 16
SIZE = 16 * 1024**2


@contextmanager
def lasting(machine: Machine, releases: int, processes: int = 1000) -> Iterator[None]:
    """Requests of some releases last; there are fewer where Apache has that many processes."""
    machine.path("/var/www/site_a/long").write_bytes(bytes(SIZE))
    clients: list[subprocess.Popen[bytes]] = []
    try:
        for _ in range(releases):
            if children(machine) >= processes:
                break
            clients += [subprocess.Popen(fetching(machine)) for _ in range(CLIENTS)]
            await_connections(machine, len(clients))
            reload(machine)
        yield
    finally:
        for client in clients:
            client.kill()
            client.wait()


def fetching(machine: Machine) -> list[str]:
    options = ("-sk", "--limit-rate", "1k", "-o", "/dev/null")
    url = f"https://{ADDRESS}/long"
    return ["nsenter", f"--target={machine.pid}", "--net", "--", "curl", *options, url]


def await_connections(machine: Machine, count: int) -> None:
    command = ("ss", "-Htn", "state", "established", "( dport = :443 )")
    machine.wait(lambda: len(machine.run(*command).stdout.splitlines()) >= count)


def children(machine: Machine) -> int:
    return len(machine.run("pgrep", "-P", str(machine.apache_pid())).stdout.split())


def reload(machine: Machine) -> None:
    generation = machine.generation()
    machine.run("apachectl", "graceful")
    machine.wait(lambda: machine.generation() > generation)
    machine.wait(lambda: machine.get(f"https://{ADDRESS}/").status == 200)


def changed() -> Release:
    return render(FOURTH, (("d.conf", ""),)).later()


def test_a_reload_that_would_leave_nobody_to_answer_is_refused(distribution: Machine) -> None:
    assert render(THREE).activate(distribution).returncode == 0
    with lasting(distribution, releases=12, processes=13):
        refused = changed().activate(distribution)
        assert refused.returncode == REFUSED
        told = r"1[3-6] of Apache's 16 processes \(ServerLimit\) are taken, [1-9]\d* of them by"
        assert re.search(told, reason(refused)), refused.stdout
        assert live(distribution, render(THREE))
    distribution.wait(lambda: children(distribution) < 13)
    done = changed().activate(distribution)
    assert done.returncode == 0, done.stdout


def test_from_its_start_on_there_is_room_for_many(distribution: Machine) -> None:
    distribution.stop_apache()
    assert render(THREE).activate(distribution).returncode == 0
    assert distribution.run("cat", "/run/portico/slots").stdout == "128\n"
    with lasting(distribution, releases=6):
        distribution.wait(lambda: children(distribution) > 16)
        done = changed().activate(distribution)
    assert done.returncode == 0, done.stdout


def test_the_servers_own_limit_is_left_as_it_is(distribution: Machine) -> None:
    distribution.stop_apache()
    own = distribution.path("/etc/apache2/conf-enabled/own.conf")
    own.write_text("ServerLimit 40\n<IfModule mpm_event_module>\n  serverlimit  200\n</IfModule>\n")
    first = render(THREE)
    assert first.activate(distribution).returncode == 0
    stub = distribution.path("/etc/apache2/conf-enabled/portico.conf")
    assert "Define portico_server_limit 200\n" in stub.read_text()
    assert distribution.run("cat", "/run/portico/slots").stdout == "200\n"

    own.unlink()
    done = changed().activate(distribution)
    assert done.returncode == 0, done.stdout
    assert "portico_server_limit" not in stub.read_text()
    assert distribution.run("cat", "/run/portico/slots").stdout == "200\n"
    distribution.stop_apache()
    assert first.planned("2036-02-01T00:00:00Z").activate(distribution).returncode == 0
    assert distribution.run("cat", "/run/portico/slots").stdout == "128\n"


def told(machine: Machine, function: str) -> str:
    """What a function of the script says, on a machine with a release."""
    script = (
        f"sed '/^main /d' /etc/portico/current/{SCRIPT} >/run/functions.sh\n"
        ". /run/functions.sh\ntrap - EXIT\nload /etc/portico/current/manifest\n"
    )
    return machine.run("sh", "-c", f"{script}{function}").stdout


def test_a_helper_takes_no_slot(distribution: Machine) -> None:
    distribution.run("a2enmod", "-q", "cgid")
    distribution.stop_apache()
    assert render(THREE).activate(distribution).returncode == 0
    distribution.wait(lambda: children(distribution) == PROCESSES + 1)
    assert told(distribution, "taken_slots") == f"{PROCESSES} 0\n"


@pytest.mark.parametrize(("own", "slots"), [("", "256\n"), ("ServerLimit 300\n", "300\n")])
def test_another_mpm_has_other_slots(distribution: Machine, own: str, slots: str) -> None:
    distribution.stop_apache()
    distribution.run("a2dismod", "-q", "mpm_event")
    distribution.run("a2enmod", "-q", "mpm_prefork")
    distribution.path("/etc/apache2/conf-enabled/own.conf").write_text(own)
    assert render(THREE).activate(distribution).returncode == 0
    assert told(distribution, "slots") == slots


def test_who_would_end_by_usr1_is_told_from_who_reloads(serving: Machine) -> None:
    function = "takes_graceful $$ || echo ends\ntrap : USR1\ntakes_graceful $$ && echo reloads"
    assert told(serving, function) == "ends\nreloads\n"
