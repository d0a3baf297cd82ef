"""`portico releases` and `portico rollback`, as far as they come without a server."""

import json
import os
import re
import socket
import subprocess
import sys
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path

import pytest

from modules.cli.rollback import consequences
from modules.fleet import load_fleet
from modules.plan import make_plan
from modules.servers import Kept, Move
from tests.fleet.golden import complete

ROOT = Path(__file__).parents[2]
HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE+i0KXrJdMd0acDgL4okF2FE7SznG9Mrv0SgrFB7y81"

SERVERS = f"""\
servers:
  web-1:
    instance: i-0123456789abcdef0
    security_group: sg-0a1b2c3d
    ssh: {{host: 127.0.0.1, port: PORT, user: admin, private_key: key, host_key: {HOST_KEY}}}
  web-2:
    create: {{ami: ami-0a1b2c3d, type: t3.small, ssh_from: [203.0.113.0/24]}}
    ssh: {{user: admin, private_key: key, host_key: {HOST_KEY}}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the fleet file of two servers, of which none can be reached."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (tmp_path / "fleet.yaml").write_text(complete(SERVERS.replace("PORT", str(port))))
    (tmp_path / "key").write_text("no key is needed where nobody listens\n")
    (tmp_path / "key").chmod(0o600)
    return tmp_path


def portico(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "modules.cli", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200", "TERM": "dumb"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_releases_of_servers_that_cannot_be_reached(folder: Path) -> None:
    done = portico("releases", folder=folder)
    assert (done.returncode, done.stdout) == (1, "")
    first, second = done.stderr.splitlines()
    assert first.startswith("web-1: admin@127.0.0.1:")
    assert "cannot be reached" in first
    assert "Connection refused" in first
    assert second.startswith("web-2: Terraform gave it its address")
    assert "--host web-2=ADDRESS" in second


def test_the_guide_describes_every_member_of_the_json(folder: Path) -> None:
    guide = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    words = set(re.findall(r"`(\w+)`", guide))
    document = json.loads(portico("releases", "--json", folder=folder).stdout)
    members = {*document, *document["servers"][0], *(each.name for each in fields(Kept))}
    assert members <= words


def test_releases_for_machines_say_what_failed(folder: Path) -> None:
    done = portico("releases", "--json", folder=folder)
    assert done.returncode == 1
    document = json.loads(done.stdout)
    assert (document["version"], document["fleet"]) == (1, "shop")
    assert [(each["name"], each["releases"]) for each in document["servers"]] == [
        ("web-1", []),
        ("web-2", []),
    ]
    assert "cannot be reached" in document["servers"][0]["error"]


def test_rollback_begins_with_no_server_where_one_cannot_be_reached(folder: Path) -> None:
    done = portico("rollback", "--yes", folder=folder)
    assert (done.returncode, done.stdout) == (1, "")
    assert "web-1: admin@127.0.0.1:" in done.stderr
    assert "web-2: Terraform gave it its address" in done.stderr
    assert done.stderr.splitlines()[-1] == "nothing was changed"


def test_one_server_alone(folder: Path) -> None:
    done = portico("rollback", "--yes", "--server", "web-1", folder=folder)
    assert done.returncode == 1
    assert "web-2" not in done.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["rollback", "--server", "web-3"], "'web-3' is no server of the fleet file"),
        (["rollback", "--host", "web-3=192.0.2.1"], "'web-3' is no server of the fleet file"),
        (["releases", "--host", "web-1"], "'web-1' is not NAME=ADDRESS"),
    ],
)
def test_a_wrong_call(folder: Path, options: list[str], message: str) -> None:
    done = portico(*options, folder=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr


def test_a_sandbox_that_is_not_up(folder: Path) -> None:
    for command in ("releases", "rollback"):
        done = portico("sandbox", command, folder=folder)
        assert done.returncode == 1
        assert "there is no sandbox of" in done.stderr


# --- what visitors notice ------------------------------------------------------------------------

DAY = datetime(2026, 11, 3, 10, tzinfo=UTC)
NOW = Kept("c1", DAY, DAY, 2, current=True)


def told(folder: Path, *moves: Move) -> list[str]:
    (folder / "fleet.yaml").write_text(complete("sites:\n  a.com:\n  b.com:\n"))
    return list(consequences(make_plan(load_fleet(folder / "fleet.yaml")), moves))


def test_sites_that_go_and_come(tmp_path: Path) -> None:
    move = Move("web-1", NOW, Kept("b1", DAY, DAY, 2), ("b.com", "c.com"), ("a.com", "old.com"))
    assert told(tmp_path, move) == [
        "web-1 stops serving, though the fleet file has it: b.com",
        "web-1 stops serving: c.com",
        "web-1 serves again: a.com",
        "web-1 serves again, though the fleet file has it no more: old.com",
    ]


def test_a_hand_edited_release(tmp_path: Path) -> None:
    move = Move("web-1", NOW, Kept("b1", DAY, DAY, 2, edited=True), (), ())
    assert told(tmp_path, move) == [
        "web-1: b1 was changed by hand, and comes back as it was shipped"
    ]


def test_a_server_that_stays(tmp_path: Path) -> None:
    assert told(tmp_path, Move("web-1", NOW, NOW, (), ())) == []
