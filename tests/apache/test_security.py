"""What a site of real Apache's shows, logs and keeps to itself: docs/security.md."""

import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.apache.server import ADDRESS, Machine
from tests.hostile.conversations import PORT, Said, careless, heard, request, statuses

pytestmark = pytest.mark.sandbox


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with careless(tmp_path_factory.mktemp("careless") / "machine") as made:
        yield made


# --- what a site shows -----------------------------------------------------------------------

HIDDEN = ("/.git/config", "/.git/", "/.gitignore", "/.htpasswd", "/.htaccess", "/folder/.git")


def test_a_checkout_and_apaches_own_files_are_not_served(server: Machine) -> None:
    server.path("/var/www/site_a/folder/.git").write_text("gitdir: elsewhere\n")
    shown = server.path("/var/www/site_a/.well-known")
    shown.mkdir()
    (shown / "security.txt").write_text("Contact: mailto:a@a.com\n")
    for path in HIDDEN:
        assert server.get(f"https://{ADDRESS}:443{path}").status == 403, path
    answer = server.get(f"https://{ADDRESS}:443/.well-known/security.txt")
    assert (answer.status, answer.body) == (200, "Contact: mailto:a@a.com\n")


def test_no_list_no_override_and_no_program_of_the_folder(server: Machine) -> None:
    server.path("/var/www/site_a/empty").mkdir()
    assert server.get(f"https://{ADDRESS}:443/empty/").status == 403
    assert server.get(f"https://{ADDRESS}:443/").status == 200  # .htaccess says gone
    for name in ("page.shtml", "run.cgi"):
        answer = server.get(f"https://{ADDRESS}:443/{name}")
        assert (answer.status, answer.body) == (200, 'kept<!--#echo var="DATE_GMT" -->\n')


def test_nothing_outside_the_document_root_is_served(server: Machine) -> None:
    for path in (
        "/../../../etc/passwd",
        "/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "/..%2f..%2fetc/passwd",
    ):
        answer = server.get(f"https://{ADDRESS}:443{path}", "--path-as-is")
        assert answer.status in {400, 403, 404}, path


def test_what_is_mapped_for_every_virtual_host_is_served_as_before(server: Machine) -> None:
    server.path("/var/www/shared").mkdir()
    server.path("/var/www/shared/icon.txt").write_text("an icon\n")
    assert server.get(f"https://{ADDRESS}:443/shared/icon.txt").body == "an icon\n"


def test_no_answer_tells_what_stands_behind_it(server: Machine) -> None:
    for url in ("https://a.com:443/nothing", "http://a.com/", "http://evil.com/"):
        answer = server.get(url)
        assert "<address>" not in answer.body, url
        assert ADDRESS not in answer.body + str(answer.headers), url
    etag = server.get("https://a.com:443/").headers["etag"]
    inode = server.path("/var/www/site_a/index.html").stat().st_ino
    assert f"{inode:x}" not in etag


def test_a_request_has_httpds_own_limits(server: Machine) -> None:
    many = [f"X-{i}: 1" for i in range(101)]
    assert statuses(heard(server, Said(request(*many), 443))[0]) == [400]
    assert statuses(heard(server, Said(request(f"X: {'x' * 9000}"), 443))[0]) == [400]
    assert statuses(heard(server, Said(request(f"X: {'x' * 7000}"), 443))[0]) == [200]
    upload = ("--data-binary", "@/var/www/large", "-H", "Expect:")
    server.path("/var/www/large").write_bytes(bytes(5_000_000))
    assert server.get(f"https://{ADDRESS}:443/app", *upload).status == 200


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "PROPFIND", "MKCOL", "TRACK", "X"])
def test_a_method_that_nothing_answers_changes_nothing(server: Machine, method: str) -> None:
    before = sorted(server.path("/var/www/site_a").rglob("*"))
    answer = server.get(f"https://{ADDRESS}:443/new", "-X", method, "--data", "x")
    assert answer.status in {404, 405, 501}
    assert sorted(server.path("/var/www/site_a").rglob("*")) == before


def test_a_log_line_is_one_line(server: Machine) -> None:
    said = request('User-Agent: a\x08"\x1b[2J', 'Referer: "\\', line='GET /?"%0a HTTP/1.1')
    heard(server, Said(said, 443), Said(said, 80))
    log = server.path("/var/log/apache2/portico-access.log").read_bytes()
    assert b"\x1b" not in log
    assert b"\x08" not in log
    for line in log.decode().splitlines():
        assert re.match(r"[a-z.]+:\d+ \S+ - - \[", line), line


def test_a_proxy_is_nobodys_but_the_operators(server: Machine) -> None:
    for port in (80, 443):
        said = request(host="127.0.0.1:9000", line="GET http://127.0.0.1:9000/ HTTP/1.1")
        (answer,) = heard(server, Said(said, port))
        assert "X-Forwarded" not in answer
        connect = "CONNECT 127.0.0.1:9000 HTTP/1.1\r\nHost: 127.0.0.1:9000\r\n\r\n"
        (answer,) = heard(server, Said(connect, port))
        assert statuses(answer)[0] >= 400


def test_the_operators_own_virtual_host_is_as_the_operator_has_it(server: Machine) -> None:
    url = f"http://{ADDRESS}:8081"
    assert "Index of" in server.get(f"{url}/").body
    assert server.get(f"{url}/.git/config").status == 200
    assert server.get(f"{url}/", "-X", "TRACE").status == 200
    assert "<address>" in server.get(f"{url}/nothing").body
    (answer,) = heard(server, Said("GET /.gitignore\r\n", 8081))
    assert answer.startswith("kept")


# --- files -----------------------------------------------------------------------------------


def test_what_portico_writes_is_roots_and_keys_are_roots_alone(server: Machine) -> None:
    releases = [*server.path("/etc/portico").rglob("*")]
    for path in [*releases, *server.path("/var/lib/portico").rglob("*")]:
        if not path.is_symlink():
            assert (path.stat().st_uid, path.stat().st_mode & 0o022) == (0, 0), path
    secret = [path for path in releases if "tls" in path.parts or path.suffix == ".conf"]
    assert {path.stat().st_mode & 0o077 for path in secret if not path.is_symlink()} == {0}
    workers = server.run("ps", "-C", "apache2", "-o", "user=").stdout.split()
    assert set(workers) == {"root", "www-data"}
    done = server.run(
        *("setpriv", "--reuid=www-data", "--clear-groups", "--", "cat"),
        *map(str, ("/etc/portico/tls/b.com/key.pem", "/etc/portico/current/portico.conf")),
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")


# --- TLS -------------------------------------------------------------------------------------

OF_A_PUBLIC_SITE = {"certificate_path_validation", "maximum_certificate_lifespan"}


@pytest.mark.parametrize("port", PORT.values())
def test_tls_is_mozillas_intermediate_but_for_what_concerns_the_public(
    server: Machine, port: int
) -> None:
    scan = subprocess.run(
        [
            *("nsenter", f"--target={server.pid}", "--net", "--", sys.executable, "-m", "sslyze"),
            *("--mozilla_config=intermediate", f"127.0.0.1:{port}"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    checked = scan.stdout.partition("Checking results")[2]
    faults = re.findall(r"^ +\* (\w+):", checked, re.MULTILINE)
    assert faults, scan.stdout
    assert set(faults) <= OF_A_PUBLIC_SITE, scan.stdout
    for weakness in ("Deflate Compression", "OpenSSL Heartbleed", "ROBOT Attack"):
        assert weakness in scan.stdout
    assert "VULNERABLE" not in scan.stdout.replace("Not vulnerable", "").replace("OK", "")
