"""Any text in any place: refused, or inert for Apache, a shell and Terraform."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from modules.fleet import Fleet, FleetError
from modules.fleet.lock import FILE_NAME, read
from modules.fleet.model import PortRange
from tests.fleet.fleets import PUBLIC_KEY, loaded
from tests.fleet.golden import BASE, HOST_KEY

Place = tuple[str | int | None, ...]

WHOLE: dict[str, object] = {
    "name": "shop",
    "region": "eu-west-1",
    "state": {
        "s3": {
            "bucket": "shop-tf",
            "key": "shop.tfstate",
            "region": "eu-west-1",
            "kms_key_id": "arn:aws:kms:eu-west-1:123456789012:alias/shop",
            "profile": "shop",
        }
    },
    "prefix": "live",
    "network": {
        "vpc": "vpc-0123abcd",
        "subnets": ["subnet-0123abcd", "subnet-0123abce"],
        "internal_subnets": ["subnet-0123abc0", "subnet-0123abc1"],
        "allow": ["198.51.100.0/24"],
    },
    "servers": {
        "web-1": {
            "instance": "i-0123abcd",
            "security_group": "sg-0123abcd",
            "layout": "debian",
            "ssh": {
                "host": "web-1.domain-a.com",
                "user": "admin",
                "private_key": "~/.ssh/portico",
                "host_key": HOST_KEY,
            },
        },
        "web-2": {
            "create": {
                "ami": "ami-0123abcd",
                "type": "t3.small",
                "key_name": "shop",
                "user_data": "start.sh",
                "ssh_from": ["203.0.113.0/24"],
                "subnet": "subnet-0123abcd",
            },
            "ssh": {"user": "admin", "private_key": "keys/portico", "host_key": HOST_KEY},
        },
    },
    "ports": {"reserved": ["9000-9010"]},
    "zones": {"domain-a.com": {"role": "arn:aws:iam::123456789012:role/dns"}},
    "certificates": {
        "wild": {"acm": {"names": ["domain-c.com", "*.domain-c.com"]}},
        "known": {"arn": "arn:aws:iam::123456789012:server-certificate/known"},
    },
    "access_log_bucket": {"create": "shop-logs", "prefix": "elb/live"},
    "tags": {"team": "web"},
    "defaults": {"document_root": "/var/www/html", "tags": {"stage": "live"}},
    "sites": {
        "domain-a.com": {
            "aliases": ["www.domain-a.com"],
            "document_root": "/var/www/a",
            "load_balancer": "application",
            "certificate": {"arn": "arn:aws:iam::123456789012:server-certificate/a"},
            "tls": "modern",
            "zone": "domain-a.com",
            "extra_config": "a.conf",
            "backend_tls": {"certificate": "/etc/a.crt", "private_key": "/etc/a.key"},
            "tags": {"cost": "a"},
        },
        "domain-b.com": {
            "certificate": "acm",
            "zone": "create",
            "hsts": {"max_age": 60},
            "health_check": {"path": "/up", "matcher": "200-299"},
            "desync_mitigation": "monitor",
            "waf": f"arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/a/{36 * '0'}",
            "alarms": {"topic": "arn:aws:sns:eu-west-1:123456789012:shop"},
            "access_logs": True,
        },
        "domain-c.com": {
            "load_balancer": "network",
            "successor": {"load_balancer": "shared", "weight": 5},
            "certificate": {"use": "wild"},
            "client_address": "kept",
        },
        "domain-d.com": {
            "load_balancer": "classic",
            "certificate": {"use": "known"},
            "zone": "external",
            "allow": ["198.51.100.0/24"],
            "tls": "old",
            "backend_auth": {"public_keys": ["key.pem"]},
            "backend_tls": {"certificate": "/etc/d.crt", "private_key": "/etc/d.key"},
        },
    },
}
OTHER_STATES = (
    {"local": {"path": "shop.tfstate"}},
    {"cloud": {"organization": "a", "workspace": "b", "hostname": "tfe.a.com"}},
)


def places(value: object, path: Place = ()) -> Iterator[Place]:
    """The path of every text in `value`; a key's ends with None."""
    match value:
        case dict():
            for key, item in value.items():
                yield (*path, key, None)
                yield from places(item, (*path, key))
        case list():
            for i, item in enumerate(value):
                yield from places(item, (*path, i))
        case str():
            yield path


def text_at(value: object, path: Place) -> str:
    """The text at `path`."""
    match value, path:
        case dict(), (str(key), None):
            return key
        case dict() | list(), (step, *rest):
            return text_at(value[step], tuple(rest))  # type: ignore[index]
        case _:
            return str(value)


def put(value: object, path: Place, new: object) -> object:
    """A copy of `value` with `new` at `path`."""
    match value, path:
        case dict(), (str(key), None):
            return {str(new) if other == key else other: item for other, item in value.items()}
        case dict(), (str(key), *rest):
            return {**value, key: put(value[key], tuple(rest), new)}
        case list(), (int(at), *rest):
            return [*value[:at], put(value[at], tuple(rest), new), *value[at + 1 :]]
        case _:
            return new


FILES = [WHOLE, *({**WHOLE, "state": state} for state in OTHER_STATES)]
PLACES = [
    (i, path)
    for i, values in enumerate(FILES)
    for path in places(values)
    if i == 0 or path[0] == "state"
]
SPITEFUL = [
    '"', "'", "`", "\\", "\n", "\r\n", "\t", "\0", "\x1b[2J", "\u2028", "\u202e", "\x85", "${x}",
    "%{if x}", "$${x}", "%%{x}", "$(id)", "`id`", "; id", "| id", "&& id", "> /etc/passwd", "#",
    "</VirtualHost>", "<IfModule x>", "Listen 80", "-oProxyCommand=id", "--", "../", "*", "?", "~",
    "@release@", " ", "é", "😀", ",", "=", ":", "/", "%h",
]  # fmt: skip
texts = st.lists(st.sampled_from(SPITEFUL) | st.text(max_size=8), max_size=4).map("".join)
NOT_TEXTS = ("path", "tags", "warnings")
"""Warnings are checked as problems are; the others stand elsewhere."""
TEXTS = [key for key in Fleet.__dataclass_fields__ if key not in NOT_TEXTS]
INERT_ASCII = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/:=+,@ ")


def strings(value: object) -> Iterator[str]:
    """Every text that a loaded fleet holds, keys included."""
    match value:
        case str():
            yield value
        case BaseModel():
            for key in type(value).model_fields:
                if key != "tags":
                    yield from strings(getattr(value, key))
            yield from tags(getattr(value, "tags", {}))
        case dict():
            for key, item in value.items():
                yield from (*strings(key), *strings(item))
        case tuple():
            for item in value:
                yield from strings(item)
        case None | bool() | int() | PortRange():
            pass
        case _:
            raise TypeError(value)


def tags(value: Mapping[str, str]) -> Iterator[str]:
    """Texts of tags, which no command gets as an argument, so that '-' may be their first."""
    return (f"tag {text}".rstrip() for pair in value.items() for text in pair)


def inert(text: str) -> bool:
    """No quote, no control or invisible character, nothing that Apache, sh or Terraform expands.

    Letters outside ASCII occur in the names of local files alone, a wildcard in those of
    certificates.
    """
    text = text.removeprefix("*.")
    return all(c in INERT_ASCII or (ord(c) > 160 and c.isprintable()) for c in text) and not (
        text.startswith(("-", " ", "#")) or text.endswith((" ", "\\"))
    )


def load(text: str) -> tuple[Fleet | None, FleetError]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fleet.yaml"
        path.write_text(text, "utf-8")
        for name in ("a.conf", "start.sh"):
            (Path(folder) / name).touch()
        (Path(folder) / "key.pem").write_text(PUBLIC_KEY, "utf-8")
        return loaded(path)


def assert_refused_or_inert(text: str) -> None:
    fleet, error = load(text)
    if fleet:
        held = [strings(getattr(fleet, key)) for key in TEXTS]
        assert [
            text for texts in (*held, tags(fleet.tags)) for text in texts if not inert(text)
        ] == []
    for problem in (*error.problems, *(fleet.warnings if fleet else ())):
        assert str(problem).isprintable()
        assert problem.line >= 1
        assert problem.column >= 1


def test_the_whole_fleet_is_fine() -> None:
    for values in FILES:
        assert load(json.dumps(values))[0]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(PLACES), texts, st.integers(0, 3))
def test_any_text_anywhere(place: tuple[int, Place], text: str, how: int) -> None:
    i, path = place
    said = text_at(FILES[i], path)
    middle = len(said) // 2
    mixed = (text, said + text, text + said, said[:middle] + text + said[middle:])
    assert_refused_or_inert(json.dumps(put(FILES[i], path, mixed[how])))


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(PLACES),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | texts,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
        max_leaves=5,
    ),
)
def test_any_value_anywhere(place: tuple[int, Place], value: object) -> None:
    i, path = place
    if path[-1] is not None:
        assert_refused_or_inert(json.dumps(put(FILES[i], path, value)))


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60) | st.text("{}[]&*!|>'\"%@`#-?:, \n\tab1<", max_size=60))
@example("a: &a [*a]")
@example("? !!set {a, b}\n: c")
def test_any_file_ends_in_a_fleet_or_in_problems(text: str) -> None:
    assert load(text.replace("\r", "").encode("utf-8", "replace").decode())[1].problems


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 1000), st.integers(0, 20), texts)
def test_a_damaged_file_ends_in_a_fleet_or_in_problems(at: int, length: int, text: str) -> None:
    whole = "".join(BASE.values())
    damaged = whole[:at] + text + whole[at + length :]
    assert_refused_or_inert(damaged.encode("utf-8", "replace").decode())


LOCK = (
    '{\n  "version": 1,\n  "ports": {\n    "domain-a.com": 443,\n    "xn--zz--.com": 8443\n  },\n'
    '  "shared": {\n    "domain-a.com": 1\n  }\n}\n'
)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, len(LOCK)), st.integers(0, 20), texts | st.text('{}[]":,1e9\\', max_size=9))
@example(0, 100, "9" * 5000)
def test_a_damaged_lock_is_read_or_refused(at: int, length: int, text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / FILE_NAME
        damaged = LOCK[:at] + text + LOCK[at + length :]
        path.write_text(damaged.encode("utf-8", "replace").decode(), "utf-8")
        try:
            lock = read(path)
        except FleetError as error:
            assert all(str(problem).isprintable() for problem in error.problems)  # noqa: PT017
        else:
            assert len(set(lock.ports.values())) == len(lock.ports)
            assert all(number > 0 for number in lock.shared.values())
