"""The DNS records that the emulator's Route 53 holds, of public zones and of private ones."""

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
    weight: int | None = None
    """With a weight the record is one of several of its name and type."""
    private: bool = False
    """Whether it stands in a private zone."""


def read(api: Api, *others: Api) -> tuple[Record, ...]:
    """Return all records of all zones of an account, and of the `others`."""
    return tuple(record for each in (api, *others) for record in _of_account(each))


def _of_account(api: Api) -> Iterator[Record]:
    for zone in api.all("route53", "list_hosted_zones", "HostedZones"):
        yield from _records(api, zone["Id"], private=zone["Config"]["PrivateZone"])


def _records(api: Api, zone_id: str, *, private: bool) -> Iterator[Record]:
    for found in api.all(
        "route53", "list_resource_record_sets", "ResourceRecordSets", HostedZoneId=zone_id
    ):
        alias = found.get("AliasTarget")
        yield Record(
            name=_bare(found["Name"]),
            type=found["Type"],
            values=tuple(value["Value"] for value in found.get("ResourceRecords", ())),
            alias=_bare(alias["DNSName"]).removeprefix("dualstack.") if alias else None,
            weight=found.get("Weight"),
            private=private,
        )


def _bare(name: str) -> str:
    # Route 53 writes an asterisk in octal.
    return name.replace("\\052", "*").removesuffix(".").lower()
