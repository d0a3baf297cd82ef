"""Three domains through real Terraform, HAProxy, sshd and Apache, from `up` to `destroy`.

The tests stand in the order of a sandbox's life and share it; each leaves it as it found it.
"""

from __future__ import annotations

import signal
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPSConnection
from pathlib import Path

import pytest

import sandbox
from modules.verify import ServerCheck
from sandbox import Check, Sandbox, SandboxError, server
from sandbox.emulator import balancers, records
from sandbox.emulator.api import Api
from tests.sandbox import fleets
from tests.sandbox.falling_short import failing
from tests.sandbox.three import A, B, C, classic, write

pytestmark = pytest.mark.sandbox

D = classic("domain-d.com", "", 4)
D_WITH_ALIAS = classic("domain-d.com", "www.domain-d.com", 4)


# --- as it is ------------------------------------------------------------------------------------


def test_every_name_is_verified(three: Sandbox) -> None:
    verification = sandbox.verify_sandbox(three)
    assert verification.reasons == ()
    assert verification.unknowns == ()
    assert [(r.name, r.site.port) for r in verification.results] == [
        ("domain-a.com", 443),
        ("www.domain-a.com", 443),
        ("domain-b.com", 8443),
        ("www.domain-b.com", 8443),
        ("domain-c.com", 8444),
    ]
    certificates = {
        certificate.fingerprint
        for result in verification.results
        for sight in result.observation.sights
        for certificate in sight.certificates
    }
    assert len(certificates) == 3


def test_a_second_plan_says_no_changes(three: Sandbox) -> None:
    assert not three.terraform.changes()


def test_apache_sees_the_client_and_not_the_balancer(three: Sandbox) -> None:
    sandbox.verify_sandbox(three)
    logged = server.execute(three.login("web-1"), ["cat", "/var/log/apache2/*"]).stdout
    visits = [line for line in logged.splitlines() if '"GET / HTTP' in line]
    assert visits
    assert all("127.0.0.1" in line and "10.80." not in line.split('"')[0] for line in visits)


# --- changes -------------------------------------------------------------------------------------


@pytest.mark.soak
def test_a_balancer_that_changes_fails_no_request(three: Sandbox, api: Api) -> None:
    found = api.client("elbv2").describe_load_balancers()["LoadBalancers"]

    def idle(seconds: int) -> None:
        for balancer in found:
            api.client("elbv2").modify_load_balancer_attributes(
                LoadBalancerArn=balancer["LoadBalancerArn"],
                Attributes=[{"Key": "idle_timeout.timeout_seconds", "Value": str(seconds)}],
            )
        sandbox.refresh(three)

    with clients(three, *["domain-a.com", "domain-c.com"] * 3) as counts:
        for seconds in (*range(61, 71), 60):
            idle(seconds)
    assert counts.failed == []
    assert counts.answered > 100


def test_a_fourth_site_is_added_while_clients_fetch_the_others(three: Sandbox, file: Path) -> None:
    with clients(three, "domain-a.com", "domain-b.com", "domain-c.com") as counts:
        write(file.parent, A + B + C + D)
        after = sandbox.up(file)
    assert counts.failed == []
    assert counts.answered > 100
    assert sandbox.verify_sandbox(after).reasons == ()
    assert ports(after)["domain-d.com"] == 8445
    assert not after.terraform.changes()


@pytest.mark.soak
def test_the_second_is_removed_and_comes_back_to_its_port(three: Sandbox, file: Path) -> None:
    with clients(three, "domain-a.com", "domain-c.com") as counts:
        write(file.parent, A + C + D)
        without = sandbox.up(file)
        assert sandbox.verify_sandbox(without).reasons == ()
        assert "domain-b.com" not in ports(without)
        write(file.parent, A + B + C + D)
        again = sandbox.up(file)
    assert counts.failed == []
    assert sandbox.verify_sandbox(again).reasons == ()
    assert ports(again)["domain-b.com"] == 8443


def test_an_interrupted_change_leaves_the_sandbox_up(three: Sandbox, file: Path) -> None:
    write(file.parent, A + B + C + D_WITH_ALIAS)
    with fleets.started(file, "applying with Terraform") as process:
        time.sleep(8)
        process.send_signal(signal.SIGINT)
        assert process.wait(70) != 0
    assert failing(three) == {}
    after = sandbox.up(file)
    assert sandbox.verify_sandbox(after).reasons == ()
    assert not after.terraform.changes()


def test_a_broken_extra_config_fails_the_apply_and_every_site_answers(
    three: Sandbox, file: Path
) -> None:
    (file.parent / "extra.conf").write_text("NoSuchDirective on\n")
    with clients(three, "domain-a.com", "domain-b.com", "domain-c.com") as counts:
        write(file.parent, A + B + C + "    extra_config: extra.conf\n" + D_WITH_ALIAS)
        with pytest.raises(SandboxError, match="NoSuchDirective"):
            sandbox.up(file)
    assert counts.failed == []
    verification = sandbox.verify(file)
    assert not any(result.failures for result in verification.results)
    assert verification.servers[0].failures.keys() == {ServerCheck.RELEASE}
    (file.parent / "extra.conf").write_text('Header set X-Extra "yes"\n')
    assert sandbox.verify_sandbox(sandbox.up(file)).reasons == ()


def test_destroy_leaves_nothing(three: Sandbox, api: Api, file: Path) -> None:
    sandbox.destroy(sandbox.find(file))
    assert balancers.read(api) == ()
    assert {record.type for record in records.read(api)} == {"NS", "SOA"}
    listed = api.client("acm").list_certificates()["CertificateSummaryList"]
    named = {fleets.ARN.format(number) for number in (2, 4)}
    assert {each["CertificateArn"] for each in listed} == named
    found = failing(three)
    assert all(Check.DNS in checks for checks in found.values())
    assert len(found) == 5


# --- helpers -------------------------------------------------------------------------------------


def ports(of: Sandbox) -> dict[str, int]:
    return {site.domain: site.port for site in of.plan.sites}


class Counts:
    def __init__(self) -> None:
        self.answered = 0
        self.failed: list[str] = []


@contextmanager
def clients(three: Sandbox, *names: str) -> Iterator[Counts]:
    """Keep fetching names over new connections, one after another, a thread a name."""
    counts, stop = Counts(), threading.Event()
    context = ssl.create_default_context(cafile=str(three.root_certificate))
    addresses = {
        result.name: result.observation.addresses[0]
        for result in sandbox.verify_sandbox(three, servers=False).results
    }

    class Connection(HTTPSConnection):
        def connect(self) -> None:
            self.host, name = addresses[self.host], self.host
            super(HTTPSConnection, self).connect()
            self.sock = context.wrap_socket(self.sock, server_hostname=name)

    def fetch(name: str) -> None:
        while not stop.wait(0.02):
            connection = Connection(name, timeout=20)
            try:
                connection.request("GET", "/", headers={"Host": name})
                answer = connection.getresponse()
                if answer.status != 200 or name.encode() not in answer.read():
                    counts.failed.append(f"{name}: {answer.status}")
                counts.answered += 1
            except OSError as error:
                counts.failed.append(f"{name}: {error!r}")
            finally:
                connection.close()

    threads = [threading.Thread(target=fetch, args=[name]) for name in names]
    for thread in threads:
        thread.start()
    try:
        yield counts
    finally:
        stop.set()
        for thread in threads:
            thread.join()
