"""The team's own PEM files: no key leaves its place, and a new certificate fails no request."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import sandbox
from sandbox import Sandbox, server
from tests.sandbox import examples
from tests.sandbox.hammering import hammered

pytestmark = pytest.mark.sandbox

REQUESTED = "  requested.com:\n    document_root: /var/www/requested\n"
ANOTHER_NAME = "    aliases: [www.requested.com]\n"

FOLDERS = ("/etc", "/home", "/opt", "/root", "/run", "/srv", "/tmp", "/var")  # noqa: S108 - a server's


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    fleet = examples.copied("own-pem", tmp_path_factory.mktemp("example"))
    fleet.write_text(fleet.read_text() + REQUESTED)
    make_pem(fleet)
    try:
        yield fleet
    finally:
        sandbox.down(fleet)


@pytest.fixture(scope="module")
def pem(fleet: Path) -> Sandbox:
    return sandbox.up(fleet)


def make_pem(fleet: Path, *names: str) -> None:
    subprocess.run([sys.executable, str(fleet.with_name("make_pem.py")), *names], check=True)


def test_every_name_is_verified_and_a_second_plan_says_no_changes(pem: Sandbox) -> None:
    examples.assert_good(pem)


def test_no_private_key_leaves_its_place(pem: Sandbox) -> None:
    """It is in Terraform's state, and in what the balancers have of it, which plays inside of AWS.

    A plan that Terraform saves holds it too; none is kept.
    """
    secrets = [
        key.read_text().splitlines()[5].encode()
        for key in sorted(pem.place.fleet.with_name("pem").glob("*.key"))
        if key.stem != "issuer"
    ]
    assert len(secrets) == 3
    folder = pem.place.folder
    files = [file for file in folder.rglob("*") if file.is_file() and not file.is_symlink()]
    holding = {
        file.relative_to(folder)
        for file in files
        if any(secret in file.read_bytes() for secret in secrets)
    }
    inside = {path for path in holding if path.parts[0] == "certificates"}
    assert len(inside) == 3
    assert {path.name for path in holding - inside} <= {
        "terraform.tfstate",
        "terraform.tfstate.backup",
    }
    read = {file.name for file in files}
    assert {"cdk.tf.json", "sandbox_override.tf.json", "deploy.log", "plan.log"} <= read
    assert all((folder / path).stat().st_mode & 0o077 == 0 for path in inside)
    for secret in secrets:
        found = server.execute(
            pem.login("web-1"),
            ["grep", "-rlF", secret.decode(), *FOLDERS],
        )
        assert found.stdout == ""


def test_renewed_certificates_and_changed_names_fail_no_request(pem: Sandbox) -> None:
    fleet = pem.place.fleet
    names = ("imported.com", "uploaded.com", "first.com", "second.com", "requested.com")
    with hammered(pem, *names) as tallies:
        make_pem(fleet, "imported.com", "uploaded.com", "both")
        fleet.write_text(fleet.read_text() + ANOTHER_NAME)
        after = sandbox.up(fleet)
    assert tallies.failed == []
    assert tallies.fewest > 100
    # Each client has met the certificate of before and the one of after.
    assert {name: tallies.certificates(name) for name in names} == dict.fromkeys(names, (2, 2))
    # A classic balancer is replaced with its certificate, others stay.
    assert {name: tallies.addresses(name) for name in names} == {
        **dict.fromkeys(names, (1, 1)),
        "uploaded.com": (2, 2),
    }
    examples.assert_good(after)
