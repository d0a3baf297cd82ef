"""What lets DNS move from one balancer to another without a request lost.

One apply makes the new balancer, waits until it can have found its servers healthy, changes the
alias records, waits until clients have forgotten the old addresses, and destroys the old balancer:

    front doors ──► healthy ──► alias records ──► drain ──► current ──► (what has gone)

Terraform runs no provisioner of a resource that is destroyed after its successor was made, or that
is gone from the configuration. So the waits are provisioners of what is created, and the old
balancer goes after them because they need the new one (measured with Terraform 1.11 and 1.15).
"""

from __future__ import annotations

from collections.abc import Sequence

from modules.stack.bindings import (
    Construct,
    ITerraformDependable,
    TerraformResource,
    TerraformStack,
    TerraformVariable,
)
from modules.stack.load_balancer import FrontDoor
from modules.stack.waits import Waits

DRAIN_SECONDS = "drain_seconds"
"""The variable; twice the 60 s for which a resolver may keep an alias record's answer:
https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-choosing-alias-non-alias.html
"""


class Handover(Construct):
    """The waits before and after a change of a site's alias records; none when the site is new."""

    def __init__(
        self,
        scope: Construct,
        node_id: str,
        doors: Sequence[FrontDoor],
        *,
        released: Sequence[ITerraformDependable],
    ) -> None:
        super().__init__(scope, node_id)
        self._dns_names = [door.dns_name for door in doors]
        self._waits = Waits(self, "waits", doors[0].site.domain)
        seconds = max(door.settling for door in doors)
        serving = [each for door in doors for each in door.serving]
        self.healthy = self._wait("healthy", str(seconds), after=[*serving, *released])

    def drain(self, moved: Sequence[ITerraformDependable]) -> None:
        """Hold back what has gone from the site's front until clients have followed `moved`."""
        _drain_seconds(TerraformStack.of(self))
        self._hold([self._wait("drain", f"var.{DRAIN_SECONDS}", after=moved)])

    def hold(self) -> None:
        """Hold it back until the new front is healthy, where DNS is not the fleet's to move."""
        self._hold([self.healthy])

    def _hold(self, after: Sequence[ITerraformDependable]) -> None:
        # Changed last and never replaced: it still needs what has gone when an apply that failed
        # half-way, and took the waits, is repeated.
        self._waits.made("current", self._dns_names, after=after)

    def _wait(
        self, word: str, seconds: str, *, after: Sequence[ITerraformDependable]
    ) -> TerraformResource:
        wait = self._waits.wait(word, seconds, after=after)
        wait.add_override("triggers_replace", self._dns_names)
        return wait


def _drain_seconds(stack: TerraformStack) -> None:
    """Declare the variable, once a stack."""
    if stack.node.try_find_child(DRAIN_SECONDS) is None:
        TerraformVariable(
            stack,
            DRAIN_SECONDS,
            type="number",
            default=120,
            description="Seconds for which a balancer stays after DNS has left it",
        )
