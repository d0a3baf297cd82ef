"""Which zone each name lies in: public, private, elsewhere, another account's."""

from pathlib import Path

from modules.plan import Plan
from modules.plan.records import Zone
from tests.plan.plans import plan_of

ROLE = "arn:aws:iam::210987654321:role/dns"


def zones_of(plan: Plan) -> dict[str, str]:
    return {record.name: record.zone for site in plan.sites for record in site.alias_records}


def test_a_zone_is_found_by_the_public_suffix_list(tmp_path: Path) -> None:
    plan = plan_of("sites:\n  www.shop.co.uk:\n    aliases: [shop.com, a.b.shop.com]\n", tmp_path)
    assert zones_of(plan) == {
        "www.shop.co.uk": "shop.co.uk",
        "shop.com": "shop.com",
        "a.b.shop.com": "shop.com",
    }


def test_a_named_zone_holds_for_names_in_it(tmp_path: Path) -> None:
    text = "sites:\n  a.eu.shop.com:\n    zone: eu.shop.com\n    aliases: [a.shop.com]\n"
    assert zones_of(plan_of(text, tmp_path)) == {
        "a.eu.shop.com": "eu.shop.com",
        "a.shop.com": "shop.com",
    }


def test_a_zone_is_created_once_for_all_names_in_it(tmp_path: Path) -> None:
    text = "defaults: {document_root: /srv, zone: create}\nsites:\n  a.shop.com:\n  b.shop.com:\n"
    (zone,) = plan_of(text, tmp_path).zones
    assert (zone.name, zone.create) == ("shop.com", True)


def test_a_zone_id_is_used_as_it_is(tmp_path: Path) -> None:
    text = "sites:\n  a.shop.com:\n    zone: Z0123456789ABCDEFGHIJ\n"
    (zone,) = plan_of(text, tmp_path).zones
    assert (zone.key, zone.name) == ("Z0123456789ABCDEFGHIJ", "shop.com")


# --- validation ------------------------------------------------------------------------------


def validated(plan: Plan) -> dict[str, str]:
    return {record.name: record.zone for record in plan.validation_records}


def test_a_certificate_is_validated_where_its_names_lie(tmp_path: Path) -> None:
    text = "sites:\n  a.eu.shop.com:\n    zone: eu.shop.com\n    aliases: [a.shop.com, b.org]\n"
    plan = plan_of(text, tmp_path)
    assert validated(plan) == zones_of(plan)


def test_a_wildcard_is_validated_in_the_innermost_zone_around_it(tmp_path: Path) -> None:
    plan = plan_of(
        "certificates:\n  wild: {acm: {names: [shop.com, '*.eu.shop.com', '*.x.shop.com', "
        "'*.de.eu.shop.com']}}\n"
        "sites:\n  shop.com: {certificate: {use: wild}}\n"
        "  a.eu.shop.com: {zone: eu.shop.com, certificate: {use: wild}}\n",
        tmp_path,
    )
    assert validated(plan) == {
        "shop.com": "shop.com",
        "eu.shop.com": "eu.shop.com",
        "x.shop.com": "shop.com",
        "de.eu.shop.com": "eu.shop.com",
    }


def test_a_name_is_validated_in_the_zone_of_its_own_site(tmp_path: Path) -> None:
    plan = plan_of(
        "certificates:\n  both: {acm: {names: [shop.com, b.shop.com]}}\n"
        "sites:\n  shop.com: {certificate: {use: both}, zone: Z0123456789A}\n"
        "  b.shop.com: {certificate: {use: both}, zone: Z0123456789B}\n",
        tmp_path,
    )
    assert validated(plan) == {"shop.com": "Z0123456789A", "b.shop.com": "Z0123456789B"}


def test_names_of_another_site_keep_the_zone_of_a_name(tmp_path: Path) -> None:
    wild = "certificates:\n  wild: {acm: {names: ['*.shop.com']}}\n"
    one = "  a.shop.com: {certificate: {use: wild}, zone: create}\n"
    other = "  shop.com: {zone: create}\n"
    before = plan_of(f"{wild}sites:\n{one}{other}", tmp_path)
    after = plan_of(f"{wild}sites:\n{one}", tmp_path)
    assert validated(before)["shop.com"] == validated(after)["shop.com"] == "shop.com"
    assert before.zones == after.zones == (Zone("shop.com", create=True),)


# --- private, elsewhere, another account -----------------------------------------------------


def test_names_in_a_private_zone_are_validated_in_the_public_one(tmp_path: Path) -> None:
    plan = plan_of("sites:\n  a.shop.com: {internal: true, private_zone: true}\n", tmp_path)
    assert zones_of(plan) == {"a.shop.com": "shop.com (private)"}
    assert validated(plan) == {"a.shop.com": "shop.com"}
    assert plan.zones == (Zone("shop.com"), Zone("shop.com", private=True))


def test_a_private_zone_can_be_created_beside_a_public_one(tmp_path: Path) -> None:
    text = "sites:\n  a.shop.com: {internal: true, private_zone: true, zone: create}\n"
    assert plan_of(text, tmp_path).zones == (
        Zone("shop.com"),
        Zone("shop.com", create=True, private=True),
    )


def test_dns_elsewhere_has_no_record(tmp_path: Path) -> None:
    acm = "{acm: {validation: manual}}"
    plan = plan_of(f"sites:\n  a.com: {{zone: external, certificate: {acm}}}\n  b.org:\n", tmp_path)
    assert zones_of(plan) == {"b.org": "b.org"}
    assert [zone.name for zone in plan.zones] == ["b.org"]


def test_a_role_reaches_all_zones_of_its_name(tmp_path: Path) -> None:
    plan = plan_of(
        f"zones:\n  shop.com: {{role: '{ROLE}'}}\n"
        "sites:\n  shop.com:\n  b.org: {aliases: [b.shop.com]}\n",
        tmp_path,
    )
    assert plan.zones == (Zone("b.org"), Zone("shop.com", role=ROLE))
