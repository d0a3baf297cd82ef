import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox import SandboxError, enclosure, waiting
from sandbox.enclosure import Enclosure
from sandbox.state import CHECKOUT

pytestmark = pytest.mark.sandbox


@pytest.fixture
def inside(tmp_path: Path) -> Iterator[Enclosure]:
    (tmp_path / "over").mkdir()
    (tmp_path / "under").mkdir()
    (tmp_path / "over" / "seen").touch()
    opening = enclosure.prepare(
        ["sleep", "600"],
        binds={tmp_path / "over": tmp_path / "under"},
        log=tmp_path / "log",
        environment=os.environ,
    )
    opening.go()
    waiting.until(
        "its mounts",
        lambda: "seen" in opening.enclosure.run(["ls", str(tmp_path / "under")]),
    )
    yield opening.enclosure
    opening.enclosure.close()


def test_a_folder_lies_over_another_one_inside_alone(inside: Enclosure, tmp_path: Path) -> None:
    assert inside.run(["ls", str(tmp_path / "under")]) == "seen\n"
    assert list((tmp_path / "under").iterdir()) == []


def test_processes_namespaces_and_ports_end_with_it(inside: Enclosure, tmp_path: Path) -> None:
    inside.run(["ip", "netns", "add", "ours"])
    marker = f"http.server --bind 127.64.0.9 --directory {tmp_path}"
    command = ["python3", "-m", *marker.split(), "8099"]
    inside.spawn(command, tmp_path / "log", os.environ)
    waiting.until("its process", lambda: marker in _processes())
    assert "ours" not in subprocess.check_output(["ip", "netns", "list"], text=True)
    inside.close()
    assert not inside.alive
    assert marker not in _processes()


def test_a_failed_command_is_told_with_its_output(inside: Enclosure) -> None:
    with pytest.raises(SandboxError, match="no such thing"):
        inside.run(["sh", "-c", "echo no such thing; exit 3"])


def test_nothing_can_be_run_in_a_closed_one(inside: Enclosure) -> None:
    inside.close()
    with pytest.raises(SandboxError, match="is down"):
        inside.run(["true"])


def test_one_that_its_maker_never_wrote_down_ends_by_itself(tmp_path: Path) -> None:
    script = (
        "import os, sys; from pathlib import Path; from sandbox import enclosure;"
        "o = enclosure.prepare(['sleep', '600'], binds={}, log=Path(sys.argv[1]),"
        " environment=os.environ); print(o.enclosure.first.pid, flush=True); os._exit(9)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "log")],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
    )
    pid = int(done.stdout)
    waiting.until("its end", lambda: not _alive(pid))


def _processes() -> str:
    return subprocess.check_output(["ps", "-eww", "-o", "args"], text=True)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
