"""How a server joins the balancers, and how it leaves them, without a request lost.

    new instance ──► its targets, its release ──► joined ──► current ──► targets of the one that
    goes are deregistered ──► drained ──► its instance and its security group's rules go

So a server that takes another's place serves before that one is left alone, and one that goes has
finished what it was sent before it is gone.

Both waits are a resource with `for_each`: the block stays in the configuration when a server goes,
and Terraform runs the provisioner of the part that goes. What is destroyed waits for `current`, as
it was made before its successors are, and `current` needed it (measured with Terraform 1.11).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from modules.stack.bindings import (
    Construct,
    ITerraformDependable,
    LocalExecProvisioner,
    TerraformResource,
)
from modules.stack.expressions import interpolated
from modules.stack.load_balancer import FrontDoor
from modules.stack.servers import Server
from modules.stack.waits import Waits

SERVERS = "servers"


class Membership(Construct):
    """Which instances the balancers know; nothing waits in the apply that makes the fleet."""

    def __init__(
        self,
        scope: Construct,
        node_id: str,
        servers: Collection[Server],
        *,
        seconds: int,
        rules: Sequence[ITerraformDependable],
    ) -> None:
        """`seconds` is how long requests in flight have; by the `rules` they and checks pass."""
        super().__init__(scope, node_id)
        self._instances = {server.record.instance_key: server.instance_id for server in servers}
        self._waits = Waits(self, "waits", SERVERS)
        self.drained = self._drained(
            seconds, after=[*rules, *(each for server in servers for each in server.opened)]
        )

    def follow(
        self, doors: Sequence[FrontDoor], *, released: Sequence[ITerraformDependable]
    ) -> None:
        """Hold back the servers that go until those that come are healthy in all `doors`."""
        seconds = max((door.joining for door in doors), default=0)
        attached = [each for door in doors for each in door.attached]
        joined = self._waits.wait("joined", str(seconds), after=[*attached, *released])
        _for_each(joined, self._instances)
        joined.add_override("triggers_replace", interpolated("each.value"))
        # As in a handover, changed last and never replaced: it still needs what has gone when an
        # apply that failed half-way, and took the wait, is repeated.
        self._waits.made("current", self._instances, after=[joined])

    def _drained(self, seconds: int, *, after: Sequence[ITerraformDependable]) -> TerraformResource:
        sleep = LocalExecProvisioner(
            type="local-exec", when="destroy", command="sleep ${self.input.seconds}"
        )
        value = {"instance": interpolated("each.value"), "seconds": seconds}
        drained = self._waits.made("drained", value, after=after, provisioners=[sleep])
        _for_each(drained, self._instances)
        return drained


def _for_each(resource: TerraformResource, instances: Mapping[str, str]) -> None:
    # cdktf's own iterators take no map whose values are known after apply alone.
    resource.add_override("for_each", dict(instances))
