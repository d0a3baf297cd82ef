"""What moto's Route 53 lacks: what it refuses, and private zones."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from moto.core.responses import ActionResult
from moto.route53.exceptions import ResourceRecordAlreadyExists, Route53ClientError
from moto.route53.models import RecordSet, Route53Backend
from moto.route53.responses import Route53

from sandbox.emulator.gaps.replacing import replace

Identity = tuple[str, str | None, str | None]
"""What tells a record set from all others: name, type and, where there are several, identifier."""


def fill() -> None:
    # moto remembers a record that was deleted, and refuses to create it again; creates one that is
    # there a second time; and deletes with a weighted record all that share its identifier.
    replace(Route53Backend, "change_resource_record_sets", _change_record_sets)
    # moto makes a zone public, whatever VPC it is made with.
    replace(Route53, "create_hosted_zone", _create_zone)


_moto_change_record_sets = Route53Backend.change_resource_record_sets
_moto_create_zone = Route53.create_hosted_zone


def _change_record_sets(
    backend: Route53Backend, zoneid: str, change_list: list[dict[str, Any]]
) -> None:
    zone = backend.get_hosted_zone(zoneid)
    before, journal = list(zone.rrsets), zone.rr_changes
    known = len(journal)
    changes = [(change["Action"], _identity(change)) for change in change_list]
    _check(before, changes)
    _moto_change_record_sets(backend, zoneid, change_list)
    touched = {identity for _, identity in changes}
    untouched = [record for record in before if _identity_of(record) not in touched]
    zone.rrsets[:] = [
        *untouched,
        *(record for record in zone.rrsets if _identity_of(record) in touched),
    ]
    deleted = {identity for action, identity in changes if action == "DELETE"}
    journal[:] = [
        *(change for change in journal[:known] if _identity(change) not in deleted),
        *(change for change in journal[known:] if change["Action"] != "DELETE"),
    ]


def _check(records: Iterable[RecordSet], changes: Iterable[tuple[str, Identity]]) -> None:
    """Refuse what Route 53 refuses.

    https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html
    """
    held = {_identity_of(record) for record in records}
    for action, identity in changes:
        name, kind, identifier = identity
        if action == "DELETE":
            held.discard(identity)
            continue
        if action == "CREATE" and identity in held:
            raise ResourceRecordAlreadyExists(name=f"{name}.", _type=kind or "")
        if any(
            (other_name, other_kind) == (name, kind) and (other is None) != (identifier is None)
            for other_name, other_kind, other in held
        ):
            raise Route53ClientError(
                "InvalidChangeBatch",
                f"RRSet with DNS name {name}., type {kind}, SetIdentifier {identifier} cannot be"
                " created because a RRSet of another routing exists with the same name and type",
            )
        held.add(identity)


def _identity(change: dict[str, Any]) -> Identity:
    record = change["ResourceRecordSet"]
    return _bare(record["Name"]), record["Type"], record.get("SetIdentifier")


def _identity_of(record: RecordSet) -> Identity:
    return _bare(record.name), record.type, record.set_identifier


def _bare(name: str) -> str:
    return name.lower().removesuffix(".")


def _create_zone(response: Route53) -> ActionResult:
    if response._get_param("VPC.VPCId"):  # noqa: SLF001 - for subclasses
        response.params.setdefault("HostedZoneConfig", {})["PrivateZone"] = True
    return _moto_create_zone(response)
