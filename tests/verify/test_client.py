"""What the client sees of real TLS and DNS servers, each wrong in its own way."""

from __future__ import annotations

import datetime as dt
import os
import socket
import ssl
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import dns.message
import dns.rdatatype
import dns.rrset
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtensionOID, NameOID

from modules.verify.answers import View
from modules.verify.checks import Check
from modules.verify.client import PROBE, Observation, Page, Redirect, Visit, observe
from modules.verify.judging import Terms, judge
from modules.verify.scanning import Offer, scan
from sandbox import authority
from tests.sandbox import fleets
from tests.verify import nameserver

pytestmark = pytest.mark.sandbox

ADDRESS = f"127.63.{os.getpid() >> 8 & 255}.{os.getpid() & 255}"
"""Ports 80 and 443 of an address that is nobody else's."""

PAGE = (
    b'<meta name="portico-sites" content="a.com b.com"><meta name="portico-server" content="web-1">'
)
PLAIN = Visit()
OK = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(PAGE), PAGE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("authority")
    authority.create(folder)
    return folder


@dataclass
class Front:
    """A server of one certificate on port 443; it keeps the names that clients indicate."""

    pem: bytes
    newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3
    oldest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2
    indicated: list[str | None] = field(default_factory=list)
    without_sni: Front | None = None
    """Whose certificate a client gets that indicates no name."""
    answer: bytes = OK
    requests: list[bytes] = field(default_factory=list)


def issued(folder: Path, *names: str, age: int = 0, days: int = 90) -> bytes:
    """Return a certificate with chain and key, made `age` days ago for `days` days."""
    start = dt.datetime.now(dt.UTC) - dt.timedelta(days=age, hours=1)
    made = authority.load(folder).issue(names, start=start, validity=dt.timedelta(days=days))
    return made.bundle


def see(
    folder: Path, front: Front | None, visit: Visit = PLAIN, *, on_80: bytes = b""
) -> Observation:
    """Observe a.com while the servers serve."""
    with ExitStack() as stack:
        if front:
            stack.enter_context(serving(443, front.answer, context(front, folder), front.requests))
        if on_80:
            stack.enter_context(serving(80, on_80, None, []))
        dns_at = stack.enter_context(answering())
        view = View(dns_at, authority.root_file(folder).read_text())
        return observe("a.com", view, visit)


def test_a_good_site_is_seen_whole_and_no_name_is_indicated(folder: Path) -> None:
    front = Front(issued(folder, "a.com", "www.a.com"))
    location = f"https://a.com{PROBE}"
    moved = f"HTTP/1.1 301 Moved\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
    seen = see(folder, front, on_80=moved.encode())
    assert (seen.addresses, seen.trouble) == ((ADDRESS,), ())
    sight = seen.sights[0]
    assert (sight.version, sight.distrust, sight.nameless) == ("TLSv1.3", None, None)
    assert sight.page == Page(200, ("a.com", "b.com"), "web-1")
    assert sight.redirect == Redirect(301, location)
    assert {certificate.names for certificate in sight.certificates} == {("a.com", "www.a.com")}
    assert len(sight.certificates) == 3
    assert set(front.indicated) == {None}


def test_an_expired_certificate_is_distrusted_and_read_all_the_same(folder: Path) -> None:
    sight = see(folder, Front(issued(folder, "a.com", age=30, days=20))).sights[0]
    assert sight.distrust == "certificate has expired"
    assert -11 < sight.certificates[0].days_left < -9
    assert isinstance(sight.page, Page)


def test_a_certificate_of_the_future_is_seen(folder: Path) -> None:
    sight = see(folder, Front(issued(folder, "a.com", age=-5))).sights[0]
    assert sight.distrust == "certificate is not yet valid"
    assert sight.certificates[0].days_old < 0


def test_an_unknown_issuer_is_distrusted(folder: Path, tmp_path: Path) -> None:
    authority.create(tmp_path)
    sight = see(folder, Front(issued(tmp_path, "a.com"))).sights[0]
    assert sight.distrust is not None
    assert "certificate" in sight.distrust


def test_a_missing_chain_is_distrusted(folder: Path) -> None:
    made = authority.load(folder).issue(["a.com"])
    sight = see(folder, Front(made.certificate + made.key)).sights[0]
    assert sight.distrust == "unable to get local issuer certificate"


def test_the_name_is_indicated_where_it_must_be_and_left_out_once(folder: Path) -> None:
    front, default = Front(issued(folder, "a.com")), Front(issued(folder, "default.com"))
    front.without_sni = default
    sight = see(folder, front, Visit(sni=True)).sights[0]
    assert {certificate.names for certificate in sight.certificates} == {("a.com",)}
    assert not isinstance(sight.nameless, str)
    assert sight.nameless is not None
    assert sight.nameless.names == ("default.com",)
    assert isinstance(sight.page, Page)
    assert front.indicated.count(None) == 1
    assert set(front.indicated) == {None, "a.com"}


def test_the_release_that_answers_is_seen(folder: Path) -> None:
    front = Front(issued(folder, "a.com"))
    assert see(folder, front).sights[0].release is None
    front.answer = OK.replace(b"\r\n", b"\r\nPortico-Release: 0123456789ab\r\n", 1)
    assert see(folder, front).sights[0].release == "0123456789ab"
    assert front.requests[-2].startswith(b"GET /.well-known/portico/health HTTP/1.1")


def test_sslyze_finds_what_a_server_offers(folder: Path) -> None:
    """Beside today's versions it knows those that OpenSSL no longer speaks."""
    old = Front(issued(folder, "a.com"), oldest=ssl.TLSVersion.TLSv1)
    with serving(443, OK, context(old, folder), []):
        offer = scan({ADDRESS: "a.com"})[ADDRESS]
    assert isinstance(offer, Offer)
    assert set(offer.suites) == {"TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"}
    assert "TLS_AES_128_GCM_SHA256" in offer.suites["TLSv1.3"]
    assert "TLS_RSA_WITH_AES_128_CBC_SHA" in offer.suites["TLSv1"]


def test_what_sslyze_cannot_scan_is_told() -> None:
    assert scan({}) == {}
    reason = scan({ADDRESS: "a.com"})[ADDRESS]
    assert isinstance(reason, str)
    assert "rejected the connection" in reason


def test_another_path_is_asked_and_its_headers_are_kept(folder: Path) -> None:
    front = Front(issued(folder, "a.com"))
    front.answer = (
        b"HTTP/1.1 301 Moved\r\nLocation: https://b.com/\r\n"
        b"Strict-Transport-Security: max-age=1\r\nContent-Length: 0\r\n\r\n"
    )
    sight = see(folder, front, Visit(path=PROBE)).sights[0]
    assert sight.page == Page(301, (), None, "https://b.com/", "max-age=1")
    assert front.requests[-1].startswith(f"GET {PROBE} HTTP/1.1".encode())


def test_roots_of_the_machine_are_trusted_too(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority.create(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.root_file(tmp_path)))
    assert see(folder, Front(issued(tmp_path, "a.com"))).sights[0].distrust is None
    assert see(folder, Front(issued(folder, "a.com"))).sights[0].distrust is None


def test_nobody_at_the_address_is_seen(folder: Path) -> None:
    sight = see(folder, None).sights[0]
    assert not sight.connected
    assert not sight.silent
    assert "refused" in sight.version
    assert "refused" in str(sight.redirect)


def test_silence_is_told_from_a_refusal(folder: Path) -> None:
    """A listener whose queue is full answers no more."""
    hasty = Visit(patience=0.5)
    with ExitStack() as stack:
        for port in (80, 443):
            listener = stack.enter_context(socket.create_server((ADDRESS, port), backlog=0))
            stack.enter_context(socket.create_connection(listener.getsockname()))
            assert _is_full(listener.getsockname())
        sight = see(folder, None, hasty).sights[0]
    assert (sight.silent, sight.out_of_reach, sight.version) == (True, False, "timed out")
    with (
        socket.create_server((ADDRESS, 443), backlog=0) as listener,
        socket.create_connection(listener.getsockname()),
    ):
        assert _is_full(listener.getsockname())
        sight = see(folder, None, hasty, on_80=OK).sights[0]
    assert (sight.silent, sight.version) == (False, "timed out")


def _is_full(address: tuple[str, int]) -> bool:
    try:
        socket.create_connection(address, 0.2).close()
    except TimeoutError:
        return True
    return False


def test_a_certificate_that_cannot_be_read_is_a_failed_connection(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a.com")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + dt.timedelta(days=9))
        .add_extension(
            x509.UnrecognizedExtension(
                ExtensionOID.SUBJECT_ALTERNATIVE_NAME, b"\x30\x03\x82\x01\xff"
            ),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    sight = see(folder, Front(pem)).sights[0]
    assert not sight.connected
    assert sight.version.startswith("ValueError: ")


@pytest.mark.parametrize(
    "answer",
    [
        b"\x00\xff\r\n\r\n",
        b"HTTP/1.1 301 Moved\r\nLocation: https://[/\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 301 Moved\r\nLocation: https://a.com:port/\xff\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b'HTTP/1.1 200 OK\r\n\r\n<meta name="portico-sites" content="\xff">',
        b"HTTP/1.1 200 OK\r\n" + b"a" * 70000,
    ],
)
def test_whatever_is_answered_is_seen_and_judged(
    folder: Path, tmp_path: Path, answer: bytes
) -> None:
    seen = see(folder, Front(issued(folder, "a.com"), answer=answer), on_80=answer)
    plan = fleets.plan(tmp_path, fleets.site("a.com"))
    found = judge(plan, plan.sites[0], seen, seen, Terms(pages_tell=True))
    assert isinstance(found[Check.REDIRECT], str)
    assert Check.CONNECTION in found


def test_a_name_that_dns_does_not_know_is_seen(folder: Path) -> None:
    with answering() as dns_at:
        seen = observe("unknown.com", View(dns_at), Visit(types=("A", "AAAA")))
    assert seen.addresses == ()
    assert len(seen.trouble) == 2
    assert folder.exists()


# --- servers -------------------------------------------------------------------------------------


def context(front: Front, folder: Path) -> ssl.SSLContext:
    pem = folder / "front.pem"
    pem.write_bytes(front.pem)
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(pem)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        made.minimum_version = front.oldest
    made.maximum_version = front.newest
    if front.oldest < ssl.TLSVersion.TLSv1_2:
        made.set_ciphers("DEFAULT:@SECLEVEL=0")
    other = context(front.without_sni, folder) if front.without_sni else None

    def choose(socket: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> None:
        front.indicated.append(name)
        if name is None and other:
            socket.context = other

    made.sni_callback = choose
    return made


@contextmanager
def serving(
    port: int, answer: bytes, tls: ssl.SSLContext | None, requests: list[bytes]
) -> Iterator[None]:
    listener = socket.create_server((ADDRESS, port))

    def serve() -> None:
        connection, _ = listener.accept()
        with suppress(OSError), tls.wrap_socket(connection, True) if tls else connection as client:  # noqa: FBT003
            if request := client.recv(4096):
                requests.append(request)
                client.sendall(answer)

    with _repeating(serve, listener):
        yield


def answering() -> AbstractContextManager[tuple[str, int]]:
    """Answer A queries for a.com with ADDRESS, and nothing else."""

    def reply(query: dns.message.Message) -> dns.message.Message:
        made = dns.message.make_response(query)
        question = query.question[0]
        if (question.name.to_text(), question.rdtype) == ("a.com.", dns.rdatatype.A):
            made.answer.append(dns.rrset.from_text("a.com.", 1, "IN", "A", ADDRESS))
        return made

    return nameserver.serving(reply, ADDRESS)


@contextmanager
def _repeating(serve: Callable[[], None], listener: socket.socket) -> Iterator[None]:
    """Serve in a thread until the end of the block."""
    stop = threading.Event()
    listener.settimeout(0.05)

    def run() -> None:
        while not stop.is_set():
            with suppress(TimeoutError):
                serve()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        listener.close()
