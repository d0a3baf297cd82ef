"""The text of `docs/capabilities.md`: the table of capabilities, with the tests that prove it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from modules.fleet.capabilities import CAPABILITIES, KINDS, LEAST_SUBNETS, PRICES, Capability
from modules.fleet.site_sections import LoadBalancer

PROOFS = Path(__file__).parents[2] / "tests" / "capabilities.toml"
"""The names of the tests that prove each row, by the row's id."""
_HEAD = """\
# What each kind of balancer can

<!-- written by python -m modules.fleet.reference -->

`load_balancer` names the kind of a site's balancer. What a kind cannot do is refused when the fleet
file is read, at the setting that asks for it ([F404](errors.md), or a code that says more); the
message names a kind that can. It holds for a `successor` too. Each row links to AWS's page on it,
and names tests that prove it.
"""


def proofs() -> dict[str, list[str]]:
    """Read the tests of each row, by its id."""
    with PROOFS.open("rb") as file:
        return tomllib.load(file)


def capabilities_text() -> str:
    """The text of `docs/capabilities.md`."""
    return "\n".join([_HEAD, *_table(proofs()), "", *_reasons(), "", *_costs()]) + "\n"


def _table(proved: Mapping[str, Sequence[str]]) -> Iterator[str]:
    yield _row(["", *(f"`{kind}`" for kind in KINDS), "key", "proved by"])
    yield _row(["--"] * (len(KINDS) + 3))
    for row in CAPABILITIES:
        tests = "<br>".join(f"`{test}`" for test in proved[row.id])
        answers = [_answer(row, kind) for kind in KINDS]
        yield _row([f"[{row.what}]({row.source})", *answers, _key(row), tests])


def _answer(row: Capability, kind: LoadBalancer) -> str:
    return "no" if kind in row.cannot else row.detail.get(kind, "yes")


def _key(row: Capability) -> str:
    return f"`{row.setting}{f': {row.value}' if row.value else ''}`" if row.setting else ""


def _reasons() -> Iterator[str]:
    yield "## Why not\n"
    for kind in KINDS:
        for row in CAPABILITIES:
            if kind in row.cannot:
                yield f"- **{kind}**, {_within(row.what)}: it {row.cannot[kind]}."


def _within(title: str) -> str:
    """A title within a sentence; names in capitals stay."""
    return title if title[1:2].isupper() else title[:1].lower() + title[1:]


def _costs() -> Iterator[str]:
    yield "## What each needs\n"
    yield _row(["", *(f"`{kind}`" for kind in KINDS)])
    yield _row(["--"] * (len(KINDS) + 1))
    yield _row(["Subnets, in different zones", *(str(LEAST_SUBNETS[kind]) for kind in KINDS)])
    yield _row(["Price a month, idle", *(PRICES[kind] for kind in KINDS)])
    yield (
        "\nPrices are [AWS's list prices](https://aws.amazon.com/elasticloadbalancing/pricing/) "
        "of us-east-1 in two zones, with public IPv4 addresses, of November 2026."
    )


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
