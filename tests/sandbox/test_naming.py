from sandbox import naming
from sandbox.emulator.balancers import Balancer
from sandbox.emulator.records import Record

LOOPBACK = {"a.elb.amazonaws.com": "127.64.1.2", "b.elb.amazonaws.com": "127.64.1.3"}


def balancer(dns_name: str, *, ipv6: bool) -> Balancer:
    return Balancer("name", dns_name, ipv6, (), (), 60, ())


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
