"""Each check fails when it should; what a client sees for real is in `test_client.py`."""

from dataclasses import replace
from pathlib import Path

import pytest

from modules.plan import Plan
from modules.plan.records import Site
from modules.verify.checks import Check, Unknown
from modules.verify.client import PROBE, Observation, Page, Redirect, Sight, Visit
from modules.verify.handshakes import Certificate
from modules.verify.judging import Terms, judge, visit
from modules.verify.scanning import Offer
from tests.sandbox import fleets

NEWEST = frozenset({"TLS_AES_128_GCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256"})
STRICT = frozenset({"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"})
CBC = frozenset({"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256", "TLS_RSA_WITH_AES_256_GCM_SHA384"})
WEAK = frozenset({"TLS_RSA_WITH_AES_128_CBC_SHA"})
TODAY = {"TLSv1.2": STRICT, "TLSv1.3": NEWEST}
OLD = {"TLSv1": WEAK, "TLSv1.1": WEAK, **TODAY}

GOOD = Sight(
    address="127.64.1.2",
    version="TLSv1.3",
    certificates=(Certificate(("a.com", "www.a.com"), "CN=issuer", "f1", 100, 1),) * 3,
    page=Page(200, ("a.com",), "web-1"),
    redirect=Redirect(301, "https://www.a.com:443/portico?probe=1"),
    offer=Offer(TODAY),
    release="0123456789ab",
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
    return failing(plan, site, seen)


IN_SANDBOX = Terms(days=21, pages_tell=True)


def failing(
    plan: Plan,
    site: Site,
    seen: Observation,
    *,
    terms: Terms = IN_SANDBOX,
) -> dict[Check, str]:
    found = judge(plan, site, seen, seen, terms)
    return {check: reason for check, reason in found.items() if isinstance(reason, str)}


def offered(suites: dict[str, frozenset[str]], sight: Sight = GOOD) -> Sight:
    return replace(sight, offer=Offer(suites))


def shown(**changes: object) -> Sight:
    certificate = replace(GOOD.certificates[0], **changes)  # type: ignore[arg-type]
    return replace(GOOD, certificates=(certificate,) * 3)


def test_what_is_right_passes(plan: Plan) -> None:
    assert failures(plan, GOOD) == {}


def test_a_wildcard_covers_one_label(tmp_path: Path) -> None:
    setting = "certificate: {acm: {names: ['*.a.com', a.com]}}"
    plan = fleets.plan(tmp_path, fleets.site("a.com", "aliases: [www.a.com]", setting))
    assert failures(plan, shown(names=("*.a.com", "a.com"))) == {}
    assert Check.NAMES in failures(plan, shown(names=("*.com",)))


@pytest.mark.parametrize(
    ("check", "sight"),
    [
        (Check.CONNECTION, Sight("127.64.1.2", "Connection refused", redirect=GOOD.redirect)),
        (Check.CHAIN, replace(GOOD, distrust="self-signed certificate")),
        (Check.VALIDITY, shown(days_left=-1)),
        (Check.VALIDITY, shown(days_left=20)),
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
        (Check.TLS, offered({"TLSv1.1": STRICT, **TODAY})),
        (Check.TLS, offered({"SSLv2": frozenset(), **TODAY})),
        (Check.TLS, offered({**TODAY, "TLSv1.2": STRICT | CBC})),
        (Check.RELEASE, replace(GOOD, release=None)),
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


def test_a_certificate_for_other_names_is_not_the_sites(plan: Plan) -> None:
    assert list(failures(plan, shown(names=("other.com",)))) == [Check.NAMES, Check.OWN]


def test_a_name_without_an_address_fails_the_dns_check(plan: Plan) -> None:
    site = plan.sites[0]
    for seen in (
        Observation("a.com", (), (), ()),
        Observation("a.com", ("127.64.1.2",), ("AAAA: no answer",), ()),
    ):
        assert list(failing(plan, site, seen)) == [Check.DNS]


def test_a_modern_site_refuses_tls_1_2(plan: Plan) -> None:
    modern = replace(
        GOOD,
        certificates=(Certificate(("b.com",), "CN=issuer", "f3", 100, 1),),
        page=Page(200, ("b.com",), "web-1"),
        redirect=Redirect(308, "https://b.com/portico?probe=1"),
        offer=Offer({"TLSv1.3": NEWEST}),
    )
    assert failures(plan, modern, domain="b.com") == {}
    for sight in (replace(modern, version="TLSv1.2"), offered(TODAY, modern)):
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
        return list(failing(plan, site, seen, terms=Terms()))

    assert [judged(status) for status in (200, 302, 401, 404)] == [[]] * 4
    assert [judged(status) for status in (421, 500, 503)] == [[Check.STATUS]] * 3


# --- what sites can say --------------------------------------------------------------------------


def test_an_old_site_takes_tls_1_0_and_1_1_and_no_ssl(tmp_path: Path) -> None:
    plan = fleets.plan(tmp_path, fleets.site("a.com", "aliases: [www.a.com]", "tls: old"))
    assert failures(plan, offered(OLD)) == {}
    for suites in (
        TODAY,
        {"TLSv1.1": WEAK, **TODAY},
        {"TLSv1": WEAK, **TODAY},
        {"SSLv3": WEAK, **OLD},
        {**OLD, "TLSv1": frozenset({"TLS_RSA_WITH_RC4_128_SHA"})},
    ):
        assert list(failures(plan, offered(suites))) == [Check.TLS]


def test_what_a_classic_balancers_only_policy_adds_is_let_pass(tmp_path: Path) -> None:
    setting = "load_balancer: classic"
    plan = fleets.plan(tmp_path, fleets.site("a.com", "aliases: [www.a.com]", setting))
    sight = replace(GOOD, version="TLSv1.2")
    assert failures(plan, offered({"TLSv1.2": STRICT | CBC}, sight)) == {}
    assert list(failures(plan, offered({"TLSv1.2": CBC | WEAK}, sight))) == [Check.TLS]


def test_what_sslyze_could_not_scan_is_unknown(plan: Plan) -> None:
    seen = Observation("a.com", ("127.64.1.2",), (), (replace(GOOD, offer="timed out"),))
    found = judge(plan, plan.sites[0], seen, seen, IN_SANDBOX)[Check.TLS]
    assert found == Unknown("sslyze failed: timed out")


def test_the_release_that_answers_is_live_on_a_server(plan: Plan) -> None:
    seen = Observation("a.com", ("127.64.1.2",), (), (GOOD,))
    redirected = replace(
        seen, sights=(replace(GOOD, redirect=Redirect(301, f"https://a.com{PROBE}")),)
    )
    live = replace(IN_SANDBOX, releases={"0123456789ab"})
    assert failing(plan, plan.sites[0], redirected, terms=live) == {}
    other = replace(IN_SANDBOX, releases={"ba9876543210"})
    assert list(failing(plan, plan.sites[0], redirected, terms=other)) == [Check.RELEASE]


def test_hsts_is_awaited_where_it_is_promised(tmp_path: Path) -> None:
    setting = "hsts: {max_age: 600, include_subdomains: true}"
    plan = fleets.plan(tmp_path, fleets.site("a.com", "aliases: [www.a.com]", setting))
    page = Page(200, ("a.com",), "web-1", hsts="max-age=600; includeSubDomains")
    assert failures(plan, replace(GOOD, page=page)) == {}
    for hsts in (None, "max-age=600"):
        found = failures(plan, replace(GOOD, page=replace(page, hsts=hsts)))
        assert list(found) == [Check.HSTS]


def test_an_alias_leads_to_the_domain_where_that_is_canonical(tmp_path: Path) -> None:
    plan = fleets.plan(tmp_path, fleets.site("a.com", "aliases: [www.a.com]", "canonical: true"))
    site = plan.sites[0]
    assert [visit(site, name).path for name in site.names] == ["/", PROBE]
    at_once = Redirect(301, f"https://a.com{PROBE}")
    page = Page(301, (), None, f"https://a.com{PROBE}")
    for redirect in (GOOD.redirect, at_once):
        assert failures(plan, replace(GOOD, page=page, redirect=redirect)) == {}
    for wrong in (
        replace(page, location="https://a.com/"),
        replace(page, location=f"https://www.a.com{PROBE}"),
        replace(page, status=302),
        Page(200, ("a.com",), "web-1"),
    ):
        assert list(failures(plan, replace(GOOD, page=wrong))) == [Check.CANONICAL]


SHARED = "load_balancer: shared"


@pytest.fixture
def shared(tmp_path: Path) -> Plan:
    moving = "successor: {load_balancer: application, weight: 50}"
    return fleets.plan(
        tmp_path,
        fleets.site("a.com", "aliases: [www.a.com]", SHARED)
        + fleets.site("b.com", SHARED)
        + fleets.site("c.com", SHARED, moving)
        + fleets.site("d.com"),
    )


def of(domain: str) -> Certificate:
    return Certificate((domain,), "CN=issuer", domain, 100, 1)


def met(domain: str, default: Certificate | str | None) -> Sight:
    return replace(
        GOOD,
        certificates=(of(domain),),
        page=Page(200, (domain,), "web-1"),
        redirect=Redirect(301, f"https://{domain}{PROBE}"),
        nameless=default,
    )


def test_sni_is_sent_where_a_site_needs_it(shared: Plan) -> None:
    assert [visit(site, site.domain).sni for site in shared.sites] == [True, True, True, False]
    assert visit(shared.sites[3], "d.com") == Visit(absent=("AAAA",))


def test_without_sni_a_shared_balancer_shows_its_default_certificate(shared: Plan) -> None:
    default = replace(of("a.com"), names=("a.com", "www.a.com"))
    assert shared.shared_balancers[0].default == "a.com"
    assert failures(shared, met("b.com", default), domain="b.com") == {}
    for wrong in (of("b.com"), of("d.com"), "Connection refused"):
        assert list(failures(shared, met("b.com", wrong), domain="b.com")) == [Check.DEFAULT]


def test_a_site_that_moves_has_two_certificates_without_sni(shared: Plan) -> None:
    default = replace(of("a.com"), names=("a.com", "www.a.com"))
    for right in (default, of("c.com")):
        assert failures(shared, met("c.com", right), domain="c.com") == {}
    assert list(failures(shared, met("c.com", of("b.com")), domain="c.com")) == [Check.DEFAULT]


def test_every_address_counts(plan: Plan) -> None:
    other = replace(GOOD, address="127.64.1.3", page=Page(503, (), None))
    site = plan.sites[0]
    seen = Observation("www.a.com", ("127.64.1.2", "127.64.1.3"), (), (GOOD, other))
    assert set(failing(plan, site, seen)) == {Check.STATUS, Check.DOCUMENT_ROOT}
    assert all("127.64.1.3" in reason for reason in failing(plan, site, seen).values())


def test_a_certificate_of_the_fleets_own_may_list_another_sites_domain(tmp_path: Path) -> None:
    setting = "certificate: {acm: {names: [a.com, www.a.com, b.com]}}"
    plan = fleets.plan(
        tmp_path, fleets.site("a.com", "aliases: [www.a.com]", setting) + fleets.site("b.com")
    )
    assert failures(plan, shown(names=("a.com", "www.a.com", "b.com"))) == {}
    assert list(failures(plan, shown(names=("a.com", "www.a.com")))) == [Check.OWN]


def test_an_address_that_this_machine_has_no_way_to_is_unknown(plan: Plan) -> None:
    away = Sight("2001:db8::1", "Network is unreachable", out_of_reach=True)
    site = plan.sites[0]
    seen = Observation("www.a.com", ("127.64.1.2", "2001:db8::1"), (), (GOOD, away))
    found = judge(plan, site, seen, seen, IN_SANDBOX)
    assert found[Check.CONNECTION] == Unknown("Network is unreachable (at 2001:db8::1)")
    assert [check for check, reason in found.items() if isinstance(reason, str)] == []
