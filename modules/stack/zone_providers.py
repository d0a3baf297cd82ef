"""The AWS provider once more for each role: zones that another account holds."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

from modules.plan.records import Plan
from modules.stack.bindings import (
    AwsProvider,
    AwsProviderAssumeRole,
    Construct,
    TerraformProvider,
)

_DIGEST = 6


class ZoneProviders(Construct):
    """A provider for each role that the file names; `by_zone` has those of zones, by their keys.

    Also for a role that no zone has any more: what was made by it can go by it alone.
    """

    def __init__(self, scope: Construct, node_id: str, plan: Plan) -> None:
        super().__init__(scope, node_id)
        providers = {role: self._provider(role, plan.region) for role in plan.zone_roles}
        self.by_zone: Mapping[str, TerraformProvider] = {
            zone.key: providers[zone.role] for zone in plan.zones if zone.role
        }

    def _provider(self, role: str, region: str) -> AwsProvider:
        alias = provider_alias(role)
        return AwsProvider(
            self,
            alias,
            alias=alias,
            region=region,
            assume_role=[AwsProviderAssumeRole(role_arn=role)],
        )


def provider_alias(role: str) -> str:
    """Return `zones-<account>-<name>-<digest>`, a name of its own for each role's ARN."""
    account, _, name = role.split(":", 4)[4].partition(":role/")
    slug = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")
    return f"zones-{account}-{slug}-{hashlib.sha256(role.encode()).hexdigest()[:_DIGEST]}"
