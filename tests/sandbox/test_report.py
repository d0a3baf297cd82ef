"""What a person reads of a verification."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from modules.plan import Plan
from modules.plan.records import Site
from sandbox import report
from sandbox.client import Observation, Page, Redirect, Sight
from sandbox.handshakes import Certificate
from sandbox.judging import Check, Findings
from sandbox.verifier import Result, Verification
from tests.sandbox import fleets

PASSED: Findings = dict.fromkeys((Check.DNS, Check.CONNECTION))


def printed(*results: Result) -> str:
    text = io.StringIO()
    Console(file=text, width=140).print(report.table(Verification(results)))
    return text.getvalue()


def result(site: Site, findings: Findings = PASSED, *, out_of_sight: bool = False) -> Result:
    sight = Sight(
        "127.64.1.2",
        "TLSv1.3",
        certificates=(Certificate((site.domain,), "CN=issuer", f"f{site.domain}", 100, 1),),
        page=Page(200, (site.domain,), "web-1"),
        redirect=Redirect(301, None),
    )
    seen = Observation(site.domain, ("127.64.1.2",), (), () if out_of_sight else (sight,))
    return Result(site, seen, findings, out_of_sight=out_of_sight)


def two(folder: Path, *settings: str) -> Plan:
    return fleets.plan(folder, fleets.site("a.com") + fleets.site("b.com", *settings))


def test_without_a_shared_balancer_nothing_is_said_of_sni_but_that_there_was_none(
    tmp_path: Path,
) -> None:
    plan = two(tmp_path)
    text = printed(*map(result, plan.sites))
    assert "SNI  " not in text
    end = "2 names of 2 domains, 2 certificates: all 2 checks of each passed, without SNI."
    assert text.splitlines()[-1] == end


def test_who_was_visited_with_sni_is_told(tmp_path: Path) -> None:
    plan = two(tmp_path, "load_balancer: shared")
    first, second = plan.sites
    text = printed(result(first), result(second, {**PASSED, Check.DEFAULT: None}))
    rows = [line.split() for line in text.splitlines() if ".com" in line]
    assert [(row[0], row[4]) for row in rows] == [("a.com", "none"), ("b.com", "sent")]
    end = "2 certificates: all 5 checks passed, 1 without SNI, 1 with it."
    assert text.splitlines()[-1].endswith(end)


def test_what_is_out_of_sight_is_neither_praised_nor_blamed(tmp_path: Path) -> None:
    first, second = two(tmp_path).sites
    text = printed(result(first), result(second, {}, out_of_sight=True))
    assert "not from here" in text
    assert "1 names of 1 domains, 1 certificates: all 2 checks of each passed" in text
    assert "behind internal balancers can't be reached from here" in text
    assert Verification((result(second, {}, out_of_sight=True),)).ok


def test_a_failure_is_told_with_its_reason(tmp_path: Path) -> None:
    site = two(tmp_path).sites[0]
    bad = result(site, {**PASSED, Check.STATUS: "503 (at 127.64.1.2)"})
    text = printed(bad, replace(bad, findings=PASSED))
    assert "NO" in text
    assert "a.com: HTTP status: 503 (at 127.64.1.2)" in text
    assert "passed" not in text
