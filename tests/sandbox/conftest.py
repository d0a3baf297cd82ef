"""The three domains, up once a file of tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import sandbox
from sandbox import Sandbox
from sandbox.emulator.api import Api
from tests.sandbox.three import write


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("three"))


@pytest.fixture(scope="module")
def three(file: Path) -> Iterator[Sandbox]:
    try:
        yield sandbox.up(file)
    finally:
        sandbox.down(file)


@pytest.fixture(scope="module")
def api(three: Sandbox) -> Api:
    return Api(three.emulator.url, three.plan.region)
