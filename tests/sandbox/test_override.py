"""The override of a document as the stack writes it, in the parts that matter to an override."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from modules.fleet import load_fleet
from modules.plan import make_plan
from sandbox import SandboxError
from sandbox.override import Ours, check_provider, override
from sandbox.server import Login
from tests.sandbox import fleets

LOGIN = Login("admin", "127.64.0.1", 2201, Path("/key"), "ssh-ed25519 AAAA")
SHIPPED = {"connection": {"host": "203.0.113.11", "script_path": "/root/x.sh"}, "input": "kept"}


def overridden(folder: Path, **document: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    plan = fleets.plan(folder, fleets.site("a.com") + fleets.site("b.a.com"))
    whole = {"provider": {"aws": [{"region": "eu-west-1"}]}, **document}
    whole["resource"] = {"terraform_data": {"web-1": SHIPPED}, **document.get("resource", {})}
    keys = {"a.com": "our key", "b.a.com": "our other key"}
    return override(
        plan, whole, Ours("http://127.64.0.1:4566", Path("/state"), {"web-1": LOGIN}, keys)
    )


def test_a_connection_is_repeated_with_another_way_to_the_server(tmp_path: Path) -> None:
    found = overridden(tmp_path)
    assert found["resource"] == {
        "terraform_data": {
            "web-1": {
                "connection": {
                    "host": "127.64.0.1",
                    "port": 2201,
                    "user": "admin",
                    "private_key": '${file("/key")}',
                    "host_key": "ssh-ed25519 AAAA",
                    "script_path": "/root/x.sh",
                }
            }
        }
    }
    assert "variable" not in found


def test_every_provider_is_turned_to_the_emulator_and_keeps_its_role(tmp_path: Path) -> None:
    aliased = {"alias": "dns", "assume_role": [{"role_arn": "arn:aws:iam::2:role/dns"}]}
    own, other = overridden(tmp_path, provider={"aws": [{}, aliased]})["provider"]["aws"]
    assert "alias" not in own
    assert other == {**own, "alias": "dns"}
    assert set(own["endpoints"].values()) == {"http://127.64.0.1:4566"}
    assert {"sts", "wafv2", "cloudwatch", "s3"} <= own["endpoints"].keys()


def test_an_old_balancer_drains_for_as_long_as_dns_answers_live(tmp_path: Path) -> None:
    variables = {"drain_seconds": {"default": 120}, "other": {"default": 1}}
    assert overridden(tmp_path, variable=variables)["variable"] == {"drain_seconds": {"default": 3}}


def test_a_pinned_key_becomes_that_of_the_sandboxs_server(tmp_path: Path) -> None:
    def policy(kind: str) -> dict[str, str]:
        return {"policy_type_name": kind, "policy_name": "kept"}

    policies = {
        "a_com__key_1": policy("PublicKeyPolicyType"),
        "b_a_com__key_1": policy("PublicKeyPolicyType"),
        "a_com__tls": policy("SSLNegotiationPolicyType"),
    }
    found = overridden(tmp_path, resource={"aws_load_balancer_policy": policies})
    assert found["resource"]["aws_load_balancer_policy"] == {
        name: {"policy_attribute": [{"name": "PublicKey", "value": key}]}
        for name, key in (("a_com__key_1", "our key"), ("b_a_com__key_1", "our other key"))
    }


def test_what_a_newer_provider_alone_knows_is_refused_by_its_name(tmp_path: Path) -> None:
    check_provider(fleets.plan(tmp_path, fleets.site("a.com")))
    file = fleets.write(
        tmp_path,
        fleets.site("a.com", "certificate: {acm: {key_algorithm: EC_prime256v1}}")
        + fleets.site("b.com", "desync_mitigation: strictest"),
    )
    with pytest.raises(SandboxError) as refusal:
        check_provider(make_plan(load_fleet(file)))
    for word in ("3.39.0", "key_algorithm of a.com", "desync_mitigation of b.com"):
        assert word in str(refusal.value)
