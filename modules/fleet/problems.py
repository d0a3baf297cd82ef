"""Problems of a fleet: codes, words and places.

A problem reads `file:line:column: what is wrong (value); allowed; did you mean … [code]`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from itertools import takewhile

from pydantic_core import PydanticCustomError

_SHOWN = 60


class Code(Enum):
    """Stable codes; `docs/errors.md` has an entry for each."""

    UNREADABLE = "F101", "the file cannot be read"
    NOT_UTF8 = "F102", "the file is not UTF-8"
    NOT_YAML = "F103", "the file is not YAML"
    TAB = "F104", "a tab indents a line"
    EMPTY = "F105", "the file is empty"
    SEVERAL_DOCUMENTS = "F106", "the file holds several documents"
    NOT_A_MAP = "F107", "the file is not a map"
    DUPLICATE_KEY = "F108", "a key stands twice in one map"
    KEY_NOT_TEXT = "F109", "a key is not text"
    UNKNOWN_TAG = "F110", "a value carries a YAML tag"
    ALIAS = "F111", "an alias contains itself or grows without bound"
    MERGE = "F112", "a merge (<<) names something else than maps"

    UNKNOWN_KEY = "F201", "a key is unknown"
    MISSING_KEY = "F202", "a key is missing"
    WRONG_KIND = "F203", "a value is of the wrong kind"
    UNKNOWN_WORD = "F204", "a word is not one of those allowed"
    ONE_OF = "F206", "keys exclude each other"
    TOO_FEW = "F207", "a list or map is too short"

    DOMAIN = "F301", "a name is not a domain"
    DOMAIN_FORM = "F302", "a domain is written in another than its plain form"
    WILDCARD = "F303", "a wildcard stands where a name belongs"
    PUBLIC_SUFFIX = "F304", "a domain is a public suffix"
    DOMAIN_IS_ADDRESS = "F305", "an IP address stands where a domain belongs"
    ZONE = "F306", "a zone is neither a name, nor an id, nor a word"
    NAME = "F310", "a name does not fit AWS, Terraform or the host"
    REGION = "F311", "a region is not one of AWS's"
    AWS_ID = "F312", "an AWS id is malformed"
    ARN = "F313", "an ARN is malformed or of another service"
    TAG = "F314", "a tag is not one that AWS takes"
    SERVER_PATH = "F320", "a path on the server is not plain and absolute"
    DOCUMENT_ROOT = "F321", "a document root would serve the system"
    LOCAL_PATH = "F322", "a path is not plain or leaves the fleet file's folder"
    FILE = "F323", "a file is missing or unfit"
    HOST = "F330", "a host is neither a name nor an address"
    HOST_KEY = "F331", "an ssh host key is malformed"
    CIDR = "F340", "an address range is malformed"
    PORT = "F341", "a port or range of ports is malformed"
    NUMBER = "F342", "a number is out of bounds"
    URL_PATH = "F343", "a path of a URL is malformed"
    MATCHER = "F344", "statuses are malformed"

    NAME_TWICE = "F401", "a name belongs to two sites, or twice to one"
    TOO_MANY_NAMES = "F402", "a site has more names than an ACM certificate holds"
    LONG_FIRST_NAME = "F403", "a domain is too long for an ACM certificate"
    BALANCER_CANNOT = "F404", "the balancer cannot do what is asked"
    SUBNETS = "F405", "the balancer needs more subnets"
    NO_DOCUMENT_ROOT = "F406", "a site has no document root"
    SERVERS_CLASH = "F407", "two servers are one"
    OUTSIDE_ZONE = "F408", "a domain lies outside its zone"
    ZONES_CLASH = "F409", "sites disagree about a zone"
    SSH_ACCESS = "F410", "ssh would be unreachable, or its ranges unused"
    SUBNET_OF_NEW_NETWORK = "F411", "a subnet is named in a network yet to be created"
    ARN_PLACE = "F412", "an ARN is of another region or partition"
    TOO_MANY_TAGS = "F413", "a resource has more tags than AWS takes"
    NO_IPV4 = "F414", "no IPv4 address may reach the balancers"
    KEY_SERVED = "F415", "a private key lies in a document root"
    STATE_FILE = "F416", "the state's place is taken"
    SHARED_SETTING = "F417", "a site on a shared balancer wants a setting of its own"
    SUCCESSOR = "F418", "a site cannot move to that balancer"
    EXTERNAL_ZONE = "F419", "DNS that lives elsewhere is asked of Route 53"
    PRIVATE_ZONE = "F420", "a private zone does not fit"
    NO_LOG_BUCKET = "F422", "access logs have no bucket"
    HEALTH_CHECK = "F423", "a health check is one that AWS refuses"
    HSTS = "F424", "an HSTS promise contradicts itself"
    BACKEND_AUTH = "F425", "the server's key cannot be authenticated"
    SHARED_LIMIT = "F426", "a site does not fit on a shared balancer"
    NEVER = "F427", "the fleet asks for more than AWS ever gives"
    ROLLOUT = "F428", "a server cannot be drained"

    LOCK_UNREADABLE = "F501", "the lock cannot be read or is not JSON"
    LOCK_CONFLICT = "F502", "the lock holds git's conflict markers"
    LOCK_VERSION = "F503", "the lock is of another version"
    LOCK_SHAPE = "F504", "the lock holds something else than domains and numbers"
    LOCK_PORT_TWICE = "F505", "two domains own one port"
    LOCK_DOMAIN_TWICE = "F506", "a domain stands twice in the lock"
    LOCK_RESERVED = "F507", "a domain's port is reserved or the server's own"
    LOCK_STALE = "F508", "the lock is out of date"
    LOCK_WRITE = "F509", "the lock cannot be written"
    NO_FREE_PORT = "F510", "no port is left"
    NOT_RESTING = "F511", "a port cannot be released"
    LOCK_SHARED = "F512", "the lock says something impossible of shared balancers"

    NO_SUCH_CERTIFICATE = "F601", "a site uses a certificate that is not listed"
    UNUSED_CERTIFICATE = "F602", "no site uses a listed certificate"
    NOT_COVERED = "F603", "a certificate lacks a name of the site"
    NAMES_OF_NAMED = "F604", "a certificate for several sites does not say its names"
    PEM_FORM = "F610", "a file is not PEM, or not what it should hold"
    PEM_SEVERAL = "F611", "a certificate file holds several certificates of servers"
    PEM_ENCRYPTED = "F612", "a private key is encrypted"
    PEM_KEY = "F613", "the private key is not the certificate's"
    PEM_CHAIN_ORDER = "F614", "the chain is out of order"
    PEM_CHAIN = "F615", "the chain is incomplete"
    PEM_EXPIRED = "F616", "a certificate has expired"
    PEM_NOT_YET = "F617", "a certificate is not valid yet"
    PEM_KEY_TYPE = "F618", "the balancer takes no key of this type"
    PUBLIC_KEY = "F619", "a file holds no public key"

    PEM_ENDING = "F701", "warning: a certificate ends soon"
    PEM_STATE = "F702", "warning: a private key will lie in a state that is not encrypted"
    QUOTA = "F703", "warning: the fleet needs more than a quota"
    OLD_TLS = "F704", "warning: a site takes TLS that is broken"
    MOVING_NAME = "F705", "warning: a change interrupts a site whose DNS lives elsewhere"
    UNUSED_ZONE = "F706", "warning: no name lies in a zone"

    def __init__(self, id_: str, meaning: str) -> None:
        self.id = id_
        self.meaning = meaning


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that is wrong; `line` and `column` count from 1."""

    path: str
    """The file, as the person named it."""
    line: int
    column: int
    code: str
    message: str

    def __str__(self) -> str:
        return self._line(self.message)

    @property
    def as_warning(self) -> str:
        """The line of one that is no obstacle."""
        return self._line(f"warning: {self.message}")

    def _line(self, message: str) -> str:
        return f"{self.path}:{self.line}:{self.column}: {message} [{self.code}]"


class FleetError(Exception):
    """A fleet that cannot be used; `problems` are sorted by place and free of repeats."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(map(str, self.problems)))


def show(value: object) -> str:
    """Quote `value` for a message: on one line, cut short, and never key text."""
    match value:
        case str():
            return _quoted(value)
        case None:
            return "nothing"
        case dict():
            return "a map"
        case tuple() | list():
            return "a list"
        case bool():
            return str(value).lower()
        case _:
            return str(value)[:_SHOWN]


def _quoted(text: str) -> str:
    if "-----BEGIN" in text or "PRIVATE KEY" in text:
        return "(key text, not shown)"
    cut = text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
    return "'" + "".join(c if c.isprintable() else _escaped(c) for c in cut) + "'"


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def nearest(word: object, known: Iterable[str]) -> str:
    """The known word that was probably meant, or an empty string."""
    said = str(word)
    matches = difflib.get_close_matches(said, list(known), n=9, cutoff=0.6)
    # Of equally near words the one with the same beginning: `arm` is `arn` rather than `iam`.
    return max(
        matches,
        key=lambda match: (
            difflib.SequenceMatcher(None, match, said).ratio(),
            _common_start(match, said),
        ),
        default="",
    )


def _common_start(one: str, other: str) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def words(what: str, *, allowed: str = "", meant: str = "", cure: str = "") -> str:
    """Join the parts of a message in the order that all messages have."""
    parts = [what]
    if allowed:
        parts.append(f"allowed: {allowed}")
    if cure:
        parts.append(cure)
    if meant:
        parts.append(f"did you mean {meant}?")
    return "; ".join(parts)


def refusal(
    code: Code, what: str, *, allowed: str = "", meant: str = "", cure: str = ""
) -> PydanticCustomError:
    """The exception by which a validator refuses a value."""
    message = words(what, allowed=allowed, meant=meant, cure=cure)
    return PydanticCustomError(code.id, "{message}", {"message": message})
