"""The activation script on Red Hat's folders and names, with Debian's Apache and no SELinux.

SELinux is played by programs of its names; `docs/activation.md` says what was not run.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from modules.plan.layouts import LAYOUTS
from sandbox.redhat import MODULE_FILES
from tests.apache.conftest import furnish
from tests.apache.releases import THREE, Release, render
from tests.apache.server import ADDRESS, Machine, machine
from tests.apache.watching import REFUSED, command, live, program, reason
from tests.fleet.golden import HOST_KEY

pytestmark = pytest.mark.sandbox

SSH = f'{{host: 203.0.113.1, user: admin, private_key: ~/.ssh/portico, host_key: "{HOST_KEY}"}}'
SERVERS = f"""\
servers:
  web-1:
    instance: i-0123456789abcdef0
    security_group: sg-0123abcd
    layout: redhat
    ssh: {SSH}
"""
SSL_CONF = "/etc/httpd/conf.d/ssl.conf"


def another(text: str) -> Release:
    """The three sites with another id."""
    fleet = THREE.replace("/site_a}", "/site_a, extra_config: a.conf}")
    return render(f"{SERVERS}{fleet}", (("a.conf", f"# {text}\n"),)).later()


@pytest.fixture
def redhat(tmp_path: Path) -> Iterator[Machine]:
    """A machine whose Apache does not run."""
    with machine(tmp_path / "machine", "redhat") as server:
        furnish(server)
        yield server


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A machine that serves the three sites."""
    with machine(tmp_path_factory.mktemp("redhat") / "machine", "redhat") as server:
        furnish(server)
        done = render(f"{SERVERS}{THREE}").activate(server, "bash")
        assert done.returncode == 0, done.stdout
        yield server


def test_portico_comes_first_and_the_distributions_host_stays(serving: Machine) -> None:
    assert live(serving, render(f"{SERVERS}{THREE}"))
    hosts = serving.run("httpd", "-t", "-D", "DUMP_VHOSTS").stdout
    on_443 = hosts[hosts.index("*:443") :]
    assert on_443.index("domain-a.com") < on_443.index(SSL_CONF)
    assert serving.get(f"https://{ADDRESS}:443/").body == "site a\n"
    for file in LAYOUTS["redhat"].listen_files:
        assert "<IfFile !" in serving.path(file).read_text()


def test_an_update_that_brings_ssl_conf_back_is_in_check(serving: Machine) -> None:
    original = serving.path(f"/var/lib/portico/originals{SSL_CONF}").read_text()
    serving.path(SSL_CONF).write_text(original)
    assert f"edited {SSL_CONF}" in command(serving, "status").stdout.splitlines()
    serving.run("sh", "-c", "kill $(cat /run/httpd/httpd.pid)")
    serving.wait(lambda: serving.run("pgrep", "apache2", check=False).returncode != 0)
    assert serving.run("httpd", "-t", check=False).returncode != 0
    serving.run("sh", "/etc/portico/current/activate.sh", "boot")
    serving.run("httpd", "-k", "start")
    serving.wait(lambda: live(serving, render(f"{SERVERS}{THREE}")))
    serving.path(SSL_CONF).write_text(original)
    done = another("after an update").activate(serving)
    assert (done.returncode, f"{SSL_CONF} was changed by hand" in done.stdout) == (0, True)


def test_what_a_release_loads_is_in_the_packages() -> None:
    conf = render(f"{SERVERS}{THREE}").conf
    loaded = set(re.findall(r'LoadModule (\w+)_module "/usr/lib64/httpd/modules/mod_\1.so"', conf))
    assert {"ssl", "http2", "rewrite"} < loaded
    assert loaded <= {name for names in MODULE_FILES.values() for name in names}


def test_a_machine_without_mod_ssl_gets_it(redhat: Machine) -> None:
    parts = ["/etc/httpd/conf.d/ssl.conf", "/etc/httpd/conf.modules.d/00-ssl.conf"]
    redhat.run("mkdir", "/package", "/own")
    for part in parts:
        redhat.run("mv", part, "/package")
    redhat.run("sh", "-c", "ln -s /usr/lib/apache2/modules/*.so /own && rm /own/mod_ssl.so")
    redhat.run("ln", "-sfn", "/own", "/usr/lib64/httpd/modules")
    installing = f"mv /package/ssl.conf {parts[0]} && mv /package/00-ssl.conf {parts[1]}"
    module = "ln -s /usr/lib/apache2/modules/mod_ssl.so /own"
    program(redhat, "dnf", f'echo "$*" >>/asked\n{installing} && {module}')
    done = render(f"{SERVERS}{THREE}").activate(redhat)
    assert (done.returncode, live(redhat, render(f"{SERVERS}{THREE}"))) == (0, True), done.stdout
    asked = "-qy install httpd mod_ssl mod_http2 openssl iproute\n"
    assert redhat.path("/asked").read_text() == asked


# --- SELinux ---------------------------------------------------------------------------------

SEMANAGE = """\
echo "$*" >>/asked
case $* in
import) cat >>/asked ;;
'port -l') echo 'http_port_t                    tcp      80, 443, 8443' ;;
esac
"""


@pytest.fixture
def labelled(serving: Machine) -> Iterator[Machine]:
    """The machine, with what SELinux's programs are asked in /asked."""
    program(serving, "restorecon", 'echo "restorecon $*" >>/asked')
    serving.path("/asked").write_text("")
    yield serving
    for name in ("getenforce", "semanage", "restorecon", "dnf"):
        serving.path(f"/usr/local/bin/{name}").unlink(missing_ok=True)


def test_an_enforcing_machine_labels_what_lacks_it(labelled: Machine) -> None:
    program(labelled, "getenforce", "echo Enforcing")
    program(labelled, "semanage", SEMANAGE)
    assert another("labels").activate(labelled).returncode == 0
    assert labelled.path("/asked").read_text().splitlines() == [
        "port -l",
        "import",
        "port -a -t http_port_t -p tcp 8444",
        "restorecon -R /etc/portico",
    ]


@pytest.mark.parametrize("mode", ["Permissive", "Disabled", None])
def test_no_other_machine_labels_anything(labelled: Machine, mode: str | None) -> None:
    if mode:
        program(labelled, "getenforce", f"echo {mode}")
    program(labelled, "semanage", SEMANAGE)
    assert another(f"mode {mode}").activate(labelled).returncode == 0
    assert labelled.path("/asked").read_text() == ""


def test_a_machine_without_semanage_gets_it(labelled: Machine) -> None:
    program(labelled, "getenforce", "echo Enforcing")
    labelled.path("/semanage").write_text(f"#!/bin/sh\n{SEMANAGE}")
    installing = "install -m 755 /semanage /usr/local/bin/semanage"
    program(labelled, "dnf", f'echo "dnf $*" >>/asked\n{installing}')
    assert another("semanage").activate(labelled).returncode == 0
    asked = labelled.path("/asked").read_text().splitlines()
    assert asked[:2] == ["dnf -qy install policycoreutils-python-utils", "port -l"]


def test_a_machine_that_cannot_get_semanage_is_refused(labelled: Machine) -> None:
    program(labelled, "getenforce", "echo Enforcing")
    program(labelled, "dnf", "echo 'Error: no network' >&2; exit 1")
    before = labelled.path("/etc/portico/current").readlink()
    done = another("refused").activate(labelled)
    assert (done.returncode, labelled.path("/etc/portico/current").readlink()) == (REFUSED, before)
    assert "SELinux is enforcing and semanage cannot be installed: dnf -qy install" in reason(done)
    assert "Error: no network" in done.stdout


def test_a_port_that_is_anothers_is_relabelled_or_refused(labelled: Machine) -> None:
    program(labelled, "getenforce", "echo Enforcing")
    taken = 'case "$1 $2" in "import "* | "port -a") exit 1 ;; esac\n'
    program(labelled, "semanage", f"{SEMANAGE}{taken}")
    assert another("relabelled").activate(labelled).returncode == 0
    assert "port -m -t http_port_t -p tcp 8444" in labelled.path("/asked").read_text()
    program(labelled, "semanage", f'{SEMANAGE}{taken}[ "$2" != -m ]')
    done = another("not relabelled").activate(labelled)
    assert done.returncode == REFUSED
    assert "SELinux's type http_port_t cannot be given to port 8444" in reason(done)
