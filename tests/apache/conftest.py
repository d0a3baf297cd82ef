from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.apache import doors
from tests.apache.releases import THREE, render
from tests.apache.server import Machine, machine
from tests.apache.watching import PROXY_MODULES


@pytest.fixture
def distribution(tmp_path: Path) -> Iterator[Machine]:
    """A machine on which Apache runs as the distribution left it."""
    with machine(tmp_path / "machine") as server:
        furnish(server)
        server.run("apachectl", "start")
        server.wait(lambda: server.generation() == 1)
        yield server


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A machine that serves `THREE`; tests that share it leave it so."""
    with machine(tmp_path_factory.mktemp("serving") / "machine") as server:
        furnish(server)
        done = render(THREE).activate(server)
        assert done.returncode == 0, done.stdout
        yield server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A machine that serves `doors.FLEET`."""
    with machine(tmp_path_factory.mktemp("doors") / "machine") as made:
        furnish(made)
        made.path("/etc/apache2/mods-enabled/proxy.load").write_text(PROXY_MODULES)
        release = doors.release()
        done = release.activate(made)
        assert done.returncode == 0, done.stdout
        assert release.ports == doors.PORT
        yield made


def furnish(server: Machine) -> None:
    for letter in "abc":
        root = server.path(f"/var/www/site_{letter}")
        (root / "folder").mkdir(parents=True)
        (root / "index.html").write_text(f"site {letter}\n")
        (root / "folder" / "index.html").write_text(f"folder of {letter}\n")
