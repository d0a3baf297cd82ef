"""A verification for machines: one JSON document, described in `docs/verify.md`."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from typing import Any

from modules.plan.records import Plan
from modules.verify.checks import Check, Finding, ServerCheck, Unknown
from modules.verify.servers import ServerResult
from modules.verify.verifier import Result, Verification

VERSION = 1
"""Rises when a reader of the former one would be misled; new members alone don't raise it."""

_OK, _FAILED, _UNKNOWN = "ok", "failed", "unknown"


def as_json(plan: Plan, verification: Verification, *, days: int, now: dt.datetime) -> str:
    """Return the document; `now` is when the fleet was looked at."""
    names = [_name(result) for result in verification.results]
    servers = [_server(result) for result in verification.servers]
    document = {
        "version": VERSION,
        "fleet": plan.fleet,
        "time": now.astimezone(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "status": _OK if verification.ok else _FAILED,
        "days": days,
        "names": names,
        "servers": servers,
        "failed": list(verification.reasons),
        "unknown": list(verification.unknowns),
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def _name(result: Result) -> dict[str, Any]:
    seen = result.observation
    shown = [sight.certificates[-1] for sight in seen.sights if sight.certificates]
    return {
        "name": result.name,
        "site": result.site.domain,
        "port": result.site.port,
        "status": _UNKNOWN
        if result.out_of_sight and result.ok
        else _whole(result.findings.values()),
        "reason": "it can't be reached from here" if result.out_of_sight else None,
        "addresses": list(seen.addresses),
        "days_left": _days(min((each.days_left for each in shown), default=None)),
        "releases": sorted({sight.release for sight in seen.sights if sight.release}),
        "checks": _checks(result.findings),
    }


def _server(result: ServerResult) -> dict[str, Any]:
    found = result.status
    return {
        "name": result.server.name,
        "status": _whole(result.findings.values()),
        "reason": None if found else next(iter((result.failures or result.unknowns).values())),
        "release": found.release if found else None,
        "expected_release": result.release,
        "days_left": _days(result.days_left),
        "edited": [str(path) for path in found.edited] if found else [],
        "missing": [str(path) for path in found.missing] if found else [],
        "checks": _checks(result.findings),
    }


def _checks(findings: Mapping[Check, Finding] | Mapping[ServerCheck, Finding]) -> list[Any]:
    return [
        {"check": check.name.lower(), "status": _status(found), "reason": _reason(found)}
        for check, found in findings.items()
    ]


def _status(found: Finding) -> str:
    if found is None:
        return _OK
    return _UNKNOWN if isinstance(found, Unknown) else _FAILED


def _reason(found: Finding) -> str | None:
    return found.reason if isinstance(found, Unknown) else found


def _whole(findings: Iterable[Finding]) -> str:
    """Return the worst that came of a name or a server; of what nobody looked at, `unknown`."""
    known = {_status(found) for found in findings}
    if _FAILED in known:
        return _FAILED
    return _OK if _OK in known else _UNKNOWN


def _days(left: float | None) -> float | None:
    return None if left is None else round(left, 1)
