"""Conversations with an Apache whose own configuration is as careless as it can be.

None of that may reach a virtual host of Portico's, and none of Portico's may reach the operator's.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.apache.conftest import furnish
from tests.apache.releases import Release, render
from tests.apache.server import ADDRESS, STRANGER, Machine, machine
from tests.apache.watching import PROXY_MODULES

STRANGER_6 = "2001:db8::9"
RAW = Path(__file__).with_name("raw.py")
ECHO = Path(__file__).with_name("echo.py")

FLEET = """\
defaults: {document_root: /var/www/site_a, extra_config: app.conf}
sites:
  a.com: {aliases: [www.a.com]}
  b.com: {load_balancer: classic, aliases: [www.b.com], canonical: true}
  c.com: {load_balancer: network}
  d.com: {load_balancer: network, client_address: proxied}
"""
APP = "ProxyPass /app http://127.0.0.1:9000/\n"
PORT = {"a.com": 443, "b.com": 8443, "c.com": 8444, "d.com": 8445}
CARELESS = """\
ServerSignature On
TraceEnable on
HttpProtocolOptions Unsafe Allow0.9
ProxyRequests On
Alias /shared/ /var/www/shared/
<Directory /var/www/shared>
  Require all granted
</Directory>
Listen 8081
<VirtualHost *:8081>
  DocumentRoot /var/www/operator
  <Directory /var/www/operator>
    Options Indexes
    Require all granted
  </Directory>
</VirtualHost>
"""


def release() -> Release:
    return render(FLEET, (("app.conf", APP),))


@contextmanager
def careless(root: Path) -> Iterator[Machine]:
    """Run a machine that serves `FLEET`, beside an operator's own virtual host."""
    with machine(root) as made:
        furnish(made)
        # Apache takes IPv6 where there is more of it than a loopback address.
        made.run("ip", "address", "add", f"{STRANGER_6}/128", "dev", "lo")
        made.path("/etc/apache2/mods-enabled/proxy.load").write_text(PROXY_MODULES)
        made.path("/etc/apache2/conf-enabled/zz-careless.conf").write_text(CARELESS)
        operator = made.path("/var/www/operator")
        operator.mkdir()
        for folder in (operator, made.path("/var/www/site_a")):
            (folder / ".git").mkdir()
            for name in (".git/config", ".htpasswd", ".gitignore", "page.shtml", "run.cgi"):
                (folder / name).write_text('kept<!--#echo var="DATE_GMT" -->\n')
        (made.path("/var/www/site_a") / ".htaccess").write_text("Redirect gone /\n")
        enter = ("nsenter", f"--target={made.pid}", "--net", "--", sys.executable)
        app = subprocess.Popen([*enter, str(ECHO)], stdout=subprocess.PIPE)
        try:
            assert app.stdout
            app.stdout.readline()
            done = release().activate(made)
            assert done.returncode == 0, done.stdout
            assert release().ports == PORT
            yield made
        finally:
            app.kill()
            app.communicate()


@dataclass(frozen=True, slots=True)
class Said:
    """What `raw.py` is told of a conversation."""

    sent: str
    port: int = 80
    source: str = STRANGER
    address: str = ADDRESS
    before: str = ""

    @property
    def tls(self) -> bool:
        return self.port in PORT.values()


def heard(server: Machine, *conversations: Said) -> list[str]:
    """Return all that came back in each."""
    done = subprocess.run(
        ["nsenter", f"--target={server.pid}", "--net", "--", sys.executable, str(RAW)],
        input=json.dumps([{**asdict(each), "tls": each.tls} for each in conversations]),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=100,
    )
    found: list[str] = json.loads(done.stdout)
    return found


def statuses(answer: str) -> list[int]:
    """The status of each response, however many were got."""
    return [int(status) for status in re.findall(r"HTTP/1\.1 (\d\d\d) ", answer)]


def request(*headers: str, host: str = "a.com", line: str = "GET / HTTP/1.1") -> str:
    return "\r\n".join((line, f"Host: {host}", *headers, "Connection: close", "", ""))
