"""What real name servers say is heard: those of a zone, one by one."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from threading import Thread

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest

from modules.verify.answers import Answer, View, authorities
from tests.verify.nameserver import serving

pytestmark = pytest.mark.sandbox

BLOCK = f"127.62.{os.getpid() >> 8 & 255}"
RESOLVER, FIRST, SECOND, SILENT = (f"{BLOCK}.{host}" for host in (10, 11, 12, 13))

PORT = 5399
"""Not 53: a resolver on the machine may hold that on every address."""

Records = Mapping[tuple[str, str], Sequence[str]]

ZONE: Records = {("a.com.", "SOA"): ["ns-1.a.com. mail.a.com. 1 1 1 1 1"]}
SERVED: Records = {**ZONE, ("www.a.com.", "A"): ["192.0.2.1", "192.0.2.2"]}
TYPES = {"www.a.com": ("A", "AAAA")}


def delegated(*servers: str) -> Records:
    """Return what a resolver knows of a zone with these addresses of name servers."""
    named = {f"ns-{number}.a.com.": each for number, each in enumerate(servers, 1)}
    return {
        **ZONE,
        ("a.com.", "NS"): list(named),
        **{(name, "A"): [address] for name, address in named.items() if address},
    }


def test_each_name_server_of_the_zone_is_asked() -> None:
    other: Records = {**SERVED, ("www.a.com.", "AAAA"): ["2001:db8::1"]}
    with answering(
        {RESOLVER: delegated(FIRST, SECOND, ""), FIRST: SERVED, SECOND: other}
    ) as resolver:
        found = authorities(TYPES, View(resolver, port=PORT))
    a = ("192.0.2.1", "192.0.2.2")
    assert found == {
        "www.a.com": (
            Answer("ns-1.a.com", {"A": a, "AAAA": ()}),
            Answer("ns-2.a.com", {"A": a, "AAAA": ("2001:db8::1",)}),
            Answer("ns-3.a.com", {}, silence="it has no address"),
        )
    }


def test_who_refuses_and_who_is_silent_are_told_apart() -> None:
    with answering({RESOLVER: delegated(FIRST, SILENT), FIRST: {}}) as resolver:
        first, second = authorities(TYPES, View(resolver, port=PORT))["www.a.com"]
    assert first == Answer("ns-1.a.com", {}, refusal="REFUSED")
    assert second.silence
    assert second.refusal is None


def test_one_that_cuts_a_long_answer_and_the_connection_for_the_whole_of_it_is_silent() -> None:
    def cut(query: dns.message.Message) -> dns.message.Message:
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.TC
        return reply

    with serving(cut, FIRST, PORT) as server, socket.create_server(server) as listener:

        def hang_up() -> None:
            with listener.accept()[0] as client:
                client.recv(4096)

        thread = Thread(target=hang_up)
        thread.start()
        (found,) = authorities(TYPES, View(authorities=(server,)))["www.a.com"]
        thread.join()
    assert found.silence == "EOF"


def test_a_name_of_no_zone_has_no_answers() -> None:
    with answering({RESOLVER: {}}) as resolver:
        assert authorities({"www.b.com": ("A",)}, View(resolver, port=PORT)) == {}


def test_others_may_stand_for_all_name_servers() -> None:
    with answering({FIRST: SERVED}) as server:
        found = authorities(TYPES, View(authorities=(server,)))
    assert [each.server for each in found["www.a.com"]] == [FIRST]


@contextmanager
def answering(records: Mapping[str, Records]) -> Iterator[tuple[str, int]]:
    """Serve each address's records; a name outside of their zone is refused."""
    with ExitStack() as stack:
        for address, served in records.items():
            stack.enter_context(serving(partial(_reply, served), address, PORT))
        yield next(iter(records)), PORT


def _reply(records: Records, query: dns.message.Message) -> dns.message.Message:
    reply = dns.message.make_response(query)
    question = query.question[0]
    name, kind = question.name.to_text(), dns.rdatatype.to_text(question.rdtype)
    if not records or not name.endswith("a.com."):
        reply.set_rcode(dns.rcode.REFUSED)
    elif found := records.get((name, kind)):
        reply.answer.append(dns.rrset.from_text(name, 1, "IN", kind, *found))
    elif name not in {known for known, _ in records}:
        reply.set_rcode(dns.rcode.NXDOMAIN)
    return reply
