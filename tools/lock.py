"""Locks the newest allowed versions of all that is installed, by hash and by no address.

`pipenv lock` and `npm` write where each package came from. The locks leave that out, so that
each machine installs from the index that it is set up with.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

HOME = Path(__file__).resolve().parent.parent
PIPENV_REQUIREMENTS = HOME / "tools" / "pipenv-requirements.txt"


def run(*command: str | Path) -> None:
    """Run a command in the checkout."""
    subprocess.run(command, cwd=HOME, check=True)


def lock_pipenv() -> None:
    """Pin the newest pipenv and what it needs, as pip's resolver would install them."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        run(
            HOME / ".portico/pipenv/bin/python",
            *("-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"),
            *("--report", report, "pipenv"),
        )
        packages = json.loads(report.read_text())["install"]
    lines = sorted(
        f"{package['metadata']['name'].lower()}=={package['metadata']['version']}"
        f" --hash=sha256:{package['download_info']['archive_info']['hashes']['sha256']}\n"
        for package in packages
    )
    PIPENV_REQUIREMENTS.write_text("".join(lines))


def lock_python() -> None:
    """Lock the Pipfile."""
    run("pipenv", "lock")
    path = HOME / "Pipfile.lock"
    lock = json.loads(path.read_text())
    lock["_meta"]["sources"] = []
    for category, packages in lock.items():
        if category != "_meta":
            for package in packages.values():
                package.pop("index", None)
    write_json(path, lock, indent=4)


def lock_npm() -> None:
    """Lock package.json."""
    path = HOME / "package-lock.json"
    path.unlink(missing_ok=True)
    run(
        *("npm", "install", "--package-lock-only", "--ignore-scripts"),
        *("--omit-lockfile-registry-resolved", "--no-audit", "--no-fund", "--loglevel=error"),
    )
    lock = json.loads(path.read_text())
    for package in lock["packages"].values():
        package.pop("resolved", None)
    write_json(path, lock, indent=2)


def write_json(path: Path, value: object, indent: int) -> None:
    """Write JSON as pipenv and npm do."""
    path.write_text(json.dumps(value, indent=indent, ensure_ascii=False) + "\n")


def main() -> int:
    """Write the three locks."""
    lock_pipenv()
    lock_python()
    lock_npm()
    return 0


if __name__ == "__main__":
    sys.exit(main())
