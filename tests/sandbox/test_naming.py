from dataclasses import replace

from sandbox import naming
from sandbox.emulator.balancers import Balancer
from sandbox.emulator.records import Record

A, B = "a.elb.amazonaws.com", "b.elb.amazonaws.com"
LOOPBACK = {A: "127.64.1.2", B: "127.64.1.3"}


def balancer(dns_name: str, *, ipv6: bool) -> Balancer:
    return Balancer(dns_name[0], dns_name, ipv6, (), (), 60, ())


BALANCERS = (
    balancer("a.elb.amazonaws.com", ipv6=False),
    balancer("b.elb.amazonaws.com", ipv6=True),
)


def alias(name: str, kind: str, target: str) -> Record:
    return Record(name, kind, (), target)


def hosts(*records: Record) -> list[str]:
    return naming.answers(records, BALANCERS, LOOPBACK).hosts.splitlines()


def test_an_alias_answers_with_its_balancers_address() -> None:
    assert hosts(alias("a.com", "A", "a.elb.amazonaws.com")) == ["127.64.1.2 a.com"]


def test_an_ipv6_alias_answers_only_where_the_balancer_has_ipv6() -> None:
    assert hosts(
        alias("a.com", "AAAA", "a.elb.amazonaws.com"),
        alias("b.com", "AAAA", "b.elb.amazonaws.com"),
    ) == ["::ffff:127.64.1.3 b.com"]


def test_an_alias_at_a_record_of_the_zone_answers_as_that_one_does() -> None:
    found = hosts(alias("a.com", "A", "_portico.a.com"), alias("_portico.a.com", "A", A))
    assert found == ["127.64.1.2 _portico.a.com", "127.64.1.2 a.com"]
    assert hosts(alias("a.com", "A", "b.com"), alias("b.com", "A", "a.com")) == []


def test_a_weighted_name_answers_with_every_address_that_has_weight() -> None:
    def weighted(target: str, weight: int) -> Record:
        return replace(alias("a.com", "A", target), weight=weight)

    assert hosts(weighted(A, 90), weighted(B, 10)) == ["127.64.1.2 a.com", "127.64.1.3 a.com"]
    assert hosts(weighted(A, 0), weighted(B, 100)) == ["127.64.1.3 a.com"]
    assert hosts(weighted(A, 0), weighted(B, 0)) == ["127.64.1.2 a.com", "127.64.1.3 a.com"]


def test_a_private_zone_answers_before_a_public_one() -> None:
    inside = replace(alias("a.com", "A", B), private=True)
    assert hosts(alias("a.com", "A", A), inside) == ["127.64.1.3 a.com"]
    assert hosts(inside) == ["127.64.1.3 a.com"]


def test_dns_that_lives_elsewhere_leads_to_the_balancers() -> None:
    found = naming.answers((), BALANCERS, LOOPBACK, {"x.com": ("a", "gone"), "y.com": ("a", "b")})
    assert found.hosts.splitlines() == ["127.64.1.2 x.com", "127.64.1.2 y.com", "127.64.1.3 y.com"]


def test_an_alias_at_a_balancer_that_is_gone_answers_nothing() -> None:
    assert hosts(alias("a.com", "A", "gone.elb.amazonaws.com")) == []


def test_other_records_are_answered_in_wire_form() -> None:
    records = (
        Record("_x.a.com", "CNAME", ("_y.acm-validations.aws.",), None),
        Record("a.com", "TXT", ('"v=spf1 -all"',), None),
        Record("a.com", "MX", ("10 mail.a.com",), None),
        Record("a.com", "NS", ("ns-1.awsdns-01.org",), None),
        Record("h.a.com", "A", ("192.0.2.1", "192.0.2.2"), None),
    )
    answers = naming.answers(records, BALANCERS, LOOPBACK)
    assert answers.hosts == "192.0.2.1 h.a.com\n192.0.2.2 h.a.com\n"
    assert answers.others == (
        "_x.a.com,5,025f790f61636d2d76616c69646174696f6e730361777300",
        "a.com,15,000a046d61696c016103636f6d00",
        "a.com,16,0b763d73706631202d616c6c",
    )
