"""The certificates that a server makes for the way between its balancers and Apache."""

import pytest

from modules.plan.records import HEALTH_PATH
from tests.apache.releases import THREE, render
from tests.apache.server import ADDRESS, Machine
from tests.apache.watching import fourth, live

pytestmark = pytest.mark.sandbox

CLASSIC = THREE.replace("/site_b}", "/site_b, load_balancer: classic}")

# Of what a classic balancer offers to its instances, the suites without elliptic curves:
# https://github.com/concourse/concourse/issues/2223
ON_CURVES, WITHOUT_CURVES = "ECDHE-ECDSA-AES128-GCM-SHA256", "DHE-RSA-AES128-GCM-SHA256"


def spoken(machine: Machine, port: int) -> tuple[bool, bool]:
    """Whether clients of TLS 1.2 with only one of the two suites get an answer."""
    url = f"https://{ADDRESS}:{port}{HEALTH_PATH}"
    options = ("--silent", "--insecure", "--tls-max", "1.2", "--ciphers")
    on, without = (
        machine.run("curl", *options, cipher, url, check=False)
        for cipher in (ON_CURVES, WITHOUT_CURVES)
    )
    assert {on.returncode, without.returncode} <= {0, 35}, (on, without)
    return (on.returncode == 0, without.returncode == 0)


def test_a_classic_balancers_site_has_a_key_that_it_can_speak_to(distribution: Machine) -> None:
    assert render(THREE).activate(distribution).returncode == 0
    assert spoken(distribution, 8443) == (True, False)
    classic = render(CLASSIC).later()
    assert classic.activate(distribution).returncode == 0
    assert live(distribution, classic)
    assert spoken(distribution, 443) == (True, False)
    assert spoken(distribution, 8443) == (False, True)


def test_a_certificate_that_is_about_to_end_is_renewed_with_its_key(distribution: Machine) -> None:
    assert render(THREE).activate(distribution).returncode == 0
    folder = distribution.path("/etc/portico/tls/ec/domain-a.com")
    key, certificate = ((folder / f"{name}.pem").read_bytes() for name in ("key", "certificate"))
    distribution.run("touch", "-d", "3600 days ago", "/etc/portico/tls/ec/domain-a.com/sums")
    done = fourth("").activate(distribution)
    assert done.returncode == 0, done.stdout
    assert "Apache of domain-a.com (1 of 2)" in done.stdout
    assert (folder / "key.pem").read_bytes() == key
    assert (folder / "certificate.pem").read_bytes() != certificate
    assert distribution.run("ls", "/etc/portico/tls/ec").stdout.split() == [
        *("domain-a.com", "domain-b.com", "domain-c.com", "domain-d.com"),
    ]
    again = fourth("# once more\n").activate(distribution)
    assert (again.returncode, "making the certificate between" in again.stdout) == (0, False)


def test_certificates_are_counted(distribution: Machine) -> None:
    done = render(THREE).activate(distribution)
    assert "between balancer and Apache of domain-b.com (2 of 3)" in done.stdout
