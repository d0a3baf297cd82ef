"""What machines read of a verification, and that the document's description is whole."""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path, PurePosixPath
from typing import Any

from modules.plan import Plan
from modules.servers import BackendCertificate, Status
from modules.verify.checks import Check, ServerCheck, Unknown
from modules.verify.client import Observation, Sight
from modules.verify.document import as_json
from modules.verify.handshakes import Certificate
from modules.verify.servers import ServerResult
from modules.verify.verifier import Result, Verification
from tests.sandbox import fleets

NOW = dt.datetime(2026, 11, 25, 12, 30, tzinfo=dt.timezone(dt.timedelta(hours=1)))
GUIDE = Path(__file__).parents[2] / "docs" / "verify.md"
CONF = PurePosixPath("/etc/portico/releases/0123456789ab/portico.conf")


def document(plan: Plan, verification: Verification) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(as_json(plan, verification, days=21, now=NOW))
    return found


def whole(plan: Plan) -> Verification:
    first, second, third = plan.sites
    sight = Sight(
        "127.64.1.2",
        "TLSv1.3",
        certificates=(Certificate(("a.com",), "CN=issuer", "f1", 99.96, 1),),
        release="0123456789ab",
    )
    server = plan.servers[0]
    end = dt.datetime.now(dt.UTC) + dt.timedelta(days=30)
    certificate = BackendCertificate("a.com", PurePosixPath("/x"), end)
    status = Status(release="0123456789ab", edited=(CONF,), certificates=(certificate,))
    return Verification(
        (
            Result(first, Observation("a.com", ("127.64.1.2",), (), (sight,)), {Check.DNS: None}),
            Result(
                second,
                Observation("b.com", (), (), ()),
                {Check.DNS: "no address", Check.TLS: Unknown("not scanned")},
            ),
            Result(third, Observation("c.com", (), (), ()), {}, out_of_sight=True),
        ),
        (ServerResult(server, {ServerCheck.EDITS: "changed"}, status, release="ba9876543210"),),
    )


def three(folder: Path) -> Plan:
    return fleets.plan(folder, "".join(map(fleets.site, ("a.com", "b.com", "c.com"))))


def test_it_says_all_that_was_found(tmp_path: Path) -> None:
    plan = three(tmp_path)
    found = document(plan, whole(plan))
    names, servers = found.pop("names"), found.pop("servers")
    assert found == {
        "version": 1,
        "fleet": "tried",
        "time": "2026-11-25T11:30:00Z",
        "status": "failed",
        "days": 21,
        "failed": ["b.com: DNS answer: no address", "web-1: hand edits: changed"],
        "unknown": ["b.com: TLS level: not scanned"],
    }
    assert names[0] == {
        "name": "a.com",
        "site": "a.com",
        "port": 443,
        "status": "ok",
        "reason": None,
        "addresses": ["127.64.1.2"],
        "days_left": 100.0,
        "releases": ["0123456789ab"],
        "checks": [{"check": "dns", "status": "ok", "reason": None}],
    }
    assert (names[1]["status"], names[1]["days_left"]) == ("failed", None)
    assert names[1]["checks"] == [
        {"check": "dns", "status": "failed", "reason": "no address"},
        {"check": "tls", "status": "unknown", "reason": "not scanned"},
    ]
    assert (names[2]["status"], names[2]["checks"]) == ("unknown", [])
    assert names[2]["reason"] == "it can't be reached from here"
    assert servers == [
        {
            "name": "web-1",
            "status": "failed",
            "reason": None,
            "release": "0123456789ab",
            "expected_release": "ba9876543210",
            "days_left": 30.0,
            "edited": [str(CONF)],
            "missing": [],
            "checks": [{"check": "edits", "status": "failed", "reason": "changed"}],
        }
    ]


def test_a_server_that_nobody_could_look_at_is_unknown(tmp_path: Path) -> None:
    plan = three(tmp_path)
    unseen = ServerResult(plan.servers[0], {ServerCheck.SSH: Unknown("no key")})
    found = document(plan, Verification((), (unseen,)))
    assert found["status"] == "ok"
    (server,) = found["servers"]
    assert (server["status"], server["reason"], server["release"]) == ("unknown", "no key", None)


def test_the_guide_describes_every_check_and_member(tmp_path: Path) -> None:
    plan = three(tmp_path)
    guide = GUIDE.read_text(encoding="utf-8")
    words = set(re.findall(r"`(\w+)`", guide))
    found = document(plan, whole(plan))
    members = {*found, *found["names"][0], *found["servers"][0], *found["names"][0]["checks"][0]}
    checks = {check.name.lower() for check in (*Check, *ServerCheck)}
    assert checks | members <= words
