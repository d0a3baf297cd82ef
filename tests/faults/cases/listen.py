"""Ports that others hold, or that the distribution claims."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.faults.case import Case, applied, refused
from tests.faults.fleet import site, with_site, without
from tests.faults.rig import Rig

_NEW = "domain-d.com"
_PORT = 8445


@contextmanager
def held_by_another(rig: Rig) -> Iterator[None]:
    """Have another program listen on the port that the new site gets."""
    script = f"import socket,time; s=socket.create_server(('', {_PORT})); time.sleep(900)"
    rig.machine.shell(f'setsid python3 -c "{script}" >/dev/null 2>&1 & echo $! >/run/holder')
    rig.machine.shell(f"until ss -Hltn | grep -q :{_PORT}; do sleep 0.1; done")
    try:
        yield
    finally:
        rig.machine.shell("kill -9 $(cat /run/holder)")


@contextmanager
def package_update(rig: Rig) -> Iterator[None]:
    """Have a package update bring back the distribution's own Listen lines."""
    file = rig.machine.path("/etc/apache2/ports.conf")
    file.write_text(
        "Listen 80\n<IfModule ssl_module>\n\tListen 443\n</IfModule>\n"
        "<IfModule mod_gnutls.c>\n\tListen 443\n</IfModule>\n"
    )
    yield


CASES = (
    Case(
        "listen-port-busy",
        refused(rf"port {_PORT} is held by python3"),
        change=with_site(_NEW, *site(4)),
        then=without(_NEW),
        fault=held_by_another,
    ),
    Case("listen-package-update", applied(), fault=package_update),
)
