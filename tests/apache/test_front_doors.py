"""What real Apache does behind each kind of balancer, and what a site can ask of it at its door."""

import json
import struct
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

import pytest

from modules.plan.records import HEALTH_PATH
from tests.apache.conftest import furnish
from tests.apache.releases import THREE, Release, render
from tests.apache.server import ADDRESS, BALANCER, STRANGER, Machine, machine
from tests.apache.watching import PROXY_MODULES, REFUSED, live, logged, reason

pytestmark = pytest.mark.sandbox

SCRIPT = Path(__file__).with_name("balancer.py")
CLIENT = "198.51.100.1"

FLEET = """\
defaults: {document_root: /var/www/site_a}
sites:
  a.com: {aliases: [www.a.com, old.a.com], canonical: true, extra_config: a.conf}
  b.com:
    aliases: [www.b.com]
    canonical: true
    document_root: /var/www/site_b
    extra_config: b.conf
    health_check: {path: /folder/index.html}
    hsts: {}
  c.com: {load_balancer: network}
  d.com: {load_balancer: network, client_address: proxied, hsts: {max_age: 0}}
  e.com: {load_balancer: classic, successor: {load_balancer: network}}
  f.com: {idle_timeout: 1}
"""
PORT = {"a.com": 443, "b.com": 8443, "c.com": 8444, "d.com": 8445, "e.com": 8446, "f.com": 8447}
A_CONF = """\
UseCanonicalName On
RewriteEngine on
RewriteRule ^/forbidden - [forbidden]
Redirect permanent /elsewhere https://elsewhere.example/
ProxyPass /proxied http://127.0.0.1:9/
"""
B_CONF = """\
Header set Strict-Transport-Security "max-age=1"
Header always set Strict-Transport-Security "max-age=2"
ProxyPass /proxied http://127.0.0.1:9/
"""
FILES = (("a.conf", A_CONF), ("b.conf", B_CONF))


def doors() -> Release:
    return render(FLEET, FILES)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A machine that serves `FLEET`."""
    with machine(tmp_path_factory.mktemp("doors") / "machine") as made:
        furnish(made)
        made.path("/etc/apache2/mods-enabled/proxy.load").write_text(PROXY_MODULES)
        done = doors().activate(made)
        assert done.returncode == 0, done.stdout
        assert doors().ports == PORT
        yield made


# --- HSTS ------------------------------------------------------------------------------------

A_YEAR = "max-age=31536000"


def hsts(server: Machine, url: str, *options: str, source: str = ADDRESS) -> tuple[int, list[str]]:
    """Return the status, and each Strict-Transport-Security header."""
    answer = server.run(
        *("curl", "-sk", "--http1.1", "-o", "/dev/null", "-D", "-", "--max-time", "10"),
        *("--connect-to", f"::{ADDRESS}:", "--interface", source, *options, url),
    )
    first, *lines = answer.stdout.splitlines()
    found = [line for line in lines if line.lower().startswith("strict-transport-security:")]
    return int(first.split()[1]), [line.split(": ")[1] for line in found]


@pytest.mark.parametrize(
    ("path", "options", "status"),
    [
        ("/", (), 200),
        ("/nothing", (), 404),
        ("/folder", (), 301),
        ("/", ("-H", "Host: www.b.com"), 301),
        ("/", ("-H", "Host: a/b"), 400),
        ("/", ("-X", "TRACE"), 405),
        ("/proxied", (), 503),
        (f"/{'x' * 9000}", (), 414),
    ],
)
def test_hsts_stands_once_on_every_answer_over_tls(
    server: Machine, path: str, options: tuple[str, ...], status: int
) -> None:
    assert hsts(server, f"https://b.com:8443{path}", *options) == (status, [A_YEAR])


def test_hsts_stands_nowhere_else(server: Machine) -> None:
    assert hsts(server, f"https://b.com:8443{HEALTH_PATH}") == (200, [])
    assert hsts(server, "https://a.com:443/") == (200, [])
    assert hsts(server, "http://b.com/") == (301, [])
    assert hsts(server, "http://b.com:8443/") == (400, [])
    by_http = ("-H", "X-Forwarded-Proto: http")
    assert hsts(server, "https://b.com:8443/", *by_http, source=BALANCER) == (301, [])


# --- the canonical name ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "host", ["www.a.com", "old.a.com", "WWW.A.COM", "www.a.com:443", "www.a.com."]
)
def test_aliases_are_sent_to_the_domain(server: Machine, host: str) -> None:
    for path in ("/", "/a//b?c=%20", "/%3Fx?y", "//evil.com/%2e", "/forbidden", "/elsewhere"):
        answer = server.get(f"https://{ADDRESS}:443{path}", "--path-as-is", "-H", f"Host: {host}")
        assert (answer.status, answer.headers["location"]) == (301, f"https://a.com{path}")
    proxied = server.get(f"https://{ADDRESS}:443/proxied", "-H", f"Host: {host}")
    assert proxied.headers["location"] == "https://a.com/proxied"


@pytest.mark.parametrize(
    "options",
    [
        ("-H", "Host: a.com"),
        ("-H", "Host: A.com.:443"),
        ("-H", "Host: evil.com"),
        ("-H", "Host: www.a.com.evil.com"),
        ("-H", "Host: wwwxa.com"),
        ("-H", f"Host: {ADDRESS}:443"),
        ("-H", "Host:", "--http1.0", "--no-alpn"),
    ],
)
def test_every_other_name_gets_the_site_itself(server: Machine, options: tuple[str, ...]) -> None:
    answer = server.get(f"https://{ADDRESS}:443/", *options)
    assert (answer.status, answer.body) == (200, "site a\n")


def test_a_name_in_the_request_line_is_an_aliass_too(server: Machine) -> None:
    asked = ("--request-target", "https://www.a.com/x?y")
    answer = server.get(f"https://{ADDRESS}:443/", *asked, "-H", "Host: www.a.com")
    assert (answer.status, answer.headers["location"]) == (301, "https://a.com/x?y")


def test_an_alias_is_sent_to_the_domain_over_http_2(server: Machine) -> None:
    found = server.run(
        *("curl", "-sk", "--http2", "-o", "/dev/null", "--connect-to", f"::{ADDRESS}:443"),
        *("-w", "%{http_version} %{redirect_url}", "https://www.a.com/x"),
    )
    assert found.stdout == "2 https://a.com/x"


def test_with_hsts_an_alias_is_first_sent_to_its_own_https(server: Machine) -> None:
    """A browser must learn the promise of the name that it asked for."""
    for url, by_http in (
        ("http://{}/x?y", ()),
        ("https://{}:443/x?y", ("-H", "X-Forwarded-Proto: http")),
    ):
        answer = server.get(url.format("www.a.com"), *by_http, source=BALANCER)
        assert answer.headers["location"] == "https://a.com/x?y"
    for url, by_http in (
        ("http://{}/x?y", ()),
        ("https://{}:8443/x?y", ("-H", "X-Forwarded-Proto: http")),
    ):
        answer = server.get(url.format("www.b.com"), *by_http, source=BALANCER)
        assert answer.headers["location"] == "https://www.b.com/x?y"
    assert server.get("https://www.b.com:8443/x?y").headers["location"] == "https://b.com/x?y"
    assert server.get("http://old.a.com/").headers["location"] == "https://a.com/"
    assert server.get("http://a.com/").headers["location"] == "https://a.com/"
    assert server.get("http://xold.a.com/").status == 404


def test_a_health_check_of_the_sites_own_is_not_sent_away(server: Machine) -> None:
    for options in (("-H", f"Host: {ADDRESS}:8443"), ("-H", "Host:", "--http1.0", "--no-alpn")):
        answer = server.get(
            f"https://{ADDRESS}:8443/folder/index.html",
            *("-A", "ELB-HealthChecker/2.0", *options),
            source=BALANCER,
        )
        assert (answer.status, answer.body) == (200, "folder of b\n")


def test_health_has_no_canonical_name(server: Machine) -> None:
    for domain, port in PORT.items():
        if domain != "d.com":
            url = f"https://{ADDRESS}:{port}{HEALTH_PATH}"
            answer = server.get(url, "-H", f"Host: www.{domain}")
            assert (answer.status, answer.body) == (200, f"{doors().id}\n")


# --- who the client is -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Connection:
    """What `balancer.py` is told of a connection."""

    port: int
    source: str = BALANCER
    address: str = ADDRESS
    header: str = ""
    path: str = "/"
    headers: dict[str, str] = field(default_factory=dict)
    pauses: tuple[float, ...] = (0,)


def spoken(server: Machine, *connections: Connection) -> list[list[int | str]]:
    """Return what each request of each connection got."""
    done = subprocess.run(
        ["nsenter", f"--target={server.pid}", "--net", "--", sys.executable, str(SCRIPT)],
        input=json.dumps(
            [
                {name: getattr(each, name) for name in Connection.__dataclass_fields__}
                for each in connections
            ]
        ),
        capture_output=True,
        text=True,
        check=True,
    )
    found: list[list[int | str]] = json.loads(done.stdout)
    return found


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


def test_switched_off_redirects_are_refused(serving: Machine) -> None:
    fleet = "sites: {domain-a.com: {document_root: /var/www/site_a, extra_config: a.conf}}\n"
    done = render(fleet, (("a.conf", "RewriteEngine off\n"),)).later().activate(serving)
    assert (done.returncode, "answers 404" in reason(done)) == (REFUSED, True), done.stdout
