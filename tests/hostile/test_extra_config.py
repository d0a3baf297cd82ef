"""A site's own directives can't leave their file: Apache's own test of each attempt."""

import subprocess
from pathlib import Path

import pytest

ATTEMPTS = {
    "the section closed": "</VirtualHost>\n",
    "closed and another opened": "</VirtualHost>\n<VirtualHost *:9999>\n",
    "closed in other letters": "</virtualhost>\n",
    "closed after white space": "\t </VirtualHost  >\n",
    "closed by a continued line": "</Virtual\\\nHost>\n",
    "closed in a section": "<IfModule !x>\n</VirtualHost>\n",
    "closed across sections": "<Location />\n</VirtualHost>\n</Location>\n",
    "a virtual host within": "<VirtualHost *:9999>\n</VirtualHost>\n",
    "a virtual host in another": "<If true>\n<VirtualHost *:9999>\n</VirtualHost>\n</If>\n",
    "a virtual host by a macro": "<Macro m>\n</VirtualHost>\n<VirtualHost *:9>\n</Macro>\nUse m\n",
    "a virtual host by an include": "Include closing.conf\n",
    "an open section": "<Directory />\n",
    "a listen": "Listen 9999\n",
    "a listen in a section": "<IfModule !x>\nListen 9999\n</IfModule>\n",
    "a user": "User root\n",
    "a group": "Group root\n",
    "a process id": "PidFile /tmp/pid\n",
    "a mutex": "Mutex posixsem\n",
    "a filter of a port": "AcceptFilter http none\n",
    "tokens": "ServerTokens Full\n",
    "a session cache": "SSLSessionCache none\n",
    "a module of its own": "LoadModule x_module /tmp/x.so\n",
    "a file of a program": "LoadFile /tmp/x.so\n",
    "a nul": "#\0\n</VirtualHost>\n",
    "an endless line": "#" + "x" * 20_000_000 + "\n",
}
INERT = {
    "nothing": "",
    "a comment": "# </VirtualHost>\n",
    "a comment that goes on": "#\\\n</VirtualHost>\n",
    "a comment that goes on, and ends": "#\\",
    "a carriage return": "#\r</VirtualHost>\r\n",
    "a section that ends with its file": "<IfModule !x>\n",
}
MODULES = ("mpm_event", "authz_core", "ssl", "macro")
CONF = """\
ServerRoot {folder}
ServerName localhost
DefaultRuntimeDir {folder}
PidFile {folder}/pid
ErrorLog {folder}/log
Listen 127.0.0.1:9998
<VirtualHost *:9998>
  Include {folder}/own.conf
</VirtualHost>
"""


def apaches_test(folder: Path, text: str) -> tuple[int, str]:
    """Return whether Apache takes it, and the virtual hosts that there are."""
    (folder / "own.conf").write_text(text)
    (folder / "closing.conf").write_text("</VirtualHost>\n<VirtualHost *:9999>\n")
    modules = "".join(
        f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n" for name in MODULES
    )
    (folder / "httpd.conf").write_text(modules + CONF.format(folder=folder))
    done = subprocess.run(
        ["apache2", "-f", str(folder / "httpd.conf"), "-t", "-D", "DUMP_VHOSTS"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stdout


@pytest.mark.parametrize("attempt", ATTEMPTS, ids=lambda attempt: attempt.replace(" ", "-"))
def test_apache_refuses_what_leaves_the_section(attempt: str, tmp_path: Path) -> None:
    outcome, _ = apaches_test(tmp_path, ATTEMPTS[attempt])
    assert outcome != 0


@pytest.mark.parametrize("text", INERT, ids=lambda text: text.replace(" ", "-"))
def test_apache_takes_what_stays(text: str, tmp_path: Path) -> None:
    outcome, hosts = apaches_test(tmp_path, INERT[text])
    assert outcome == 0
    assert "*:9998" in hosts
    assert "9999" not in hosts


@pytest.mark.parametrize("text", ["ServerRoot /\n", 'ErrorLog "|/bin/cat"\n', "Define x y\n"])
def test_its_author_is_trusted_with_the_server(text: str, tmp_path: Path) -> None:
    assert apaches_test(tmp_path, text)[0] == 0
