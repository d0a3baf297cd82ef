"""The public DNS records that the emulator's Route 53 holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sandbox.emulator.api import Api


@dataclass(frozen=True, slots=True)
class Record:
    """A record set: values, or the DNS name that an alias points at."""

    name: str
    """Without the final dot."""
    type: str
    values: tuple[str, ...]
    alias: str | None


def read(api: Api) -> tuple[Record, ...]:
    """Return all records of all public zones."""
    return tuple(
        record
        for zone in api.all("route53", "list_hosted_zones", "HostedZones")
        if not zone["Config"]["PrivateZone"]
        for record in _records(api, zone["Id"])
    )


def _records(api: Api, zone_id: str) -> Iterator[Record]:
    for found in api.all(
        "route53", "list_resource_record_sets", "ResourceRecordSets", HostedZoneId=zone_id
    ):
        alias = found.get("AliasTarget")
        yield Record(
            name=_bare(found["Name"]),
            type=found["Type"],
            values=tuple(value["Value"] for value in found.get("ResourceRecords", ())),
            alias=_bare(alias["DNSName"]).removeprefix("dualstack.") if alias else None,
        )


def _bare(name: str) -> str:
    # Route 53 writes an asterisk in octal.
    return name.replace("\\052", "*").removesuffix(".").lower()
