"""The fleet file's text as plain values that know where they stand.

Composed YAML 1.2 nodes are walked here rather than constructed by a library, so that the place of a
value that came through an anchor or a merge is where its text stands, and so that a duplicate key,
a tag or a runaway alias is a problem with a place of its own.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError
from ruamel.yaml.scanner import Scanner, ScannerError

from modules.fleet.problems import Code, FleetError, Problem, show, words

Value = None | bool | int | float | str | tuple["Value", ...] | dict[str, "Value"]
KeyPath = tuple[str | int, ...]

_CORE = "tag:yaml.org,2002:"
_SCALARS: Mapping[str, Callable[[str], Value]] = {
    _CORE + "str": str,
    _CORE + "timestamp": str,
    _CORE + "merge": str,
    _CORE + "null": lambda _: None,
    _CORE + "bool": lambda text: bool(("false", "true").index(text.lower())),
    _CORE + "int": lambda text: int(text, 0),
    _CORE + "float": float,
}
_MAX_VALUES = 100_000
"""Far above any fleet, and low enough that a bomb of aliases ends in a blink."""
_MAX_BRACKETS = 50
"""Open at once; the scanner looks through all of them at each token."""


class Mark(NamedTuple):
    """A place in a file, counted from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Source:
    """A fleet file's values, with the place of each key and value by its path."""

    name: str
    """The file, as the person named it."""
    values: dict[str, Value]
    keys: dict[KeyPath, Mark]
    marks: dict[KeyPath, Mark]
    problems: tuple[Problem, ...]
    """What is wrong with the text; the values hold the rest."""

    def problem(self, code: Code, path: KeyPath, message: str, *, at_key: bool = False) -> Problem:
        """A problem at the value of `path`, or its key, or the nearest one around it."""
        places = (self.keys, self.marks) if at_key else (self.marks, self.keys)
        for length in range(len(path), -1, -1):
            for place in places:
                if mark := place.get(path[:length]):
                    return Problem(self.name, *mark, code.id, message)
        return Problem(self.name, 1, 1, code.id, message)


def read_text(path: Path) -> str:
    """Read a UTF-8 file, with or without a byte order mark; raise FleetError."""
    name = str(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        message = words(
            f"the file cannot be read: {reason}",
            cure="name one in the call or in PORTICO_FLEET",
        )
        raise FleetError([Problem(name, 1, 1, Code.UNREADABLE.id, message)]) from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line = before.count(b"\n") + 1
        column = len(before.rpartition(b"\n")[2].decode("utf-8", "replace")) + 1
        message = words(
            f"byte 0x{content[error.start]:02x} is no UTF-8", cure="save the file as UTF-8"
        )
        raise FleetError([Problem(name, line, column, Code.NOT_UTF8.id, message)]) from None


def read_source(text: str, name: str) -> Source:
    """Parse `text`; raise FleetError where no map comes out of it."""
    node = _compose(text, name)
    if node is None or (isinstance(node, ScalarNode) and node.tag == _CORE + "null"):
        message = words("the file is empty", cure="start with name, region, network and servers")
        raise FleetError([Problem(name, 1, 1, Code.EMPTY.id, message)])
    reader = _Reader(name)
    if not isinstance(node, MappingNode):
        kind = "a list" if isinstance(node, SequenceNode) else "plain text"
        message = words(f"the file is {kind}", allowed="a map: name, region, network, servers, …")
        raise FleetError([Problem(name, *_mark(node), Code.NOT_A_MAP.id, message)])
    try:
        values = reader.mapping(node, ())
    except RecursionError:
        raise FleetError([_too_deep(name)]) from None
    return Source(name, values, reader.keys, reader.marks, tuple(reader.problems))


def _too_deep(name: str) -> Problem:
    return Problem(name, 1, 1, Code.NOT_YAML.id, "the file is nested too deeply")


class _Scanner(Scanner):
    def fetch_flow_collection_start(self, token_class: Any, to_push: str) -> None:  # noqa: ANN401
        if self.flow_level == _MAX_BRACKETS:
            place = self.reader.get_mark()
            raise ScannerError(None, None, f"more than {_MAX_BRACKETS} brackets are open", place)
        super().fetch_flow_collection_start(token_class, to_push)


def _compose(text: str, name: str) -> Node | None:
    yaml = YAML(typ="safe", pure=True)
    yaml.Scanner = _Scanner
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an anchor may be given anew: YAML 1.2, 3.2.2.2
            return yaml.compose(text)  # type: ignore[no-any-return]
    except MarkedYAMLError as error:
        problem = _syntax_problem(error, text, name)
    except ReaderError as error:
        before = text[: error.position]
        line, column = before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1
        message = f"character {show(text[error.position])} is not allowed in YAML"
        problem = Problem(name, line, column, Code.NOT_YAML.id, message)
    except (RecursionError, YAMLError):
        problem = _too_deep(name)
    raise FleetError([problem])


def _syntax_problem(error: MarkedYAMLError, text: str, name: str) -> Problem:
    ended = error.context_mark and "end of stream" in str(error.problem)
    mark = error.context_mark if ended else error.problem_mark or error.context_mark
    line, column = (mark.line, mark.column) if mark else (0, 0)
    reason = str(error.problem or error.context).removeprefix("but ")
    lines = text.splitlines()
    shown = lines[line] if line < len(lines) else ""
    tab = re.match(r" *\t", shown)
    if tab:
        message = words("a tab indents this line", allowed="spaces, as YAML has it")
        return Problem(name, line + 1, tab.end(), Code.TAB.id, message)
    if "another document" in reason:
        message = words("a second document starts here", allowed="one a file", cure="remove '---'")
        return Problem(name, line + 1, column + 1, Code.SEVERAL_DOCUMENTS.id, message)
    context = f" {error.context}" if error.context and error.context != reason else ""
    message = words(f"no YAML: {reason}{context}", cure=_syntax_cure(reason, shown))
    return Problem(name, line + 1, column + 1, Code.NOT_YAML.id, message)


def _syntax_cure(reason: str, line: str) -> str:
    if "mapping values are not allowed" in reason:
        return "quote a value that holds ': ', and indent keys of one map alike"
    if "cannot start any token" in reason:
        return "quote a value that starts with this character"
    if "expected ':'" in reason:
        return f"a key ends with ':', {show(line.strip())} does not"
    if "<block end>" in reason or "end of stream" in reason:
        return "look for a quote or a bracket left open, or a line indented otherwise"
    if "undefined alias" in reason:
        return "give the anchor (&name) before its alias, or quote a value that starts with '*'"
    return ""


def _mark(node: Node) -> Mark:
    return Mark(node.start_mark.line + 1, node.start_mark.column + 1)


@dataclass
class _Reader:
    """Walks composed nodes; collects places and problems on the way."""

    name: str
    keys: dict[KeyPath, Mark] = field(default_factory=dict)
    marks: dict[KeyPath, Mark] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    _open: set[int] = field(default_factory=set)
    _count: int = 0

    def report(self, code: Code, node: Node, message: str) -> None:
        self.problems.append(Problem(self.name, *_mark(node), code.id, message))

    def value(self, node: Node, path: KeyPath) -> Value:
        self.marks[path] = _mark(node)
        if id(node) in self._open:
            self.report(Code.ALIAS, node, "a value contains itself through its own alias")
            raise FleetError(self.problems)
        self._count += 1
        if self._count > _MAX_VALUES:
            self.report(Code.ALIAS, node, f"aliases unfold to more than {_MAX_VALUES} values")
            raise FleetError(self.problems)
        if isinstance(node, ScalarNode):
            return self.scalar(node)
        plain_tag = _CORE + ("map" if isinstance(node, MappingNode) else "seq")
        if node.tag != plain_tag:
            self.unknown_tag(node)
        self._open.add(id(node))
        value: Value
        if isinstance(node, MappingNode):
            value = self.mapping(node, path)
        else:
            value = tuple(self.value(item, (*path, i)) for i, item in enumerate(node.value))
        self._open.discard(id(node))
        return value

    def scalar(self, node: ScalarNode) -> Value:
        text = self.joined(node)
        construct = _SCALARS.get(str(node.tag))
        if construct is None:
            self.unknown_tag(node)
            return text
        try:
            return construct(text)
        except ValueError:  # 007, .inf, figures of thousands of digits, words of YAML 1.1
            return text

    def joined(self, node: ScalarNode) -> str:
        """The node's text, with JSON's escapes of one character in two halves put together."""
        text = str(node.value)
        if not any("\ud800" <= c <= "\udfff" for c in text):
            return text
        try:
            return text.encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError:
            self.report(Code.NOT_YAML, node, f"{show(text)} holds half a character")
            return "half a character"

    def unknown_tag(self, node: Node) -> None:
        tag = str(node.tag).replace(_CORE, "!!")
        message = words(f"the tag {show(tag)} is not understood", cure="remove it")
        self.report(Code.UNKNOWN_TAG, node, message)

    def mapping(self, node: MappingNode, path: KeyPath) -> dict[str, Value]:
        """The node's map; its own keys win over merged ones, and earlier merges over later."""
        self.marks.setdefault(path, _mark(node))
        own: dict[str, Mark] = {}
        result: dict[str, Value] = {}
        merges = []
        for key_node, value_node in node.value:
            key = self.key(key_node)
            if key is None:
                continue
            if key in own:
                at = f"line {own[key].line}"
                message = words(f"key {show(key)} stands twice", cure=f"it was given at {at}")
                self.report(Code.DUPLICATE_KEY, key_node, message)
                continue
            own[key] = _mark(key_node)
            if key_node.tag == _CORE + "merge":
                merges.append(value_node)
                continue
            self.keys[*path, key] = own[key]
            result[key] = self.value(value_node, (*path, key))
            if result[key] is None and not value_node.value:
                self.marks[*path, key] = own[key]
        for value_node in merges:
            self.merge(value_node, path, result)
        return result

    def merge(self, node: Node, path: KeyPath, result: dict[str, Value]) -> None:
        sources = node.value if isinstance(node, SequenceNode) else [node]
        for source in sources:
            if not isinstance(source, MappingNode):
                message = words("a merge (<<) names no map", allowed="a map, or a list of maps")
                self.report(Code.MERGE, source, message)
                continue
            if id(source) in self._open:
                self.report(Code.ALIAS, source, "a map is merged into itself")
                raise FleetError(self.problems)
            merged = _Reader(self.name, problems=self.problems, _open=self._open)
            merged._count = self._count
            self._open.add(id(source))
            values = merged.mapping(source, path)
            self._open.discard(id(source))
            self._count = merged._count
            for key, value in values.items():
                if key not in result:
                    result[key] = value
                    self.adopt(merged, (*path, key))

    def adopt(self, merged: _Reader, path: KeyPath) -> None:
        """Take over the places of what was merged at `path` and below."""
        size = len(path)
        self.keys |= {at: mark for at, mark in merged.keys.items() if at[:size] == path}
        self.marks |= {at: mark for at, mark in merged.marks.items() if at[:size] == path}

    def key(self, node: Node) -> str | None:
        value = self.scalar(node) if isinstance(node, ScalarNode) else None
        if isinstance(value, str):
            return value
        what = f"key {show(node.value)} is a number or a word of YAML's"
        if not isinstance(node, ScalarNode):
            what = "a list or map is a key"
        elif not node.value:
            what = "a key is empty"
        message = words(what, allowed="text", cure="put it in quotes")
        self.report(Code.KEY_NOT_TEXT, node, message)
        return None
