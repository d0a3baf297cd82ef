"""The activation script as text: sound, and harmless where it was cut on its way."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.apache.releases import SCRIPT


def test_shellcheck_finds_nothing() -> None:
    shellcheck = Path(sys.executable).with_name("shellcheck")
    done = subprocess.run(
        [str(shellcheck), "--shell=sh", "-"],
        input=SCRIPT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == ""


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_a_cut_script_does_nothing_and_says_so(shell: str, tmp_path: Path) -> None:
    text = SCRIPT
    start = text.index("trap ")
    ends = [end for end in range(start, len(text)) if text[end - 1] == "\n"]
    assert ends[-1] < text.rindex('main "$@"') + 1
    script = tmp_path / "activate.sh"
    for end in [*ends[1::7], text.rindex('main "$@"')]:
        script.write_text(text[:end])
        done = subprocess.run([shell, str(script), str(tmp_path)], capture_output=True, check=False)
        assert done.returncode != 0, text[:end].splitlines()[-1]
    assert list(tmp_path.iterdir()) == [script]
