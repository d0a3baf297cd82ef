"""Zones and records."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Zone:
    """A Route 53 zone: looked up by name, named by id, or created."""

    name: str
    """With a `zone_id`: the registrable domain of the names that it holds."""
    zone_id: str | None = None
    create: bool = False
    private: bool = False
    """Of the fleet's VPC alone."""
    role: str | None = None
    """ARN of the IAM role of the account that holds the zone; None: the fleet's own."""

    @property
    def key(self) -> str:
        """What records refer to: the id where there is one, else the name."""
        return self.zone_id or (f"{self.name} (private)" if self.private else self.name)


@dataclass(frozen=True, slots=True)
class AliasRecord:
    """A Route 53 alias at the balancer: A, and AAAA where all of the site's balancers have IPv6."""

    name: str
    zone: str
    """`key` of its `Zone`."""
    types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ValidationRecord:
    """The one DNS record that proves `name` and `*.name` to ACM, for all certificates."""

    name: str
    zone: str
    """`key` of its `Zone`."""
    certificate: str
    """`key` of the certificate that tells the record's value."""
