"""Domain names: checked, in ASCII form, shown both ways.

A name is kept in lower-case ASCII (punycode, IDNA 2008), which is its identity everywhere: in the
lock, in Terraform's addresses and on the wire.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator

from modules.fleet.choices import CREATE_ZONE, EXTERNAL_ZONE
from modules.fleet.problems import Code, nearest, refusal, show
from modules.fleet.text import described

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", re.ASCII)
_LABEL_LENGTH = 63
_NAME_LENGTH = 253
_ZONE_WORDS = (CREATE_ZONE, EXTERNAL_ZONE)
_ZONE_ID = re.compile(r"Z[A-Z0-9]{3,31}", re.ASCII)
_ALLOWED = "labels of a-z, 0-9 and '-', joined by '.', as www.example.com"


def ascii_domain(name: str) -> str:
    """Return the ASCII form of `name`; raise a refusal that says what is wrong with it."""
    plain = unicodedata.normalize("NFC", name)
    _refuse_other_things(plain)
    _refuse_other_forms(plain)
    ascii_name = plain if plain.isascii() else _punycode(plain)
    _refuse_bad_labels(name, ascii_name)
    if ascii_name.count("xn--"):
        _refuse_bad_punycode(name, ascii_name)
    if _registered(ascii_name) is None:
        raise refusal(
            Code.PUBLIC_SUFFIX,
            f"domain {show(name)} is a public suffix",
            cure="name a domain below it",
        )
    return ascii_name


def _refuse_other_things(name: str) -> None:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        pass
    else:
        raise refusal(
            Code.DOMAIN_IS_ADDRESS,
            f"{show(name)} is an IP address, not a domain",
            cure="no certificate names it; use the domain",
        )
    if "*" in name:
        raise refusal(
            Code.WILDCARD,
            f"{show(name)} is a wildcard, not a name",
            cure="list each name that the site answers to",
        )
    if any(c in "/:@" or c.isspace() or not c.isprintable() for c in name):
        raise refusal(
            Code.DOMAIN,
            f"domain {show(name)} carries more than a name",
            allowed=_ALLOWED,
            meant=_bare(name),
        )


def _bare(name: str) -> str:
    host = name.rpartition("//")[2].partition("/")[0].rpartition("@")[2].partition(":")[0].lower()
    return show(host) if re.fullmatch(r"[a-z0-9.-]+\.[a-z0-9-]+", host) else ""


def _refuse_other_forms(name: str) -> None:
    plain = name.lower().rstrip(".")
    if plain != name and plain:
        fault = "has upper case" if name.lower() != name else "ends with a dot"
        raise refusal(Code.DOMAIN_FORM, f"domain {show(name)} {fault}", meant=show(plain))


def _punycode(name: str) -> str:
    import idna  # noqa: PLC0415 - only names outside ASCII need it

    try:
        mapped = idna.uts46_remap(name, std3_rules=True)
        if mapped != name:
            raise refusal(
                Code.DOMAIN_FORM,
                f"domain {show(name)} is not in its plain form",
                meant=show(mapped),
            )
        return idna.encode(name).decode("ascii")
    except idna.IDNAError as error:
        raise refusal(
            Code.DOMAIN, f"domain {show(name)} is no international name: {_reason(error)}"
        ) from None


def _refuse_bad_labels(name: str, ascii_name: str) -> None:
    labels = ascii_name.split(".")
    fault = ""
    if not name:
        fault = "is empty"
    elif "" in labels:
        fault = "has an empty label"
    elif "_" in ascii_name:
        fault = "has an underscore, which no certificate may name"
    elif not all(map(_LABEL.fullmatch, labels)):
        bad = next(label for label in labels if not _LABEL.fullmatch(label))
        fault = f"has the malformed label {show(bad)}"
    elif max(map(len, labels)) > _LABEL_LENGTH:
        fault = f"has a label of {max(map(len, labels))} characters, {_LABEL_LENGTH} at most"
    elif len(ascii_name) > _NAME_LENGTH:
        fault = f"has {len(ascii_name)} characters, {_NAME_LENGTH} at most"
    elif len(labels) == 1:
        fault = "has one label only"
    elif labels[-1].isdigit():
        fault = "ends in a number, as no top-level domain does"
    if fault:
        meant = ascii_name.replace("_", "-") if "underscore" in fault else ""
        raise refusal(
            Code.DOMAIN,
            f"domain {show(name)} {fault}",
            allowed=_ALLOWED,
            meant=show(meant) if meant else "",
        )


def _refuse_bad_punycode(name: str, ascii_name: str) -> None:
    import idna  # noqa: PLC0415 - only names outside ASCII need it

    try:
        unicode_name = idna.decode(ascii_name)
        same = idna.encode(unicode_name).decode("ascii") == ascii_name
        reason = "" if same else "it is not in its plain form"
    except idna.IDNAError as error:
        reason = _reason(error)
    if reason:
        raise refusal(Code.DOMAIN, f"domain {show(name)} is no international name: {reason}")


def _reason(error: Exception) -> str:
    words = str(error).rstrip(".")
    return words[:1].lower() + words[1:]


@lru_cache(maxsize=4096)
def unicode_form(domain: str) -> str:
    """The domain as a person reads it: `xn--bcher-kva.example` → `bücher.example`.

    What is no international name is returned as it is.
    """
    if "xn--" not in domain:
        return domain
    import idna  # noqa: PLC0415 - only names outside ASCII need it

    try:
        return idna.decode(domain)
    except idna.IDNAError:
        return domain


def both_forms(domain: str) -> str:
    """The domain for a message or a table: `bücher.example (xn--bcher-kva.example)`."""
    readable = unicode_form(domain)
    return domain if readable == domain else f"{readable} ({domain})"


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    from publicsuffixlist import PublicSuffixList  # noqa: PLC0415 - 20 ms, needed with a site only

    return PublicSuffixList()


@lru_cache(maxsize=1)
def _registry_suffixes() -> PublicSuffixList:
    from publicsuffixlist import PublicSuffixList  # noqa: PLC0415 - only owners of a suffix need it

    return PublicSuffixList(only_icann=True)


def registrable_domain(domain: str) -> str:
    """The name below the public suffix, where a zone starts: `www.a.co.uk` → `a.co.uk`.

    A company's own suffix (`github.io`) is a domain too.
    """
    return _registered(domain) or domain


@lru_cache(maxsize=4096)
def _registered(domain: str) -> str | None:
    """The registrable domain; None for a registry's own suffix (`co.uk`)."""
    found: str | None = _suffixes().privatesuffix(domain)
    return found or _registry_suffixes().privatesuffix(domain)


def lies_in(name: str, zone: str) -> bool:
    """Whether `name` is `zone` or below it."""
    return name == zone or name.endswith(f".{zone}")


def _zone(value: str) -> str:
    if value in _ZONE_WORDS or _ZONE_ID.fullmatch(value):
        return value
    if "." in value.strip("."):
        return ascii_domain(value)
    zone_id = value.rpartition("/")[2]
    meant = nearest(value.lower(), _ZONE_WORDS)
    if _ZONE_ID.fullmatch(zone_id):
        meant = zone_id
    raise refusal(
        Code.ZONE,
        f"zone {show(value)} is malformed",
        allowed="a zone's name (example.com), its id (Z0123…), create or external",
        meant=show(meant) if meant else "",
    )


Domain = Annotated[str, AfterValidator(ascii_domain), described("a domain")]
ZoneChoice = Annotated[
    str,
    AfterValidator(_zone),
    described("`create`, `external`, a zone's name or its id (Z0123…)"),
]


def _certified_name(value: str) -> str:
    """A name, or `*.` and a name: https://docs.aws.amazon.com/acm/latest/userguide/acm-concepts.html."""
    below = value.removeprefix("*.")
    if "*" in below:
        raise refusal(
            Code.WILDCARD,
            f"name {show(value)} is malformed",
            allowed="a domain, or '*.' and a domain: a wildcard stands for one label, the first",
        )
    return value.removesuffix(below) + ascii_domain(below)


CertifiedName = Annotated[
    str, AfterValidator(_certified_name), described("a domain, or `*.` and a domain")
]
