"""Fleet files that hold many hostile texts at once.

Each text is in a carrier of its own, an entry of a map or a top-level key, on a line of its own: a
problem's line tells which text was refused.
"""

from __future__ import annotations

import json
import re
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from hypothesis import strategies as st

from modules.fleet.source import read_source
from modules.fleet.validate import validate
from tests.fleet.fleets import PUBLIC_KEY, loaded
from tests.fleet.test_properties import (
    FILES as USUAL,
)
from tests.fleet.test_properties import (
    SPITEFUL,
    WHOLE,
    Place,
    inert,
    places,
    put,
    strings,
    text_at,
)
from tests.fleet.zoo import expand

CODE = re.compile(r"F\d{3}")
SECONDS = 20
"""The longest that a fleet of some hundred texts may take, on a busy machine."""

MAPS = ("sites", "servers", "zones", "certificates")
PEM = {"certificate": "e.crt", "private_key": "e.key", "chain": "chain.crt"}
PEM_FILES = {
    "e.crt": "%cert e.com names=domain-e.com,domain-f.com\n",
    "e.key": "%key e.com\n",
    "chain.crt": "%cert Middle\n%cert Root\n",
}
RARE: dict[str, object] = {
    **WHOLE,
    "state": "cloud",
    "network": {"create": "10.0.0.0/16", "allow": ["198.51.100.0/24"]},
    "access_log_bucket": {"bucket": "shop-logs", "prefix": "elb/live"},
    "ports": {"reserved": ["9000"]},
    "certificates": {
        "made": {
            "acm": {"names": ["domain-e.com"], "key_algorithm": "RSA_2048", "validation": "dns"}
        },
        "sent": {"acm_import": PEM},
        "kept": {"iam": PEM},
    },
    "sites": {
        "domain-e.com": {"certificate": {"acm_import": PEM}},
        "domain-f.com": {"certificate": {"iam": PEM}, "load_balancer": "classic"},
        "domain-g.com": {
            "certificate": {
                "acm": {
                    "names": ["domain-g.com"],
                    "key_algorithm": "RSA_2048",
                    "validation": "dns",
                }
            }
        },
    },
}
"""What the others don't say."""
FILES = [*USUAL, RARE]
PLACES = [
    (which, path)
    for which, values in enumerate(FILES)
    for path in places(values)
    if which in {0, len(USUAL)} or path[0] == "state"
]
MORE = [
    "#begin evil.com", "#end", "#| Listen 1", "\n#end\n", "<VirtualHost *:9>", "\nListen 9\n",
    "Include /etc/passwd", "%{endfor ~}", '${file("/etc/shadow")}', "<<EOT\nx\nEOT", "$${", "%%{",
    "\\\n", '\\"', "\r", "\v", "\f", "\x7f", "'; id #", '"; id #', "$IFS", "${IFS}id", "&",
    "\nend\n", "\nsite evil.com 9 made /a /b", "-rf", "--version", "-", "/../../etc/shadow", "..",
    ".", "//", "~root", "!", "^", "|", "(", ")", "{{", "}}", "[[", "<!--#exec cmd=id-->", "\u200b",
    "\u2066", "\ufeff", "\u0430", "\u212a", "\uff0e", "\u3002", "e\u0301", "\u00ad", "😀", "A" * 70,
    "a" * 300, "a." * 130, "9" * 400, "0x7f.1", "127.1", "::ffff:1.2.3.4%eth0", "1.2.3.4/24",
    "xn--a", "xn--zca", "@", "@evil.com", "https://evil.com/", "a.com:80", "*.a.com", "true",
    "null", "1e9", "2024-01-01", "=cmd|' /C calc'!A0", "-----BEGIN", "PRIVATE KEY",
    "\x01release\x01", "%h%n", "%00", "%0a", "+inf", "\0\0",
]  # fmt: skip
texts = st.lists(st.sampled_from([*SPITEFUL, *MORE]) | st.text(max_size=6), max_size=3).map("".join)
mutations = st.tuples(st.sampled_from(PLACES), texts, st.integers(0, 4))
Mutation = tuple[tuple[int, Place], str, int]
_LONGEST_KEY = 80
"""YAML takes 1,024 characters for a key on one line; one outside ASCII is written with twelve."""


def assert_refused_or_inert(mutations: Sequence[Mutation]) -> tuple[int, int]:
    """Load them in one file; return how many texts were tried, and how many of them refused."""
    carriers, lines = _file(mutations)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fleet.yaml"
        path.write_text("\n".join(lines) + "\n", "utf-8")
        for name in ("a.conf", "start.sh"):
            path.with_name(name).touch()
        path.with_name("key.pem").write_text(PUBLIC_KEY, "utf-8")
        for name, text in PEM_FILES.items():
            path.with_name(name).write_bytes(expand(text))
        start = time.monotonic()
        _, error = loaded(path)
        took = time.monotonic() - start
        held = validate(read_source(path.read_text("utf-8"), "fleet.yaml"), path.parent).file
    assert took < SECONDS
    assert [text for text in strings(held) if not inert(text)] == []
    for problem in error.problems:
        assert CODE.fullmatch(problem.code)
        assert str(problem).isprintable()
        assert 1 <= problem.line <= len(lines)
        assert problem.column >= 1
    refused = {problem.line for problem in error.problems}
    return len(carriers), len(carriers & refused)


def _file(mutations: Sequence[Mutation]) -> tuple[set[int], list[str]]:
    """Return the numbers of the lines with a hostile text, and all lines."""
    top: dict[str, tuple[str, bool]] = {
        key: (json.dumps({key: value})[1:-1], False)
        for key, value in FILES[0].items()
        if key not in MAPS
    }
    entries: dict[str, list[str]] = {section: [] for section in MAPS}
    for number, ((which, path), text, how) in enumerate(mutations):
        section, values = str(path[0]), FILES[which]
        new = _mixed(text_at(values, path), text, how)[: _LONGEST_KEY if path[-1] is None else None]
        if section in MAPS and path[1] is not None:
            entries[section].append(_entry(number, values, path, new))
        elif section in top:
            part = {section: values[section]}
            top[section] = json.dumps(put(part, path, new))[1:-1], True
    lines, carriers = [], set()
    for line, hostile in top.values():
        lines.append(line)
        carriers |= {len(lines)} if hostile else set()
    for section, of_section in entries.items():
        lines.append(f"{section}:")
        for line in of_section:
            lines.append(f"  {line}")
            carriers.add(len(lines))
    return carriers, lines


def _mixed(said: str, text: str, how: int) -> str:
    middle = len(said) // 2
    return (text, said + text, text + said, said[:middle] + text + said[middle:], text * 9)[how]


def _entry(number: int, values: dict[str, object], path: Place, new: str) -> str:
    """One entry of a map; what is not the hostile text's own is of this entry alone."""
    section, name = str(path[0]), str(path[1])
    known = values[section]
    assert isinstance(known, dict)
    own = f"n{number}-{name}"
    text = json.dumps(known[name]).replace("www.domain-a.com", f"www.{own}")
    ((key, value),) = dict_of(put({own: json.loads(text)}, (own, *path[2:]), new)).items()
    return f"{json.dumps(key)}: {json.dumps(value)}"


def dict_of(value: object) -> dict[str, object]:
    assert isinstance(value, dict)
    return value
