"""What a person reads of a verification."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from rich.console import Console

from modules.plan import Plan
from modules.plan.records import Site
from modules.servers import Apache, PortProbe, Status
from modules.verify.checks import Check, Findings, ServerCheck, Unknown
from modules.verify.client import Observation, Page, Redirect, Sight
from modules.verify.handshakes import Certificate
from modules.verify.servers import ServerResult
from modules.verify.table import table
from modules.verify.verifier import Result, Verification
from tests.sandbox import fleets

PASSED: Findings = dict.fromkeys((Check.DNS, Check.CONNECTION))


def printed(*results: Result, servers: Sequence[ServerResult] = (), width: int = 140) -> str:
    text = io.StringIO()
    Console(file=text, width=width).print(table(Verification(results, tuple(servers))))
    return text.getvalue()


def result(site: Site, findings: Findings = PASSED, *, out_of_sight: bool = False) -> Result:
    sight = Sight(
        "127.64.1.2",
        "TLSv1.3",
        certificates=(Certificate((site.domain,), "CN=issuer", f"f{site.domain}", 100, 1),),
        page=Page(200, (site.domain,), None),
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
    assert [(row[0], row[5]) for row in rows] == [("a.com", "none"), ("b.com", "sent")]
    end = "2 certificates: all 5 checks passed, 1 without SNI, 1 with it."
    assert text.splitlines()[-1].endswith(end)


def test_what_is_out_of_sight_is_neither_praised_nor_blamed(tmp_path: Path) -> None:
    first, second = two(tmp_path).sites
    text = printed(result(first), result(second, {}, out_of_sight=True))
    assert "not from here" in text
    assert "1 names of 1 domains, 1 certificates: all 2 checks of each passed" in text
    assert "behind internal balancers can't be reached from here" in text
    assert Verification((result(second, {}, out_of_sight=True),)).ok


def test_what_a_stranger_calls_itself_is_told_as_it_is(tmp_path: Path) -> None:
    found = result(two(tmp_path).sites[0])
    (sight,) = found.observation.sights
    named = replace(sight.certificates[0], names=("[/bold] [red]x",))
    odd = replace(sight, certificates=(named,))
    text = printed(replace(found, observation=replace(found.observation, sights=(odd,))))
    assert "[/bold] [red]x" in text


def test_a_narrow_terminal_folds_the_table_and_loses_nothing(tmp_path: Path) -> None:
    site = two(tmp_path, "load_balancer: shared").sites[1]
    found = result(site)
    (sight,) = found.observation.sights
    addresses = ("2600:1f18:1234:5678:9abc:def0:1234:5678", "203.0.113.10")
    told = replace(sight, page=Page(200, (site.domain,), "web-1"))
    seen = replace(found.observation, sights=(told,), addresses=addresses)
    lines = printed(replace(found, observation=seen), width=80).splitlines()
    rule = next(number for number, line in enumerate(lines) if line.strip().startswith("─"))
    assert lines[rule - 1].split()[-8:] == [
        *("days", "SNI", "TLS", "HTTP", "redirect", "server", "port", "verified")
    ]
    cell = lines[rule + 1].split()[1]
    start = lines[rule + 1].index(cell)
    column = (line[start : start + len(cell)].strip() for line in lines[rule + 1 :])
    assert "".join(column).startswith("".join(addresses))
    assert all(len(line) <= 80 for line in lines)


def test_a_failure_is_told_with_its_reason(tmp_path: Path) -> None:
    site = two(tmp_path).sites[0]
    bad = result(site, {**PASSED, Check.STATUS: "503 (at 127.64.1.2)"})
    text = printed(bad, replace(bad, findings=PASSED))
    assert "NO" in text
    assert "a.com: HTTP status: 503 (at 127.64.1.2)" in text
    assert "passed" not in text


def test_what_is_unknown_is_told_and_no_failure(tmp_path: Path) -> None:
    site = two(tmp_path).sites[0]
    text = printed(result(site, {**PASSED, Check.TLS: Unknown("sslyze failed: timed out")}))
    assert "partly" in text
    assert "a.com: TLS level: sslyze failed: timed out (not checked)" in text
    assert "1 names of 1 domains, 1 certificates: all 2 checks of each passed" in text


def test_the_server_that_answers_has_a_column_where_pages_tell_it(tmp_path: Path) -> None:
    site = two(tmp_path).sites[0]
    assert "server" not in printed(result(site)).splitlines()[1]
    found = result(site)
    (sight,) = found.observation.sights
    told = replace(sight, page=Page(200, (site.domain,), "web-1"))
    text = printed(replace(found, observation=replace(found.observation, sights=(told,))))
    assert "server" in text.splitlines()[1]
    assert "web-1" in text


def test_a_server_has_a_row_with_what_it_said(tmp_path: Path) -> None:
    plan = two(tmp_path)
    found = Status(
        release="0123456789ab",
        apache=Apache.RUNNING,
        edited=(PurePosixPath("/etc/portico/x"),),
        ports=(PortProbe(80, 200, "0123456789ab"), PortProbe(443, 503, None)),
    )
    server = ServerResult(plan.servers[0], {ServerCheck.EDITS: "changed by hand: x"}, found)
    text = printed(result(plan.sites[0]), servers=[server])
    row = next(line for line in text.splitlines() if "0123456789ab" in line)
    assert row.split() == [
        "web-1",
        "0123456789ab",
        "running",
        "1",
        "file",
        "1",
        "of",
        "2",
        "-",
        "NO",
    ]
    assert "web-1: hand edits: changed by hand: x" in text


def test_servers_that_nobody_could_look_at_are_a_line(tmp_path: Path) -> None:
    plan = two(tmp_path)
    server = ServerResult(plan.servers[0], {ServerCheck.SSH: Unknown("nobody knows its address")})
    text = printed(result(plan.sites[0]), servers=[server])
    assert "release" not in text
    assert text.splitlines()[-1] == "web-1: ssh: nobody knows its address (not checked)"
