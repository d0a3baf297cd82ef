"""What a site can ask of real Apache at its door: HSTS, one canonical name, redirects."""

import pytest

from modules.plan.records import HEALTH_PATH
from tests.apache import doors
from tests.apache.releases import render
from tests.apache.server import ADDRESS, BALANCER, Machine
from tests.apache.watching import REFUSED, reason

pytestmark = pytest.mark.sandbox

# --- HSTS ------------------------------------------------------------------------------------

A_YEAR = "max-age=31536000"


def hsts(server: Machine, url: str, *options: str, source: str = ADDRESS) -> tuple[int, list[str]]:
    """Return the status, and each Strict-Transport-Security header."""
    answer = server.run(
        *("curl", "-sk", "--http1.1", "-o", "/dev/null", "-D", "-", "--max-time", "10"),
        *("--connect-to", f"::{ADDRESS}:", "--interface", source, *options, url),
    )
    first, *lines = answer.stdout.splitlines()
    found = [line for line in lines if line.lower().startswith("strict-transport-security:")]
    return int(first.split()[1]), [line.split(": ")[1] for line in found]


@pytest.mark.parametrize(
    ("path", "options", "status"),
    [
        ("/", (), 200),
        ("/nothing", (), 404),
        ("/folder", (), 301),
        ("/", ("-H", "Host: www.b.com"), 301),
        ("/", ("-H", "Host: a/b"), 400),
        ("/", ("-X", "TRACE"), 405),
        ("/proxied", (), 503),
        (f"/{'x' * 9000}", (), 414),
    ],
)
def test_hsts_stands_once_on_every_answer_over_tls(
    server: Machine, path: str, options: tuple[str, ...], status: int
) -> None:
    assert hsts(server, f"https://b.com:8443{path}", *options) == (status, [A_YEAR])


def test_hsts_stands_nowhere_else(server: Machine) -> None:
    assert hsts(server, f"https://b.com:8443{HEALTH_PATH}") == (200, [])
    assert hsts(server, "https://a.com:443/") == (200, [])
    assert hsts(server, "http://b.com/") == (301, [])
    assert hsts(server, "http://b.com:8443/") == (400, [])
    by_http = ("-H", "X-Forwarded-Proto: http")
    assert hsts(server, "https://b.com:8443/", *by_http, source=BALANCER) == (301, [])


# --- the canonical name ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "host", ["www.a.com", "old.a.com", "WWW.A.COM", "www.a.com:443", "www.a.com."]
)
def test_aliases_are_sent_to_the_domain(server: Machine, host: str) -> None:
    for path in ("/", "/a//b?c=%20", "/%3Fx?y", "//evil.com/%2e", "/forbidden", "/elsewhere"):
        answer = server.get(f"https://{ADDRESS}:443{path}", "--path-as-is", "-H", f"Host: {host}")
        assert (answer.status, answer.headers["location"]) == (301, f"https://a.com{path}")
    proxied = server.get(f"https://{ADDRESS}:443/proxied", "-H", f"Host: {host}")
    assert proxied.headers["location"] == "https://a.com/proxied"


@pytest.mark.parametrize(
    "options",
    [
        ("-H", "Host: a.com"),
        ("-H", "Host: A.com.:443"),
        ("-H", "Host: evil.com"),
        ("-H", "Host: www.a.com.evil.com"),
        ("-H", "Host: wwwxa.com"),
        ("-H", f"Host: {ADDRESS}:443"),
        ("-H", "Host:", "--http1.0", "--no-alpn"),
    ],
)
def test_every_other_name_gets_the_site_itself(server: Machine, options: tuple[str, ...]) -> None:
    answer = server.get(f"https://{ADDRESS}:443/", *options)
    assert (answer.status, answer.body) == (200, "site a\n")


def test_a_name_in_the_request_line_is_an_aliass_too(server: Machine) -> None:
    asked = ("--request-target", "https://www.a.com/x?y")
    answer = server.get(f"https://{ADDRESS}:443/", *asked, "-H", "Host: www.a.com")
    assert (answer.status, answer.headers["location"]) == (301, "https://a.com/x?y")


def test_an_alias_is_sent_to_the_domain_over_http_2(server: Machine) -> None:
    found = server.run(
        *("curl", "-sk", "--http2", "-o", "/dev/null", "--connect-to", f"::{ADDRESS}:443"),
        *("-w", "%{http_version} %{redirect_url}", "https://www.a.com/x"),
    )
    assert found.stdout == "2 https://a.com/x"


def test_with_hsts_an_alias_is_first_sent_to_its_own_https(server: Machine) -> None:
    """A browser must learn the promise of the name that it asked for."""
    for url, by_http in (
        ("http://{}/x?y", ()),
        ("https://{}:443/x?y", ("-H", "X-Forwarded-Proto: http")),
    ):
        answer = server.get(url.format("www.a.com"), *by_http, source=BALANCER)
        assert answer.headers["location"] == "https://a.com/x?y"
    for url, by_http in (
        ("http://{}/x?y", ()),
        ("https://{}:8443/x?y", ("-H", "X-Forwarded-Proto: http")),
    ):
        answer = server.get(url.format("www.b.com"), *by_http, source=BALANCER)
        assert answer.headers["location"] == "https://www.b.com/x?y"
    assert server.get("https://www.b.com:8443/x?y").headers["location"] == "https://b.com/x?y"
    assert server.get("http://old.a.com/").headers["location"] == "https://a.com/"
    assert server.get("http://a.com/").headers["location"] == "https://a.com/"
    assert server.get("http://xold.a.com/").status == 404


def test_a_health_check_of_the_sites_own_is_not_sent_away(server: Machine) -> None:
    for options in (("-H", f"Host: {ADDRESS}:8443"), ("-H", "Host:", "--http1.0", "--no-alpn")):
        answer = server.get(
            f"https://{ADDRESS}:8443/folder/index.html",
            *("-A", "ELB-HealthChecker/2.0", *options),
            source=BALANCER,
        )
        assert (answer.status, answer.body) == (200, "folder of b\n")


def test_health_has_no_canonical_name(server: Machine) -> None:
    for domain, port in doors.PORT.items():
        if domain != "d.com":
            url = f"https://{ADDRESS}:{port}{HEALTH_PATH}"
            answer = server.get(url, "-H", f"Host: www.{domain}")
            assert (answer.status, answer.body) == (200, f"{doors.release().id}\n")


def test_switched_off_redirects_are_refused(serving: Machine) -> None:
    fleet = "sites: {domain-a.com: {document_root: /var/www/site_a, extra_config: a.conf}}\n"
    done = render(fleet, (("a.conf", "RewriteEngine off\n"),)).later().activate(serving)
    assert (done.returncode, "answers 404" in reason(done)) == (REFUSED, True), done.stdout
