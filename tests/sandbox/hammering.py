"""Clients that fetch sites all the while.

For each name there are two with a new connection for each request: one asks DNS anew each time, one
keeps an answer for as long as it may. Where asked, a third has one connection while that lives.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import sandbox
from modules.verify.handshakes import HTTPS
from sandbox import Sandbox
from tests.faults.clients import Lookup, Tallies, Tally, Target, fetching

_KEEPS = "keeps its connection"
_CLIENTS = {"asks anew": False, "remembers": True, _KEEPS: True}
_PAUSE = 0.05


@dataclass(frozen=True, slots=True)
class Hammered:
    """What came of it, by name: of the client that asks anew, and of the one that remembers."""

    tallies: Tallies
    targets: Collection[Target]

    @property
    def failed(self) -> list[str]:
        return self.tallies.failed

    @property
    def fewest(self) -> int:
        """How many requests the client had answered that had the fewest."""
        return min(each.answered for each in self.tallies.of.values())

    def certificates(self, name: str) -> tuple[int, ...]:
        return tuple(len(each.certificates) for each in self._of(name))

    def addresses(self, name: str) -> tuple[int, ...]:
        return tuple(len(each.addresses) for each in self._of(name))

    def _of(self, name: str) -> list[Tally]:
        return [self.tallies.of[each.name] for each in self.targets if each.domain == name]


@contextmanager
def hammered(
    up: Sandbox, *names: str, sni: Collection[str] = (), kept: bool = False
) -> Iterator[Hammered]:
    """Have the names fetched all the while, those in `sni` with SNI; `kept`: by the third too."""
    context = ssl.create_default_context(cadata=sandbox.view_of(up).roots)
    context.check_hostname = False
    targets = [
        Target(
            name,
            Lookup(name, up.nameserver, remembers=remembers),
            HTTPS,
            context,
            pause=_PAUSE,
            sni=name in sni,
            client=client,
            kept=client == _KEEPS,
        )
        for name in names
        for client, remembers in _CLIENTS.items()
        if kept or client != _KEEPS
    ]
    with fetching(targets) as tallies:
        yield Hammered(tallies, targets)
        # Long enough for the client that remembers to see the end of the change.
        time.sleep(3)
