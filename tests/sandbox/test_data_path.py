"""Real HAProxy in a real VPC, with a server behind it that tells what it sees."""

import base64
import http.client
import json
import os
import socket
import ssl
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sandbox import (
    SandboxError,
    addresses,
    authority,
    balancing,
    enclosure,
    haproxy,
    network,
    presented,
    targets,
    waiting,
)
from sandbox.authority import Issued, self_signed
from sandbox.emulator.balancer import Balancer
from sandbox.emulator.firewall import Firewall, Rule
from sandbox.emulator.listeners import (
    FixedResponse,
    Forward,
    HealthCheck,
    Listener,
    Stickiness,
    Target,
)
from sandbox.emulator.listeners import Rule as HostRule
from sandbox.emulator.policies import TlsPolicy
from sandbox.state import Place
from sandbox.vpc import Instance, Subnet, World

pytestmark = pytest.mark.sandbox

TARGET = Path(__file__).with_name("target.py")
NAMES = {"arn:a": ["a.com", "www.a.com"], "arn:b": ["b.com"]}
ANYBODY = (Rule(0, 65535, frozenset(), ("0.0.0.0/0",)),)
GROUPS = ("sg-balancers",)
OF_BALANCERS = (Rule(0, 65535, frozenset({"sg-balancers"}), ()),)
TLS = TlsPolicy("TLSv1.2", "TLSv1.3")
CHECK = HealthCheck("HTTPS", "/health", None, 1, 1, 2, 2, "200")
WEB_1, WEB_2 = "10.80.0.10", "10.80.1.10"
PORTS = ("80/plain", "8443", "8444", "8445/proxy")


@dataclass(frozen=True, slots=True)
class Vpc:
    """A VPC with two servers, and HAProxy to be told what to do."""

    place: Place
    inside: enclosure.Enclosure
    world: World
    servers: dict[str, Path]

    def balance(self, *listeners: Listener, groups: tuple[str, ...] | None = GROUPS) -> str:
        """Have a balancer with these listeners; return its address."""
        balancer = Balancer(
            name="shop",
            dns_name="a.elb",
            ipv6=False,
            subnets=("subnet-1", "subnet-2"),
            groups=groups,
            idle_timeout=60,
            listeners=listeners,
        )
        world = replace(self.world, balancers=(balancer,))
        network.arrange(
            self.inside,
            instances={each.server: each.address for each in world.instances.values()},
            nodes=haproxy.node_addresses(world),
            subnets=[subnet.cidr for subnet in world.subnets.values()],
        )
        seen = presented.certificates(self.inside, targets.pinned(world))
        balancing.follow(self.place, self.inside, haproxy.configure(world, seen))
        return world.loopback[balancer.dns_name]

    def present(self, server: str, issued: Issued) -> None:
        authority.write_secret(self.servers[server], issued.bundle)


@pytest.fixture(scope="module")
def vpc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vpc]:
    place = Place.of(Path("/fleet.yaml"), tmp_path_factory.mktemp("vpc"))
    place.create()
    authority.create(place.authority)
    issuer = authority.load(place.authority)
    for arn, names in NAMES.items():
        authority.write_secret(place.certificates / f"{arn}.pem", issuer.issue(names).bundle)
    opening = enclosure.prepare(
        ["sleep", "infinity"], binds={}, log=place.log("first"), environment=os.environ
    )
    opening.go()
    inside = opening.enclosure
    block = addresses.free_network(place.id)
    servers = {name: place.folder / f"{name}.pem" for name in ("web-1", "web-2")}
    world = World(
        block=block,
        doors=(),
        firewall=Firewall(
            {"sg-balancers": ANYBODY, "sg-server": OF_BALANCERS}, {"sg-balancers": ANYBODY}
        ),
        instances={
            "i-1": Instance("web-1", WEB_1, ("sg-server",), "a"),
            "i-2": Instance("web-2", WEB_2, ("sg-server",), "b"),
        },
        subnets={"subnet-1": Subnet("10.80.0.0/24", "a"), "subnet-2": Subnet("10.80.1.0/24", "b")},
        certificates={arn: place.certificates / f"{arn}.pem" for arn in NAMES},
        loopback={"a.elb": addresses.give(block, {}, ["a.elb"])["a.elb"]},
    )
    started = Vpc(place, inside, world, servers)
    try:
        mounted = ["findmnt", "--source", "portico"]
        waiting.until("the namespaces", lambda: inside.run(mounted, check=False) != "")
        network.create(inside)
        for number, (name, pem) in enumerate(servers.items(), 1):
            network.wire(inside, name, f"169.254.64.{9 + number}")
            started.present(name, self_signed(name))
            command = [sys.executable, str(TARGET), name, str(pem), *PORTS]
            inside.spawn(["ip", "netns", "exec", name, *command], place.log(name), os.environ)
        started.balance()
        waiting.until("the servers", lambda: len(answering(inside)) == len(servers))
        yield started
    finally:
        inside.close()


def answering(inside: enclosure.Enclosure) -> targets.Presented:
    return presented.certificates(inside, [(WEB_1, 8443), (WEB_2, 8443)])


def forward(protocol: str, port: int, *instances: str) -> Forward:
    found = tuple(Target(instance, port) for instance in instances or ("i-1",))
    check = replace(CHECK, port=8444) if protocol == "TCP" else CHECK
    return Forward(protocol, found, check)


def kept(protocol: str, port: int) -> Forward:
    return replace(forward(protocol, port), client_kept=True)


def tls(action: Forward) -> Listener:
    return Listener(443, "TLS", ("arn:a",), TLS, http2=False, action=action)


def https(action: Forward | FixedResponse, *rules: HostRule) -> Listener:
    return Listener(443, "HTTPS", ("arn:a", "arn:b"), TLS, http2=True, action=action, rules=rules)


def shown(address: str, name: str | None) -> str:
    """Return the first name of the certificate that a client with this SNI, or none, gets."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection((address, 443), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname=name) as secure,
    ):
        held = x509.load_der_x509_certificate(secure.getpeercert(binary_form=True) or b"")
    names = held.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return names.get_values_for_type(x509.DNSName)[0]


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def seen(self) -> Any:  # noqa: ANN401 - JSON
        """What the server sees."""
        assert self.status == 200
        return json.loads(self.body)


def ask(address: str, host: str = "a.com", *, port: int = 443, **headers: str) -> Answer:
    connection: http.client.HTTPConnection
    if port == 443:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = http.client.HTTPSConnection(address, timeout=5, context=context)
    else:
        connection = http.client.HTTPConnection(address, port, timeout=5)
    connection.request("GET", "/", headers={"Host": host, **headers})
    with closing(connection), connection.getresponse() as answer:
        return Answer(answer.status, _lower(answer), answer.read())


def _lower(answer: http.client.HTTPResponse) -> dict[str, str]:
    return {name.lower(): value for name, value in answer.getheaders()}


def test_a_client_gets_the_certificate_of_the_name_it_sends_or_the_default_one(vpc: Vpc) -> None:
    address = vpc.balance(https(forward("HTTPS", 8443)))
    assert shown(address, "b.com") == "b.com"
    assert shown(address, "www.a.com") == "a.com"
    assert shown(address, None) == "a.com"
    assert shown(address, "unknown.example") == "a.com"


def test_hosts_are_led_to_their_own_targets_and_others_get_the_fixed_response(vpc: Vpc) -> None:
    rules = (
        HostRule(20, ("*.a.com", "b.com"), forward("HTTPS", 8444)),
        HostRule(10, ("a.com", "www.a.com"), forward("HTTPS", 8443)),
    )
    address = vpc.balance(https(FixedResponse(404, "text/plain", "it isn't here"), *rules))
    assert ask(address, "a.com").seen["port"] == 8443
    assert ask(address, "WWW.A.com:443").seen["port"] == 8443
    assert ask(address, "other.a.com").seen["port"] == 8444
    assert ask(address, "b.com").seen["port"] == 8444
    answer = ask(address, "c.com")
    assert (answer.status, answer.body) == (404, b"it isn't here")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


def test_a_fixed_response_may_be_empty(vpc: Vpc) -> None:
    answer = ask(vpc.balance(https(FixedResponse(503, "text/plain", ""))))
    assert (answer.status, answer.body) == (503, b"")


def test_a_client_stays_with_its_server(vpc: Vpc) -> None:
    both = replace(forward("HTTPS", 8443, "i-1", "i-2"), stickiness=Stickiness("AWSALB", 600))
    address = vpc.balance(https(both))
    answer = ask(address)
    cookie = answer.headers["set-cookie"].partition(";")[0]
    assert cookie.startswith("AWSALB=")
    assert {ask(address).seen["server"] for _ in range(4)} == {"web-1", "web-2"}
    assert {ask(address, Cookie=cookie).seen["server"] for _ in range(4)} == {answer.seen["server"]}


def test_behind_a_network_balancer_the_source_is_the_client_but_of_health_checks(vpc: Vpc) -> None:
    tcp = Listener(80, "TCP", (), None, http2=False, action=kept("TCP", 80))
    address = vpc.balance(tls(kept("TLS", 8443)), tcp)
    time.sleep(1.5)
    found = ask(address).seen
    assert found["peer"] == network.CLIENT
    assert not [name for name in found["headers"] if name.startswith("x-forwarded")]
    assert {check["peer"] for check in found["checks"]} - {network.CLIENT}
    assert network.CLIENT not in {check["peer"] for check in found["checks"]}
    plain = ask(address, port=80).seen
    assert (plain["peer"], plain["port"]) == (network.CLIENT, 80)


def test_the_proxy_protocol_tells_the_client_and_marks_health_checks(vpc: Vpc) -> None:
    address = vpc.balance(tls(replace(forward("TLS", 8445), proxy_protocol=True)))
    time.sleep(1.5)
    found = ask(address).seen
    assert found["proxy"] == network.CLIENT
    assert found["peer"].startswith("10.80.")
    assert {check["proxy"] for check in found["checks"] if check["port"] == 8445} == {"LOCAL"}


def test_a_server_that_lets_in_the_balancers_group_lets_in_its_clients(vpc: Vpc) -> None:
    listener = tls(kept("TLS", 8443))
    address = vpc.balance(listener)
    assert ask(address).status == 200
    vpc.balance(listener, groups=None)
    with pytest.raises(OSError, match=r"."):
        ask(address)


def test_a_server_with_another_key_than_the_pinned_one_gets_nothing(vpc: Vpc) -> None:
    right, wrong = self_signed("web-1"), self_signed("web-1")
    vpc.present("web-1", right)
    pinned = https(replace(forward("HTTPS", 8443), public_keys=(public_key(right),)))
    address = vpc.balance(pinned)
    assert ask(address).status == 200
    vpc.present("web-1", wrong)
    assert ask(address).status == 503
    vpc.balance(pinned)
    assert ask(address).status == 503
    vpc.present("web-1", right)
    vpc.balance(pinned)
    assert ask(address).status == 200


def test_a_key_that_an_authority_vouches_for_cant_be_pinned(vpc: Vpc) -> None:
    issued = authority.load(vpc.place.authority).issue(["web-1"])
    vpc.present("web-1", issued)
    with pytest.raises(SandboxError, match="Portico sandbox issuer signed"):
        vpc.balance(https(replace(forward("HTTPS", 8443), public_keys=(public_key(issued),))))


def public_key(issued: Issued) -> str:
    key = x509.load_pem_x509_certificate(issued.certificate).public_key()
    return base64.b64encode(
        key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    ).decode()
