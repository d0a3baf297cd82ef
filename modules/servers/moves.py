"""What a rollback would do to each server, told before anything is done."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from modules.servers.errors import ServerError
from modules.servers.reports import Kept
from modules.servers.script import Content


@dataclass(frozen=True, slots=True)
class Stock:
    """What a server keeps, newest first."""

    kept: Sequence[Kept] = ()
    contents: Mapping[str, Content] = field(default_factory=dict)
    """By release."""

    def digest(self, release: str) -> str | None:
        content = self.contents.get(release)
        return content.digest if content else None

    def domains(self, release: Kept | None) -> frozenset[str]:
        content = self.contents.get(release.release) if release else None
        return content.domains if content else frozenset()


@dataclass(frozen=True, slots=True)
class Move:
    """From a server's current release to a kept one; domains are sorted."""

    server: str
    before: Kept | None
    after: Kept
    stops: tuple[str, ...]
    """Domains that are served now and that the kept release does not know."""
    starts: tuple[str, ...]
    """Domains that the kept release knows and that are not served now."""

    @property
    def stays(self) -> bool:
        """Whether the server has that release already, as it was shipped."""
        return self.before == self.after and not self.after.edited


def moves(
    stocks: Mapping[str, Stock], to: str | None = None, others: Collection[Stock] = ()
) -> Sequence[Move]:
    """Choose a release of each server's: the one before its current one, or what `to` names.

    A release has another id on each server, as the server's name is in it: a server that has none
    of that id takes the one of the same configuration, or else of the same plan. `others` are of
    servers that don't move, and may know what `to` is.

    :raises ServerError: a server has no such release; all such servers are named.
    """
    known = (*stocks.values(), *others)
    found = {name: _target(stock, known, to) for name, stock in stocks.items()}
    lack = f"no release {to}, nor the like" if to else "no release from before the current one"
    missing = [
        f"{name} keeps {lack}" if stocks[name].kept else f"{name} has nothing deployed"
        for name, target in found.items()
        if target is None
    ]
    if missing:
        raise ServerError("\n".join(missing))
    return [_move(name, stocks[name], target) for name, target in found.items() if target]


def alike(stocks: Mapping[str, Stock], moves: Collection[Move]) -> bool:
    """Whether the servers will have one configuration, or at least that of one plan."""
    digests = {stocks[each.server].digest(each.after.release) for each in moves}
    return 1 in {len(digests), len({each.after.planned for each in moves})}


def _target(stock: Stock, known: Collection[Stock], to: str | None) -> Kept | None:
    if to is None:
        return next((each for each in stock.kept if each.previous), None)
    named = [
        (other.digest(to), each.planned)
        for other in known
        for each in other.kept
        if each.release == to
    ]
    digests = {digest for digest, _ in named if digest}
    plans = {planned for _, planned in named if planned}
    ranks = (
        lambda each: each.release == to,
        lambda each: stock.digest(each.release) in digests,
        lambda each: each.planned in plans,
    )
    return next((each for fits in ranks for each in stock.kept if fits(each)), None)


def _move(server: str, stock: Stock, after: Kept) -> Move:
    before = next((each for each in stock.kept if each.current), None)
    now, then = stock.domains(before), stock.domains(after)
    return Move(server, before, after, tuple(sorted(now - then)), tuple(sorted(then - now)))
