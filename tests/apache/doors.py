"""A machine with front doors of every kind, and connections as their balancers make them."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.apache.releases import Release, render
from tests.apache.server import ADDRESS, BALANCER, Machine

SCRIPT = Path(__file__).with_name("balancer.py")

FLEET = """\
defaults: {document_root: /var/www/site_a}
sites:
  a.com: {aliases: [www.a.com, old.a.com], canonical: true, extra_config: a.conf}
  b.com:
    aliases: [www.b.com]
    canonical: true
    document_root: /var/www/site_b
    extra_config: b.conf
    health_check: {path: /folder/index.html}
    hsts: {}
  c.com: {load_balancer: network}
  d.com: {load_balancer: network, client_address: proxied, hsts: {max_age: 0}}
  e.com: {load_balancer: classic, successor: {load_balancer: network}}
  f.com: {idle_timeout: 1}
"""
PORT = {"a.com": 443, "b.com": 8443, "c.com": 8444, "d.com": 8445, "e.com": 8446, "f.com": 8447}
A_CONF = """\
UseCanonicalName On
RewriteEngine on
RewriteRule ^/forbidden - [forbidden]
Redirect permanent /elsewhere https://elsewhere.example/
ProxyPass /proxied http://127.0.0.1:9/
"""
B_CONF = """\
Header set Strict-Transport-Security "max-age=1"
Header always set Strict-Transport-Security "max-age=2"
ProxyPass /proxied http://127.0.0.1:9/
"""
FILES = (("a.conf", A_CONF), ("b.conf", B_CONF))


def release() -> Release:
    return render(FLEET, FILES)


@dataclass(frozen=True, slots=True)
class Connection:
    """What `balancer.py` is told of a connection."""

    port: int
    source: str = BALANCER
    address: str = ADDRESS
    header: str = ""
    path: str = "/"
    headers: dict[str, str] = field(default_factory=dict)
    pauses: tuple[float, ...] = (0,)


def spoken(server: Machine, *connections: Connection) -> list[list[int | str]]:
    """Return what each request of each connection got."""
    done = subprocess.run(
        ["nsenter", f"--target={server.pid}", "--net", "--", sys.executable, str(SCRIPT)],
        input=json.dumps(
            [
                {name: getattr(each, name) for name in Connection.__dataclass_fields__}
                for each in connections
            ]
        ),
        capture_output=True,
        text=True,
        check=True,
    )
    found: list[list[int | str]] = json.loads(done.stdout)
    return found
