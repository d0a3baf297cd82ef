"""The activation script against real Apache: releases that go live, also when sessions are lost."""

import signal
import subprocess
from dataclasses import replace

import pytest

from modules.plan.apache import SCRIPT
from modules.plan.records import HEALTH_PATH
from tests.apache.releases import THREE, Release, render
from tests.apache.server import ADDRESS, Machine
from tests.apache.watching import (
    DIES,
    REFUSED,
    SILENT,
    fourth,
    live,
    program,
    reason,
    unharmed,
    visited,
)

pytestmark = pytest.mark.sandbox

# --- what goes well --------------------------------------------------------------------------


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_a_first_release_goes_live(distribution: Machine, shell: str) -> None:
    pid = distribution.apache_pid()
    release = render(THREE)
    done = release.activate(distribution, shell)
    assert done.returncode == 0, done.stdout
    assert reason(done) == f"portico: web-1: release {release.id} is live on 4 ports"
    assert live(distribution, release)
    assert distribution.apache_pid() == pid
    modes = distribution.run("sh", "-c", "stat -c '%U %a %n' /etc/portico/tls/ec/*/key.pem").stdout
    assert modes.count("root 600 ") == 3
    assert "PRIVATE KEY" not in done.stdout + done.stderr


def test_a_first_release_starts_a_stopped_apache(distribution: Machine) -> None:
    distribution.stop_apache()
    assert render(THREE).activate(distribution).returncode == 0
    assert live(distribution, render(THREE))


def test_a_module_that_comes_with_a_reload_is_whole(distribution: Machine) -> None:
    """mod_http2 is half set up after its first reload: over TLS 1.2 it ended a process."""
    assert "http2" not in distribution.run("apachectl", "-M").stdout
    assert render(THREE).activate(distribution).returncode == 0
    options = ("--silent", "--insecure", "--http2", "--tls-max", "1.2", "--write-out")
    url = f"https://{ADDRESS}:443/"
    for _ in range(3):
        done = distribution.run("curl", *options, "%{http_version}", url, check=False)
        assert (done.returncode, done.stdout) == (0, "site a\n2")
    assert "Segmentation" not in distribution.path("/var/log/apache2/error.log").read_text()


def test_the_same_release_again_reloads_nothing(serving: Machine) -> None:
    generation = serving.generation()
    with unharmed(serving):
        done = render(THREE).activate(serving)
    assert (done.returncode, serving.generation()) == (0, generation)
    assert reason(done) == f"portico: web-1: release {render(THREE).id} is live already"


def test_sites_come_and_go_without_a_failed_request(distribution: Machine) -> None:
    render(THREE).activate(distribution)
    page = distribution.path("/var/www/site_d/index.html")
    page.parent.mkdir()
    page.write_text("site d\n")
    with visited(distribution) as failed:
        added = fourth('Header set X-Https "%{HTTPS}e"\n')
        assert added.activate(distribution).returncode == 0
        answer = distribution.get(f"https://{ADDRESS}:8445/")
        assert (answer.body, answer.headers["x-https"]) == ("site d\n", "on")
        assert render(THREE).later().activate(distribution).returncode == 0
    assert failed == []
    assert distribution.run("ss", "-Hltn", "sport = :8445").stdout == ""


def test_the_distributions_own_listen_lines_are_brought_back_and_kept_in_check(
    distribution: Machine,
) -> None:
    ports = distribution.path("/etc/apache2/ports.conf")
    original = ports.read_text()
    render(THREE).activate(distribution)
    ports.write_text(original)
    done = fourth("").activate(distribution)
    assert done.returncode == 0, done.stdout
    distribution.stop_apache()
    distribution.run("apachectl", "start")
    assert live(distribution, fourth(""))


def test_a_hand_edit_gives_way_to_the_release(distribution: Machine) -> None:
    render(THREE).activate(distribution)
    conf = distribution.path("/etc/portico/current").readlink()
    file = distribution.path(f"/etc/portico/{conf}/portico.conf")
    file.write_text(file.read_text().replace("/var/www/site_a", "/var/www/site_b"))
    done = render(THREE).activate(distribution)
    assert done.returncode == 0, done.stdout
    assert distribution.get(f"https://{ADDRESS}:443/").body == "site a\n"


def test_a_hand_edit_of_a_sites_own_directives_gives_way_too(distribution: Machine) -> None:
    release = fourth("Header always set X-Own yes\n")
    release.activate(distribution)
    file = distribution.path("/etc/portico/releases") / release.id / "sites/domain-d.com.conf"
    file.write_text("Header always set X-Own no\n")

    def own() -> str:
        return distribution.get(f"https://{ADDRESS}:8445/").headers["x-own"]

    distribution.run("apachectl", "graceful")
    distribution.wait(lambda: own() == "no")
    done = release.activate(distribution)
    assert (done.returncode, own()) == (0, "yes"), done.stdout


def served_by_the_distribution(machine: Machine) -> bool:
    return machine.get(f"http://{ADDRESS}/").body.startswith("<title>Nothing here yet")


def test_without_a_current_release_the_distribution_is_back(distribution: Machine) -> None:
    render(THREE).activate(distribution)
    assert not served_by_the_distribution(distribution)
    distribution.path("/etc/portico/current").unlink()
    distribution.run("apachectl", "graceful")
    distribution.wait(lambda: served_by_the_distribution(distribution))


def test_an_operators_own_port_on_one_address_is_left_alone(distribution: Machine) -> None:
    own = distribution.path("/etc/apache2/conf-enabled/own.conf")
    own.write_text(f"Listen {ADDRESS}:9000\n")
    done = render(THREE).activate(distribution)
    assert done.returncode == 0, done.stdout
    assert distribution.get(f"http://{ADDRESS}:9000/").status == 200


def test_selinux_labels_all_ports_at_once(distribution: Machine) -> None:
    program(distribution, "getenforce", "echo Enforcing")
    program(distribution, "restorecon", "true")
    program(
        distribution,
        "semanage",
        "[ $1 = import ] && cat >/labels || echo 'http_port_t  tcp  80, 443, 8443'",
    )
    manifest = render(THREE).manifest
    enforcing = manifest.replace("selinux-port-type ", "selinux-port-type http_port_t")
    done = replace(render(THREE), manifest=enforcing).activate(distribution)
    assert done.returncode == 0, done.stdout
    assert distribution.path("/labels").read_text() == "port -a -t http_port_t -p tcp 8444\n"


def test_an_empty_fleet_answers_health_alone(distribution: Machine) -> None:
    render(THREE).activate(distribution)
    empty = render("sites: {}\n").later()
    assert empty.activate(distribution).returncode == 0
    assert distribution.get(f"http://portico.invalid{HEALTH_PATH}").status == 200
    assert distribution.get("http://domain-a.com/").status == 404
    listening = distribution.run("sh", "-c", "ss -Hltn | awk '{ print $4 }'").stdout
    assert listening.strip().endswith(":80")
    assert len(listening.splitlines()) == 1


# --- lost sessions, lost workers, two at once ------------------------------------------------


def start(machine: Machine, release: Release) -> subprocess.Popen[bytes]:
    folder = release.upload(machine)
    return subprocess.Popen(
        # Tests that run under nohup hand down that the signal is ignored.
        ["env", "--default-signal=HUP", *machine.command("sh", f"{folder}/{SCRIPT}", folder)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )


def said(machine: Machine, words: str) -> int:
    """How often runs have said these words."""
    logs = machine.path("/var/lib/portico/runs").glob("*/log")
    return sum(log.read_text().count(words) for log in logs)


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGKILL])
def test_a_lost_session_does_not_stop_the_work(
    distribution: Machine, number: signal.Signals
) -> None:
    session = start(distribution, render(THREE))
    # On the machine, as all of the work takes no longer than a few looks from outside.
    staged = "until grep -qs staging /var/lib/portico/runs/*/log; do sleep 0.01; done"
    distribution.run("sh", "-c", f"{staged}; pkill -{number} -of activate[.]sh")
    assert session.wait() != 0
    distribution.wait(lambda: said(distribution, f"release {render(THREE).id} is live") == 1)
    assert live(distribution, render(THREE))


def kill_worker(machine: Machine) -> None:
    machine.run("sh", "-c", "kill -KILL $(cat $(ls -1d /var/lib/portico/runs/* | tail -n 1)/pid)")


def test_a_killed_worker_is_told_and_the_next_run_sets_it_right(distribution: Machine) -> None:
    render(THREE).activate(distribution)
    session = start(distribution, fourth(SILENT))
    others = replace(fourth(SILENT), manifest=render(THREE).manifest)
    distribution.wait(lambda: live(distribution, others))
    kill_worker(distribution)
    assert session.wait() == 4
    done = render(THREE).later().activate(distribution)
    assert (done.returncode, live(distribution, render(THREE))) == (0, True), done.stdout
    assert "setting right what an interrupted run left" in done.stdout
    assert reason(done).endswith("is live already")


def test_a_worker_that_is_killed_before_the_switch_changed_nothing(distribution: Machine) -> None:
    render(THREE).activate(distribution)
    with unharmed(distribution):
        session = start(distribution, fourth(""))
        distribution.wait(lambda: said(distribution, "a network of its own") == 2)
        kill_worker(distribution)
        assert session.wait() == 4
        assert render(THREE).later().activate(distribution).returncode == 0


def test_a_first_worker_that_is_killed_leaves_the_distribution_serving(
    distribution: Machine,
) -> None:
    session = start(distribution, render(THREE))
    distribution.wait(lambda: said(distribution, "a network of its own") == 1)
    kill_worker(distribution)
    assert session.wait() == 4
    assert distribution.path("/etc/apache2/conf-enabled/portico.conf").exists()
    distribution.run("apachectl", "graceful")
    distribution.wait(lambda: distribution.generation() == 2)
    assert served_by_the_distribution(distribution)
    distribution.stop_apache()
    distribution.run("apachectl", "start")
    assert served_by_the_distribution(distribution)
    assert render(THREE).activate(distribution).returncode == 0


@pytest.mark.parametrize("end", ["kill -TERM $(cat $run/pid)", "exit 1"])
def test_what_ends_a_run_as_it_is_recorded_does_not_deny_it(
    distribution: Machine, end: str
) -> None:
    """A signal, or a disk that fails, between the journal's rename and the run's end."""
    program(
        distribution,
        "sync",
        "run=$(ls -1td /var/lib/portico/runs/* | head -n 1)\n"
        'if [ "$*" = /var/lib/portico ] && [ -e /var/lib/portico/last ]; then\n'
        f"  {end}\n"
        "fi\n"
        'exec /usr/bin/sync "$@"',
    )
    done = render(THREE).activate(distribution)
    assert done.returncode == 0, done.stdout
    assert reason(done).endswith(f"release {render(THREE).id} is live on 4 ports")


HANGS = """\
if grep -q switched /var/lib/portico/journal; then exec tail -f /dev/null; fi
exec /usr/bin/curl "$@"
"""


def cut_power(machine: Machine, release: Release) -> None:
    """Lose the machine between the switch to a release and its probe."""
    program(machine, "curl", HANGS)
    session = start(machine, release)
    machine.wait(lambda: machine.path("/etc/portico/current").readlink().name == release.id)
    hanging = ("-f", "tail -f /dev/null")
    machine.wait(lambda: machine.run("pgrep", *hanging, check=False).returncode == 0)
    kill_worker(machine)
    machine.run("pkill", "-KILL", "apache2", check=False)  # it may have ended already
    machine.run("pkill", "-KILL", *hanging)
    session.wait()
    machine.wait(lambda: machine.run("pgrep", "apache2", check=False).returncode != 0)
    machine.run("flock", "/var/lib/portico/lock", "true")
    machine.path("/usr/local/bin/curl").unlink()


def test_a_boot_after_a_switch_that_nobody_confirmed_starts_the_release_before(
    distribution: Machine,
) -> None:
    render(THREE).activate(distribution)
    cut_power(distribution, fourth(DIES))
    distribution.run("sh", "/etc/portico/current/activate.sh", "boot")
    distribution.run("apachectl", "start")
    distribution.wait(lambda: live(distribution, render(THREE)))
    assert render(THREE).later().activate(distribution).returncode == 0
    distribution.run("sh", "/etc/portico/current/activate.sh", "boot")
    assert distribution.path("/etc/portico/current").readlink().name == render(THREE).id


def test_systemd_is_told_what_to_start(distribution: Machine) -> None:
    program(distribution, "systemctl", 'echo "$*" >>/asked')
    distribution.run("mkdir", "-p", "/run/systemd/system")
    done = render(THREE).activate(distribution)
    assert done.returncode == 0, done.stdout
    drop_in = distribution.path("/etc/systemd/system/apache2.service.d/portico.conf")
    text = drop_in.read_text()
    assert "\nExecStartPre=-+/bin/sh /etc/portico/current/activate.sh boot\n" in text
    asked = distribution.path("/asked").read_text().splitlines()
    assert [line for line in asked if "is-enabled" not in line] == [
        "daemon-reload",
        "enable --quiet apache2",
    ]
    drop_in.write_text("[Service]\n")
    program(distribution, "systemctl", "false")
    done = fourth("").activate(distribution)
    assert (done.returncode, "systemd does not take" in reason(done)) == (REFUSED, True)
    program(distribution, "systemctl", "[ $1 != enable ]")
    done = fourth("").later().activate(distribution)
    assert (done.returncode, drop_in.read_text()) == (0, text)
    assert "does not start at the next boot" in done.stdout


def test_two_at_once_take_turns_and_the_newer_plan_wins(distribution: Machine) -> None:
    older = render(THREE).planned("2026-01-01T00:00:00Z")
    newer = fourth("").planned("2026-01-01T00:00:01Z")
    sessions = [start(distribution, newer), start(distribution, older)]
    statuses = [session.wait() for session in sessions]
    assert statuses[0] == 0
    assert statuses[1] in {0, REFUSED}
    assert live(distribution, newer)


def test_the_lock_is_not_apaches(distribution: Machine) -> None:
    distribution.stop_apache()
    render(THREE).activate(distribution)
    assert distribution.run("flock", "-n", "/var/lib/portico/lock", "true").returncode == 0


# --- the script as a program -----------------------------------------------------------------


def test_it_needs_an_upload(distribution: Machine) -> None:
    folder = render(THREE).upload(distribution)
    done = distribution.run("sh", f"{folder}/{SCRIPT}", "/nowhere", check=False)
    assert (done.returncode, done.stderr) == (
        1,
        "usage: sh activate.sh FOLDER | rollback [RELEASE] | releases | status\n",
    )


def test_it_needs_to_become_root(distribution: Machine) -> None:
    folder = render(THREE).upload(distribution)
    distribution.run("cp", "-R", folder, "/var/www/upload")
    script = "cd /var/www && setpriv --reuid=www-data --clear-groups sh upload/activate.sh upload"
    done = distribution.run("sh", "-c", script, check=False)
    assert done.returncode == 1
    assert "www-data needs sudo without a password" in reason(done)
