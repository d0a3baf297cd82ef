"""Where Terraform's state lives."""

from __future__ import annotations

import posixpath
from typing import assert_never

from modules.plan.records import CloudState, LocalState, S3State, State
from modules.stack.bindings import LocalBackend, S3Backend, TerraformStack


def keep_state(stack: TerraformStack, state: State, fleet_dir: str) -> None:
    """Set the stack's backend; a local file lies relative to `fleet_dir`."""
    match state:
        case LocalState():
            LocalBackend(stack, path=posixpath.normpath(posixpath.join(fleet_dir, state.path)))
        case S3State():
            _keep_in_s3(stack, state)
        case CloudState():
            _keep_in_cloud(stack, state)
        case _:
            assert_never(state)


def _keep_in_s3(stack: TerraformStack, state: S3State) -> None:
    backend = S3Backend(
        stack,
        bucket=state.bucket,
        key=state.key,
        region=state.region,
        encrypt=True,
        kms_key_id=state.kms_key_id,
        profile=state.profile,
    )
    # Terraform 1.11's own lock file came after cdktf 0.21.
    backend.add_override("use_lockfile", value=True)


def _keep_in_cloud(stack: TerraformStack, state: CloudState) -> None:
    # cdktf's CloudBackend demands an organization, and runs `terraform version` at each synth.
    settings: dict[str, object] = {}
    if state.hostname:
        settings["hostname"] = state.hostname
    if state.organization:
        settings["organization"] = state.organization
    if state.workspace:
        settings["workspaces"] = {"name": state.workspace}
    LocalBackend(stack, path="unused")  # else cdktf adds one, with an absolute path
    stack.add_override("terraform.backend", value=None)
    stack.add_override("terraform.cloud", settings)
