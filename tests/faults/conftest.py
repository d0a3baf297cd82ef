"""One sandbox for all cases of a process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.rig import Rig, rig


@pytest.fixture(scope="session")
def one_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with rig(tmp_path_factory.mktemp("faults")) as made:
        yield made
