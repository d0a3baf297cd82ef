"""`portico verify` as a program, where it needs no network; `tests/sandbox` has the visits."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.fleet.golden import complete

CHECKOUT = Path(__file__).parents[2]
SSH = "the key file /nonexistent/key cannot be read"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    text = complete("sites: {}\n").replace("~/.ssh/portico", "/nonexistent/key")
    assert "/nonexistent/key" in text
    (tmp_path / "fleet.yaml").write_text(text)
    return tmp_path


def verify(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    environment.pop("PORTICO_FLEET", None)
    return subprocess.run(
        [sys.executable, "-m", "modules.cli", "verify", *options],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_server_that_cannot_be_looked_at_is_told_and_no_failure(folder: Path) -> None:
    done = verify(folder)
    assert done.returncode == 0
    assert "There are no sites to verify." in done.stdout
    assert f"web-1: ssh: {SSH}" in done.stdout
    assert "(not checked)" in done.stdout


def test_it_is_one_where_servers_are_demanded(folder: Path) -> None:
    done = verify(folder, "--servers")
    assert done.returncode == 1
    assert f"web-1: ssh: {SSH}" in done.stdout


def test_servers_may_be_left_out(folder: Path) -> None:
    done = verify(folder, "--no-servers")
    assert done.returncode == 0
    assert "ssh" not in done.stdout


@pytest.mark.parametrize(("options", "status"), [((), "ok"), (("--servers",), "failed")])
def test_json_is_all_that_stands_on_stdout(
    folder: Path, options: tuple[str, ...], status: str
) -> None:
    done = verify(folder, "--json", "--days", "30", *options)
    found = json.loads(done.stdout)
    assert (found["fleet"], found["days"], found["status"]) == ("shop", 30, status)
    assert found["names"] == []
    assert found["servers"][0]["reason"].startswith(SSH)
    assert done.returncode == (0 if status == "ok" else 1)
    assert "visiting every name" in done.stderr


def test_an_interrupted_one_ends_at_once(folder: Path) -> None:
    """While ssh waits for a server that accepts the connection and says nothing."""
    script = (
        "import signal; from modules.cli.app import main\n"
        # A test runner in the background has its children ignore Ctrl-C.
        "signal.signal(signal.SIGINT, signal.default_int_handler); main()"
    )
    with socket.create_server(("127.0.0.1", 0)) as server:
        key = folder / "key"
        key.touch(mode=0o600)
        text = (folder / "fleet.yaml").read_text().replace("/nonexistent/key", str(key))
        (folder / "fleet.yaml").write_text(
            text.replace("user: admin", f"user: admin, port: {server.getsockname()[1]}")
        )
        process = subprocess.Popen(
            [sys.executable, "-c", script, "verify", "--host", "web-1=127.0.0.1"],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        with server.accept()[0]:
            since = time.monotonic()
            process.send_signal(signal.SIGINT)
            _, told = process.communicate(timeout=30)
    assert (process.returncode, told.splitlines()[-1:]) == (130, ["interrupted"])
    assert time.monotonic() - since < 5


def test_a_wrong_file_and_a_wrong_call_are_told_apart_from_a_failure(folder: Path) -> None:
    assert verify(folder, "--host", "web-9=127.0.0.1").returncode == 2
    (folder / "fleet.yaml").write_text("name: 1\n")
    assert verify(folder).returncode == 2
