"""Which of a machine's processes of the same program are the Apache that is changed."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.apache.releases import THREE, render
from tests.apache.server import ADDRESS, Machine
from tests.apache.test_slots import await_connections, fetching
from tests.apache.watching import DIES, REFUSED, ROLLED_BACK, fourth, live, reason, unharmed

pytestmark = pytest.mark.sandbox

OTHER = """\
ServerRoot /etc/apache2
ServerName other
User www-data
Group www-data
DefaultRuntimeDir /run
PidFile /run/other.pid
ErrorLog /var/log/apache2/other.log
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
Listen 8445
"""


@contextmanager
def another(machine: Machine) -> Iterator[int]:
    """A second instance, as of Debian's apache2@ or Red Hat's httpd@: of another configuration."""
    machine.path("/etc/other.conf").write_text(OTHER)
    machine.run("apache2", "-f", "/etc/other.conf", "-k", "start")
    machine.wait(lambda: machine.run("ss", "-Hltn", "sport = :8445").stdout != "")
    machine.wait(lambda: has(machine, "/run/other.pid"))
    try:
        yield int(machine.run("cat", "/run/other.pid").stdout)
    finally:
        machine.run("sh", "-c", "kill -TERM $(cat /run/other.pid)")
        machine.wait(lambda: not has(machine, "/run/other.pid"))


def has(machine: Machine, path: str) -> bool:
    return machine.run("test", "-e", path, check=False).returncode == 0


def test_a_port_that_another_apache_holds_is_refused(serving: Machine) -> None:
    with another(serving), unharmed(serving):
        done = fourth("").activate(serving)
    assert done.returncode == REFUSED
    assert re.search(r"port 8445 is held by apache2 \(pid \d+\)", reason(done)), done.stdout


def test_an_apache_that_does_not_run_is_started_beside_another(distribution: Machine) -> None:
    distribution.run("sh", "-c", "kill -TERM $(cat /run/apache2/apache2.pid)")
    distribution.wait(lambda: not has(distribution, "/run/apache2/apache2.pid"))
    with another(distribution) as pid:
        done = render(THREE).activate(distribution)
        assert done.returncode == 0, done.stdout
        assert live(distribution, render(THREE))
        assert distribution.apache_pid() != pid
        log = distribution.path("/var/log/apache2/other.log").read_text()
        assert log.count("resuming normal operations") == 1


def test_a_process_that_outlived_its_apache_is_not_taken_for_it(distribution: Machine) -> None:
    render(THREE).activate(distribution)
    distribution.path("/var/www/site_a/long").write_bytes(bytes(16 * 1024**2))
    client = subprocess.Popen(fetching(distribution))
    try:
        await_connections(distribution, 1)
        done = fourth(DIES).activate(distribution)
        assert done.returncode == ROLLED_BACK, done.stdout
        assert "rolled back: Apache had ended and was restarted" in reason(done)
        assert live(distribution, render(THREE))
        assert client.poll() is None
    finally:
        client.kill()
        client.wait()


def test_one_that_names_its_file_from_its_root_is_it_all_the_same(distribution: Machine) -> None:
    distribution.stop_apache()
    distribution.run("apachectl", "-f", "apache2.conf", "-k", "start")
    distribution.wait(lambda: distribution.generation() == 2)
    pid = distribution.apache_pid()
    distribution.run("sh", "-c", "echo 1 >/run/apache2/apache2.pid")
    done = render(THREE).activate(distribution)
    assert done.returncode == 0, done.stdout
    assert live(distribution, render(THREE))
    assert distribution.run("pgrep", "-P", str(pid)).stdout


@pytest.mark.parametrize("name", ["MINE", "mine-1.0"])
def test_what_apache_was_started_with_holds_for_its_test_too(
    distribution: Machine, name: str
) -> None:
    own = distribution.path("/etc/apache2/conf-enabled/own.conf")
    own.write_text(f"<IfDefine {name}>\nListen 8445\n</IfDefine>\n")
    distribution.stop_apache()
    distribution.run("apachectl", "-k", "start", "-D", name)
    distribution.wait(lambda: distribution.generation() == 2)
    assert render(THREE).activate(distribution).returncode == 0
    done = fourth("").activate(distribution)
    assert done.returncode == REFUSED
    assert "own.conf:Listen 8445" in reason(done), done.stdout
    assert live(distribution, render(THREE))
    assert distribution.get(f"https://{ADDRESS}/").body == "site a\n"
