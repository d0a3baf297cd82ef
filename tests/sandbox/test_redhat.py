"""Red Hat's folders and names, from `up` to the page."""

from pathlib import Path

import pytest

import sandbox
from modules.plan.layouts import LAYOUTS
from sandbox import server
from tests.sandbox import fleets

pytestmark = pytest.mark.sandbox


@pytest.mark.parametrize("layout", [name for name in LAYOUTS if name != "debian"])
def test_two_sites_on_the_layout_are_verified(layout: str, tmp_path: Path) -> None:
    owned = f"certificate: {{arn: '{fleets.ARN.format(1)}'}}"
    sites = "".join(
        fleets.site(domain, "load_balancer: classic", owned) for domain in ("a.com", "b.com")
    )
    file = fleets.write(tmp_path, sites, layout=layout)
    try:
        up = sandbox.up(file)
        assert sandbox.verify_sandbox(up).reasons == ()
        main = server.execute(up.login("web-1"), ["httpd", "-t", "-D", "DUMP_VHOSTS"])
        assert "/etc/httpd/conf.d/ssl.conf" in main.stdout
    finally:
        sandbox.down(file)
