"""Releases and rollbacks of two servers, by the command line, while a client fetches the site.

The tests stand in the order of a sandbox's life and share it.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import sandbox
from modules.servers import ServerError, execute
from sandbox import Sandbox, waiting
from tests.sandbox import fleets
from tests.sandbox.hammering import hammered

pytestmark = pytest.mark.sandbox

CERTIFICATE = "/etc/ssl/a.pem"
GIVEN = f"backend_tls: {{certificate: {CERTIFICATE}, private_key: /etc/ssl/a.key}}"
SERVERS = ("web-1", "web-2")


def classic(domain: str, number: int, *settings: str) -> str:
    certificate = f"certificate: {{arn: '{fleets.ARN.format(number)}'}}"
    return fleets.site(domain, "load_balancer: classic", certificate, *settings)


OLD = classic("a.com", 1, GIVEN)
NEW = classic("a.com", 1) + classic("b.com", 2)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fleets.write(tmp_path_factory.mktemp("rollback"), OLD, name="back", servers=2)


@pytest.fixture(scope="module")
def two(file: Path) -> Iterator[Sandbox]:
    """The sandbox with the new release live, and the old one before it."""
    try:
        sandbox.up(file)
        fleets.write(file.parent, NEW, name="back", servers=2)
        yield sandbox.up(file)
    finally:
        sandbox.down(file)


def portico(
    word: str, up: Sandbox, *options: str, stdin: int = subprocess.DEVNULL
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "modules.cli", "sandbox", word, str(up.place.fleet), *options],
        env=fleets.environment(),
        stdin=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def kept(up: Sandbox) -> dict[str, list[dict[str, Any]]]:
    document = json.loads(portico("releases", up, "--json").stdout)
    return {each["name"]: each["releases"] for each in document["servers"]}


def current(up: Sandbox) -> dict[str, str]:
    """Return the current release of each server."""
    return {
        name: each["release"]
        for name, all_kept in kept(up).items()
        for each in all_kept
        if each["current"]
    }


def serving(up: Sandbox, name: str, domain: str) -> bool:
    """Whether a server itself serves a site."""
    port = next(site.port for site in up.plan.sites if site.domain == domain)
    done = execute(up.login(name), ["curl", "-ksS", f"https://127.0.0.1:{port}/"])
    return done.returncode == 0 and domain in done.stdout


# --- before --------------------------------------------------------------------------------------


def test_each_server_keeps_both_releases(two: Sandbox) -> None:
    found = kept(two)
    assert tuple(found) == SERVERS
    for releases in found.values():
        newest, oldest = releases
        assert (newest["current"], newest["previous"], newest["sites"]) == (True, False, 2)
        assert (oldest["current"], oldest["previous"], oldest["sites"]) == (False, True, 1)
        assert newest["planned"] > oldest["planned"]
        assert newest["live"] >= newest["planned"]
    assert [each["planned"] for each in found["web-1"]] == [
        each["planned"] for each in found["web-2"]
    ]
    table = portico("releases", two)
    assert table.returncode == 0
    assert [table.stdout.count(word) for word in ("current", "previous", "edited")] == [2, 2, 0]


def test_nothing_is_done_where_nobody_can_be_asked(two: Sandbox) -> None:
    before = current(two)
    done = portico("rollback", two)
    assert done.returncode == 2
    assert "say --yes" in done.stderr
    assert "web-1 stops serving, though the fleet file has it: b.com" in done.stdout
    assert "2 → 1" in done.stdout
    assert current(two) == before


def test_who_says_no_is_heard(two: Sandbox) -> None:
    before = current(two)
    ours, theirs = os.openpty()
    os.write(ours, b"n\n")
    done = portico("rollback", two, stdin=theirs)
    os.close(ours)
    os.close(theirs)
    assert done.returncode == 1
    assert "Roll back?" in done.stdout
    assert "nothing was changed" in done.stdout
    assert current(two) == before


def test_an_unknown_release(two: Sandbox) -> None:
    done = portico("rollback", two, "--yes", "--to", "000000000000")
    assert done.returncode == 1
    assert done.stderr == "".join(
        f"{name} keeps no release 000000000000, nor the like\n" for name in SERVERS
    )


# --- there and back ------------------------------------------------------------------------------


def test_a_broken_target_leaves_all_as_it_was(two: Sandbox) -> None:
    before = current(two)
    login = two.login("web-1")
    execute(login, ["mv", CERTIFICATE, f"{CERTIFICATE}.gone"])
    with hammered(two, "a.com", "b.com") as tallies:
        done = portico("rollback", two, "--yes")
    execute(login, ["mv", f"{CERTIFICATE}.gone", CERTIFICATE])
    assert done.returncode == 1
    assert f"web-1: refused: every site is served as before: a.com: {CERTIFICATE}" in done.stdout
    assert "web-2:" not in done.stdout
    first, second, third = done.stderr.splitlines()
    assert first == "web-1 failed: the line above says why"
    assert second == "as before: web-2"
    assert third.startswith("to go on when that is mended: portico sandbox rollback ")
    assert current(two) == before
    assert tallies.failed == []


def test_a_rollback_fails_no_request(two: Sandbox) -> None:
    before = kept(two)
    with hammered(two, "a.com") as tallies:
        done = portico("rollback", two, "--yes")
    assert (done.returncode, done.stderr) == (0, "")
    assert tallies.failed == []
    assert tallies.fewest > 20
    told = done.stdout
    assert told.index("web-1: release") < told.index("web-2: ")
    assert "Terraform does not know" in told
    assert (
        f"portico sandbox rollback {two.place.fleet} --to {before['web-1'][0]['release']}" in told
    )
    assert current(two) == {name: each[1]["release"] for name, each in before.items()}
    for name in SERVERS:
        assert serving(two, name, "a.com")
        assert not serving(two, name, "b.com")


def test_terraform_ships_nothing(two: Sandbox) -> None:
    assert not two.terraform.changes()


def test_the_newer_one_is_named_by_one_servers_release(two: Sandbox) -> None:
    newer = {
        name: next(each["release"] for each in releases if not each["current"])
        for name, releases in kept(two).items()
    }
    with hammered(two, "a.com") as tallies:
        done = portico("rollback", two, "--yes", "--to", newer["web-2"], "--server", "web-1")
        assert (done.returncode, current(two)["web-1"]) == (0, newer["web-1"])
        done = portico("rollback", two, "--yes", "--to", newer["web-1"])
    assert done.returncode == 0
    assert "web-2 serves again: b.com" in done.stdout
    assert tallies.failed == []
    assert current(two) == newer
    assert all(serving(two, name, "b.com") for name in SERVERS)


def test_what_is_live_already_stays(two: Sandbox) -> None:
    before = current(two)
    done = portico("rollback", two, "--yes", "--to", before["web-1"])
    assert done.returncode == 0
    assert "is live already" in done.stdout
    assert current(two) == before


@pytest.mark.parametrize(
    ("end", "status", "told"),
    [
        (signal.SIGINT, 130, "interrupted"),
        (signal.SIGTERM, 130, "interrupted"),
        (signal.SIGPIPE, 1, "on this machine: Broken pipe"),
    ],
)
def test_a_command_that_ends_leaves_the_server_to_end_by_itself(
    two: Sandbox, end: signal.Signals, status: int, told: str
) -> None:
    """SIGPIPE stands for a reader that goes, as `head` does."""
    target = next(each["release"] for each in kept(two)["web-1"] if each["previous"])
    script = (
        "import signal, sys; from modules.cli.app import main\n"
        # A test runner in the background has its children ignore Ctrl-C.
        "signal.signal(signal.SIGINT, signal.default_int_handler); main()"
    )
    options = ("rollback", str(two.place.fleet), "--yes", "--server", "web-1")
    with subprocess.Popen(
        [sys.executable, "-c", script, "sandbox", *options],
        env=fleets.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert any("testing the configuration" in line for line in process.stdout)
        if end is signal.SIGPIPE:
            process.stdout.close()
            process.stdout = None
        else:
            process.send_signal(end)
        _, complaints = process.communicate(timeout=60)
    assert process.returncode == status
    assert complaints.startswith(f"web-1 failed: {told}; what had begun there goes on alone")
    assert complaints.endswith(f" {two.place.fleet} --to {target} --server=web-1\n")
    waiting.until("the end", lambda: current(two)["web-1"] == target, seconds=90, pause=1)
    assert serving(two, "web-1", "a.com")


# --- hand edits, and servers that are not there --------------------------------------------------


def test_a_hand_edited_release_is_marked(two: Sandbox) -> None:
    target = next(each["release"] for each in kept(two)["web-1"] if each["previous"])
    login = two.login("web-1")
    edited = f"/etc/portico/releases/{target}/portico.conf"
    execute(login, [f"echo '# by hand' >>{edited}"])
    marks = {each["release"]: each["edited"] for each in kept(two)["web-1"]}
    assert marks[target]
    assert sum(marks.values()) == 1
    done = portico("rollback", two, "--yes", "--server", "web-1")
    assert f"web-1: {target} was changed by hand, and comes back as it was shipped" in done.stdout
    assert done.stdout.endswith(" --server=web-1\n")
    assert serving(two, "web-1", "a.com")


def test_a_server_where_nothing_is_deployed(two: Sandbox) -> None:
    login = two.login("web-1")
    execute(login, ["mv", "/etc/portico/current", "/etc/portico/away"])
    try:
        table = portico("releases", two)
        assert table.returncode == 0
        assert "web-1: nothing is deployed" in table.stdout
        done = portico("rollback", two, "--yes")
        assert done.returncode == 1
        assert done.stderr == "web-1 has nothing deployed\n"
    finally:
        execute(login, ["mv", "-T", "/etc/portico/away", "/etc/portico/current"])


def test_a_server_that_is_down(two: Sandbox) -> None:
    with pytest.raises(ServerError):
        execute(two.login("web-2"), ["pkill", "-x", "sshd"])
    table = portico("releases", two)
    assert table.returncode == 1
    assert "web-1" in table.stdout
    assert "web-2: " in table.stderr
    assert "cannot be reached" in table.stderr
    done = portico("rollback", two, "--yes")
    assert done.returncode == 1
    assert "nothing was changed" in done.stderr
