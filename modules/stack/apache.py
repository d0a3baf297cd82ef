"""The Apache configuration as Terraform renders it; the templates travel with the stack."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from modules.plan import apache
from modules.plan.records import Plan
from modules.stack.addressing import at
from modules.stack.bindings import (
    AssetType,
    Construct,
    TerraformAsset,
    TerraformLocal,
    TerraformStack,
)
from modules.stack.expressions import file_text, interpolated


class ApacheConfiguration(Construct):
    """Terraform's locals, from which each server's `Release` is made."""

    def __init__(
        self, scope: Construct, node_id: str, plan: Plan, *, trusted_proxies: Sequence[str]
    ) -> None:
        super().__init__(scope, node_id)
        templates = TerraformAsset(
            TerraformStack.of(self),
            apache.TEMPLATES.name,
            path=str(apache.TEMPLATES),
            type=AssetType.DIRECTORY,
            asset_hash=_digest(apache.TEMPLATES),
        )
        self.script = interpolated("local.script")
        self._local("script", apache.script_local(templates.path))
        self._local(
            "sites", apache.sites_local(plan.sites, lambda path: interpolated(file_text(path)))
        )
        self._local("trusted_proxies", list(trusted_proxies))
        for server in plan.servers:
            expressions = apache.server_locals(
                plan, server, templates=templates.path, trusted_proxies="local.trusted_proxies"
            )
            for name, expression in expressions.items():
                self._local(name, expression)

    def _local(self, name: str, value: object) -> None:
        at(name, TerraformLocal(self, name, value))


def _digest(folder: Path) -> str:
    """Tell one set of templates from another, whatever an editor leaves beside them."""
    digest = hashlib.sha256()
    for file in sorted([*folder.glob("*.tftpl"), *folder.glob("activate/*.sh")]):
        digest.update(f"{file.name}\0{file.stat().st_size}\0".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:32]
