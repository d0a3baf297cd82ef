"""Up, down and what comes between, with a fleet of one server and no sites: nothing to wait for."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import sandbox
from modules.servers import ServerError
from sandbox import SandboxError, server, state, waiting
from sandbox.state import Place
from tests.sandbox import fleets

pytestmark = pytest.mark.sandbox


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Path]:
    file = fleets.write(tmp_path / tmp_path.name, "")
    yield file
    sandbox.down(file)


def test_up_and_up_again_and_down(fleet: Path) -> None:
    steps: list[str] = []
    first = sandbox.up(fleet, lambda step, _done=0, _total=0: steps.append(step))
    assert "starting the emulator" in steps
    assert not first.terraform.changes()
    again = sandbox.up(fleet)
    assert again.state == first.state
    assert sandbox.verify(fleet).ok
    sandbox.down(fleet)
    assert_nothing_left(fleet)
    assert not Place.of(fleet).folder.exists()
    with pytest.raises(SandboxError, match="portico sandbox up"):
        sandbox.verify(fleet)


def test_down_of_what_is_not_there_is_as_good(fleet: Path) -> None:
    sandbox.down(fleet)
    sandbox.down(fleet)


@pytest.mark.soak
def test_a_second_sandbox_beside_the_first(fleet: Path, tmp_path: Path) -> None:
    other_file = fleets.write(tmp_path / "other", "", name="other")
    try:
        first = sandbox.up(fleet)
        other = sandbox.up(other_file)
        assert first.nameserver != other.nameserver
        assert not first.terraform.changes()
        assert not other.terraform.changes()
        sandbox.down(other_file)
        assert not first.terraform.changes()
    finally:
        sandbox.down(other_file)
    assert_nothing_left(other_file)


@pytest.mark.parametrize(
    ("step", "number"),
    [
        ("starting the servers", signal.SIGINT),
        ("applying with Terraform", signal.SIGTERM),
        pytest.param("starting the servers", signal.SIGTERM, marks=pytest.mark.soak),
        pytest.param("starting the servers", signal.SIGHUP, marks=pytest.mark.soak),
        pytest.param("applying with Terraform", signal.SIGINT, marks=pytest.mark.soak),
        pytest.param("applying with Terraform", signal.SIGHUP, marks=pytest.mark.soak),
    ],
)
def test_an_interrupted_up_leaves_nothing(fleet: Path, number: signal.Signals, step: str) -> None:
    with fleets.started(fleet, step) as process:
        process.send_signal(number)
        assert process.wait(20) != 0
    assert_nothing_left(fleet)


def test_down_clears_up_after_one_that_was_killed(fleet: Path) -> None:
    with fleets.started(fleet, "applying with Terraform") as process:
        process.kill()
    assert traces(fleet)
    sandbox.down(fleet)
    assert_nothing_left(fleet)


@pytest.mark.soak
def test_up_clears_up_after_one_that_was_killed(fleet: Path) -> None:
    with fleets.started(fleet, "applying with Terraform") as process:
        process.kill()
    left = state.load(Place.of(fleet))
    assert left is not None
    after = sandbox.up(fleet)
    assert not left.first.alive
    assert after.state.first != left.first
    assert not after.terraform.changes()


def test_a_failed_up_leaves_its_logs_alone_and_names_them(fleet: Path) -> None:
    settings = (
        "load_balancer: classic",
        f"certificate: {{arn: '{fleets.ARN.format(1)}'}}",
        "extra_config: broken.conf",
    )
    fleets.write(fleet.parent, fleets.site("a.com", *settings))
    (fleet.parent / "broken.conf").write_text("NoSuchDirective on\n")
    with pytest.raises(SandboxError, match="NoSuchDirective") as failure:
        sandbox.up(fleet)
    log = failure.value.log
    assert log is not None
    assert "NoSuchDirective" in log.read_text()
    assert_nothing_left(fleet)
    assert [entry.name for entry in Place.of(fleet).folder.iterdir()] == ["logs"]


@pytest.mark.soak
def test_servers_come_and_go(fleet: Path) -> None:
    sandbox.up(fleet)
    fleets.write(fleet.parent, "", servers=2)
    two = sandbox.up(fleet)
    logins = [two.login(name) for name in ("web-1", "web-2")]
    assert [server.execute(login, ["hostname"]).stdout for login in logins] == [
        "web-1\n",
        "web-2\n",
    ]
    assert not two.terraform.changes()
    fleets.write(fleet.parent, "")
    one = sandbox.up(fleet)
    assert server.execute(one.login("web-1"), ["true"]).returncode == 0
    with pytest.raises(ServerError):
        server.execute(logins[1], ["true"])
    assert not one.terraform.changes()


def test_run_is_all_of_it(fleet: Path) -> None:
    assert sandbox.run(fleet).ok
    assert_nothing_left(fleet)


@pytest.mark.soak
def test_run_may_leave_it_up(fleet: Path) -> None:
    sandbox.run(fleet, keep=True)
    assert sandbox.find(fleet).state.enclosure.alive


def test_who_is_not_root_is_told(fleet: Path) -> None:
    script = (
        "import os, sys; from pathlib import Path; import sandbox;"
        "os.seteuid(65534); sandbox.up(Path(sys.argv[1]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(fleet)],
        capture_output=True,
        text=True,
        check=False,
        env=fleets.environment(),
    )
    assert "the sandbox needs root" in done.stderr


def traces(fleet: Path) -> list[str]:
    """Return processes, mounts and listeners that belong to the fleet's sandbox."""
    folder = str(Place.of(fleet).folder)
    processes = subprocess.check_output(["ps", "-eww", "-o", "pid=,args="], text=True)
    found = [line for line in processes.splitlines() if folder in line]
    found += [line for line in Path("/proc/mounts").read_text().splitlines() if folder in line]
    kept = state.load(Place.of(fleet))
    if kept:
        prefix = kept.block.rsplit(".", 1)[0]
        listeners = subprocess.check_output(["ss", "-Hltun"], text=True)
        found += [line for line in listeners.splitlines() if prefix in line]
    return found


def assert_nothing_left(fleet: Path) -> None:
    waiting.until("the end of every process", lambda: not traces(fleet), seconds=5)
