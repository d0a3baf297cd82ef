"""Every check of a name and of a server fails when it should, on a fleet that is really served.

The tests share a sandbox; each leaves it as it found it, but the last ones, which change the fleet.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

import sandbox
from modules.servers import Outcome, rollback, status
from modules.verify import DAYS, ServerCheck
from sandbox import Check, Sandbox, authority, server, waiting
from sandbox.emulator.api import Api
from sandbox.state import CHECKOUT
from tests.sandbox.falling_short import (
    alias,
    changed,
    failing,
    https,
    listener_of,
    point,
    present,
)
from tests.sandbox.three import A, B, C, write

pytestmark = pytest.mark.sandbox


def test_the_release_that_the_file_makes_is_live_and_answers_every_name(three: Sandbox) -> None:
    verification = sandbox.verify_sandbox(three)
    (server,) = verification.servers
    assert server.status
    assert server.release == server.status.release
    seen = {sight.release for each in verification.results for sight in each.observation.sights}
    assert seen == {server.release}
    assert {probe.port for probe in server.status.ports} == {80, 443, 8443, 8444}
    assert set(server.findings) | {ServerCheck.BOOT} == set(ServerCheck)


def test_json_says_the_same_and_nothing_else_stands_on_stdout(three: Sandbox) -> None:
    program = [str(CHECKOUT / "portico"), "sandbox", "verify", "--json", str(three.place.fleet)]
    for options, whole in (((), "ok"), (("--days", "3650"), "failed")):
        done = subprocess.run([*program, *options], capture_output=True, text=True, check=False)
        found = json.loads(done.stdout)
        assert (found["status"], done.returncode) == (whole, 0 if whole == "ok" else 1)
        assert [each["name"] for each in found["servers"]] == ["web-1"]
        assert len(found["names"]) == 5
        assert {each["status"] for each in found["names"]} == {whole}


# --- each check fails when it should -------------------------------------------------------------


def test_a_stopped_apache_fails_the_status_of_every_name(three: Sandbox) -> None:
    login = three.login("web-1")
    server.execute(login, ["apachectl", "stop"])
    try:
        found = failing(three)
        assert all(Check.STATUS in checks for checks in found.values())
        assert len(found) == 5
        assert Check.REDIRECT in found["domain-b.com"], "Apache answers a classic balancer's 80"
        assert Check.REDIRECT not in found["domain-a.com"]
    finally:
        server.execute(login, ["apachectl", "start"])
    # Twice the interval of the health checks, as in AWS.
    waiting.until("healthy targets", lambda: not failing(three), seconds=60, pause=1)


def test_swapped_certificates_fail_names_and_ownership(three: Sandbox, api: Api) -> None:
    first, second = https(api, "domain-a-com"), https(api, "domain-c-com")

    def swap(one: dict[str, Any], other: dict[str, Any]) -> None:
        present(api, first, one)
        present(api, second, other)

    with changed(three, lambda: swap(second, first), lambda: swap(first, second)):
        found = failing(three)
        assert set(found) == {"domain-a.com", "www.domain-a.com", "domain-c.com"}
        assert all(checks == {Check.NAMES, Check.OWN} for checks in found.values())


def test_a_certificate_of_nobody_known_fails_the_chain(three: Sandbox, api: Api) -> None:
    stranger = Path(str(three.place.folder)) / "stranger"
    stranger.mkdir()
    authority.create(stranger)
    issued = authority.load(stranger).issue(["domain-c.com"])
    imported = api.client("acm").import_certificate(
        Certificate=issued.certificate, PrivateKey=issued.key, CertificateChain=issued.chain.strip()
    )
    listener = https(api, "domain-c-com")
    other = {**listener, "Certificates": [{"CertificateArn": imported["CertificateArn"]}]}
    with changed(
        three, lambda: present(api, listener, other), lambda: present(api, listener, listener)
    ):
        assert failing(three) == {"domain-c.com": {Check.CHAIN}}
    api.client("acm").delete_certificate(CertificateArn=imported["CertificateArn"])


def test_a_policy_with_old_versions_fails_tls(three: Sandbox, api: Api) -> None:
    listener = https(api, "domain-a-com")

    def use(policy: str) -> None:
        api.client("elbv2").modify_listener(ListenerArn=listener["ListenerArn"], SslPolicy=policy)

    with changed(
        three,
        lambda: use("ELBSecurityPolicy-TLS13-1-0-2021-06"),
        lambda: use(listener["SslPolicy"]),
    ):
        assert failing(three) == {
            "domain-a.com": {Check.TLS},
            "www.domain-a.com": {Check.TLS},
        }


@pytest.mark.parametrize(
    "policy", ["ELBSecurityPolicy-TLS13-1-2-2021-06", "ELBSecurityPolicy-TLS13-1-3-2021-06"]
)
def test_cipher_suites_beyond_the_level_fail_tls_and_fewer_do_not(
    three: Sandbox, api: Api, policy: str
) -> None:
    """A client of today agrees on TLS 1.3 with each of them: sslyze alone sees what differs."""
    listener = https(api, "domain-c-com")

    def use(policy: str) -> None:
        api.client("elbv2").modify_listener(ListenerArn=listener["ListenerArn"], SslPolicy=policy)

    with changed(three, lambda: use(policy), lambda: use(listener["SslPolicy"])):
        weak = {"domain-c.com": {Check.TLS}} if "1-2" in policy else {}
        assert failing(three) == weak


def test_an_aaaa_record_that_is_gone_fails_dns(three: Sandbox, api: Api) -> None:
    target = alias(api, "domain-c.com")
    with changed(
        three,
        lambda: point(api, "domain-c.com", target, "DELETE", kind="AAAA"),
        lambda: point(api, "domain-c.com", target, kind="AAAA"),
    ):
        assert failing(three) == {"domain-c.com": {Check.DNS, Check.NAME_SERVERS}}


def test_an_aaaa_record_that_the_file_does_not_have_fails_dns(three: Sandbox, api: Api) -> None:
    wrong = alias(api, "domain-c.com")
    with changed(
        three,
        lambda: point(api, "www.domain-a.com", wrong, kind="AAAA"),
        lambda: point(api, "www.domain-a.com", wrong, "DELETE", kind="AAAA"),
    ):
        assert failing(three) == {"www.domain-a.com": {Check.DNS, Check.NAME_SERVERS}}


def test_an_alias_at_another_balancer_fails_names_and_root(three: Sandbox, api: Api) -> None:
    wrong = alias(api, "domain-c.com")
    with changed(
        three,
        lambda: point(api, "www.domain-a.com", wrong),
        lambda: point(api, "www.domain-a.com", alias(api, "domain-a.com")),
    ):
        assert failing(three) == {
            "www.domain-a.com": {Check.ADDRESSES, Check.NAMES, Check.OWN, Check.DOCUMENT_ROOT}
        }


def test_an_alias_that_is_gone_fails_dns(three: Sandbox, api: Api) -> None:
    target = alias(api, "domain-c.com")
    with changed(
        three,
        lambda: point(api, "domain-c.com", target, action="DELETE"),
        lambda: point(api, "domain-c.com", target),
    ):
        assert failing(three) == {"domain-c.com": {Check.DNS, Check.NAME_SERVERS}}


def test_a_wrong_document_root_is_seen(three: Sandbox) -> None:
    login = three.login("web-1")
    page = "/var/www/domain-a.com/index.html"
    server.execute(login, ["sed", "-i", "s/domain-a.com/domain-c.com/g", page])
    try:
        assert failing(three) == {
            "domain-a.com": {Check.DOCUMENT_ROOT},
            "www.domain-a.com": {Check.DOCUMENT_ROOT},
        }
    finally:
        server.execute(login, ["sed", "-i", "s/domain-c.com/domain-a.com/g", page])


def test_a_redirect_elsewhere_and_none_at_all_are_seen(three: Sandbox, api: Api) -> None:
    listener = listener_of(api, "domain-c-com", 80)
    (redirect,) = listener["DefaultActions"]

    def act(action: dict[str, Any]) -> None:
        api.client("elbv2").modify_listener(
            ListenerArn=listener["ListenerArn"], DefaultActions=[action]
        )

    elsewhere = {**redirect["RedirectConfig"], "Host": "elsewhere.com"}
    for wrong in (
        {**redirect, "RedirectConfig": elsewhere},
        {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}},
    ):
        with changed(three, lambda wrong=wrong: act(wrong), lambda: act(redirect)):  # type: ignore[misc]
            assert failing(three) == {"domain-c.com": {Check.REDIRECT}}


def test_security_groups_are_obeyed(three: Sandbox, api: Api) -> None:
    ec2 = api.client("ec2")
    groups = ec2.describe_security_groups(
        Filters=[{"Name": "group-name", "Values": [three.plan.balancer_group]}]
    )
    ours = groups["SecurityGroups"][0]["GroupId"]
    server_group = three.plan.servers[0].security_group
    described = ec2.describe_security_groups(GroupIds=[server_group])["SecurityGroups"][0]
    to_server = [p for p in described["IpPermissions"] if p.get("FromPort") == 8443]
    assert to_server[0]["ToPort"] == 8499
    assert [pair["GroupId"] for pair in to_server[0]["UserIdGroupPairs"]] == [ours]
    with changed(
        three,
        lambda: ec2.revoke_security_group_ingress(GroupId=server_group, IpPermissions=to_server),
        lambda: ec2.authorize_security_group_ingress(GroupId=server_group, IpPermissions=to_server),
    ):
        found = failing(three)
        assert set(found) == {"domain-b.com", "www.domain-b.com", "domain-c.com"}
        assert all(Check.STATUS in checks for checks in found.values())


# --- a server falls short when it should ---------------------------------------------------------


def test_a_change_by_hand_is_seen_and_so_is_what_it_took_away(three: Sandbox, file: Path) -> None:
    conf = "/etc/portico/current/portico.conf"
    login = three.login("web-1")
    server.execute(login, ["cp", conf, "/root/kept"])
    server.execute(login, ["sed", "-i", "/Strict-Transport-Security/d", conf])
    server.execute(login, ["apachectl", "graceful"])
    try:
        waiting.until("the change", lambda: failing(three) == {"domain-c.com": {Check.HSTS}})
        found = short(file)
        assert list(found) == [ServerCheck.EDITS]
        assert found[ServerCheck.EDITS].startswith("changed by hand: /etc/portico/")
        assert found[ServerCheck.EDITS].endswith("portico.conf")
        server.execute(login, ["rm", conf])
        assert short(file)[ServerCheck.EDITS].startswith("missing: /etc/portico/")
    finally:
        server.execute(login, ["mv", "/root/kept", conf])
        server.execute(login, ["apachectl", "graceful"])
    waiting.until("the end of it", lambda: not failing(three))
    assert short(file) == {}


def test_a_stopped_apache_is_seen_on_the_server(three: Sandbox, file: Path) -> None:
    login = three.login("web-1")
    server.execute(login, ["apachectl", "stop"])
    try:
        found = short(file)
        assert found.keys() == {ServerCheck.APACHE, ServerCheck.PORTS}
        assert "8443 (domain-b.com) does not answer" in found[ServerCheck.PORTS]
    finally:
        server.execute(login, ["apachectl", "start"])
    waiting.until("healthy targets", lambda: not failing(three), seconds=60, pause=1)


def test_a_certificate_behind_the_balancers_that_ends_soon_is_seen(
    three: Sandbox, file: Path
) -> None:
    start = dt.datetime.now(dt.UTC) - dt.timedelta(days=30)
    path = Path(str(three.place.server("web-1"))) / "etc/portico/tls/domain-b.com/certificate.pem"
    kept = path.read_bytes()
    issuer = authority.load(three.place.authority)
    try:
        for days, reason in ((20, "it expired 10 days ago"), (40, "it expires in 10 days")):
            made = issuer.issue(["domain-b.com"], start=start, validity=dt.timedelta(days=days))
            path.write_bytes(made.certificate)
            assert short(file).keys() == {ServerCheck.VALIDITY}
            assert reason in short(file)[ServerCheck.VALIDITY]
        assert short(file, days=9) == {}
    finally:
        path.write_bytes(kept)
    assert short(file) == {}


def test_a_file_that_was_not_applied_is_seen(three: Sandbox, file: Path) -> None:
    write(file.parent, A + B + C.replace("600", "601"))
    try:
        reason = short(file)[ServerCheck.RELEASE]
        assert re.fullmatch(r"[0-9a-f]{12} is live, the file's is [0-9a-f]{12}", reason)
    finally:
        write(file.parent, A + B + C)
    assert failing(three) == {}
    assert short(file) == {}


def test_what_the_tests_did_is_undone(three: Sandbox) -> None:
    assert failing(three) == {}
    assert not three.terraform.changes()


def test_a_release_that_was_rolled_back_is_seen(file: Path) -> None:
    write(file.parent, A + B + C.replace("600", "601"))
    login = sandbox.up(file).login("web-1")
    newest = status(login).release
    assert short(file) == {}
    try:
        assert rollback(login, None, print) is Outcome.LIVE
        found = short(file)
        assert found.keys() == {ServerCheck.RELEASE}
        assert found[ServerCheck.RELEASE].endswith(f"is live, the file's is {newest}")
    finally:
        assert rollback(login, newest, print) is Outcome.LIVE
    waiting.until("healthy targets", lambda: not failing(sandbox.find(file)), seconds=60, pause=1)
    assert short(file) == {}


# --- helpers -------------------------------------------------------------------------------------


def short(file: Path, *, days: int = DAYS) -> dict[ServerCheck, str]:
    """Return why the server's checks fail."""
    (server,) = sandbox.verify(file, days=days).servers
    return dict(server.failures)
