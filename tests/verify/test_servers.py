"""Each check of a server fails when it should; real servers are in `tests/sandbox`."""

import datetime as dt
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from modules.plan import Plan
from modules.servers import (
    Apache,
    BackendCertificate,
    Boot,
    Drain,
    Login,
    PortProbe,
    ServerError,
    Status,
    UnreachableError,
)
from modules.verify.checks import Finding, ServerCheck, Unknown
from modules.verify.servers import judged, look
from tests.sandbox import fleets

LIVE = "0123456789ab"
CERTIFICATE = BackendCertificate(
    "a.com",
    PurePosixPath("/etc/portico/tls/a.com/certificate.pem"),
    dt.datetime.now(dt.UTC) + dt.timedelta(days=100),
)
GOOD = Status(
    release=LIVE,
    fleet="tried",
    server="web-1",
    apache=Apache.RUNNING,
    boot=Boot.ENABLED,
    ports=(PortProbe(80, 200, LIVE), PortProbe(443, 200, LIVE)),
    certificates=(CERTIFICATE,),
)
CONF = PurePosixPath("/etc/portico/releases/0123456789ab/portico.conf")


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return fleets.plan(tmp_path, fleets.site("a.com"))


def failures(plan: Plan, found: Status, release: str = LIVE) -> dict[ServerCheck, str]:
    return dict(judged(plan, plan.servers[0], found, release, days=21).failures)


def ending(days: float) -> Status:
    end = dt.datetime.now(dt.UTC) + dt.timedelta(days=days)
    return replace(GOOD, certificates=(CERTIFICATE, replace(CERTIFICATE, not_after=end)))


def probed(probe: PortProbe) -> Status:
    return replace(GOOD, ports=(GOOD.ports[0], probe))


def test_what_is_right_passes(plan: Plan) -> None:
    result = judged(plan, plan.servers[0], GOOD, LIVE, days=21)
    assert dict(result.findings) == dict.fromkeys(ServerCheck)
    assert result.days_left == pytest.approx(100, abs=0.1)


@pytest.mark.parametrize(
    ("check", "found", "reason"),
    [
        (ServerCheck.RELEASE, replace(GOOD, fleet="other"), "it is server web-1 of fleet other"),
        (ServerCheck.RELEASE, replace(GOOD, server="web-2"), "it is server web-2 of fleet tried"),
        (ServerCheck.UNFINISHED, replace(GOOD, unfinished=True), "a run was interrupted"),
        (ServerCheck.EDITS, replace(GOOD, edited=(CONF,)), f"changed by hand: {CONF}"),
        (ServerCheck.EDITS, replace(GOOD, missing=(CONF,)), f"missing: {CONF}"),
        (ServerCheck.EDITS, replace(GOOD, edited=(CONF,) * 7), f"changed by hand: {CONF}, "),
        (ServerCheck.APACHE, replace(GOOD, apache=Apache.STOPPED), "it is stopped"),
        (ServerCheck.BOOT, replace(GOOD, boot=Boot.DISABLED), "Apache would not start"),
        (ServerCheck.IN_SERVICE, replace(GOOD, draining=Drain.BY_HAND), "somebody had balancers"),
        (ServerCheck.PORTS, probed(PortProbe(443, 0, None)), "443 (a.com) does not answer"),
        (ServerCheck.PORTS, probed(PortProbe(443, 503, LIVE)), "443 (a.com) answers 503"),
        (ServerCheck.PORTS, probed(PortProbe(443, 200, "other")), "443 (a.com) serves other"),
        (ServerCheck.PORTS, probed(PortProbe(8443, 200, None)), "8443 serves no release"),
        (ServerCheck.VALIDITY, ending(-2), "a.com: it expired 2 days ago"),
        (ServerCheck.VALIDITY, ending(20), "a.com: it expires in 20 days, fewer than 21"),
        (
            ServerCheck.VALIDITY,
            replace(GOOD, certificates=(replace(CERTIFICATE, not_after=None),)),
            "a.com: /etc/portico/tls/a.com/certificate.pem can't be read",
        ),
        (
            ServerCheck.DISK,
            replace(GOOD, short=("/var/log has 8191 KB free, 8232 are needed",)),
            "/var/log has 8191 KB free, 8232",
        ),
    ],
)
def test_a_check_alone_fails(plan: Plan, check: ServerCheck, found: Status, reason: str) -> None:
    short = failures(plan, found)
    assert list(short) == [check]
    assert short[check].startswith(reason)


def test_another_release_than_the_files_is_told(plan: Plan) -> None:
    assert failures(plan, GOOD, "ba9876543210") == {
        ServerCheck.RELEASE: f"{LIVE} is live, the file's is ba9876543210"
    }


def test_without_terraform_the_files_release_is_unknown(plan: Plan) -> None:
    reason = Unknown("there is no terraform on the PATH")
    result = judged(plan, plan.servers[0], GOOD, reason, days=21)
    assert result.failures == {}
    assert result.unknowns == {ServerCheck.RELEASE: reason.reason}


def test_a_server_without_a_release_is_told(plan: Plan) -> None:
    assert failures(plan, Status()) == {ServerCheck.RELEASE: "nothing is deployed there"}


def test_a_machine_without_systemd_is_not_asked_about_its_boot(plan: Plan) -> None:
    result = judged(plan, plan.servers[0], replace(GOOD, boot=Boot.UNKNOWN), LIVE, days=21)
    assert ServerCheck.BOOT not in result.findings


AWAY = UnreachableError("web-1: nobody knows its address")


@pytest.mark.parametrize(
    ("error", "demanded", "finding"),
    [
        (AWAY, False, Unknown("nobody knows its address")),
        (AWAY, True, "nobody knows its address"),
        (ServerError("it has another host key"), False, "it has another host key"),
    ],
)
def test_a_server_that_is_away_fails_where_that_is_demanded_and_one_that_refuses_always(
    plan: Plan,
    error: ServerError,
    demanded: bool,  # noqa: FBT001
    finding: Finding,
) -> None:
    def login(_: object) -> Login:
        raise error

    (result,) = look(plan, login, days=21, demanded=demanded)
    assert result.findings == {ServerCheck.SSH: finding}


@pytest.mark.parametrize(
    ("check", "found", "release"),
    [
        (ServerCheck.RELEASE, GOOD, "ba9876543210"),
        (ServerCheck.PORTS, probed(PortProbe(443, 0, None)), LIVE),
        (ServerCheck.EDITS, replace(GOOD, missing=(CONF,)), LIVE),
    ],
)
def test_what_a_run_may_be_setting_right_is_unknown(
    plan: Plan, check: ServerCheck, found: Status, release: str
) -> None:
    assert check in failures(plan, found, release)
    result = judged(plan, plan.servers[0], replace(found, running=True), release, days=21)
    assert result.failures == {}
    assert result.unknowns[check].endswith(", while a run is at work")
