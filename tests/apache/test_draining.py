"""A server that is drained before it is changed: what its balancers and its visitors see."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace

import pytest

from modules.plan.apache import SCRIPT
from modules.plan.records import HEALTH_PATH
from tests.apache.conftest import furnish
from tests.apache.releases import THREE, Release, render
from tests.apache.server import ADDRESS, BALANCER, Machine, machine
from tests.apache.watching import REFUSED, command, live, reason
from tests.fleet.golden import HOST_KEY

pytestmark = pytest.mark.sandbox

SERVER = """\
{{instance: i-{0}, security_group: sg-0123abcd, ssh: {{host: {1}, user: admin, \
private_key: ~/.ssh/portico, host_key: "{2}"}}}}"""
DRAINED = f"""\
rollout: {{drain: 5}}
servers:
  web-1: {SERVER.format("0123456789abcdef0", "203.0.113.10", HOST_KEY)}
  web-2: {SERVER.format("0123456789abcdef1", "203.0.113.11", HOST_KEY)}
{THREE}"""
DRAINING = "/run/portico/draining"
LAST = "$(ls -1td /var/lib/portico/runs/* | head -n 1)"
STOP = f"kill $(cat {LAST}/pid)"
CHECKER = "User-Agent: ELB-HealthChecker/2.0"


def taking(release: Release, drain: int, settle: int) -> Release:
    """The release, with other times than the balancers' own."""
    manifest = re.sub(r"^drain .*$", f"drain {drain}", release.manifest, flags=re.MULTILINE)
    manifest = re.sub(r"^settle .*$", f"settle {settle}", manifest, flags=re.MULTILINE)
    return replace(release, manifest=manifest)


def another(text: str) -> Release:
    """A release with another id, of the same fleet."""
    files = (("a.conf", text),)
    return render(DRAINED.replace("/site_a}", "/site_a, extra_config: a.conf}"), files).later()


@pytest.fixture(scope="module")
def drained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A machine that serves `DRAINED`."""
    with machine(tmp_path_factory.mktemp("drained") / "machine") as server:
        furnish(server)
        done = taking(render(DRAINED), 2, 1).activate(server)
        assert (done.returncode, "draining" in done.stdout) == (0, False), done.stdout
        yield server


def seen(server: Machine, path: str, *headers: str) -> int:
    """The status of a path for a balancer."""
    options = [option for header in headers for option in ("--header", header)]
    return server.get(f"https://{ADDRESS}:443{path}", *options, source=BALANCER).status


def start(server: Machine, release: Release) -> subprocess.Popen[str]:
    folder = release.upload(server)
    argv = server.command("sh", f"{folder}/{SCRIPT}", folder)
    return subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)


def draining(server: Machine) -> bool:
    return server.run("test", "-e", DRAINING, check=False).returncode == 0


def test_balancers_find_it_unhealthy_and_visitors_are_served(drained: Machine) -> None:
    release = taking(another("# served\n"), 4, 2)
    session = start(drained, release)
    drained.wait(lambda: draining(drained))
    assert seen(drained, HEALTH_PATH) == 503
    assert seen(drained, "/", CHECKER) == 503
    assert seen(drained, "/") == 200
    own = drained.run(
        "curl", "-sk", "--http1.1", "-D-", f"https://127.0.0.1:443{HEALTH_PATH}"
    ).stdout
    assert f"Portico-Release: {render(DRAINED).id}" in own
    drained.wait(lambda: not draining(drained))
    assert live(drained, release)
    assert session.poll() is None
    assert seen(drained, HEALTH_PATH) == 200
    output, _ = session.communicate(timeout=20)
    assert session.returncode == 0
    assert "for 4 s\n" in output
    assert "for 2 s\n" in output
    assert output.splitlines()[-1] == f"portico: web-1: release {release.id} is live on 4 ports"


def current(server: Machine) -> str:
    return server.path("/etc/portico/current").readlink().name


def test_what_changes_nothing_or_is_refused_drains_nothing(drained: Machine) -> None:
    again = command(drained, "rollback", current(drained))
    broken = taking(another("Bogus on\n"), 60, 60).activate(drained)
    assert (again.returncode, broken.returncode) == (0, REFUSED)
    assert "draining" not in again.stdout + broken.stdout


def test_a_rollback_drains_too(drained: Machine) -> None:
    before = current(drained)
    assert taking(another("# rolled back\n"), 1, 0).activate(drained).returncode == 0
    done = command(drained, "rollback", before)
    assert (done.returncode, current(drained)) == (0, before)
    assert done.stdout.count("portico: draining: ") == 1


def test_a_run_that_ends_while_it_drains_ends_the_drain(drained: Machine) -> None:
    before = current(drained)
    session = start(drained, taking(another("# stopped\n"), 60, 60))
    drained.wait(lambda: draining(drained))
    drained.run("sh", "-c", STOP)
    output, _ = session.communicate(timeout=20)
    assert (session.returncode, draining(drained), current(drained)) == (REFUSED, False, before)
    assert "served as before: failed at: draining" in output


def told(server: Machine) -> list[str]:
    """What `status` says of runs and drains."""
    lines = command(server, "status").stdout.splitlines()
    return [line for line in lines if line.startswith(("running", "unfinished", "draining"))]


def test_a_drain_ends_by_itself_where_its_worker_was_killed(drained: Machine) -> None:
    session = start(drained, taking(another("# killed\n"), 60, 60))
    drained.wait(lambda: draining(drained))
    assert told(drained) == ["running yes", "draining for-change"]
    drained.run("sh", "-c", "kill -9 $(cat $(ls -1d /var/lib/portico/runs/* | tail -n 1)/pid)")
    session.communicate(timeout=20)
    assert session.returncode == 4
    assert seen(drained, HEALTH_PATH) == 503
    assert told(drained) == ["unfinished yes", "draining for-change"]
    drained.run("sh", "-c", f"date -d '-1 second' +%Y%m%d%H%M%S >{DRAINING}")
    assert seen(drained, HEALTH_PATH) == 200
    assert told(drained) == ["unfinished yes"]
    drained.run("sh", "/etc/portico/current/activate.sh", "boot")
    assert not draining(drained)


def test_a_run_that_never_got_its_turn_ends_no_drain(drained: Machine) -> None:
    at_work = start(drained, taking(another("# at work\n"), 60, 60))
    drained.wait(lambda: draining(drained))
    waiting = start(drained, taking(another("# waiting\n"), 60, 60))
    drained.wait(lambda: drained.run("pkill", "flock", check=False).returncode == 0)
    waiting.communicate(timeout=20)
    assert (waiting.returncode, draining(drained)) == (REFUSED, True)
    drained.run("pkill", "-TERM", "-f", "activate.sh work")
    at_work.communicate(timeout=20)
    assert not draining(drained)


@pytest.mark.parametrize("seconds", [0, 1])
def test_an_operators_own_drain_stays(drained: Machine, seconds: int) -> None:
    drained.run("sh", "-c", f"mkdir -p /run/portico && : >{DRAINING}")
    try:
        assert seen(drained, HEALTH_PATH) == 503
        assert "draining by-hand\n" in command(drained, "status").stdout
        done = taking(another(f"# by hand, {seconds} s\n"), seconds, 0).activate(drained)
        assert (done.returncode, draining(drained)) == (0, True), reason(done)
        assert seen(drained, HEALTH_PATH) == 503
    finally:
        drained.run("rm", DRAINING)
    assert "draining" not in command(drained, "status").stdout
    assert seen(drained, HEALTH_PATH) == 200
