"""What real Apache knows of clients behind each kind of balancer, and how long it keeps them."""

import struct
from ipaddress import ip_address

import pytest

from modules.plan.records import HEALTH_PATH
from tests.apache.doors import PORT, Connection, spoken
from tests.apache.releases import THREE, render
from tests.apache.server import ADDRESS, BALANCER, STRANGER, Machine
from tests.apache.watching import live, logged, reason

pytestmark = pytest.mark.sandbox

CLIENT = "198.51.100.1"


def version_1(client: str) -> str:
    family = f"TCP{ip_address(client).version}"
    there = ADDRESS if family == "TCP4" else "2001:db8::1"
    return f"PROXY {family} {client} {there} 50000 443\r\n".encode().hex()


def version_2(client: str, command: int = 1, more: bytes = b"") -> str:
    """As AWS sends it: `more` holds its own type-length-values."""
    here = ip_address(client)
    there = ip_address(ADDRESS if here.version == 4 else "2001:db8::1")
    body = here.packed + there.packed + struct.pack("!HH", 50000, 443) + more
    family = {4: 0x11, 6: 0x21}[here.version]
    head = struct.pack("!BBH", 0x20 | command, family, len(body))
    return (b"\r\n\r\n\0\r\nQUIT\n" + head + body).hex()


# https://docs.aws.amazon.com/elasticloadbalancing/latest/network/edit-target-group-attributes.html#proxy-protocol
VPC_ENDPOINT = b"\xea\x00\x17\x01vpce-08d2bf15fac5001c9"
NLB_CHECK = b"\x03\x00\x04\x12\x34\x56\x78\x04\x00\x3e" + bytes(62)
"""The checksum and padding that AWS's health checks were seen to hold: kubernetes#57250."""


@pytest.mark.parametrize(
    ("header", "client"),
    [
        (version_1(CLIENT), CLIENT),
        (version_1("2001:db8::5"), "2001:db8::5"),
        (version_2(CLIENT), CLIENT),
        (version_2("2001:db8::5"), "2001:db8::5"),
        (version_2(CLIENT, more=VPC_ENDPOINT), CLIENT),
    ],
)
def test_a_proxied_client_is_the_headers(server: Machine, header: str, client: str) -> None:
    query = f"/?{header[-60:]}"
    claimed = {"X-Forwarded-For": "1.2.3.4", "Host": "d.com"}
    asked = Connection(PORT["d.com"], header=header, path=query, headers=claimed)
    assert spoken(server, asked) == [[200]]
    assert logged(server, query).startswith(f"d.com:8445 {client} - - ")


def test_a_health_check_of_a_network_balancer_names_no_client(server: Machine) -> None:
    nobody = version_2("0.0.0.0", command=0, more=NLB_CHECK)  # noqa: S104 - no address to bind
    for path in (HEALTH_PATH, "/"):
        checked = Connection(PORT["d.com"], header=nobody, path=path)
        assert spoken(server, checked) == [[200]]
    empty = (b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0").hex()
    assert spoken(server, Connection(PORT["d.com"], header=empty)) == [[200]]


@pytest.mark.parametrize("source", [BALANCER, STRANGER, ADDRESS])
def test_without_the_header_a_proxied_site_serves_nobody(server: Machine, source: str) -> None:
    forwarded = {"X-Forwarded-For": CLIENT}
    asked = Connection(PORT["d.com"], source=source, headers=forwarded)
    assert spoken(server, asked) == [["closed"]]


def test_a_second_header_is_no_header(server: Machine) -> None:
    """Which a client may send through the balancer, before its own TLS."""
    twice = version_2(STRANGER) + version_2(CLIENT)
    assert spoken(server, Connection(PORT["d.com"], header=twice)) == [["closed"]]


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.9"])
def test_this_machine_needs_no_header_and_may_send_none(server: Machine, address: str) -> None:
    local = Connection(
        PORT["d.com"],
        source="127.0.0.1",
        address=address,
        path=f"/?local-{address}",
        headers={"X-Forwarded-For": CLIENT},
    )
    claimed = Connection(
        PORT["d.com"], source="127.0.0.1", address=address, header=version_2(CLIENT)
    )
    assert spoken(server, local, claimed) == [[200], ["closed"]]
    assert logged(server, local.path).startswith("d.com:8445 127.0.0.1 - - ")


def test_a_proxied_site_speaks_http_2(server: Machine) -> None:
    found = server.run(
        *("curl", "-sk", "--http2", "--haproxy-protocol", "--interface", BALANCER),
        *("-w", "%{http_version}", f"https://{ADDRESS}:8445/?http2"),
    )
    assert found.stdout == "site a\n2"
    assert logged(server, "/?http2").startswith(f"d.com:8445 {BALANCER} - - ")


def test_the_header_is_of_one_port_alone(server: Machine) -> None:
    others = [Connection(port) for domain, port in PORT.items() if domain != "d.com"]
    assert spoken(server, *others) == [[200]] * 5
    sent = [Connection(each.port, header=version_2(CLIENT)) for each in others]
    assert spoken(server, *sent) == [["closed"]] * 5


@pytest.mark.parametrize(
    ("domain", "source", "client"),
    [
        ("c.com", STRANGER, STRANGER),
        ("c.com", BALANCER, BALANCER),
        ("e.com", STRANGER, STRANGER),
        ("e.com", BALANCER, CLIENT),
        ("a.com", BALANCER, CLIENT),
    ],
)
def test_a_header_is_believed_where_a_balancer_writes_it(
    server: Machine, domain: str, source: str, client: str
) -> None:
    query = f"/?{domain}-{source}"
    forwarded = {"X-Forwarded-For": CLIENT, "X-Forwarded-Proto": "https"}
    assert spoken(
        server, Connection(PORT[domain], source=source, path=query, headers=forwarded)
    ) == [[200]]
    assert logged(server, query).startswith(f"{domain}:{PORT[domain]} {client} - - ")


def test_behind_a_network_balancer_no_header_tells_how_a_client_came(server: Machine) -> None:
    by_http = {"X-Forwarded-Proto": "http"}
    direct = Connection(PORT["c.com"], headers=by_http)
    mixed = Connection(PORT["e.com"], headers=by_http)
    assert spoken(server, direct, mixed) == [[200], [301]]


# --- idle connections ------------------------------------------------------------------------


def test_idle_connections_outlive_their_balancers(server: Machine) -> None:
    """A second more than httpd's default for keep-alive, and for a first request, of 5 and 20 s."""
    in_time, too_late = (0, 6), (0, 17)
    asked = [
        Connection(PORT["f.com"], pauses=in_time),
        Connection(PORT["f.com"], pauses=too_late),
        Connection(PORT["a.com"], pauses=too_late),
        Connection(PORT["c.com"], pauses=too_late),
        Connection(PORT["d.com"], pauses=too_late, header=version_2(CLIENT)),
        Connection(PORT["e.com"], pauses=too_late),
        Connection(PORT["a.com"], pauses=(21,)),
        Connection(PORT["c.com"], pauses=(21,)),
    ]
    kept, lost = [200, 200], [200, "closed"]
    first = [[200], ["closed"]]
    assert spoken(server, *asked) == [kept, lost, kept, kept, kept, kept, *first]


# --- activation ------------------------------------------------------------------------------

PROXIED = f"""{THREE}\
  domain-d.com:
    document_root: /var/www/site_a
    load_balancer: network
    client_address: proxied
"""
KEPT = PROXIED.replace("proxied", "kept")


def test_the_probe_finds_a_proxied_site(serving: Machine) -> None:
    for fleet, outcome in ((KEPT, [200]), (PROXIED, ["closed"]), (THREE, None)):
        release = render(fleet).later()
        done = release.activate(serving)
        assert (done.returncode, reason(done).split(" on ")[0]) == (
            0,
            f"portico: web-1: release {release.id} is live",
        ), done.stdout
        again = release.activate(serving)
        assert reason(again) == f"portico: web-1: release {release.id} is live already"
        if outcome:
            assert spoken(serving, Connection(8445)) == [outcome]
    assert live(serving, render(THREE))
