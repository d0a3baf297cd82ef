"""What holds for all tests."""

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def outside_ci() -> Iterator[None]:
    """Where `CI` is set, a lock that is out of date is an error; fleets of tests have none."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("CI", raising=False)
        yield


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes minutes, and examples first, so that the last worker is not alone."""
    items.sort(key=_lateness)


def _lateness(item: pytest.Item) -> tuple[bool, bool]:
    in_sandbox = item.get_closest_marker("sandbox") is not None
    return not item.path.stem.startswith("test_example_"), not in_sandbox
