"""Sites whose every text is hostile, and their twins: sites of the same settings with plain texts.

What a release says of a hostile site must be what it says of its twin, word for word, but for the
site's own texts, each of them within one word.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from modules.fleet import LockMode, load_fleet
from modules.fleet.domains import ascii_domain
from modules.plan import Plan, make_plan
from tests.fleet.fleets import loaded
from tests.fleet.golden import BASE
from tests.hostile.carriers import texts

SHAPES: Sequence[Mapping[str, Any]] = (
    {},
    {"canonical": True, "load_balancer": "classic"},
    {"hsts": {"max_age": 60, "include_subdomains": True}, "canonical": True},
    {"hsts": {}, "load_balancer": "network", "client_address": "proxied"},
    {"load_balancer": "network"},
    {"idle_timeout": 3600, "successor": {"load_balancer": "classic"}},
)
"""Settings without a text of their own."""
FIRST_PORT = 20001
"""Of the twins, so that no port of theirs stands for anything else."""

SEGMENTS = (
    "-oProxyCommand=id", "~root", "a=b", ",", "+", "...", "..a", "a:b", "~", "--", "-", "Include",
    "end", "etc", "VirtualHost", "_", "=", "0", ".well-known", "A" * 200,
)  # fmt: skip
NO_SEGMENTS = (
    "%", "$HOME", "`id`", "a b", "..", ".", "", "a\\", "'", '"', "*", "?", "{a,b}", "#", "<", "|",
    "é", "\n", "${x}", "x" * 1024,
)  # fmt: skip
LABELS = (
    "include", "define", "end", "begin", "site", "listen", "virtualhost", "made", "0", "1e9",
    "null", "true", "on", "xn--bcher-kva", "xn--p1ai", "a--b", "x" * 50, "bücher", "日本",
    "servername", "localhost", "invalid", "portico",
)  # fmt: skip
NO_LABELS = (
    "x" * 64, "-a", "a-", "a_b", "*", "", "a b", "A", "${x}", "%{x}", "#begin", "$(id)", "\n", "..",
    "a\\", "\uff41", "a\0", "xn--a", "xn--", "\u0430pple\u200b",
)  # fmt: skip
SUFFIXES = ("com", "co.uk", "de", "xn--p1ai", "org", "example", "io", "рф")
LINES = (
    "#end", "#begin evil.com", "#| Listen 9", "  #| x", "# a comment", "#\\", "#</VirtualHost>", "",
    " ", "\t", "#\r", "#${portico_release}", "#%{x}", "#@portico-release@", "# RELEASE",
    "#\u2028Listen 9", "#\x85Listen 9", "#\u202e", "Header set X-A b", 'Header set X-B "c\\"d"',
    "Header set X-C \\", "<IfModule none>", "</IfModule>", "#é", "#\ufeff", "</VirtualHost>",
    "<VirtualHost *:9>", "Listen 9", "#" + "y" * 9000, "SetEnv a ${portico_release}", "#'\"`$(id)",
    "\\", "#EOF", "EOT", "end", "portico-manifest 1", "\\\r", "#\r#",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Hostile:
    """A site as drawn."""

    shape: int
    domain: str
    aliases: tuple[str, ...]
    document_root: str
    certificate: str
    private_key: str
    extra_config: str
    """The name of the file."""
    content: str
    """What is in it."""

    def entry(self) -> dict[str, Any]:
        """Return the site as the fleet file has it."""
        backend = {"certificate": self.certificate, "private_key": self.private_key}
        return {
            **SHAPES[self.shape],
            "aliases": list(self.aliases),
            "document_root": self.document_root,
            **({"backend_tls": backend} if self.certificate else {}),
            **({"extra_config": self.extra_config} if self.extra_config else {}),
        }

    def quietened(self) -> Hostile:
        """Return the site with comments alone in its file, which Apache has nothing against."""
        lines = [line for line in self.content.split("\n") if line.startswith("#")]
        return replace(self, content="\n".join(lines))

    @property
    def texts(self) -> int:
        """How many are the site's own."""
        return 2 + len(self.aliases) + 2 * bool(self.certificate) + 2 * bool(self.extra_config)


def _mostly(inert: st.SearchStrategy[str], other: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.sampled_from([*[True] * 29, False]).flatmap(lambda most: inert if most else other)


def _names() -> st.SearchStrategy[str]:
    plain = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=3, max_size=9)
    label = _mostly(plain | st.sampled_from(LABELS), st.sampled_from(NO_LABELS))
    parts = st.tuples(st.lists(label, max_size=2), plain, st.sampled_from(SUFFIXES))
    name = parts.map(lambda each: ".".join((*each[0], each[1], each[2])))
    return _mostly(name, st.tuples(name, texts).map("".join))


def _paths(top: str) -> st.SearchStrategy[str]:
    segment = _mostly(st.sampled_from(SEGMENTS), st.sampled_from(NO_SEGMENTS) | texts)
    return st.lists(segment, min_size=1, max_size=4).map(lambda each: f"{top}/{'/'.join(each)}")


def hostile_sites() -> st.SearchStrategy[Hostile]:
    names, paths = _names(), _paths("/etc/ssl")
    files = _mostly(
        st.sampled_from(("a b", "é", "=x", "a,b", "x:y", "~a", "-a", "_")),
        st.sampled_from(("$x", "../a", "a\\", "a'", "%", "{a}")),
    )
    content = st.lists(st.sampled_from(LINES) | texts, max_size=8).map("\n".join)
    return st.builds(
        Hostile,
        shape=st.integers(0, len(SHAPES) - 1),
        domain=names,
        aliases=st.lists(names, max_size=3).map(tuple),
        document_root=_paths("/var/www"),
        certificate=paths | st.just(""),
        private_key=paths,
        extra_config=files | st.just(""),
        content=content,
    )


# --- twins -----------------------------------------------------------------------------------


def twin(shape: int, aliases: int, *, given: bool, extra: bool) -> Hostile:
    """Return the site with plain texts; each of them stands nowhere else."""
    key = f"{shape}-{aliases}-{given:d}-{extra:d}"
    folder = f"/twin/{key}"
    return Hostile(
        shape=shape,
        domain=f"twin-{key}.com",
        aliases=tuple(f"alias-{i}.twin-{key}.com" for i in range(aliases)),
        document_root=f"{folder}/root",
        certificate=f"{folder}/certificate" if given else "",
        private_key=f"{folder}/key",
        extra_config="twin.conf" if extra else "",
        content="# plain\n",
    )


def twin_of(site: Hostile) -> Hostile:
    return twin(
        site.shape,
        len(site.aliases),
        given=bool(site.certificate),
        extra=bool(site.extra_config and site.content),
    )


# --- a fleet of them -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Batch:
    """A fleet of twins and of the hostile sites that were accepted."""

    text: str
    files: tuple[tuple[str, str], ...]
    plan: Plan
    sites: Mapping[str, Hostile]
    """By domain in ASCII form."""
    twins: Mapping[str, Hostile]
    refused: int
    """Hostile sites that were."""


def batch(folder: Path, drawn: Sequence[Hostile]) -> Batch:
    """Load a fleet of the sites, time and again without those that were refused."""
    twins = {twin_of(site).domain: twin_of(site) for site in drawn}
    twins |= {
        site.domain: site for site in (twin(i, 1, given=False, extra=False) for i in range(6))
    }
    ports = {domain: FIRST_PORT + i for i, domain in enumerate(sorted(twins))}
    lock = json.dumps({"version": 1, "ports": ports})
    files = {"fleet.lock.json": lock, "twin.conf": "# plain\n"}
    hostile = [
        replace(
            site,
            domain=f"n{i}.{site.domain}",
            aliases=tuple(f"n{i}-{j}.{alias}" for j, alias in enumerate(site.aliases)),
            certificate=site.certificate and f"{site.certificate}/{i}.crt",
            private_key=f"{site.private_key}/{i}.key",
            extra_config=site.extra_config and f"{i}{site.extra_config}.conf",
        )
        for i, site in enumerate(drawn)
    ]
    files |= {
        site.extra_config: site.content.encode("utf-8", "replace").decode()
        for site in hostile
        if site.extra_config and "/" not in site.extra_config
    }
    for name, content in files.items():
        (folder / name).write_bytes(content.encode())
    path, left = folder / "fleet.yaml", hostile
    while True:
        text = "\n".join(_lines([*twins.values(), *left]))
        path.write_text(text, "utf-8")
        fleet, error = loaded(path, LockMode.READ)
        if fleet:
            break
        lines = {problem.line for problem in error.problems}
        first = len(text.split("\n")) - len(left)
        assert min(lines) > first, error
        left = [site for i, site in enumerate(left, first + 1) if i not in lines]
    plan = make_plan(load_fleet(path, LockMode.READ))
    accepted = {ascii_domain(site.domain): site for site in left}
    assert accepted.keys() <= {site.domain for site in plan.sites}
    kept = {"fleet.lock.json", "twin.conf", *(site.extra_config for site in left)}
    beside = tuple((name, content) for name, content in files.items() if name in kept)
    return Batch(text, beside, plan, accepted, twins, len(drawn) - len(left))


def _lines(sites: Sequence[Hostile]) -> Iterator[str]:
    yield from "".join(text for key, text in BASE.items() if key != "sites").splitlines()
    yield "sites:"
    for site in sites:
        yield f"  {json.dumps(site.domain)}: {json.dumps(site.entry())}"
