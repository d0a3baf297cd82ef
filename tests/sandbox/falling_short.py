"""What the emulator's AWS can be told to do wrong, and which checks then fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import sandbox
from sandbox import Check, Sandbox
from sandbox.emulator import records
from sandbox.emulator.api import Api


def failing(three: Sandbox) -> dict[str, set[Check]]:
    """Return the checks that fail, by name."""
    results = sandbox.verify_sandbox(three, servers=False).results
    return {result.name: set(result.failures) for result in results if result.failures}


@contextmanager
def changed(
    three: Sandbox, change: Callable[[], object], undo: Callable[[], object]
) -> Iterator[None]:
    change()
    sandbox.refresh(three)
    try:
        yield
    finally:
        undo()
        sandbox.refresh(three)
    assert failing(three) == {}


def listener_of(api: Api, balancer: str, port: int) -> dict[str, Any]:
    client = api.client("elbv2")
    found = [
        b for b in client.describe_load_balancers()["LoadBalancers"] if balancer in b["DNSName"]
    ]
    listeners = client.describe_listeners(LoadBalancerArn=found[0]["LoadBalancerArn"])
    return next(each for each in listeners["Listeners"] if each["Port"] == port)


def https(api: Api, balancer: str) -> dict[str, Any]:
    return listener_of(api, balancer, 443)


def present(api: Api, listener: dict[str, Any], other: dict[str, Any]) -> None:
    """Have a listener present the certificate that another one had when it was read."""
    certificates = [{"CertificateArn": other["Certificates"][0]["CertificateArn"]}]
    api.client("elbv2").modify_listener(
        ListenerArn=listener["ListenerArn"], Certificates=certificates
    )


def alias(api: Api, name: str) -> str:
    return next(r.alias for r in records.read(api) if r.name == name and r.alias)


def point(api: Api, name: str, target: str, action: str = "UPSERT", *, kind: str = "A") -> None:
    zones = api.all("route53", "list_hosted_zones", "HostedZones")
    zone = next(z["Id"] for z in zones if name.endswith(z["Name"].rstrip(".")))
    found = api.client("route53").list_resource_record_sets(HostedZoneId=zone)
    old: list[dict[str, Any]] = [
        r for r in found["ResourceRecordSets"] if (r["Name"], r["Type"]) == (f"{name}.", kind)
    ]
    record: dict[str, Any] = old[0] if old else {"Name": f"{name}.", "Type": kind}
    zone_id = {"HostedZoneId": "Z2P70J7EXAMPLE", "EvaluateTargetHealth": True}
    record["AliasTarget"] = {**record.get("AliasTarget", zone_id), "DNSName": target}
    api.client("route53").change_resource_record_sets(
        HostedZoneId=zone,
        ChangeBatch={"Changes": [{"Action": action, "ResourceRecordSet": record}]},
    )
