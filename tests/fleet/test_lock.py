import json
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from modules.fleet import FleetError, LockMode, load_fleet, release_port
from modules.fleet.lock import FILE_NAME, NEXT_PORTS, assign, read, write
from tests.fleet.fleets import (
    git_branch,
    git_merge,
    git_repository,
    locked,
    problems,
    write_fleet,
)


@pytest.fixture(autouse=True)
def _no_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)


# --- assigning -------------------------------------------------------------------------------


def test_ports_in_the_order_of_names(tmp_path: Path) -> None:
    fleet = load_fleet(write_fleet(tmp_path, "c.com", "a.com", "b.com"))
    assert fleet.ports == {"a.com": 443, "b.com": 8443, "c.com": 8444} == locked(tmp_path)


def test_the_lock_has_a_domain_a_line(tmp_path: Path) -> None:
    load_fleet(write_fleet(tmp_path, "b.com", "a.com"))
    text = '{\n  "version": 1,\n  "ports": {\n    "a.com": 443,\n    "b.com": 8443\n  }\n}\n'
    assert (tmp_path / FILE_NAME).read_bytes() == text.encode()


def test_a_removed_domain_rests_and_comes_back(tmp_path: Path) -> None:
    load_fleet(write_fleet(tmp_path, "a.com", "b.com"))
    fleet = load_fleet(write_fleet(tmp_path, "b.com", "c.com"))
    assert fleet.resting == {"a.com": 443}
    assert fleet.ports == {"a.com": 443, "b.com": 8443, "c.com": 8444}
    back = load_fleet(write_fleet(tmp_path, "a.com", "b.com", "c.com"))
    assert back.ports == fleet.ports
    assert not back.resting


def test_read_assigns_in_memory_only(tmp_path: Path) -> None:
    fleet = load_fleet(write_fleet(tmp_path, "a.com"), LockMode.READ)
    assert fleet.ports == {"a.com": 443}
    assert not (tmp_path / FILE_NAME).exists()


def test_nothing_is_written_when_nothing_is_new(tmp_path: Path) -> None:
    fleet_file = write_fleet(tmp_path, "a.com")
    load_fleet(fleet_file)
    before = (tmp_path / FILE_NAME).stat()
    load_fleet(fleet_file)
    assert (tmp_path / FILE_NAME).stat() == before


def test_a_fleet_with_problems_gives_no_ports(tmp_path: Path) -> None:
    assert problems(write_fleet(tmp_path, "a.com", "b"), LockMode.WRITE) == ["F301"]
    assert not (tmp_path / FILE_NAME).exists()


def test_no_port_left(tmp_path: Path) -> None:
    fleet_file = write_fleet(tmp_path, "a.com", "b.com")
    reserved = f"ports: {{reserved: [{NEXT_PORTS[0]}-{NEXT_PORTS[-1]}]}}\n"
    fleet_file.write_text(reserved + fleet_file.read_text())
    with pytest.raises(FleetError, match=r"no port is left for b\.com.* \[F510\]"):
        load_fleet(fleet_file)


def test_assign_takes_the_lowest_free_port() -> None:
    held = {"a.com": 8444}
    ports = assign(held, ["d.com", "c.com", "b.com", "a.com"], {8443, 8445})
    assert ports == {"a.com": 8444, "b.com": 443, "c.com": 8446, "d.com": 8447}


# --- CI --------------------------------------------------------------------------------------


def test_ci_refuses_a_stale_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    fleet_file = write_fleet(tmp_path, "a.com", "bücher.example")
    with pytest.raises(FleetError) as raised:
        load_fleet(fleet_file)
    assert str(raised.value) == (
        f"{tmp_path / FILE_NAME}:1:1: the lock is out of date: a.com → 443, bücher.example "
        "(xn--bcher-kva.example) → 8443; run portico synth where CI is not set, and commit "
        "fleet.lock.json [F508]"
    )
    assert not (tmp_path / FILE_NAME).exists()


def test_ci_accepts_a_fresh_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load_fleet(write_fleet(tmp_path, "a.com", "b.com"))
    monkeypatch.setenv("CI", "1")
    assert load_fleet(write_fleet(tmp_path, "b.com")).ports["b.com"] == 8443


def test_ci_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    assert load_fleet(write_fleet(tmp_path, "a.com"), LockMode.READ).ports == {"a.com": 443}


def test_an_empty_ci_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "")
    load_fleet(write_fleet(tmp_path, "a.com"))
    assert locked(tmp_path) == {"a.com": 443}


# --- releasing -------------------------------------------------------------------------------


def test_a_resting_port_is_released_and_given_again(tmp_path: Path) -> None:
    load_fleet(write_fleet(tmp_path, "a.com", "b.com"))
    fleet_file = write_fleet(tmp_path, "b.com")
    assert release_port(fleet_file, "a.com") == 443
    assert locked(tmp_path) == {"b.com": 8443}
    assert load_fleet(write_fleet(tmp_path, "b.com", "c.com")).ports["c.com"] == 443


def test_a_resting_port_that_is_reserved_is_released(tmp_path: Path) -> None:
    load_fleet(write_fleet(tmp_path, "a.com", "b.com"))
    fleet_file = write_fleet(tmp_path, "b.com")
    fleet_file.write_text(fleet_file.read_text("utf-8") + "ports: {reserved: [443]}\n", "utf-8")
    assert problems(fleet_file) == ["F507"]
    assert release_port(fleet_file, "a.com") == 443
    assert load_fleet(fleet_file).ports == {"b.com": 8443}


def test_a_reserved_port_of_a_site_is_not_released(tmp_path: Path) -> None:
    fleet_file = write_fleet(tmp_path, "a.com")
    load_fleet(fleet_file)
    fleet_file.write_text(fleet_file.read_text("utf-8") + "ports: {reserved: [443]}\n", "utf-8")
    with pytest.raises(FleetError, match=r"a\.com is still a site.*\[F511\]"):
        release_port(fleet_file, "a.com")
    assert locked(tmp_path) == {"a.com": 443}


def test_release_takes_either_form(tmp_path: Path) -> None:
    load_fleet(write_fleet(tmp_path, "bücher.example"))
    assert release_port(write_fleet(tmp_path, "a.com"), "bücher.example") == 443


def test_a_site_keeps_its_port(tmp_path: Path) -> None:
    fleet_file = write_fleet(tmp_path, "a.com", "b.com")
    load_fleet(fleet_file)
    with pytest.raises(FleetError, match=r"lock.json:4:5: a\.com is still a site.*\[F511\]"):
        release_port(fleet_file, "a.com")
    assert locked(tmp_path) == {"a.com": 443, "b.com": 8443}


def test_release_of_an_unknown_domain(tmp_path: Path) -> None:
    load_fleet(write_fleet(tmp_path, "shop.com", "b.com"))
    fleet_file = write_fleet(tmp_path, "b.com")
    with pytest.raises(
        FleetError, match=r"no port rests for 'shopp\.com'.*did you mean 'shop\.com'\?"
    ):
        release_port(fleet_file, "shopp.com")


# --- writing ---------------------------------------------------------------------------------


def test_write_keeps_the_mode(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    write(path, {"a.com": 443}, {})
    path.chmod(0o640)
    write(path, {"a.com": 443, "b.com": 8443}, {})
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_write_follows_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / FILE_NAME).symlink_to(tmp_path / "real" / FILE_NAME)
    write(tmp_path / "real" / FILE_NAME, {"a.com": 443}, {})
    write(tmp_path / FILE_NAME, {"b.com": 443}, {})
    assert (tmp_path / FILE_NAME).is_symlink()
    assert locked(tmp_path / "real") == {"b.com": 443}


def test_a_failed_write_leaves_the_old_lock(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    path.mkdir()
    (path / "in the way").touch()
    with pytest.raises(FleetError, match=r"the lock cannot be written: .*\[F509\]"):
        write(path, {"a.com": 443}, {})
    assert [child.name for child in tmp_path.iterdir()] == [FILE_NAME]


def test_a_full_disk_leaves_the_old_lock(tmp_path: Path) -> None:
    write(tmp_path / FILE_NAME, {"a.com": 443}, {})
    program = (
        "import resource, signal; from pathlib import Path; from modules.fleet.lock import write\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
        f"write(Path({str(tmp_path / FILE_NAME)!r}), {{f'd{{i}}.com': i for i in range(9)}}, "
        "{})\n"
    )
    result = subprocess.run(
        [sys.executable, "-B", "-c", program], check=False, capture_output=True, text=True
    )
    assert "the lock cannot be written" in result.stderr
    assert locked(tmp_path) == {"a.com": 443}
    assert [child.name for child in tmp_path.iterdir()] == [FILE_NAME]


def test_a_reader_sees_the_old_lock_or_the_new_one_while_the_writer_is_killed(
    tmp_path: Path,
) -> None:
    path = tmp_path / FILE_NAME
    old, new = {"a.com": 443}, {f"d{i:04}.com": 8443 + i for i in range(2000)}
    write(path, old, {})
    program = (
        "import itertools; from pathlib import Path; from modules.fleet.lock import write\n"
        f"old, new = {old!r}, {{f'd{{i:04}}.com': 8443 + i for i in range(2000)}}\n"
        "print('writes', flush=True)\n"
        f"for ports in itertools.cycle([new, old]): write(Path({str(path)!r}), ports, {{}})\n"
    )
    for delay in (0.0, 0.003, 0.007):
        with subprocess.Popen(
            [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout
            assert writer.stdout.readline() == "writes\n"
            for _ in range(20):
                assert read(path).ports in (old, new)
            time.sleep(delay)
            writer.send_signal(signal.SIGKILL)
        assert read(path).ports in (old, new)


# --- merging ---------------------------------------------------------------------------------


def _branch(folder: Path, name: str, *domains: str) -> None:
    git_branch(folder, name)
    load_fleet(write_fleet(folder, *domains))
    git_branch(folder, name, commit=True)


def _repository(folder: Path, *domains: str) -> None:
    load_fleet(write_fleet(folder, *domains))
    git_repository(folder)


def test_branches_with_neighbouring_sites_meet_in_a_conflict_that_both_lines_solve(
    tmp_path: Path,
) -> None:
    _repository(tmp_path, "a.com", "z.com")
    _branch(tmp_path, "one", "a.com", "m.com", "z.com")
    _branch(tmp_path, "two", "a.com", "n.com", "z.com")
    git_merge(tmp_path, "one", check=False)

    lock = tmp_path / FILE_NAME
    fleet_file = write_fleet(tmp_path, "a.com", "m.com", "n.com", "z.com")
    assert "<<<<<<<" in lock.read_text()
    assert problems(fleet_file) == ["F502"]

    kept = [line for line in lock.read_text().splitlines() if line[:7] not in _MARKERS]
    lock.write_text("\n".join(kept) + "\n")
    assert problems(fleet_file) == ["F505"]

    one = [line for line in kept if "n.com" not in line]
    lock.write_text("\n".join(one) + "\n")
    fleet = load_fleet(fleet_file)
    assert fleet.ports == {"a.com": 443, "m.com": 8444, "n.com": 8445, "z.com": 8443}


_MARKERS = ("<<<<<<<", "=======", ">>>>>>>")


def test_branches_with_distant_sites_merge_to_two_domains_on_one_port(tmp_path: Path) -> None:
    common = [f"{letter}.com" for letter in "cdefghijklmnopqrstuvw"]
    _repository(tmp_path, *common)
    _branch(tmp_path, "one", "a.com", *common)
    _branch(tmp_path, "two", *common, "x.com", "y.com")
    git_merge(tmp_path, "one")

    fleet_file = write_fleet(tmp_path, "a.com", *common, "x.com", "y.com")
    assert locked(tmp_path)["a.com"] == locked(tmp_path)["x.com"]
    with pytest.raises(FleetError, match=r"belongs to a\.com and to x\.com; .*\[F505\]"):
        load_fleet(fleet_file, LockMode.READ)


def test_a_lock_that_cannot_be_read(tmp_path: Path) -> None:
    fleet_file = write_fleet(tmp_path, "a.com")
    (tmp_path / FILE_NAME).write_bytes(b"\xff\xfe{}")
    assert problems(fleet_file) == ["F501"]
    (tmp_path / FILE_NAME).write_text("[" * 100_000)
    assert problems(fleet_file) == ["F501"]
    (tmp_path / FILE_NAME).unlink()
    (tmp_path / FILE_NAME).mkdir()
    assert problems(fleet_file) == ["F501"]


def test_a_lock_of_another_version(tmp_path: Path) -> None:
    for version in (0, 2, "1", True, None):
        (tmp_path / FILE_NAME).write_text(json.dumps({"version": version, "ports": {}}))
        assert problems(write_fleet(tmp_path, "a.com")) == ["F503"]
