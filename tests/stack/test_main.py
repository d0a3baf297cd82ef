"""main.py, alone and under cdktf."""

import os
import shutil
import subprocess
from pathlib import Path

HOME = Path(__file__).parents[2]
THREE = HOME / "examples" / "three-domains" / "fleet.yaml"


def run(*command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command in the checkout's environment, as a shell there would."""
    environment = {**os.environ, **variables}
    return subprocess.run(
        [str(HOME / "tools" / "run"), *command],
        cwd=HOME,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_cdktf_synth_and_python_give_the_same_bytes(tmp_path: Path) -> None:
    alone, by_cdktf = tmp_path / "alone", tmp_path / "cdktf"
    done = run("python", "main.py", str(THREE), CDKTF_OUTDIR=str(alone))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    done = run("cdktf", "synth", "--output", str(by_cdktf), PORTICO_FLEET=str(THREE))
    assert done.returncode == 0, done.stdout + done.stderr
    stack = Path("stacks", "three", "cdk.tf.json")
    assert (alone / stack).read_bytes() == (by_cdktf / stack).read_bytes()


def test_problems_of_the_file_are_told_without_a_traceback(tmp_path: Path) -> None:
    broken = tmp_path / "fleet.yaml"
    broken.write_text("name: shop\nregio: eu-west-1\n")
    done = run("python", "main.py", str(broken), CDKTF_OUTDIR=str(tmp_path / "out"))
    assert done.returncode == 2
    assert done.stdout == ""
    assert "fleet.yaml:2:1:" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_new_domain_gets_its_port_in_the_lock(tmp_path: Path) -> None:
    shutil.copy(THREE, tmp_path)
    done = run(
        "python", "main.py", str(tmp_path / "fleet.yaml"), CDKTF_OUTDIR=str(tmp_path / "out"), CI=""
    )
    assert done.returncode == 0, done.stderr
    assert '"domain-c.com": 8444' in (tmp_path / "fleet.lock.json").read_text()
