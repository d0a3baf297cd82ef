"""Certificates that are not what they should be.

Those between balancers and Apache lie on the server (`backend_tls`): the activation script looks
at them. Those of balancers lie beside the fleet file: Portico looks at them before Terraform runs.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import sandbox
from sandbox import authority
from sandbox.authority import Issued
from tests.faults.case import Act, Case, Expect, applied, apply, refused
from tests.faults.fleet import CHANGED, EXTRA, given, pair_files, site, with_site
from tests.faults.rig import Applied, Rig

_DAY = dt.timedelta(days=1)
_EC = "EC_prime256v1"

Spoil = Callable[[Rig, Issued], Issued]


def issued(rig: Rig, name: str, *, ended: bool = False) -> Issued:
    """Make a certificate and its key; one that has `ended` did so a year ago."""
    start = dt.datetime.now(dt.UTC) - 366 * _DAY if ended else None
    validity = _DAY if ended else authority.VALIDITY
    held = authority.load(rig.up.place.authority)
    # A classic balancer takes elliptic curves from IAM.
    return held.issue([name], algorithm=_EC, start=start, validity=validity)


# --- between balancer and Apache ----------------------------------------------------------------


def on_server(name: str, expect: Expect, spoil: Spoil, act: Act = apply) -> Case:
    """Have the changed site take a spoilt pair on the server; one that is refused is replaced."""

    def put(rig: Rig, pair: Issued) -> None:
        for path, content in zip(pair_files(name), (pair.certificate, pair.key), strict=True):
            authority.write_secret(rig.machine.path(path), content)

    @contextmanager
    def fault(rig: Rig) -> Iterator[None]:
        right = issued(rig, CHANGED)
        put(rig, spoil(rig, right))
        yield
        if expect.fails:
            put(rig, right)

    return Case(f"certificates-{name}", expect, fault, given(name), act=act)


def verified(words: str) -> Act:
    """Apply, and have `portico verify` say these words of it."""

    def act(rig: Rig) -> Applied:
        done = rig.apply()
        if not rig.is_naive:
            told = sandbox.verify_sandbox(rig.up).reasons
            assert any(re.search(words, line) for line in told), told
        return done

    return act


def windows_lines(pem: bytes) -> bytes:
    return pem.replace(b"\n", b"\r\n")


def half(pem: bytes) -> bytes:
    return pem[: len(pem) // 2]


# --- of a balancer ------------------------------------------------------------------------------


def in_files(name: str, words: str, spoil: Spoil) -> Case:
    """Have the changed site's balancer take spoilt PEM files, which are then given up."""
    folder = f"{name}-files"
    names = {word: f"{folder}/{word}.pem" for word in ("certificate", "private_key", "chain")}
    told = ", ".join(f"{word}: {path}" for word, path in names.items())
    settings = ("load_balancer: classic", f"certificate: {{iam: {{{told}}}}}")

    @contextmanager
    def fault(rig: Rig) -> Iterator[None]:
        spoilt = spoil(rig, issued(rig, CHANGED))
        chain = spoilt.chain + rig.up.root_certificate.read_bytes()
        contents = zip(names.values(), (spoilt.certificate, spoilt.key, chain), strict=True)
        (rig.fleet.folder / folder).mkdir(exist_ok=True)
        for path, content in contents:
            authority.write_secret(Path(rig.fleet.folder, path), content)
        yield

    return Case(
        f"certificates-{name}-in-files",
        refused(words),
        fault,
        with_site(CHANGED, *settings),
        with_site(CHANGED, *site(3, f"extra_config: {EXTRA}")),
        naive="a balancer's certificate is not the server's affair",
    )


_SERVED = "refused: every site is served as before: "

CASES = (
    on_server(
        "mismatched",
        refused(rf"{_SERVED}{CHANGED}: the key \S+ does not belong to the certificate"),
        lambda rig, right: replace(right, key=issued(rig, CHANGED).key),
    ),
    on_server(
        "truncated",
        refused(rf"{_SERVED}{CHANGED}: \S+ is missing, cut, or no certificate"),
        lambda _, right: replace(right, certificate=half(right.certificate)),
    ),
    on_server(
        "key-truncated",
        refused(rf"{_SERVED}{CHANGED}: \S+ is missing, cut, locked by a passphrase, or no key"),
        lambda _, right: replace(right, key=half(right.key)),
    ),
    # No balancer of AWS's looks at the name or the end of a target's certificate.
    on_server(
        "expired",
        applied(rf"{CHANGED}: \S+ has ended, which no balancer looks at"),
        lambda rig, _: issued(rig, CHANGED, ended=True),
        verified(f"{CHANGED}: it expired"),
    ),
    on_server("of-another-name", applied(), lambda rig, _: issued(rig, "another.example")),
    on_server(
        "crlf",
        applied(),
        lambda _, right: replace(
            right,
            certificate=windows_lines(right.certificate),
            key=windows_lines(right.key),
        ),
    ),
    in_files(
        "mismatched",
        r"the private key in '\S+' is not that of the certificate in '\S+'.* \[F613\]",
        lambda rig, right: replace(right, key=issued(rig, CHANGED).key),
    ),
    in_files(
        "truncated",
        r"certificate.pem' is cut off: .* \[F610\]",
        lambda _, right: replace(right, certificate=half(right.certificate)),
    ),
    in_files(
        "expired",
        r"the certificate '\S+' in '\S+' ended on [0-9-]+; name its successor \[F616\]",
        lambda rig, _: issued(rig, CHANGED, ended=True),
    ),
    in_files(
        "of-another-name",
        rf"lacks {CHANGED}: it has another.example; .* \[F603\]",
        lambda rig, _: issued(rig, "another.example"),
    ),
)
