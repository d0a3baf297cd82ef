"""Hostile sites in a real Apache, by the real activation."""

import re
from pathlib import Path

import pytest

from modules.plan.records import Site
from tests.apache.releases import render
from tests.apache.server import ADDRESS, Machine, machine
from tests.hostile.drawing import Count, drawn
from tests.hostile.sites import batch, hostile_sites

pytestmark = pytest.mark.sandbox

AT_ONCE = 100


def served(tmp_path: Path, sites: int) -> Count:
    """Activate fleets of hostile sites, one after the other on one server."""
    count = Count()
    waiting = [site.quietened() for site in drawn(hostile_sites(), sites)]
    with machine(tmp_path / "machine") as server:
        pair(server)
        for at in range(0, sites, AT_ONCE):
            some = waiting[at : at + AT_ONCE]
            folder = tmp_path / str(at)
            folder.mkdir()
            made = batch(folder, some)
            for site in made.plan.sites:
                furnish(server, site)
            done = render(made.text, made.files).later().activate(server)
            assert done.returncode == 0, done.stdout
            every_port_has_its_site(server, made.plan.sites)
            tried = sum(site.texts for site in some)
            count.add(tried, tried - sum(site.texts for site in made.sites.values()))
    return count


def pair(server: Machine) -> None:
    """Make the certificate that stands in for those which the sites name."""
    server.run(
        *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
        *("-nodes", "-subj", "/CN=given", "-keyout", "/root/key", "-out", "/root/certificate"),
    )


def furnish(server: Machine, site: Site) -> None:
    root = server.path(str(site.document_root))
    root.mkdir(parents=True, exist_ok=True)
    (root / "index.html").write_text(f"{site.document_root}\n")
    if site.backend_tls:
        for source, target in (
            ("certificate", site.backend_tls.certificate),
            ("key", site.backend_tls.private_key),
        ):
            file = server.path(str(target))
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(server.path(f"/root/{source}").read_bytes())


def every_port_has_its_site(server: Machine, sites: tuple[Site, ...]) -> None:
    told = server.run("apachectl", "-t", "-D", "DUMP_VHOSTS").stdout
    hosts = re.findall(r"^(\S+:\d+)\s", told, re.MULTILINE)
    assert sorted(hosts) == sorted(["*:80", *(f"*:{site.port}" for site in sites)])
    urls = [f"https://{ADDRESS}:{site.port}/" for site in sites]
    bodies = server.run("curl", "-sk", *urls).stdout.splitlines()
    proxied = [any(front.proxy_protocol for front in site.fronts) for site in sites]
    expected = [
        str(site.document_root)
        for site, by_proxy in zip(sites, proxied, strict=True)
        if not by_proxy
    ]
    assert bodies == expected
    listening = server.run("ss", "-Hltn").stdout
    ports = {int(line.split()[3].rpartition(":")[2]) for line in listening.splitlines()}
    assert ports == {80, *(site.port for site in sites)}


def test_a_fleet_of_hostile_sites_is_served(tmp_path: Path) -> None:
    assert served(tmp_path, 20).accepted > 50


@pytest.mark.soak
def test_fleets_of_hostile_sites_are_served(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    count = served(tmp_path, 1_000)
    count.tell(capfd, "texts of sites, served")
