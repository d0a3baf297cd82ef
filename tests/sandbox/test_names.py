"""A requested certificate follows its site's names, on both kinds of balancer."""

from pathlib import Path

import pytest

import sandbox
from tests.sandbox import fleets

pytestmark = pytest.mark.sandbox


def sites(of_a: str, of_b: str) -> str:
    return fleets.site("domain-a.com", f"aliases: [{of_a}]") + fleets.site(
        "domain-b.com", f"aliases: [{of_b}]", "load_balancer: classic"
    )


@pytest.mark.soak
def test_aliases_come_and_go(tmp_path: Path) -> None:
    file = fleets.write(tmp_path, sites("www.domain-a.com", "www.domain-b.com"))
    try:
        sandbox.up(file)
        fleets.write(tmp_path, sites("", "www.domain-b.com, shop.domain-b.com"))
        after = sandbox.up(file)
        verification = sandbox.verify_sandbox(after)
        assert verification.reasons == ()
        assert {result.name for result in verification.results} == {
            "domain-a.com",
            "domain-b.com",
            "www.domain-b.com",
            "shop.domain-b.com",
        }
        assert not after.terraform.changes()
    finally:
        sandbox.down(file)
