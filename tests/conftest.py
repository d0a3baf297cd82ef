"""What holds for all tests."""

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def outside_ci() -> Iterator[None]:
    """Where `CI` is set, a lock that is out of date is an error; fleets of tests have none."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("CI", raising=False)
        yield
