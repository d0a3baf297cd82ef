"""httpd's configuration syntax, read by its rules and by nothing of Portico's.

As `ap_cfg_getline` and `ap_getword_conf` of httpd 2.4 have it: a backslash at the end of a line, of
a comment too, joins the next one; a word may stand in quotes, within which a backslash takes the
quote's or a backslash's meaning away.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple


class Node(NamedTuple):
    """A directive with its arguments, or a section with what stands in it."""

    words: tuple[str, ...]
    inside: tuple[Node, ...] | None


def parse(text: str) -> tuple[Node, ...]:
    """Return what the text says; raise ValueError where httpd would refuse it."""
    lines = _lines(text)
    nodes = tuple(_nodes(lines, ""))
    if left := next(lines, None):
        raise ValueError(left)
    return nodes


def _lines(text: str) -> Iterator[str]:
    """The lines that are no comments and not empty, without the space around them."""
    joined = ""
    for line in text.split("\n"):
        joined += line.removesuffix("\r")
        if joined.endswith("\\"):
            joined = joined[:-1]
            continue
        said = joined.strip(" \t\n\v\f\r")
        joined = ""
        if said and not said.startswith("#"):
            yield said


def _nodes(lines: Iterator[str], section: str) -> Iterator[Node]:
    for line in lines:
        if line.startswith("</"):
            if line != f"</{section}>":
                raise ValueError(line)
            return
        if line.startswith("<"):
            if not line.endswith(">"):
                raise ValueError(line)
            words = tuple(_words(line[1:-1]))
            yield Node(words, tuple(_nodes(lines, words[0])))
        else:
            yield Node(tuple(_words(line)), None)
    if section:
        raise ValueError(section)


def _words(line: str) -> Iterator[str]:
    at = 0
    while at < len(line):
        quote = line[at] if line[at] in "\"'" else ""
        at += len(quote)
        word = ""
        while at < len(line) and not (line[at] == quote if quote else line[at] in " \t\v\f\r"):
            escaped = line[at] == "\\" and line[at + 1 : at + 2] in {quote or "\\", "\\"}
            at += escaped
            word += line[at]
            at += 1
        if quote and at == len(line):
            raise ValueError(line)
        yield word
        at += len(quote)
        if quote and at < len(line) and line[at] not in " \t\v\f\r":
            raise ValueError(line)
        while at < len(line) and line[at] in " \t\v\f\r":
            at += 1
