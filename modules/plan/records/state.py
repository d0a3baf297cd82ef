"""Where Terraform's state is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LocalState:
    """Terraform's local backend; `path` is relative to the fleet file's folder."""

    path: str


@dataclass(frozen=True, slots=True)
class S3State:
    """Terraform's S3 backend, locked by its own lock file (`use_lockfile`)."""

    bucket: str
    key: str
    region: str
    kms_key_id: str | None = None
    profile: str | None = None


@dataclass(frozen=True, slots=True)
class CloudState:
    """HCP Terraform; with no organization the team sets TF_CLOUD_ORGANIZATION and TF_WORKSPACE."""

    organization: str | None = None
    workspace: str | None = None
    hostname: str | None = None


State = LocalState | S3State | CloudState
