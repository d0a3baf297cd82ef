"""DNS is judged against what the file says of a name; real answers are in `test_answers.py`."""

from pathlib import Path

import pytest

from modules.plan import Plan
from modules.verify.answers import Answer
from modules.verify.checks import Check, Finding, Unknown
from modules.verify.client import Observation
from modules.verify.judging import Terms, judge, visit
from tests.sandbox import fleets

A, AAAA = ("127.64.1.2", "127.64.1.3"), ("::ffff:127.64.1.2",)


def answer(server: str = "ns-1", a: tuple[str, ...] = A, aaaa: tuple[str, ...] = ()) -> Answer:
    return Answer(server, {"A": a, "AAAA": aaaa})


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return fleets.plan(tmp_path, fleets.site("a.com", "aliases: [www.a.com]"))


def found(plan: Plan, seen: Observation, domain: Observation | None = None) -> dict[Check, Finding]:
    return dict(judge(plan, plan.sites[0], seen, domain or seen, Terms()))


def answered(plan: Plan, *answers: Answer) -> Finding:
    seen = Observation("www.a.com", A, (), (), answers=answers)
    return found(plan, seen)[Check.NAME_SERVERS]


def test_an_aaaa_record_that_the_file_does_not_have_is_told(plan: Plan) -> None:
    assert visit(plan.sites[0], "a.com").absent == ("AAAA",)
    seen = Observation("a.com", A, (), (), strays=("2001:db8::1",))
    assert found(plan, seen)[Check.DNS] == "AAAA 2001:db8::1, where the file has none"


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ((answer(), answer("ns-2")), None),
        ((answer(), answer("ns-2", a=A[1:])), None),
        ((answer(), Answer("ns-2", {}, silence="no answer")), None),
        ((answer(), answer("ns-2", a=("127.64.9.9",))), "A differs: ns-1 127.64.1.2, 127.64.1.3"),
        ((answer(), answer("ns-2", a=())), "ns-2 has no A"),
        ((answer(), answer("ns-2", aaaa=AAAA)), "ns-2 has AAAA ::ffff:127.64.1.2, where"),
        ((answer(), Answer("ns-2", {}, refusal="REFUSED")), "ns-2 answers REFUSED"),
    ],
)
def test_every_name_server_that_can_be_asked_says_the_same(
    plan: Plan, answers: tuple[Answer, ...], reason: str | None
) -> None:
    finding = answered(plan, *answers)
    assert finding is None if reason is None else str(finding).startswith(reason)


def test_name_servers_out_of_reach_are_no_failure(plan: Plan) -> None:
    assert answered(plan) == Unknown("none is known")
    silent = Answer("ns-1", {}, silence="no answer")
    assert answered(plan, silent) == Unknown("none can be asked from here: ns-1 (no answer)")


def test_long_answers_may_be_two_choices_out_of_more(plan: Plan) -> None:
    one, other = (tuple(f"127.64.{block}.{host}" for host in range(8)) for block in (1, 2))
    assert answered(plan, answer(a=one), answer("ns-2", a=other)) is None


def test_ipv6_is_awaited_where_the_file_has_it(tmp_path: Path) -> None:
    plan = fleets.plan(tmp_path, fleets.site("a.com", "aliases: [www.a.com]", "ipv6: true"))
    wanted = visit(plan.sites[0], "a.com")
    assert (wanted.types, wanted.absent) == (("A", "AAAA"), ())
    assert answered(plan, answer(aaaa=AAAA)) is None
    assert answered(plan, answer()) == "ns-1 has no AAAA"


def test_ipv6_is_awaited_where_dns_is_elsewhere_too(tmp_path: Path) -> None:
    settings = ("zone: external", f"certificate: {{arn: '{fleets.ARN.format(1)}'}}")
    external = fleets.site("a.com", *settings, "ipv6: true") + fleets.site("b.com", *settings)
    six, four = fleets.plan(tmp_path, external).sites
    assert (visit(six, "a.com").types, visit(six, "a.com").absent) == (("A", "AAAA"), ())
    assert (visit(four, "b.com").types, visit(four, "b.com").absent) == (("A",), ())


def test_all_names_of_a_site_lead_to_the_same_addresses(plan: Plan) -> None:
    domain = Observation("a.com", A, (), ())
    for addresses, reason in ((A[:1], None), (("127.64.9.9",), "127.64.9.9, but a.com has ")):
        finding = found(plan, Observation("www.a.com", addresses, (), ()), domain)[Check.ADDRESSES]
        assert finding is None if reason is None else str(finding).startswith(reason)


def test_while_a_site_moves_names_may_lead_to_either_balancer(tmp_path: Path) -> None:
    setting = "successor: {load_balancer: network, weight: 50}"
    plan = fleets.plan(tmp_path, fleets.site("a.com", "aliases: [www.a.com]", setting))
    alias = Observation("www.a.com", ("127.64.9.9",), (), ())
    assert found(plan, alias, Observation("a.com", A, (), ()))[Check.ADDRESSES] is None
    assert answered(plan, answer(), answer("ns-2", a=("127.64.9.9",))) is None


def test_dns_that_is_made_elsewhere_is_judged_by_its_addresses_alone(tmp_path: Path) -> None:
    setting = "zone: external"
    certificate = f"certificate: {{arn: '{fleets.ARN.format(1)}'}}"
    plan = fleets.plan(tmp_path, fleets.site("a.com", "aliases: [www.a.com]", setting, certificate))
    assert visit(plan.sites[0], "a.com").absent == ()
    elsewhere = Observation("www.a.com", ("127.64.9.9",), (), ())
    assert found(plan, elsewhere, Observation("a.com", A, (), ())) == {Check.DNS: None}


def test_the_name_servers_of_a_private_zone_are_not_asked(tmp_path: Path) -> None:
    settings = ("internal: true", "private_zone: true")
    certificate = f"certificate: {{arn: '{fleets.ARN.format(1)}'}}"
    plan = fleets.plan(tmp_path, fleets.site("a.com", *settings, certificate))
    seen = Observation("a.com", A, (), ())
    assert found(plan, seen) == {Check.DNS: None, Check.ADDRESSES: None}
