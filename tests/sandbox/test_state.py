import json
import os
from dataclasses import asdict
from pathlib import Path

import pytest

from sandbox import SandboxError, state
from sandbox.processes import Process
from sandbox.state import Place, State


def test_a_fleet_file_has_one_place_whatever_it_is_called_by(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "My Shop" / "fleet.yaml"
    file.parent.mkdir()
    place = Place.of(file, tmp_path)
    monkeypatch.chdir(file.parent)
    assert Place.of(Path("fleet.yaml"), tmp_path) == place
    assert Place.of(Path("other.yaml"), tmp_path) != place
    assert place.id.startswith("my-shop-")


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    place = Place.of(tmp_path / "fleet.yaml", tmp_path / "home")
    place.create()
    saved = State(Process.of(os.getpid()), "127.64.0.0/20", addresses={"a": "127.64.1.2"})
    assert state.load(place) is None
    state.save(place, saved)
    assert state.load(place) == saved


def test_what_another_version_saved_can_be_ended(tmp_path: Path) -> None:
    place = Place.of(tmp_path / "fleet.yaml", tmp_path / "home")
    place.create()
    first = Process.of(os.getpid())
    (place.folder / "state.json").write_text(
        json.dumps({"first": asdict(first), "ready": True, "future": 1})
    )
    assert state.load(place) == State(first, block="", ready=False)


def test_nobody_else_may_look_into_a_sandboxs_folder(tmp_path: Path) -> None:
    place = Place.of(tmp_path / "fleet.yaml", tmp_path / "home")
    place.create()
    assert place.folder.stat().st_mode & 0o077 == 0


def test_two_commands_do_not_change_one_sandbox_at_once(tmp_path: Path) -> None:
    place = Place.of(tmp_path / "fleet.yaml", tmp_path / "home")
    with (
        state.locked(place),
        pytest.raises(SandboxError, match="another command"),
        state.locked(place),
    ):
        pytest.fail("both went on")
    with state.locked(place):
        pass


def test_a_process_is_told_from_a_stranger_with_its_number() -> None:
    ours = Process.of(os.getpid())
    assert ours.alive
    assert not Process(ours.pid, ours.started + 1, ours.boot).alive
    assert not Process(ours.pid, ours.started, "another boot").alive
    assert Process(ours.pid, ours.started + 1, ours.boot).kill()
