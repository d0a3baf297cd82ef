"""Three domains through real Terraform, HAProxy, sshd and Apache, from `up` to `destroy`.

The tests stand in the order of a sandbox's life and share it; each leaves it as it found it.
"""

from __future__ import annotations

import signal
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any

import pytest

import sandbox
from sandbox import Check, Sandbox, SandboxError, authority, server, waiting
from sandbox.emulator import balancers, records
from sandbox.emulator.api import Api
from tests.sandbox import fleets

pytestmark = pytest.mark.sandbox

A = fleets.site("domain-a.com", "aliases: [www.domain-a.com]")
C = fleets.site("domain-c.com")


def classic(domain: str, aliases: str, number: int) -> str:
    """Return a site whose certificate exists: the provider waits half as long for it."""
    certificate = f"certificate: {{arn: '{fleets.ARN.format(number)}'}}"
    return fleets.site(domain, f"aliases: [{aliases}]", "load_balancer: classic", certificate)


B = classic("domain-b.com", "www.domain-b.com", 2)
D = classic("domain-d.com", "", 4)
D_WITH_ALIAS = classic("domain-d.com", "www.domain-d.com", 4)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fleets.write(tmp_path_factory.mktemp("three"), A + B + C, name="three")


@pytest.fixture(scope="module")
def three(file: Path) -> Iterator[Sandbox]:
    try:
        yield sandbox.up(file)
    finally:
        sandbox.down(file)


@pytest.fixture(scope="module")
def api(three: Sandbox) -> Api:
    return Api(three.emulator.url, three.plan.region)


def failing(three: Sandbox) -> dict[str, set[Check]]:
    """Return the checks that fail, by name."""
    results = sandbox.verify_sandbox(three).results
    return {result.name: set(result.failures) for result in results if result.failures}


# --- as it is ------------------------------------------------------------------------------------


def test_every_name_is_verified(three: Sandbox) -> None:
    verification = sandbox.verify_sandbox(three)
    assert verification.reasons == ()
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


def test_an_alias_at_another_balancer_fails_names_and_root(three: Sandbox, api: Api) -> None:
    wrong = alias(api, "domain-c.com")
    with changed(
        three,
        lambda: point(api, "www.domain-a.com", wrong),
        lambda: point(api, "www.domain-a.com", alias(api, "domain-a.com")),
    ):
        assert failing(three) == {"www.domain-a.com": {Check.NAMES, Check.OWN, Check.DOCUMENT_ROOT}}


def test_an_alias_that_is_gone_fails_dns(three: Sandbox, api: Api) -> None:
    target = alias(api, "domain-c.com")
    with changed(
        three,
        lambda: point(api, "domain-c.com", target, action="DELETE"),
        lambda: point(api, "domain-c.com", target),
    ):
        assert failing(three) == {"domain-c.com": {Check.DNS}}


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


def test_a_redirect_elsewhere_is_seen(three: Sandbox, api: Api) -> None:
    listener = listener_of(api, "domain-c-com", 80)

    def redirect(host: str) -> None:
        actions = [dict(action) for action in listener["DefaultActions"]]
        actions[0]["RedirectConfig"] = {**actions[0]["RedirectConfig"], "Host": host}
        api.client("elbv2").modify_listener(
            ListenerArn=listener["ListenerArn"], DefaultActions=actions
        )

    with changed(three, lambda: redirect("elsewhere.com"), lambda: redirect("#{host}")):
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
    assert to_server[0]["ToPort"] == 8444
    assert [pair["GroupId"] for pair in to_server[0]["UserIdGroupPairs"]] == [ours]
    with changed(
        three,
        lambda: ec2.revoke_security_group_ingress(GroupId=server_group, IpPermissions=to_server),
        lambda: ec2.authorize_security_group_ingress(GroupId=server_group, IpPermissions=to_server),
    ):
        found = failing(three)
        assert set(found) == {"domain-b.com", "www.domain-b.com", "domain-c.com"}
        assert all(Check.STATUS in checks for checks in found.values())


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


def test_what_the_tests_did_is_undone(three: Sandbox) -> None:
    assert failing(three) == {}
    assert not three.terraform.changes()


# --- changes -------------------------------------------------------------------------------------


def test_a_fourth_site_is_added_while_clients_fetch_the_others(three: Sandbox, file: Path) -> None:
    with clients(three, "domain-a.com", "domain-b.com", "domain-c.com") as counts:
        rewrite(file, A + B + C + D)
        after = sandbox.up(file)
    assert counts.failed == []
    assert counts.answered > 100
    assert sandbox.verify_sandbox(after).reasons == ()
    assert ports(after)["domain-d.com"] == 8445
    assert not after.terraform.changes()


def test_the_second_is_removed_and_comes_back_to_its_port(three: Sandbox, file: Path) -> None:
    with clients(three, "domain-a.com", "domain-c.com") as counts:
        rewrite(file, A + C + D)
        without = sandbox.up(file)
        assert sandbox.verify_sandbox(without).reasons == ()
        assert "domain-b.com" not in ports(without)
        rewrite(file, A + B + C + D)
        again = sandbox.up(file)
    assert counts.failed == []
    assert sandbox.verify_sandbox(again).reasons == ()
    assert ports(again)["domain-b.com"] == 8443


def test_an_interrupted_change_leaves_the_sandbox_up(three: Sandbox, file: Path) -> None:
    rewrite(file, A + B + C + D_WITH_ALIAS)
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
        rewrite(
            file, A + B + fleets.site("domain-c.com", "extra_config: extra.conf") + D_WITH_ALIAS
        )
        with pytest.raises(SandboxError, match="NoSuchDirective"):
            sandbox.up(file)
    assert counts.failed == []
    assert sandbox.verify(file).reasons == ()
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


@contextmanager
def changed(
    three: Sandbox, change: Callable[[], object], undo: Callable[[], object]
) -> Iterator[None]:
    change()
    sandbox.refresh(three)
    try:
        yield
    finally:
        undo()
        sandbox.refresh(three)
    assert failing(three) == {}


def listener_of(api: Api, balancer: str, port: int) -> dict[str, Any]:
    client = api.client("elbv2")
    found = [
        b for b in client.describe_load_balancers()["LoadBalancers"] if balancer in b["DNSName"]
    ]
    listeners = client.describe_listeners(LoadBalancerArn=found[0]["LoadBalancerArn"])
    return next(each for each in listeners["Listeners"] if each["Port"] == port)


def https(api: Api, balancer: str) -> dict[str, Any]:
    return listener_of(api, balancer, 443)


def present(api: Api, listener: dict[str, Any], other: dict[str, Any]) -> None:
    """Have a listener present the certificate that another one had when it was read."""
    certificates = [{"CertificateArn": other["Certificates"][0]["CertificateArn"]}]
    api.client("elbv2").modify_listener(
        ListenerArn=listener["ListenerArn"], Certificates=certificates
    )


def alias(api: Api, name: str) -> str:
    return next(r.alias for r in records.read(api) if r.name == name and r.alias)


def point(api: Api, name: str, target: str, action: str = "UPSERT") -> None:
    zones = api.all("route53", "list_hosted_zones", "HostedZones")
    zone = next(z["Id"] for z in zones if name.endswith(z["Name"].rstrip(".")))
    found = api.client("route53").list_resource_record_sets(HostedZoneId=zone)
    old: list[dict[str, Any]] = [
        r for r in found["ResourceRecordSets"] if (r["Name"], r["Type"]) == (f"{name}.", "A")
    ]
    record: dict[str, Any] = old[0] if old else {"Name": f"{name}.", "Type": "A"}
    zone_id = {"HostedZoneId": "Z2P70J7EXAMPLE", "EvaluateTargetHealth": True}
    record["AliasTarget"] = {**record.get("AliasTarget", zone_id), "DNSName": target}
    api.client("route53").change_resource_record_sets(
        HostedZoneId=zone,
        ChangeBatch={"Changes": [{"Action": action, "ResourceRecordSet": record}]},
    )


def rewrite(file: Path, sites: str) -> None:
    fleets.write(file.parent, sites, name="three")


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
        for result in sandbox.verify_sandbox(three).results
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
