"""Each check fails when it should; what a client sees for real is in `test_client.py`."""

from dataclasses import replace
from pathlib import Path

import pytest

from modules.plan import Plan
from sandbox.client import Certificate, Observation, Page, Redirect, Sight
from sandbox.verifier import Check, judge
from tests.sandbox import fleets

GOOD = Sight(
    address="127.64.1.2",
    version="TLSv1.3",
    certificates=(Certificate(("a.com", "www.a.com"), "CN=issuer", "f1", 100, 1),) * 3,
    page=Page(200, ("a.com",), "web-1"),
    redirect=Redirect(301, "https://www.a.com:443/portico?probe=1"),
)


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return fleets.plan(
        tmp_path, fleets.site("a.com", "aliases: [www.a.com]") + fleets.site("b.com", "tls: modern")
    )


def failures(plan: Plan, sight: Sight, *, domain: str = "a.com") -> dict[Check, str]:
    site = next(site for site in plan.sites if site.domain == domain)
    name = site.names[-1]
    seen = Observation(name, (sight.address,), (), (sight,))
    return judge(site, plan.sites, seen, pages_tell=True)


def shown(**changes: object) -> Sight:
    certificate = replace(GOOD.certificates[0], **changes)  # type: ignore[arg-type]
    return replace(GOOD, certificates=(certificate,) * 3)


def test_what_is_right_passes(plan: Plan) -> None:
    assert failures(plan, GOOD) == {}


def test_a_wildcard_covers_one_label(plan: Plan) -> None:
    assert failures(plan, shown(names=("*.a.com",))) == {}
    assert Check.NAMES in failures(plan, shown(names=("*.com",)))


@pytest.mark.parametrize(
    ("check", "sight"),
    [
        (Check.CONNECTION, Sight("127.64.1.2", "Connection refused", redirect=GOOD.redirect)),
        (Check.CHAIN, replace(GOOD, distrust="self-signed certificate")),
        (Check.NAMES, shown(names=("other.com",))),
        (Check.VALIDITY, shown(days_left=-1)),
        (Check.VALIDITY, shown(days_old=-1)),
        (Check.OWN, shown(names=("www.a.com", "b.com"))),
        (
            Check.OWN,
            replace(
                GOOD,
                certificates=(*GOOD.certificates, replace(GOOD.certificates[0], fingerprint="f2")),
            ),
        ),
        (Check.TLS, replace(GOOD, version="TLSv1.1")),
        (Check.TLS, replace(GOOD, old_version="TLSv1.1")),
        (Check.STATUS, replace(GOOD, page=Page(503, ("a.com",), None))),
        (Check.STATUS, replace(GOOD, page=Page(421, ("a.com",), None))),
        (Check.STATUS, replace(GOOD, page="timed out")),
        (Check.DOCUMENT_ROOT, replace(GOOD, page=Page(200, ("b.com",), "web-1"))),
        (Check.DOCUMENT_ROOT, replace(GOOD, page=Page(200, (), None))),
        (Check.REDIRECT, replace(GOOD, redirect=Redirect(200, None))),
        (Check.REDIRECT, replace(GOOD, redirect=Redirect(302, "https://www.a.com/"))),
        (Check.REDIRECT, replace(GOOD, redirect=Redirect(301, "https://www.a.com/"))),
        (Check.REDIRECT, replace(GOOD, redirect=Redirect(301, "https://evil.com/portico?probe=1"))),
        (Check.REDIRECT, replace(GOOD, redirect=Redirect(301, "http://www.a.com/portico?probe=1"))),
        (Check.REDIRECT, replace(GOOD, redirect="Connection refused")),
    ],
)
def test_a_check_alone_fails(plan: Plan, check: Check, sight: Sight) -> None:
    found = failures(plan, sight)
    assert list(found) == [check]
    assert "127.64.1.2" in found[check]


def test_a_name_without_an_address_fails_the_dns_check(plan: Plan) -> None:
    site = plan.sites[0]
    for seen in (
        Observation("a.com", (), (), ()),
        Observation("a.com", ("127.64.1.2",), ("AAAA: no answer",), ()),
    ):
        assert list(judge(site, plan.sites, seen, pages_tell=True)) == [Check.DNS]


def test_a_modern_site_refuses_tls_1_2(plan: Plan) -> None:
    modern = replace(
        GOOD,
        certificates=(Certificate(("b.com",), "CN=issuer", "f3", 100, 1),),
        page=Page(200, ("b.com",), "web-1"),
        redirect=Redirect(308, "https://b.com/portico?probe=1"),
    )
    assert failures(plan, modern, domain="b.com") == {}
    for sight in (replace(modern, version="TLSv1.2"), replace(modern, old_version="TLSv1.2")):
        assert list(failures(plan, sight, domain="b.com")) == [Check.TLS]


def test_two_sites_may_share_a_certificate_that_the_file_names_for_both(tmp_path: Path) -> None:
    setting = f"certificate: {{arn: '{fleets.ARN.format(1)}'}}"
    plan = fleets.plan(tmp_path, fleets.site("a.com", setting) + fleets.site("b.com", setting))
    certificate = Certificate(("a.com", "b.com"), "CN=issuer", "f4", 100, 1)
    sight = replace(
        GOOD,
        certificates=(certificate,),
        redirect=Redirect(301, "https://a.com/portico?probe=1"),
    )
    assert failures(plan, sight) == {}


def test_on_a_real_fleet_a_page_may_be_anything_but_an_error_of_the_servers(plan: Plan) -> None:
    site = plan.sites[0]

    def judged(status: int) -> list[Check]:
        sight = replace(GOOD, page=Page(status, (), None))
        seen = Observation("www.a.com", (sight.address,), (), (sight,))
        return list(judge(site, plan.sites, seen, pages_tell=False))

    assert [judged(status) for status in (200, 302, 401, 404)] == [[]] * 4
    assert [judged(status) for status in (421, 500, 503)] == [[Check.STATUS]] * 3
