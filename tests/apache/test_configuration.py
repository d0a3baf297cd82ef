"""What the rendered configuration does in a real Apache."""

import subprocess
import sys

import pytest

from modules.plan.records import HEALTH_PATH
from tests.apache.releases import THREE, render
from tests.apache.server import ADDRESS, BALANCER, STRANGER, Machine
from tests.apache.watching import PROXY_MODULES

pytestmark = pytest.mark.sandbox

SITES = (("domain-a.com", 443, "a"), ("domain-b.com", 8443, "b"), ("domain-c.com", 8444, "c"))


@pytest.mark.parametrize(("domain", "port", "letter"), SITES)
def test_a_site_answers_on_its_own_port(
    serving: Machine, domain: str, port: int, letter: str
) -> None:
    answer = serving.get(f"https://{ADDRESS}:{port}/", "-H", f"Host: {domain}")
    assert (answer.status, answer.body) == (200, f"site {letter}\n")
    assert "portico-release" not in answer.headers
    assert "upgrade" not in answer.headers


@pytest.mark.parametrize(("domain", "port", "letter"), SITES)
def test_without_sni_each_port_has_its_own_certificate(
    serving: Machine, domain: str, port: int, letter: str
) -> None:
    del letter
    script = (
        f"openssl s_client -noservername -connect {ADDRESS}:{port} </dev/null 2>/dev/null |"
        "openssl x509 -noout -ext subjectAltName"
    )
    assert f"DNS:{domain}" in serving.run("sh", "-c", script).stdout


def test_a_folder_without_its_slash_shows_no_port(serving: Machine) -> None:
    for host in ("domain-a.com", "www.domain-a.com"):
        answer = serving.get(f"https://{ADDRESS}:443/folder", "-H", f"Host: {host}")
        assert (answer.status, answer.headers["location"]) == (301, f"https://{host}/folder/")
    answer = serving.get(f"https://{ADDRESS}:8444/folder", "-H", "Host: domain-c.com")
    assert answer.headers["location"] == "https://domain-c.com/folder/"


def test_http_2_is_spoken_to_those_who_ask(serving: Machine) -> None:
    version = serving.run(
        *("curl", "-sk", "--http2", "-o", "/dev/null", "-w", "%{http_version}"),
        f"https://{ADDRESS}:8443/",
    )
    assert version.stdout == "2"


@pytest.mark.parametrize(
    "path", ["/", "/a/b?c=d&e=%20", "/a%20b", "/%3Fx?y", "/a//b", "/%C3%A4", "?x"]
)
def test_port_80_sends_known_names_to_https(serving: Machine, path: str) -> None:
    for name in ("domain-a.com", "www.domain-a.com", "domain-b.com", "domain-c.com"):
        answer = serving.get(f"http://{name}{path}")
        target = f"https://{name}{path if path.startswith('/') else '/' + path}"
        assert (answer.status, answer.headers["location"]) == (301, target)


@pytest.mark.parametrize(
    "name", ["evil.com", "www.domain-b.com", ADDRESS, "domain-a.com.evil.com", "portico.invalid"]
)
def test_port_80_refuses_unknown_names(serving: Machine, name: str) -> None:
    answer = serving.get(f"http://{name}/")
    assert (answer.status, answer.headers.get("location")) == (404, None)


def test_port_80_is_not_led_by_a_port_or_a_scheme_in_the_request(serving: Machine) -> None:
    answer = serving.get("http://domain-a.com/x", "-H", "Host: domain-a.com:8080")
    assert answer.headers["location"] == "https://domain-a.com/x"
    for scheme in ("http", "HTTP"):
        target = f"{scheme}://domain-b.com/x"
        answer = serving.get("http://domain-a.com", "--request-target", target)
        assert answer.headers["location"] == "https://domain-b.com/x"


def test_health_tells_the_release(serving: Machine) -> None:
    release = render(THREE).id
    for url in (f"https://{ADDRESS}:8443", "http://portico.invalid"):
        answer = serving.get(f"{url}{HEALTH_PATH}")
        assert (answer.status, answer.body) == (200, f"{release}\n")
        assert answer.headers["portico-release"] == release


# --- trusted proxies -------------------------------------------------------------------------


def last_line(machine: Machine, log: str) -> str:
    return machine.path(f"/var/log/apache2/{log}").read_text().splitlines()[-1]


@pytest.mark.parametrize(
    ("source", "header", "client"),
    [
        (BALANCER, "198.51.100.1", "198.51.100.1"),
        (BALANCER, "1.2.3.4, 198.51.100.1", "198.51.100.1"),
        (STRANGER, "198.51.100.1", STRANGER),
        (STRANGER, f"198.51.100.1, {BALANCER}", STRANGER),
    ],
)
def test_only_balancers_say_who_the_client_is(
    serving: Machine, source: str, header: str, client: str
) -> None:
    forwarded = ("-H", f"X-Forwarded-For: {header}")
    serving.get(f"https://domain-b.com:8443/?{client}", *forwarded, source=source)
    line = last_line(serving, "portico-access.log")
    assert line.startswith(f"domain-b.com:8443 {client} - - ")
    serving.get(f"http://domain-b.com/?{client}", *forwarded, source=source)
    assert last_line(serving, "portico-access.log").startswith(f"domain-b.com:80 {client} - - ")


@pytest.mark.parametrize(
    ("source", "scheme", "status"),
    [(BALANCER, "http", 301), (BALANCER, "https", 200), (STRANGER, "http", 200)],
)
def test_only_balancers_say_how_the_client_came(
    serving: Machine, source: str, scheme: str, status: int
) -> None:
    answer = serving.get(
        "https://domain-b.com:8443/", "-H", f"X-Forwarded-Proto: {scheme}", source=source
    )
    assert answer.status == status
    assert answer.headers.get("location") == ("https://domain-b.com/" if status == 301 else None)


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("domain-a.com", "domain-a.com"),
        ("www.domain-a.com", "www.domain-a.com"),
        ("WWW.domain-a.com:80", "www.domain-a.com"),
        ("evil.com", "domain-a.com"),
    ],
)
def test_who_came_to_the_balancer_by_http_is_sent_to_the_same_place_by_https(
    serving: Machine, name: str, target: str
) -> None:
    by_http = ("-H", f"Host: {name}", "-H", "X-Forwarded-Proto: http")
    for path in ("/", "/a//b?c=%20", "/%3Fx"):
        answer = serving.get(f"https://{ADDRESS}:443{path}", *by_http, source=BALANCER)
        assert (answer.status, answer.headers["location"]) == (301, f"https://{target}{path}")
    health = serving.get(f"https://{ADDRESS}:443{HEALTH_PATH}", *by_http, source=BALANCER)
    assert health.status == 200


def test_health_is_one_path(serving: Machine) -> None:
    for path in (f"{HEALTH_PATH}/x", f"{HEALTH_PATH}x"):
        answer = serving.get(f"https://{ADDRESS}:443{path}")
        assert (answer.status, "portico-release" in answer.headers) == (404, False)


def test_trace_is_off(serving: Machine) -> None:
    for url in (f"https://{ADDRESS}:443/", "http://domain-a.com/", "http://portico.invalid/"):
        assert serving.get(url, "-X", "TRACE").status != 200


def test_error_log_tells_domain_and_client(serving: Machine) -> None:
    secret = serving.path("/var/www/site_c/secret")
    secret.mkdir()
    (secret / "x").write_text("x")
    secret.chmod(0o700)
    answer = serving.get(
        "https://domain-c.com:8444/secret/x",
        *("-H", "X-Forwarded-For: 198.51.100.1"),
        source=BALANCER,
    )
    assert answer.status == 403
    line = last_line(serving, "portico-error.log")
    assert "[domain-c.com]" in line
    assert "[client 198.51.100.1" in line


# --- TLS -------------------------------------------------------------------------------------


@pytest.mark.parametrize("port", [443, 8443, 8444])
def test_tls_is_mozillas_intermediate(serving: Machine, port: int) -> None:
    scan = subprocess.run(
        [
            *("nsenter", f"--target={serving.pid}", "--net", "--", sys.executable, "-m", "sslyze"),
            *("--mozilla_config=intermediate", f"{ADDRESS}:{port}"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    # Of the certificate, which no client sees, the scan says that nobody trusts it.
    faults = [
        line.strip()
        for line in scan.stdout.partition("Checking results")[2].splitlines()
        if line.strip().startswith("*") and "certificate" not in line
    ]
    assert "COMPLIANCE AGAINST TLS CONFIGURATION" in scan.stdout.upper(), scan.stdout
    assert faults == [], scan.stdout


@pytest.mark.parametrize(
    ("version", "spoken"), [("tls1_1", False), ("tls1_2", True), ("tls1_3", True)]
)
def test_tls_1_2_is_the_oldest_spoken(serving: Machine, version: str, *, spoken: bool) -> None:
    done = serving.run(
        *("openssl", "s_client", f"-{version}", "-cipher", "ALL:@SECLEVEL=0"),
        *("-connect", f"{ADDRESS}:443"),
        check=False,
    )
    assert (done.returncode == 0) is spoken


# --- extra_config ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "Redirect permanent / https://elsewhere.example/\n",
        "RewriteEngine on\nRewriteRule ^ - [forbidden]\n",
        '<Location "/">\n  Require all denied\n</Location>\n',
        "ProxyPass / http://127.0.0.1:9/\n",
        'Alias "/" "/nowhere/"\n',
    ],
)
def test_extra_config_does_not_shadow_health(distribution: Machine, text: str) -> None:
    distribution.path("/etc/apache2/mods-enabled/proxy.load").write_text(PROXY_MODULES)
    fleet = "sites: {domain-a.com: {document_root: /var/www/site_a, extra_config: a.conf}}\n"
    done = render(fleet, (("a.conf", text),)).activate(distribution)
    assert done.returncode == 0, done.stdout
    assert distribution.get(f"https://{ADDRESS}:443/").status != 200
