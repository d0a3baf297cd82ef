"""What a client, or a stranger on the network, can make real Apache believe: docs/security.md."""

import json
import re
from collections.abc import Iterator

import pytest

from tests.apache.server import ADDRESS, BALANCER, STRANGER, Machine
from tests.hostile.conversations import (
    PORT,
    STRANGER_6,
    Said,
    careless,
    heard,
    request,
    statuses,
)

pytestmark = pytest.mark.sandbox


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with careless(tmp_path_factory.mktemp("careless") / "machine") as made:
        yield made


# --- who the client is -----------------------------------------------------------------------

CLIENT = "198.51.100.1"
SPOOF = "192.0.2.66"
"""An address that only a header claims."""
SPOOFS = (
    (f"X-Forwarded-For: {SPOOF}",),
    (f"x-forwarded-FOR: {SPOOF}",),
    (f"X-Forwarded-For: {SPOOF}", f"X-Forwarded-For: {SPOOF}"),
    (f"X-Forwarded-For: {SPOOF}, {BALANCER}",),
    (f"X-Forwarded-For: {SPOOF},",),
    ("X-Forwarded-For:", f" {SPOOF}"),
    (f"X_Forwarded_For: {SPOOF}", f"X-Forwarded_For: {SPOOF}", f"X_FORWARDED-FOR: {SPOOF}"),
    (f"Forwarded: for={SPOOF};proto=http;by={BALANCER}",),
    (f"X-Forwarded-Host: {SPOOF}", f"x_forwarded_host: {SPOOF}"),
    (f"X-Forwarded-Port: {SPOOF}", f"X_Forwarded_Port: {SPOOF}"),
    (f"X-Forwarded-Proto: {SPOOF}", f"X_Forwarded_Proto: {SPOOF}"),
)
PROXIED = f"PROXY TCP4 {CLIENT} {ADDRESS} 50000 443\r\n"
ARRIVALS = (
    *((domain, STRANGER, ADDRESS, "", STRANGER) for domain in ("a.com", "b.com", "c.com")),
    *((domain, "127.0.0.1", "127.0.0.1", "", "127.0.0.1") for domain in PORT),
    *((domain, "::1", "::1", "", "::1") for domain in PORT),
    *((domain, *2 * (STRANGER_6,), "", STRANGER_6) for domain in ("a.com", "b.com", "c.com")),
    ("c.com", BALANCER, ADDRESS, "", BALANCER),
    ("d.com", BALANCER, ADDRESS, PROXIED, CLIENT),
)


@pytest.mark.parametrize(("domain", "source", "address", "before", "client"), ARRIVALS)
def test_nobody_but_a_balancer_says_who_the_client_is(  # noqa: PLR0913, PLR0917 - a row
    server: Machine, domain: str, source: str, address: str, before: str, client: str
) -> None:
    answers = heard(
        server,
        *(
            Said(
                request(*headers, host=domain, line="GET /app HTTP/1.1"),
                *(PORT[domain], source, address, before),
            )
            for headers in SPOOFS
        ),
    )
    for headers, answer in zip(SPOOFS, answers, strict=True):
        assert statuses(answer) == [200], (headers, answer)
        assert SPOOF not in answer, headers
        told = json.loads(answer.partition("\r\n\r\n")[2])
        forwarded = {name: value for name, value in told if "forwarded" in name.lower()}
        # mod_proxy's own, of what Apache takes for the client.
        assert forwarded.pop("X-Forwarded-Server") in {domain, f"https://{domain}:443"}
        assert forwarded == {"X-Forwarded-For": client, "X-Forwarded-Host": domain}
    log = server.path("/var/log/apache2/portico-access.log").read_text()
    assert f" {SPOOF} " not in log


@pytest.mark.parametrize("domain", ["a.com", "b.com"])
def test_a_balancers_own_word_is_the_last_one(server: Machine, domain: str) -> None:
    """AWS's balancers add the client's address to the end, and write the scheme anew."""
    said = request(
        f"X-Forwarded-For: {SPOOF}",
        f"X-Forwarded-For: {BALANCER}, {CLIENT}",
        f"X_Forwarded_For: {SPOOF}",
        "X-Forwarded-Proto: https",
        host=domain,
        line="GET /app HTTP/1.1",
    )
    (answer,) = heard(server, Said(said, PORT[domain], BALANCER))
    told = dict(json.loads(answer.partition("\r\n\r\n")[2]))
    assert (told["X-Forwarded-For"], told["X-Forwarded-Proto"]) == (CLIENT, "https")
    assert SPOOF not in answer


@pytest.mark.parametrize("word", ["X-Forwarded-Proto", "x-forwarded-proto", "X_Forwarded_Proto"])
@pytest.mark.parametrize("source", [STRANGER, "127.0.0.1", "::1", STRANGER_6])
def test_nobody_but_a_balancer_says_how_the_client_came(
    server: Machine, source: str, word: str
) -> None:
    address = ADDRESS if source == STRANGER else source
    said = [
        Said(request(f"{word}: http", host=domain), PORT[domain], source, address)
        for domain in ("a.com", "b.com", "c.com")
    ]
    assert [statuses(answer) for answer in heard(server, *said)] == [[200]] * 3


# --- port 80 ---------------------------------------------------------------------------------

NAMES = ("a.com", "www.a.com", "b.com", "www.b.com", "c.com", "d.com")
HOSTS = (
    "evil.com", "a.com.evil.com", "evil.com:80", "a.com@evil.com", "evil.com#a.com",
    "a.com,evil.com",
    "evil.com/a.com", "a.com\\evil.com", "evil.com%00a.com", "[::1]", "[::1]:80", ADDRESS, "",
    "a.com:x", "a.com:99999", "a.com:-1", ".a.com", "a..com", "a.com..", "-", "*", "_",
    "a.com evil.com", "a.com\tevil.com", "ä.com", "portico.invalid", "localhost", "%61.com",
    "A.COM", "a.com.", "a.com:8080",
)  # fmt: skip
TARGETS = (
    "//evil.com", "///evil.com", "/\\evil.com", "\\\\evil.com", "/%2f%2fevil.com", "/%5cevil.com",
    "/.evil.com", "/@evil.com", "@evil.com", ":80@evil.com", "/..//evil.com", "/%2e%2e//evil.com",
    "/%0d%0aSet-Cookie:%20x=1", "/\rX: 1", "/%00", "/?//evil.com", "/?\\evil.com", "?@evil.com",
    "/#@evil.com", "http://evil.com/", "https://evil.com/", "HTTP://EVIL.COM/",
    "http://a.com@evil.com/", "http://evil.com@a.com/", "http://a.com:80@evil.com/",
    "http://a.com\\@evil.com/", "http://a.com:8080/x", "http://a.com%2eevil.com/",
    "http:///evil.com/", "http:/evil.com", "http:evil.com", "ftp://a.com/", "javascript:alert(1)",
    "data:text/html,x", "*", "evil.com:443", "http://[::1]/", "http://b.com/x", "/\x7f", "/\xe4",
    "/<script>", "/%", "/%zz", "/" + "x" * 9000,
)  # fmt: skip


def locations(answer: str) -> list[str]:
    return re.findall(r"^location: *([^\r\n]*)", answer, re.IGNORECASE | re.MULTILINE)


def test_port_80_leads_to_known_names_alone(server: Machine) -> None:
    said = [
        *(request(host=host) for host in HOSTS),
        *(request(line=f"GET {target} HTTP/1.1") for target in TARGETS),
        *(request(host="evil.com", line=f"GET {target} HTTP/1.1") for target in TARGETS),
        *(f"GET {target} HTTP/1.0\r\n\r\n" for target in TARGETS),
        *(request("Host: evil.com"), request("Host: a.com", host="evil.com")),
        request("X-Forwarded-Host: evil.com", "X-Forwarded-Port: 1", "Forwarded: host=evil.com"),
        *(request(line=f"{method} //evil.com HTTP/1.1") for method in ("POST", "HEAD", "OPTIONS")),
        request(line="CONNECT evil.com:443 HTTP/1.1", host="evil.com:443"),
    ]
    led = 0
    for asked, answer in zip(said, heard(server, *map(Said, said)), strict=True):
        assert len(statuses(answer)) == 1, (asked, answer)
        assert statuses(answer)[0] in {301, 400, 404, 405, 414}, (asked, answer)
        assert "\r\nx: 1" not in answer.lower()
        assert "\r\nset-cookie" not in answer.lower()
        for location in locations(answer):
            led += 1
            assert re.match(r"https://[a-z.]+/", location), (asked, location)
            assert location.split("/")[2] in NAMES, (asked, location)
            assert "a.com" in asked.lower() or "b.com" in asked.lower()
        assert (statuses(answer)[0] == 301) is (len(locations(answer)) == 1)
    assert led > 20


# --- one request, one answer -----------------------------------------------------------------

SECOND = "GET /second HTTP/1.1\r\nHost: a.com\r\nConnection: close\r\n\r\n"
CHUNKED = "Transfer-Encoding: chunked"
REFUSED_FRAMES = {
    "two lengths": ("Content-Length: 0", f"Content-Length: {len(SECOND)}"),
    "a list of lengths": (f"Content-Length: 0, {len(SECOND)}",),
    "a signed length": (f"Content-Length: +{len(SECOND)}",),
    "a negative length": ("Content-Length: -1",),
    "a length in hex": ("Content-Length: 0x0",),
    "a length with more": ("Content-Length: 0 x",),
    "an endless length": (f"Content-Length: {'9' * 40}",),
    "an unknown coding": ("Transfer-Encoding: xchunked",),
    "a coding after chunked": ("Transfer-Encoding: chunked, identity",),
    "chunked and a mark": ("Transfer-Encoding: chunked\x0b",),
    "white space before the colon": ("Transfer-Encoding : chunked", "Content-Length: 0"),
    "a line feed alone": (f"X: 1\nContent-Length: {len(SECOND)}",),
    "a carriage return within": (f"X: 1\rContent-Length: {len(SECOND)}",),
    "a nul": ("X: 1\x00",),
    "a name of two words": ("Content Length: 0",),
    "no name": (": 1",),
    "no colon": ("nothing",),
    "a quoted name": ('"Content-Length": 0',),
}


@pytest.mark.parametrize("port", [80, 443])
def test_an_ambiguous_frame_is_refused_and_ends_the_connection(server: Machine, port: int) -> None:
    said = [
        Said("\r\n".join(("POST / HTTP/1.1", "Host: a.com", *headers, "", SECOND)), port)
        for headers in REFUSED_FRAMES.values()
    ]
    answers = heard(server, *said)
    got = {name: statuses(a) for name, a in zip(REFUSED_FRAMES, answers, strict=True)}
    assert {name: each for name, each in got.items() if each not in ([400], [413], [501])} == {}


@pytest.mark.parametrize("port", [80, 443])
@pytest.mark.parametrize(
    "headers",
    [
        ("Content-Length: 4", CHUNKED),
        (CHUNKED, "Content-Length: 4"),
        (CHUNKED, "Content-Length: 0"),
        ("Transfer-Encoding: Chunked", "Content-Length: 4"),
    ],
)
def test_a_length_beside_chunks_is_dropped_and_nothing_follows(
    server: Machine, port: int, headers: tuple[str, ...]
) -> None:
    """RFC 9112, 6.1: the connection ends after the answer."""
    said = "\r\n".join(("POST / HTTP/1.1", "Host: a.com", *headers, "", f"0\r\n\r\n{SECOND}"))
    assert len(statuses(heard(server, Said(said, port))[0])) == 1


def test_an_application_gets_no_ambiguous_frame(server: Machine) -> None:
    frames = f"Content-Length: 4\r\n{CHUNKED}\r\n\r\n2\r\nab\r\n0\r\n\r\n"
    said = f"POST /app HTTP/1.1\r\nHost: a.com\r\n{frames}"
    (answer,) = heard(server, Said(said, 443))
    told = [name.lower() for name, _ in json.loads(answer.partition("\r\n\r\n")[2])]
    assert told.count("content-length") + told.count("transfer-encoding") == 1


@pytest.mark.parametrize("port", [80, 443])
def test_requests_are_http_1_by_the_letter(server: Machine, port: int) -> None:
    lines = {
        "GET /": [400],
        "GET / HTTP/0.9": [400],
        "GET /  HTTP/1.1": [400],
        "GET\t/ HTTP/1.1": [400],
        " GET / HTTP/1.1": [400],
        "GET / HTTP/1.1 ": [400],
        "GET / HTTP/1.x": [400],
        "GET / http/1.1": [400],
        "G@T / HTTP/1.1": [400],
        "GET / x HTTP/1.1": [400],
        "PRI * HTTP/2.0": [400],
    }
    said = [Said(f"{line}\r\nHost: a.com\r\n\r\n", port) for line in lines]
    answers = heard(server, *said)
    got = {line: statuses(answer) for line, answer in zip(lines, answers, strict=True)}
    assert {line: each for line, each in got.items() if each != lines[line]} == {}
    assert not any("site a" in answer for answer in answers)
