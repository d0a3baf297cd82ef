"""Sites that only who is in the VPC can see: what is known of them there, and elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dns.message
import dns.rdatatype
import dns.rrset
import pytest

from modules.fleet import LockMode, load_fleet
from modules.plan import Plan, make_plan
from modules.plan.records import Site
from modules.verify.answers import View
from modules.verify.checks import Check, Unknown
from modules.verify.client import Observation, Sight
from modules.verify.judging import is_hidden, judge_hidden
from modules.verify.verifier import Result, Verification, Wish, verify
from tests.verify.nameserver import serving

EXAMPLE = Path(__file__).parents[2] / "examples/internal/fleet.yaml"
WIKI, VAULT, PUBLIC = "wiki.example-corp.com", "vault.example-corp.com", "example-corp.com"
SILENT = Sight("10.0.0.5", "timed out", redirect="timed out", silent=True)
REFUSED = Sight("10.0.0.5", "Connection refused", redirect="timed out")


@pytest.fixture(scope="module")
def plan() -> Plan:
    return make_plan(load_fleet(EXAMPLE, LockMode.READ))


def site(plan: Plan, domain: str) -> Site:
    return next(each for each in plan.sites if each.domain == domain)


def seen(*sights: Sight, trouble: tuple[str, ...] = ()) -> Observation:
    return Observation(WIKI, tuple(each.address for each in sights), trouble, sights)


@pytest.mark.parametrize(
    ("observation", "hidden"),
    [
        (seen(SILENT), True),
        (seen(trouble=("A: no such name",)), True),
        (seen(REFUSED), False),
        (seen(SILENT, REFUSED), False),
    ],
)
def test_only_silence_hides_a_name(plan: Plan, observation: Observation, hidden: bool) -> None:  # noqa: FBT001
    assert is_hidden(plan, site(plan, WIKI), observation) is hidden
    assert not is_hidden(plan, site(plan, PUBLIC), observation)


def test_what_is_hidden_is_unknown(plan: Plan) -> None:
    wiki = site(plan, WIKI)
    unanswered = seen(trouble=("A: no such name",))
    assert judge_hidden(plan, wiki, unanswered, unanswered) == {
        Check.DNS: Unknown("A: no such name")
    }
    found = judge_hidden(plan, wiki, seen(SILENT), seen(SILENT))
    assert found[Check.CONNECTION] == Unknown("timed out (at 10.0.0.5)")
    assert Verification((Result(wiki, seen(SILENT), found, out_of_sight=True),)).unknowns == (
        f"{WIKI}: connection: timed out (at 10.0.0.5)",
    )


def test_public_dns_of_an_internal_balancer_is_judged_from_everywhere(tmp_path: Path) -> None:
    file = tmp_path / "fleet.yaml"
    text = EXAMPLE.read_text().replace("private_zone: true", "private_zone: false")
    file.write_text(text.replace("\n    private_zone: false", ""))
    plan = make_plan(load_fleet(file))
    unanswered = seen(trouble=("A: no such name",))
    assert is_hidden(plan, site(plan, WIKI), unanswered)
    found = judge_hidden(plan, site(plan, WIKI), unanswered, unanswered)
    assert found[Check.DNS] == "A: no such name"
    assert isinstance(found[Check.NAME_SERVERS], Unknown)


@pytest.fixture
def refusing() -> Iterator[View]:
    """A name server for which every name has an address where nobody listens."""

    def reply(query: dns.message.Message) -> dns.message.Message:
        made = dns.message.make_response(query)
        question = query.question[0]
        if dns.rdatatype.to_text(question.rdtype) == "A":
            made.answer.append(dns.rrset.from_text(question.name, 1, "IN", "A", "127.61.0.1"))
        return made

    with serving(reply) as address:
        yield View(address, authorities=(address,))


def test_who_is_there_is_told_of_an_internal_site_that_is_down(plan: Plan, refusing: View) -> None:
    found = {each.name: each for each in verify(plan, refusing, Wish()).results}
    assert found.keys() == {WIKI, VAULT, PUBLIC, f"www.{PUBLIC}"}
    assert "refused" in found[WIKI].failures[Check.CONNECTION]
    assert not found[WIKI].out_of_sight
    left = verify(plan, refusing, Wish(internal=False)).results
    assert {each.name for each in left} == {PUBLIC, f"www.{PUBLIC}"}


def test_a_name_that_dns_hides_fails_where_it_is_demanded(plan: Plan) -> None:
    with serving(dns.message.make_response) as address:
        view = View(address, authorities=(address,))
        wiki = next(each for each in verify(plan, view, Wish()).results if each.name == WIKI)
        every = verify(plan, view, Wish(internal=True)).results
    demanded = next(each for each in every if each.name == WIKI)
    assert (wiki.name, wiki.out_of_sight, wiki.failures) == (WIKI, True, {})
    assert isinstance(wiki.findings[Check.DNS], Unknown)
    assert (demanded.out_of_sight, list(demanded.failures)) == (False, [Check.DNS])
