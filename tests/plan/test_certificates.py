"""Certificates of all sources, what replaces them, and the balancers that this replaces."""

from pathlib import Path

from modules.fleet.model import PemFacts
from modules.plan import Plan, make_plan
from modules.plan.names import CERTIFICATE_NAME_LIMIT
from modules.plan.records import (
    Alarms,
    ExistingCertificate,
    RequestedCertificate,
    UploadedCertificate,
    ValidationRecord,
)
from tests.plan.plans import facts, fleet_of, plan_of, site_of, with_pem

ARN = "arn:aws:acm:eu-west-1:123456789012:certificate/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
IAM_ARN = "arn:aws:iam::123456789012:server-certificate/old"


def requested(text: str, folder: Path) -> RequestedCertificate:
    certificate = site_of(text, folder).certificate
    assert isinstance(certificate, RequestedCertificate)
    return certificate


def uploaded(service: str, found: PemFacts, folder: Path, domain: str = "a.com") -> Plan:
    text = f"sites:\n  {domain}: {{certificate: {{arn: '{ARN}'}}}}\n"
    return make_plan(with_pem(fleet_of(text, folder), domain, service, found))


def the_uploaded(plan: Plan) -> UploadedCertificate:
    (certificate,) = plan.certificates
    assert isinstance(certificate, UploadedCertificate)
    return certificate


# --- sources ---------------------------------------------------------------------------------


def test_acm_is_asked_for_the_names_of_the_site(tmp_path: Path) -> None:
    certificate = requested("{aliases: [www.a.com, b.a.com]}", tmp_path)
    assert (certificate.key, certificate.names) == ("a.com", ("a.com", "b.a.com", "www.a.com"))
    assert certificate.validated == ("a.com", "b.a.com", "www.a.com")
    assert (certificate.key_algorithm, certificate.manual, certificate.wait) == (None, False, True)


def test_acm_is_asked_for_names_that_the_file_gives(tmp_path: Path) -> None:
    text = "{{certificate: {{acm: {{names: [{}], key_algorithm: EC_prime256v1}}}}}}"
    certificate = requested(text.format("a.com, '*.a.com', '*.b.a.com'"), tmp_path)
    assert certificate.names == ("a.com", "*.a.com", "*.b.a.com")
    assert certificate.validated == ("a.com", "b.a.com")
    assert certificate.key_algorithm == "EC_prime256v1"
    assert requested(text.format("a.com, '*.b.a.com', '*.a.com'"), tmp_path) == certificate


def test_acms_default_algorithm_is_said_by_saying_nothing(tmp_path: Path) -> None:
    assert requested("{certificate: {acm: {key_algorithm: RSA_2048}}}", tmp_path) == requested(
        "{certificate: acm}", tmp_path
    )


def test_manual_validation_makes_no_record(tmp_path: Path) -> None:
    acm = "{acm: {validation: manual, wait: false}}"
    text = f"sites:\n  a.com: {{zone: external, certificate: {acm}}}\n"
    plan = plan_of(text, tmp_path)
    (certificate,) = plan.certificates
    assert isinstance(certificate, RequestedCertificate)
    assert (certificate.manual, certificate.wait, certificate.validated) == (True, False, ())
    assert (plan.validation_records, plan.zones) == ((), ())


def test_existing_certificates_are_not_made(tmp_path: Path) -> None:
    plan = plan_of(f"sites:\n  a.com: {{certificate: {{arn: '{ARN}'}}}}\n", tmp_path)
    assert plan.sites[0].certificate == ExistingCertificate(ARN)
    assert plan.certificates == ()


def test_pem_files_are_named_and_never_read(tmp_path: Path) -> None:
    for service in ("acm", "iam"):
        certificate = the_uploaded(uploaded(service, facts(), tmp_path))
        assert (certificate.key, certificate.service) == ("a.com", service)
        assert (certificate.certificate, certificate.private_key) == ("a.crt", "a.key")
        assert certificate.fingerprint == "abababababab"


def test_a_certificate_that_sites_share_is_made_once(tmp_path: Path) -> None:
    plan = plan_of(
        "certificates:\n  wild: {acm: {names: [a.com, '*.a.com']}}\n"
        "sites:\n  a.com: {certificate: {use: wild}}\n  b.a.com: {certificate: {use: wild}}\n",
        tmp_path,
    )
    (certificate,) = plan.certificates
    assert isinstance(certificate, RequestedCertificate)
    assert (certificate.key, certificate.validated) == ("wild", ("a.com",))
    assert certificate.tags == {"portico:fleet": "shop"}
    assert [site.certificate for site in plan.sites] == [certificate, certificate]


def test_a_name_of_two_certificates_has_one_record(tmp_path: Path) -> None:
    plan = plan_of(
        "certificates:\n  wild: {acm: {names: ['*.a.com']}}\n"
        "sites:\n  a.com:\n  b.a.com: {certificate: {use: wild}}\n",
        tmp_path,
    )
    assert plan.validation_records == (ValidationRecord("a.com", "a.com", "a.com"),)


def test_only_acm_counts_the_days_of_a_certificate(tmp_path: Path) -> None:
    def days(certificate: str) -> int | None:
        site = site_of(
            "{alarms: {topic: 'arn:aws:sns:eu-west-1:123456789012:ops'}, "
            f"certificate: {certificate}}}",
            tmp_path,
        )
        assert isinstance(site.alarms, Alarms)
        return site.alarms.certificate_days

    assert days("acm") == 21
    assert days(f"{{arn: '{ARN}'}}") == 21
    assert days(f"{{arn: '{IAM_ARN}'}}") is None


# --- replacement -----------------------------------------------------------------------------


def test_iam_names_change_with_what_iam_cannot_exchange(tmp_path: Path) -> None:
    def name(found: PemFacts, domain: str = "a.com") -> str:
        return the_uploaded(uploaded("iam", found, tmp_path, domain)).name

    names = [name(facts()), name(facts(fingerprint="11")), name(facts(chain="11"))]
    # Both are `b-c-com` in letters that IAM and people read alike.
    names += [name(facts(), "b.c.com"), name(facts(), "b-c.com")]
    assert len(set(names)) == len(names)
    assert name(facts()) == names[0]
    assert "abababababab" in names[0]


def test_iam_names_fit(tmp_path: Path) -> None:
    domain = f"{'a' * 60}.{'b' * 60}.{'c' * 60}.com"
    name = the_uploaded(uploaded("iam", facts(), tmp_path, domain)).name
    assert len(name) <= CERTIFICATE_NAME_LIMIT


def classic(text: str, folder: Path, more: str = "") -> str:
    """Name of the classic balancer of a.com."""
    (site, *_) = plan_of(
        f"{more}sites:\n  a.com: {{load_balancer: classic, {text}}}\n", folder
    ).sites
    return site.balancer.name


def test_a_classic_balancer_is_replaced_with_its_certificate(tmp_path: Path) -> None:
    wild = "certificates:\n  wild: {acm: {names: [a.com]}}\n"
    names = [
        classic("", tmp_path),
        classic("aliases: [www.a.com]", tmp_path),
        classic(f"certificate: {{arn: '{ARN}'}}", tmp_path),
        classic(f"certificate: {{arn: '{IAM_ARN}'}}", tmp_path),
        # The same names, on another resource.
        classic("certificate: {use: wild}", tmp_path, wild),
    ]
    assert len(set(names)) == len(names)


def test_a_classic_balancer_outlives_what_its_certificate_outlives(tmp_path: Path) -> None:
    names = "certificate: {{acm: {{names: [{}]}}}}"
    assert classic(names.format("a.com, b.a.com, c.a.com"), tmp_path) == classic(
        names.format("a.com, c.a.com, b.a.com"), tmp_path
    )
    assert classic("", tmp_path) == classic(
        "certificate: {acm: {key_algorithm: RSA_2048}}", tmp_path
    )
    assert classic("", tmp_path) == classic("tags: {a: b}", tmp_path)


def test_a_classic_balancer_is_replaced_with_its_pem(tmp_path: Path) -> None:
    def name(service: str, found: PemFacts) -> str:
        fleet = fleet_of("sites:\n  a.com: {load_balancer: classic}\n", tmp_path)
        return make_plan(with_pem(fleet, "a.com", service, found)).sites[0].balancer.name

    names = [name("acm", facts()), name("iam", facts())]
    names += [name("acm", facts(fingerprint="11")), name("iam", facts(fingerprint="11"))]
    # ACM exchanges a chain in place, IAM can't.
    names += [name("iam", facts(chain="11"))]
    assert len(set(names)) == len(names)
    assert name("acm", facts(chain="11")) == names[0]


def test_no_other_balancer_is_replaced_with_its_certificate(tmp_path: Path) -> None:
    for kind in ("application", "network"):
        before = site_of(f"{{load_balancer: {kind}}}", tmp_path)
        after = site_of(f"{{load_balancer: {kind}, aliases: [www.a.com]}}", tmp_path)
        assert before.balancer.name == after.balancer.name
