"""The activation script against real Apache: what it refuses, and what it takes back."""

import datetime as dt
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from modules.plan.apache import SCRIPT
from sandbox import authority
from tests.apache.releases import THREE, Release, render
from tests.apache.server import ADDRESS, HOME, Machine
from tests.apache.watching import (
    DIES,
    FOURTH,
    LOCKED,
    MISMATCH,
    REFUSED,
    ROLLED_BACK,
    fourth,
    live,
    program,
    reason,
    unharmed,
)

pytestmark = pytest.mark.sandbox

# --- uploads that are refused ----------------------------------------------------------------


@pytest.mark.parametrize("keep", [0.0, 0.3, 0.999])
def test_a_cut_manifest_is_refused(serving: Machine, keep: float) -> None:
    whole = fourth("")
    cut = replace(whole, manifest=whole.manifest[: int(len(whole.manifest) * keep)])
    with unharmed(serving):
        done = cut.activate(serving)
    assert done.returncode == REFUSED
    assert "manifest" in reason(done)


def test_a_configuration_cut_between_two_sites_is_refused(serving: Machine) -> None:
    whole = fourth("")
    cut = replace(whole, conf=whole.conf[: whole.conf.index("# domain-c.com")])
    with unharmed(serving):
        done = cut.activate(serving)
    assert done.returncode == REFUSED
    assert "portico.conf was cut or changed" in reason(done)


def test_a_missing_configuration_is_refused(serving: Machine) -> None:
    release = fourth("")
    folder = release.upload(serving)
    serving.path(f"{HOME}/{folder}/portico.conf").unlink()
    with unharmed(serving):
        done = serving.run("sh", f"{folder}/{SCRIPT}", folder, check=False)
    assert (done.returncode, "has no portico.conf" in reason(done)) == (REFUSED, True)


def test_an_older_plan_is_refused(distribution: Machine) -> None:
    newer, older = render(THREE), fourth("").planned("2020-01-01T00:00:00Z")
    newer.activate(distribution)
    with unharmed(distribution):
        done = older.activate(distribution)
    assert done.returncode == REFUSED
    assert "plan again" in reason(done)


def test_a_plan_from_the_future_locks_nobody_out(distribution: Machine) -> None:
    assert fourth("").planned("2099-01-01T00:00:00Z").activate(distribution).returncode == 0
    now = distribution.run("date", "-u", "+%Y-%m-%dT%H:%M:%SZ").stdout.strip()
    assert render(THREE).planned(now).activate(distribution).returncode == 0


def test_another_fleets_machine_is_left_alone(serving: Machine) -> None:
    other = render(f"name: blog\n{FOURTH}", (("d.conf", ""),)).later()
    with unharmed(serving):
        done = other.activate(serving)
    assert done.returncode == REFUSED
    assert "fleet 'shop' owns this machine, not 'blog'" in reason(done)


# --- configurations that are refused ---------------------------------------------------------

BROKEN = {
    "syntax error": ("Bogus on\n", "Invalid command 'Bogus'"),
    "section closed": ("</VirtualHost>\n", "</VirtualHost>"),
    "section left open": ("<Directory /var/www>\n", "<Directory> was not closed"),
    "virtual host within": ("<VirtualHost *:9000>\n</VirtualHost>\n", "cannot occur within"),
    "port of its own": ("Listen 9000\n", "Listen cannot occur within"),
    "missing file": ("Include /nowhere.conf\n", "/nowhere.conf"),
    "missing module": ("LoadModule x_module /x.so\n", "x.so"),
    "key of another": (MISMATCH, "do not match"),
    "no log": ("CustomLog /nowhere/log common\n", "/nowhere/log"),
    "health locked": ('<If "true">\nRequire all denied\n</If>\n', "answers 403"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_extra_config_is_refused(serving: Machine, name: str) -> None:
    extra, told = BROKEN[name]
    with unharmed(serving):
        done = fourth(extra).activate(serving)
    assert done.returncode == REFUSED, done.stdout
    assert told in reason(done), done.stdout
    assert "every site is served as before" in reason(done)


def given(machine: Machine, certificate: str, key: str) -> Release:
    """The three sites, the second with a certificate of its own."""
    for name, text in (("b.crt", certificate), ("b.key", key)):
        machine.path(f"/etc/ssl/{name}").write_text(text)
    backend = "backend_tls: {certificate: /etc/ssl/b.crt, private_key: /etc/ssl/b.key}, "
    return render(THREE.replace("domain-b.com: {", f"domain-b.com: {{{backend}")).later()


def own_pair(machine: Machine, domain: str) -> tuple[str, str]:
    folder = machine.path(f"/etc/portico/tls/ec/{domain}")
    return (folder / "certificate.pem").read_text(), (folder / "key.pem").read_text()


@pytest.mark.parametrize(
    ("certificate_end", "key_end", "told"),
    [
        (None, None, "does not belong to the certificate"),
        (300, None, "/etc/ssl/b.crt is missing, cut, or no certificate"),
        (0, None, "/etc/ssl/b.crt is missing, cut, or no certificate"),
        (None, 100, "/etc/ssl/b.key is missing, cut,"),
    ],
)
def test_a_pair_that_does_not_match_is_refused(
    serving: Machine, certificate_end: int | None, key_end: int | None, told: str
) -> None:
    certificate, _ = own_pair(serving, "domain-a.com")
    _, key = own_pair(serving, "domain-b.com")
    with unharmed(serving):
        release = given(serving, certificate[:certificate_end], key[:key_end])
        done = release.activate(serving)
    assert done.returncode == REFUSED, done.stdout
    assert "domain-b.com: " in reason(done)
    assert told in reason(done)


def test_a_pair_of_the_teams_own_is_used(distribution: Machine) -> None:
    render(THREE).activate(distribution)
    pair = own_pair(distribution, "domain-c.com")
    assert given(distribution, *pair).activate(distribution).returncode == 0
    script = f"openssl s_client -connect {ADDRESS}:8443 </dev/null 2>/dev/null | openssl x509"
    assert distribution.run("sh", "-c", script).stdout == pair[0]


def test_a_pair_that_has_ended_is_used_and_told_of(distribution: Machine, tmp_path: Path) -> None:
    authority.create(tmp_path)
    start = dt.datetime.now(dt.UTC) - dt.timedelta(days=2)
    pair = authority.load(tmp_path).issue(
        ["domain-b.com"], start=start, validity=dt.timedelta(days=1)
    )
    done = given(distribution, pair.certificate.decode(), pair.key.decode()).activate(distribution)
    assert done.returncode == 0, done.stdout
    assert "portico: domain-b.com: /etc/ssl/b.crt has ended" in done.stdout


def test_a_damaged_pair_of_the_servers_own_is_made_anew(distribution: Machine) -> None:
    render(THREE).activate(distribution)
    key = distribution.path("/etc/portico/tls/ec/domain-a.com/key.pem")
    key.write_text(key.read_text()[:100])
    done = fourth("").activate(distribution)
    assert done.returncode == 0, done.stdout
    assert live(distribution, fourth(""))


@pytest.mark.parametrize("line", ["Define portico_release /x", '  undefine "portico_logs"'])
def test_an_extra_config_may_not_change_porticos_own_variables(serving: Machine, line: str) -> None:
    with unharmed(serving):
        done = fourth(f"{line}\n").activate(serving)
    assert done.returncode == REFUSED
    assert f"variables: domain-d.com: {line.strip()}" in reason(done), done.stdout


def test_what_is_tested_is_the_candidate_whatever_its_variables_say(serving: Machine) -> None:
    serving.path("/etc/own.conf").write_text("Define portico_release /etc/portico/current\n")
    serving.path("/etc/portico/current/sites/domain-d.com.conf").write_text("")
    extra = FOURTH.replace("/site_a}", "/site_a, extra_config: a.conf}")
    files = (("a.conf", "Include /etc/own.conf\n"), ("d.conf", "Bogus on\n"))
    with unharmed(serving):
        done = render(extra, files).later().activate(serving)
    serving.path("/etc/portico/current/sites/domain-d.com.conf").unlink()
    assert done.returncode == REFUSED, done.stdout
    assert "Invalid command 'Bogus'" in reason(done)


def test_a_probe_that_is_killed_is_no_success(serving: Machine) -> None:
    program(serving, "curl", "kill -KILL $$")
    try:
        done = fourth("").activate(serving)
    finally:
        serving.path("/usr/local/bin/curl").unlink()
    assert (done.returncode, "does not answer" in reason(done)) == (REFUSED, True), done.stdout


@pytest.mark.parametrize("options", ["size=4m", "size=64m,nr_inodes=99"])
def test_a_full_disk_is_refused_with_its_reason(serving: Machine, options: str) -> None:
    serving.run("mount", "-t", "tmpfs", "-o", options, "tmpfs", "/var/lib/portico")
    try:
        done = fourth("").activate(serving)
    finally:
        serving.run("umount", "/var/lib/portico")
    assert done.returncode == REFUSED
    assert "served as before: /var/lib/portico has " in reason(done), done.stdout


@pytest.mark.parametrize("port", ["8443", "*"])
def test_a_virtual_host_that_would_hide_a_site_is_refused(serving: Machine, port: str) -> None:
    other = serving.path("/etc/apache2/conf-enabled/other.conf")
    other.write_text(f"<VirtualHost {ADDRESS}:{port}>\n</VirtualHost>\n")
    try:
        done = fourth("").activate(serving)
    finally:
        other.unlink()
    assert done.returncode == REFUSED
    where = f"{ADDRESS}:{port} (/etc/apache2/conf-enabled/other.conf:1)"
    assert where in reason(done), done.stdout


@contextmanager
def held(machine: Machine, port: int) -> Iterator[None]:
    """Another program listens on the port."""
    program = f"openssl s_server -quiet -nocert -cipher aNULL -accept {port}"
    with subprocess.Popen(machine.command("sh", "-c", program), stdin=subprocess.PIPE) as process:
        try:
            machine.wait(lambda: machine.run("ss", "-Hltn", f"sport = :{port}").stdout != "")
            yield
        finally:
            machine.run("pkill", "openssl")
            process.wait()


def test_a_busy_port_is_refused(serving: Machine) -> None:
    with held(serving, 8445), unharmed(serving):
        done = fourth("").activate(serving)
    assert done.returncode == REFUSED
    assert re.search(r"port 8445 is held by openssl \(pid \d+\)", reason(done)), done.stdout


def test_a_port_that_is_listened_on_twice_is_refused(serving: Machine) -> None:
    other = serving.path("/etc/apache2/conf-enabled/other.conf")
    other.write_text("Listen 8445\n")
    try:
        done = fourth("").activate(serving)
    finally:
        other.unlink()
    assert done.returncode == REFUSED
    assert "/etc/apache2/conf-enabled/other.conf:Listen 8445" in reason(done), done.stdout


def test_a_first_release_that_fails_leaves_the_distribution_as_it_was(
    distribution: Machine,
) -> None:
    etc = distribution.path("/etc/apache2")
    before = {path: path.read_bytes() for path in etc.rglob("*") if path.is_file()}
    pid, generation = distribution.apache_pid(), distribution.generation()
    done = fourth("Bogus on\n").activate(distribution)
    assert done.returncode == REFUSED
    assert {path: path.read_bytes() for path in etc.rglob("*") if path.is_file()} == before
    assert (distribution.apache_pid(), distribution.generation()) == (pid, generation)
    assert not distribution.path("/etc/portico/current").is_symlink()


def test_a_disk_that_is_full_on_the_way_back_costs_the_distribution_nothing(
    distribution: Machine,
) -> None:
    ports = distribution.path("/etc/apache2/ports.conf")
    before = ports.read_bytes()
    full = 'case $* in *-p*/originals/*" "*) : >"$3"; echo "cp: No space left" >&2; exit 1 ;; esac'
    program(distribution, "cp", f'{full}\nexec /usr/bin/cp "$@"')
    done = fourth("Bogus on\n").activate(distribution)
    assert done.returncode == REFUSED
    assert b"Listen 80\n" in ports.read_bytes()
    assert not [*ports.parent.glob("*.portico*")]
    original = distribution.path("/var/lib/portico/originals/etc/apache2/ports.conf")
    assert original.read_bytes() == before
    distribution.path("/usr/local/bin/cp").unlink()
    distribution.stop_apache()
    distribution.run("apachectl", "start")
    distribution.wait(lambda: distribution.get(f"http://{ADDRESS}/").status == 200)


# --- after the switch ------------------------------------------------------------------------


def test_an_apache_that_dies_at_the_reload_comes_back_with_the_release_before(
    distribution: Machine,
) -> None:
    render(THREE).activate(distribution)
    done = fourth(DIES).activate(distribution)
    assert done.returncode == ROLLED_BACK, done.stdout
    assert "rolled back: Apache had ended and was restarted" in reason(done)
    assert live(distribution, render(THREE))
    assert fourth("").activate(distribution).returncode == 0


def test_a_release_that_answers_amiss_is_rolled_back(distribution: Machine) -> None:
    render(THREE).activate(distribution)
    with unharmed(distribution):
        done = fourth(LOCKED).activate(distribution)
    assert done.returncode == ROLLED_BACK, done.stdout
    assert "port 8445 (domain-d.com) answers 403" in reason(done)


def test_a_way_back_that_is_barred_is_told_and_taken_later(distribution: Machine) -> None:
    render(THREE).activate(distribution)
    # The link can be moved once, and not moved back.
    program(
        distribution,
        "curl",
        "! grep -q switched /var/lib/portico/journal || mkdir -p /etc/portico/current.new\n"
        'exec /usr/bin/curl "$@"',
    )
    done = fourth(LOCKED).activate(distribution)
    assert (done.returncode, "current cannot be changed" in reason(done)) == (3, True), done.stdout
    assert distribution.path("/var/lib/portico/journal").exists()
    distribution.path("/usr/local/bin/curl").unlink()
    distribution.run("rm", "-r", "/etc/portico/current.new")
    assert render(THREE).later().activate(distribution).returncode == 0
    assert live(distribution, render(THREE))


def test_a_first_release_that_kills_apache_gives_way_to_the_distributions(
    distribution: Machine,
) -> None:
    ports = distribution.path("/etc/apache2/ports.conf").read_bytes()
    done = fourth(DIES).activate(distribution)
    assert done.returncode == ROLLED_BACK, done.stdout
    assert distribution.get(f"http://{ADDRESS}/").status == 200
    assert distribution.path("/etc/apache2/ports.conf").read_bytes() == ports
    assert not distribution.path("/etc/apache2/conf-enabled/portico.conf").exists()
    assert not distribution.path("/etc/portico/current").is_symlink()
