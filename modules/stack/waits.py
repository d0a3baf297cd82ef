"""Waits that are part of an apply: provisioners of resources that exist in Terraform alone."""

from __future__ import annotations

from collections.abc import Sequence

from modules.plan.names import address
from modules.stack.addressing import at
from modules.stack.bindings import (
    Construct,
    ITerraformDependable,
    LocalExecProvisioner,
    TerraformResource,
    TerraformResourceLifecycle,
)
from modules.stack.expressions import interpolated


class Waits(Construct):
    """What waits on behalf of one subject, and what remembers; its addresses start with that.

    Terraform runs no provisioner of a resource that is destroyed after its successor was made, or
    that is gone from the configuration with its whole block.
    """

    def __init__(self, scope: Construct, node_id: str, subject: str) -> None:
        super().__init__(scope, node_id)
        self._subject = subject
        self.made("since", interpolated("plantimestamp()"), ignore=True)

    def unless_new(self, seconds: str) -> str:
        """Return the expression of `seconds`, which is 0 in the apply that makes the subject."""
        since = f"terraform_data.{address(self._subject, 'since')}.output"
        return interpolated(f"{since} == plantimestamp() ? 0 : {seconds}")

    def wait(
        self, word: str, seconds: str, *, after: Sequence[ITerraformDependable]
    ) -> TerraformResource:
        """Make what sleeps whenever it is created, for the `seconds` of that moment."""
        sleep = LocalExecProvisioner(type="local-exec", command="sleep ${self.input}")
        return self.made(
            word, self.unless_new(seconds), ignore=True, after=after, provisioners=[sleep]
        )

    def made(
        self,
        word: str,
        value: object,
        *,
        ignore: bool = False,
        after: Sequence[ITerraformDependable] = (),
        provisioners: Sequence[LocalExecProvisioner] = (),
    ) -> TerraformResource:
        """Make what holds a value; with `ignore` the one that it was created with."""
        made = at(
            address(self._subject, word),
            # cdktf's DataResource runs `terraform version` at each synth, and takes no string.
            TerraformResource(
                self,
                word,
                terraform_resource_type="terraform_data",
                lifecycle=TerraformResourceLifecycle(ignore_changes=["input"]) if ignore else None,
                depends_on=list(after) or None,
                provisioners=list(provisioners) or None,
            ),
        )
        made.add_override("input", value)
        return made
