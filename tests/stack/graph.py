"""What needs what in a Terraform configuration."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from tests.stack.golden import Configuration, blocks

_REFERENCE = re.compile(r"\b((?:data\.)?(?:aws_\w+|terraform_data)|local|var)\.([\w-]+)")


class Graph:
    """References and `depends_on` of every block, by address."""

    def __init__(self, configuration: Configuration) -> None:
        self.variables = {f"var.{name}" for name in configuration.get("variable", {})}
        self._direct: Mapping[str, set[str]] = {
            address: set(_references(block)) for address, block in blocks(configuration).items()
        }

    def of(self, *kinds: str) -> set[str]:
        """Return the addresses of all resources of these kinds."""
        return {address for address in self._direct if address.partition(".")[0] in kinds}

    def needs(self, address: str) -> set[str]:
        """Return all that must exist before the block does."""
        found: set[str] = set()
        waiting = [address]
        while waiting:
            for needed in self._direct.get(waiting.pop(), set()) - found:
                found.add(needed)
                waiting.append(needed)
        return found

    def dangling(self) -> set[str]:
        """Return the references to what is not there."""
        referred = set().union(*self._direct.values())
        return referred - self._direct.keys() - self.variables


def _references(block: object) -> Iterator[str]:
    match block:
        case Mapping():
            for key, value in block.items():
                if key in {"depends_on", "replace_triggered_by"}:
                    yield from _in_text(json.dumps(value))
                elif key != "//":
                    yield from _references(value)
        case list():
            for value in block:
                yield from _references(value)
        case str() if "${" in block:
            yield from _in_text(block)


def _in_text(text: str) -> Iterator[str]:
    for kind, name in _REFERENCE.findall(text):
        yield f"{kind}.{name}"
