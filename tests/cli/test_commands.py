"""The command line as a person meets it: a process, its output, its exit status."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fleet import zoo
from tests.fleet.golden import complete

ROOT = Path(__file__).parents[2]


def portico(*arguments: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command in `folder`, with no program on the PATH: neither Node nor Terraform."""
    return subprocess.run(
        [sys.executable, "-m", "modules.cli", *arguments],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PATH": "", "HOME": os.environ["HOME"], **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the fleet file of one site, domain-a.com."""
    (tmp_path / "fleet.yaml").write_text(complete(""), encoding="utf-8")
    return tmp_path


def test_validate_tells_that_all_is_well(folder: Path) -> None:
    done = portico("validate", folder=folder)
    assert (done.returncode, done.stdout) == (0, "fleet.yaml: 1 site, no problems\n")
    assert not (folder / "fleet.lock.json").exists()


def test_validate_tells_every_problem_and_no_traceback(folder: Path) -> None:
    text = complete("sites:\n  domain-a.com: {tsl: modern}\n  Domain-B.com:\n")
    (folder / "fleet.yaml").write_text(text)
    done = portico("validate", folder=folder)
    assert done.returncode == 2
    assert done.stdout == ""
    first, second = done.stderr.splitlines()
    assert first.startswith("fleet.yaml:2:18: ")
    assert "did you mean 'tls'?" in first
    assert second.startswith("fleet.yaml:3:3: ")
    assert "'domain-b.com'" in second


def test_the_fleet_file_is_the_argument_or_the_variable_or_fleet_yaml(folder: Path) -> None:
    other = folder / "other.yaml"
    other.write_text(complete("sites: {}\n"))
    assert "0 sites" in portico("validate", "other.yaml", folder=folder).stdout
    assert "0 sites" in portico("validate", folder=folder, PORTICO_FLEET="other.yaml").stdout
    assert "1 site," in portico("validate", folder=folder).stdout


def test_show_is_a_table_and_json(folder: Path) -> None:
    table = portico("show", folder=folder)
    assert "domain-a.com" in table.stdout
    document = json.loads(portico("show", "--json", folder=folder).stdout)
    assert [site["port"] for site in document["sites"]] == [443]
    assert document["quota_needs"][0] == {
        "key": "application_load_balancers",
        "quota": "Application Load Balancers per Region",
        "code": "L-53DA6B97",
        "subject": None,
        "need": 1,
        "limit": 50,
    }


SCARCE = "quotas: {application_load_balancers: 1}\nsites:\n  a.com: {tls: old}\n  b.com:\n"


@pytest.mark.parametrize("command", ["validate", "show"])
def test_warnings_stand_beside_the_output(command: str, folder: Path) -> None:
    (folder / "fleet.yaml").write_text(complete(SCARCE))
    done = portico(command, folder=folder)
    assert done.returncode == 0
    quota, old_tls = done.stderr.splitlines()
    assert quota.startswith("fleet.yaml:1:1: warning: Application Load Balancers per Region: ")
    assert quota.endswith("[F703]")
    assert old_tls.startswith("fleet.yaml:3:16: warning: ")
    assert old_tls.endswith("[F704]")
    assert "warning" not in done.stdout.replace("2 warnings", "")


def test_validate_counts_warnings(folder: Path) -> None:
    (folder / "fleet.yaml").write_text(complete(SCARCE))
    assert portico("validate", folder=folder).stdout == "fleet.yaml: 2 sites, 2 warnings\n"


def test_json_is_not_disturbed_by_warnings(folder: Path) -> None:
    (folder / "fleet.yaml").write_text(complete(SCARCE))
    document = json.loads(portico("show", "--json", folder=folder).stdout)
    assert document["quotas"] == {"application_load_balancers": 1}


def test_no_command_prints_a_private_key(folder: Path) -> None:
    text = "sites:\n  a.com: {certificate: {iam: {certificate: a.pem, private_key: a.key}}}\n"
    (folder / "fleet.yaml").write_text(complete(text))
    (folder / "a.pem").write_bytes(zoo.expand("%cert a.com\n%cert Middle\n%cert Root\n"))
    key = zoo.expand("%key a.com\n").decode()
    (folder / "a.key").write_text(key)
    for command in (["validate"], ["show"], ["show", "--json"]):
        done = portico(*command, folder=folder)
        assert done.returncode == 0
        output = done.stdout + done.stderr
        assert not any(line in output for line in key.splitlines()[1:-1])
        assert "PRIVATE KEY" not in output


def test_a_command_that_ends_well_does_not_load_the_sandbox(folder: Path) -> None:
    loaded = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "modules.cli", "validate"],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PATH": "", "HOME": os.environ["HOME"]},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stderr
    modules = {line.rpartition("|")[2].strip() for line in loaded.splitlines()}
    assert "modules.plan.planner" in modules
    assert not any(name.split(".")[0] in {"sandbox", "rich", "cryptography"} for name in modules)


def test_ports_are_listed_and_released(folder: Path) -> None:
    path = folder / "fleet.lock.json"
    path.write_text('{"version": 1, "ports": {"domain-a.com": 443, "gone.com": 8443}}')
    listed = portico("ports", folder=folder).stdout
    assert listed == "  443  domain-a.com\n 8443  gone.com  (rests)\n"
    kept = portico("ports", "release", "domain-a.com", folder=folder)
    assert kept.returncode == 2
    assert "[F511]" in kept.stderr
    elsewhere = ("--fleet", str(folder / "fleet.yaml"))
    (folder / "away").mkdir()
    done = portico("ports", "release", "gone.com", *elsewhere, folder=folder / "away")
    assert (done.returncode, done.stdout) == (0, "port 8443 of gone.com is free\n")
    assert "gone.com" not in path.read_text()
    path.unlink()
    listed = portico("ports", *elsewhere, folder=folder / "away").stdout
    assert listed == "  443  domain-a.com  (not in the lock yet)\n"


@pytest.mark.parametrize("words", [("validate",), ("show",), ("show", "--json"), ("ports",)])
def test_a_full_disk_under_the_output_is_told(folder: Path, words: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "modules.cli", *words],
            cwd=folder,
            env={"PYTHONPATH": str(ROOT), "HOME": os.environ["HOME"]},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr) == (1, "[Errno 28] No space left on device\n")


def test_what_the_sandbox_lacks_is_told_without_a_traceback(folder: Path) -> None:
    done = portico("sandbox", "verify", folder=folder)
    assert done.returncode == 1
    assert done.stderr.strip().endswith("fleet.yaml")
    assert "Traceback" not in done.stderr


def test_synth_of_a_wrong_file_is_told_without_a_traceback(folder: Path) -> None:
    (folder / "fleet.yaml").write_text("name: 1\n")
    done = portico("synth", folder=folder)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert f"{folder}/fleet.yaml:1:7: " in done.stderr


def test_what_aws_never_gives_is_told_without_a_traceback(folder: Path) -> None:
    names = ", ".join(f"n{i}.a.com" for i in range(101))
    text = f"quotas: {{names_per_certificate: 200}}\nsites:\n  a.com: {{aliases: [{names}]}}\n"
    (folder / "fleet.yaml").write_text(complete(text))
    done = portico("validate", folder=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("fleet.yaml:1:1: Domain names per ACM certificate: a.com ")
    assert done.stderr.endswith("[F427]\n")
