"""The table of capabilities: it drives the checks, and tests prove it."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from modules.fleet.capabilities import CAPABILITIES, KINDS, Capability, can
from modules.fleet.capability_document import capabilities_text, proofs
from modules.fleet.reference import CAPABILITIES as DOCUMENT
from tests.fleet.fleets import PUBLIC_KEY, problems
from tests.fleet.golden import complete

if TYPE_CHECKING:
    from modules.fleet.site_sections import LoadBalancer

ROOT = Path(__file__).parents[2]
ASKING = {
    "ipv6": "ipv6: true",
    "tls-modern": "tls: modern",
    "waf": "waf: 'arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/a/"
    "0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f'",
    "backend-auth": "backend_auth: {public_keys: [key.pem]}",
    "stickiness": "stickiness: 60",
    "idle-timeout": "idle_timeout: 61",
    "deletion-protection": "deletion_protection: true",
    "desync-mitigation": "desync_mitigation: defensive",
    "client-address-proxied": "client_address: proxied",
    "health-check-matcher": "health_check: {matcher: '201'}",
    "cross-zone": "cross_zone: false",
    "server-errors": "alarms: {topic: 'arn:aws:sns:eu-west-1:123456789012:a', server_errors: 1}",
}
"""A setting that asks for each capability that is asked for by one."""
_BACKEND = "backend_tls: {certificate: /etc/a.crt, private_key: /etc/a.key}"


def codes(folder: Path, kind: LoadBalancer, row: Capability, *more: str) -> list[str]:
    (folder / "key.pem").write_text(PUBLIC_KEY, "utf-8")
    settings = [f"load_balancer: {kind}", _BACKEND, ASKING[row.id], *more]
    text = "sites: {a.com: {document_root: /var/www/a}}\n"
    text += "defaults:\n" + "".join(f"  {each}\n" for each in settings)
    (folder / "fleet.yaml").write_text(complete(text), "utf-8")
    return problems(folder / "fleet.yaml")


ASKED = [row for row in CAPABILITIES if row.id in ASKING]


@pytest.mark.parametrize("row", ASKED, ids=lambda row: row.id)
@pytest.mark.parametrize("kind", KINDS)
def test_what_a_kind_cannot_is_refused_and_nothing_else(
    kind: LoadBalancer, row: Capability, tmp_path: Path
) -> None:
    assert codes(tmp_path, kind, row) == ([] if can(kind, row.id) else [row.code.id])


def test_every_capability_that_some_kind_lacks_and_a_setting_asks_for_is_tried() -> None:
    def asks(row: Capability) -> bool:
        return bool(row.cannot and row.setting)

    untold = {"ec-acm", "drop-invalid-headers", "client-address-kept"}
    assert {row.id for row in CAPABILITIES if asks(row)} - untold == set(ASKING)


def test_a_successor_must_be_able_too(tmp_path: Path) -> None:
    row = next(row for row in CAPABILITIES if row.id == "ipv6")
    assert codes(tmp_path, "application", row, "successor: {load_balancer: classic}") == ["F404"]


def test_every_row_has_words_for_known_kinds_alone() -> None:
    assert len({row.id for row in CAPABILITIES}) == len(CAPABILITIES)
    for row in CAPABILITIES:
        assert row.source.startswith("https://")
        assert {*row.cannot, *row.detail} <= set(KINDS)
        assert not row.cannot.keys() & row.detail.keys()


def test_the_document_is_current() -> None:
    assert DOCUMENT.read_text("utf-8") == capabilities_text()


def test_every_capability_is_proved() -> None:
    assert proofs().keys() == {row.id for row in CAPABILITIES}
    assert [row for row, tests in proofs().items() if not tests] == []


@pytest.mark.parametrize("name", sorted({test for tests in proofs().values() for test in tests}))
def test_a_proof_is_a_test(name: str) -> None:
    place, function, *case = name.removesuffix("]").replace("::", "[", 1).split("[")
    path = ROOT / place
    text = path.read_text("utf-8")
    names = {node.name for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)}
    assert function.rpartition("::")[2] in names
    for each in case:
        files = {file.name.partition(".")[0] for file in path.parent.rglob("*") if file.is_file()}
        assert each in files or each in text
