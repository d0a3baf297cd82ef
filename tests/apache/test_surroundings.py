"""The activation script on a machine whose other parts are not as they should be."""

import hashlib
import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.apache.releases import THREE, Release, render
from tests.apache.server import ADDRESS, Machine
from tests.apache.watching import REFUSED, command, fourth, live, program, reason, unharmed

pytestmark = pytest.mark.sandbox

# --- disks -----------------------------------------------------------------------------------


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("options", ["ro,noexec", "noexec", "size=4k"])
def test_tmp_is_not_needed_and_gets_nothing(serving: Machine, options: str) -> None:
    serving.run("mount", "-t", "tmpfs", "-o", options, "tmpfs", "/tmp")  # noqa: S108
    try:
        if options == "size=4k":
            serving.run("sh", "-c", "head -c 5000 /dev/zero >/tmp/full || :")
        before = serving.run("find", "/tmp", "-type", "f").stdout  # noqa: S108
        added = fourth(f"# {options}\n").activate(serving, "bash")
        assert added.returncode == 0, added.stdout
        assert command(serving, "rollback").returncode == 0
        assert serving.run("find", "/tmp", "-type", "f").stdout == before  # noqa: S108
    finally:
        serving.run("umount", "/tmp")  # noqa: S108
    assert live(serving, render(THREE))


@pytest.mark.parametrize(
    "folder", ["/var/log/apache2", "/run/apache2", "/etc/apache2/conf-enabled"]
)
def test_a_full_disk_is_refused_wherever_it_is(serving: Machine, folder: str) -> None:
    serving.run("mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder)
    try:
        told = command(serving, "status").stdout
        done = fourth("").activate(serving)
    finally:
        serving.run("umount", folder)
    assert done.returncode == REFUSED
    short = rf"{folder} has \d+ KB free, \d+ are needed"
    assert re.search(short, reason(done)), done.stdout
    assert re.search(f"^short .*{short}$", told, re.MULTILINE)
    assert live(serving, render(THREE))


def test_a_full_disk_of_the_configurations_keeps_what_is_live(distribution: Machine) -> None:
    distribution.run("mkdir", "/etc/portico")
    distribution.run("mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", "/etc/portico")
    assert render(THREE).activate(distribution).returncode == 0
    distribution.run("sh", "-c", "head -c 13m /dev/zero >/etc/portico/full || :")
    for folder in ("/etc/portico/current/", "/etc/portico/tls/ec/domain-a.com/"):
        distribution.run("test", "-e", folder)
    done = fourth("").activate(distribution)
    assert (done.returncode, "/etc/portico has 0 KB free" in reason(done)) == (REFUSED, True)
    assert live(distribution, render(THREE))
    distribution.run("rm", "/etc/portico/full")
    assert fourth("").activate(distribution).returncode == 0


def test_a_disk_that_fills_up_meanwhile_is_told(serving: Machine) -> None:
    full = 'echo "cp: error writing: No space left on device" >&2; exit 1'
    program(serving, "cp", f'case $* in *uploaded.conf) {full} ;; esac\nexec /usr/bin/cp "$@"')
    try:
        with unharmed(serving):
            done = fourth("").activate(serving)
    finally:
        serving.path("/usr/local/bin/cp").unlink()
    assert done.returncode == REFUSED
    words = (
        f"failed at: staging release {fourth('').id}: cp: error writing: No space left on device"
    )
    assert reason(done) == f"portico: web-1: refused: every site is served as before: {words}"


# --- Apache, its packages and its unit -------------------------------------------------------


def systemd(machine: Machine, script: str) -> None:
    program(machine, "systemctl", script)
    machine.run("mkdir", "-p", "/run/systemd/system")


def test_a_masked_unit_is_refused(distribution: Machine) -> None:
    systemd(distribution, '[ "$1" != is-enabled ] || { echo masked && exit 1; }')
    done = render(THREE).activate(distribution)
    assert done.returncode == REFUSED
    assert "unit apache2 is masked, Apache cannot start: systemctl unmask apache2" in reason(done)
    assert not distribution.path("/etc/portico/current").is_symlink()


def test_an_apache_that_could_not_start_before_is_told(distribution: Machine) -> None:
    distribution.stop_apache()
    other = distribution.path("/etc/apache2/conf-enabled/other.conf")
    other.write_text("Bogus on\n")
    done = render(THREE).activate(distribution)
    assert done.returncode == REFUSED
    assert "refused: nothing was changed, and Apache does not run: " in reason(done)
    assert "Invalid command 'Bogus'" in reason(done)
    other.unlink()
    assert render(THREE).activate(distribution).returncode == 0


@pytest.mark.parametrize("moved", [False, True])
def test_a_pid_file_that_says_something_else_leads_nobody_astray(
    distribution: Machine, *, moved: bool
) -> None:
    pid_file = distribution.path("/run/apache2/apache2.pid")
    pid = distribution.apache_pid()
    if moved:
        distribution.stop_apache()
        own = distribution.path("/etc/apache2/conf-enabled/own.conf")
        own.write_text("PidFile /run/other.pid\n")
        distribution.run("apachectl", "start")
        distribution.wait(lambda: distribution.generation() == 2)
        pid = int(distribution.run("cat", "/run/other.pid").stdout)
    distribution.run("sh", "-c", "echo 1 >/run/apache2/apache2.pid")
    done = render(THREE).activate(distribution)
    assert done.returncode == 0, (done.stdout, pid_file)
    assert live(distribution, render(THREE))
    parents = distribution.run("pgrep", "-P", "1", "apache2", check=False).stdout.split()
    assert str(pid) in distribution.run("pgrep", "apache2").stdout.split()
    assert len(parents) <= 1


@pytest.mark.parametrize("beside", [[], ["flock", "/var/lib/portico/lock"]], ids=["alone", "run"])
def test_a_package_that_brings_its_listen_line_back_is_in_check_at_a_boot(
    distribution: Machine, beside: list[str]
) -> None:
    """Also beside a run, which holds the lock."""
    ports = distribution.path("/etc/apache2/ports.conf")
    original = ports.read_text()
    render(THREE).activate(distribution)
    ports.write_text(f"{original}Listen 443\n")
    assert "edited /etc/apache2/ports.conf" in command(distribution, "status").stdout.splitlines()
    distribution.stop_apache()
    distribution.run(*beside, "sh", "/etc/portico/current/activate.sh", "boot")
    distribution.run("apachectl", "start")
    distribution.wait(lambda: live(distribution, render(THREE)))
    assert "edited" not in command(distribution, "status").stdout


def loading(release: Release, module: str, install: str) -> Release:
    """The release, from a distribution that has the module elsewhere."""
    conf = release.conf.replace("/usr/lib/apache2/modules/mod_remoteip.so", module)
    assert conf != release.conf
    manifest = re.sub(r"^install .*$", f"install {install}", release.manifest, flags=re.MULTILINE)
    digest = hashlib.sha256(conf.encode()).hexdigest()
    manifest = re.sub(r"^conf-sha256 .*$", f"conf-sha256 {digest}", manifest, flags=re.MULTILINE)
    return replace(release, conf=conf, manifest=manifest)


def test_a_missing_module_is_installed_or_refused(serving: Machine) -> None:
    with unharmed(serving):
        done = loading(fourth(""), "/opt/mod_remoteip.so", "touch /asked").activate(serving)
    assert done.returncode == REFUSED
    assert "missing, also after touch /asked: /opt/mod_remoteip.so" in reason(done)
    assert serving.path("/asked").exists()
    copying = "ln -s /usr/lib/apache2/modules/mod_remoteip.so /opt/mod_remoteip.so"
    done = loading(fourth(""), "/opt/mod_remoteip.so", copying).activate(serving)
    assert done.returncode == 0, done.stdout
    assert command(serving, "rollback").returncode == 0


# --- accounts and clocks ---------------------------------------------------------------------


def test_what_the_script_keeps_is_roots_alone(serving: Machine) -> None:
    """Who can read a lock can hold it; and what was edited may hold secrets."""
    for words in ("flock -n /var/lib/portico/lock true", "ls /var/lib/portico"):
        as_another = f"setpriv --reuid=www-data --clear-groups {words}"
        assert serving.run("sh", "-c", as_another, check=False).returncode != 0
    for name in ("portico.conf", "uploaded.conf", "sites"):
        mode = serving.path(f"/etc/portico/current/{name}").stat().st_mode
        assert mode & 0o077 == 0


def test_a_sudo_that_asks_for_a_password_is_refused(serving: Machine) -> None:
    program(serving, "sudo", 'echo "sudo: a password is required" >&2; exit 1')
    script = "setpriv --reuid=www-data --clear-groups sh /etc/portico/current/activate.sh rollback"
    try:
        done = serving.run("sh", "-c", script, check=False)
    finally:
        serving.path("/usr/local/bin/sudo").unlink()
    assert done.returncode == REFUSED
    assert "www-data needs sudo without a password" in reason(done)


def set_clock(machine: Machine, time: str) -> None:
    """Let the script take another time for now."""
    program(
        machine,
        "date",
        f'[ "$*" != "-u +%Y-%m-%dT%H:%M:%SZ" ] || {{ echo {time} && exit; }}\n'
        'exec /usr/bin/date "$@"',
    )


def accepted(machine: Machine, text: str, serial: str) -> bool:
    done = fourth(f"# {text}\n").planned(serial).activate(machine)
    assert done.returncode == 0 or f"this plan is of {serial}" in reason(done), done.stdout
    return done.returncode == 0


def test_a_clock_that_is_years_behind_does_not_let_old_plans_in(distribution: Machine) -> None:
    set_clock(distribution, "2019-01-01T00:00:00Z")
    assert accepted(distribution, "one", "2026-01-02T00:00:00Z")
    assert not accepted(distribution, "two", "2026-01-01T00:00:00Z")
    assert accepted(distribution, "three", "2026-01-03T00:00:00Z")
    assert command(distribution, "rollback").returncode == 0
    assert not accepted(distribution, "four", "2026-01-02T00:00:00Z")


def test_a_clock_that_was_years_ahead_locks_nobody_out(distribution: Machine) -> None:
    set_clock(distribution, "2099-01-01T00:00:00Z")
    assert accepted(distribution, "one", "2026-01-02T00:00:00Z")
    assert not accepted(distribution, "two", "2026-01-01T00:00:00Z")
    assert accepted(distribution, "three", "2026-01-03T00:00:00Z")
    assert command(distribution, "rollback").returncode == 0
    refused = fourth("# four\n").planned("2026-01-04T00:00:00Z").activate(distribution)
    assert "a clock is wrong: here it is 2099-01-01T00:00:00Z" in reason(refused)
    set_clock(distribution, "2026-01-05T00:00:00Z")
    assert accepted(distribution, "four", "2026-01-04T00:00:00Z")
    assert not accepted(distribution, "five", "2026-01-03T00:00:00Z")


def test_a_listen_line_of_an_operators_own_is_kept(serving: Machine) -> None:
    ports = serving.path("/etc/apache2/ports.conf")
    text = ports.read_text()
    ports.write_text(f"{text}Listen 9001\n")
    done = fourth("# own port\n").activate(serving)
    assert (done.returncode, "kept in" in done.stdout) == (0, True), done.stdout
    assert serving.get(f"http://{ADDRESS}:9001/").status in {200, 403, 404}
    ports.write_text(text)
    assert command(serving, "rollback").returncode == 0
