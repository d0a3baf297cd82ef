"""The servers: instances that the team has, or that are created with their security group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from modules.plan.names import address
from modules.plan.records import ExistingInstance, NewInstance
from modules.plan.records import Server as ServerRecord
from modules.stack.addressing import at
from modules.stack.bindings import (
    Construct,
    Instance,
    InstanceMetadataOptions,
    ITerraformDependable,
    SecurityGroup,
    SecurityGroupRule,
    TerraformResourceLifecycle,
)
from modules.stack.expressions import file_text, interpolated
from modules.stack.network import Network
from modules.stack.security_groups import Opening


class Server(Construct):
    """One Apache server, whoever made it."""

    instance_id: str
    target: str
    """What the addresses of its targets end with: of an instance that stays, whatever its name."""
    host: str
    """Where Terraform's provisioners connect to."""
    group_id: str
    group_address: str
    """What the addresses of the group's rules start with."""
    opened: Sequence[ITerraformDependable] = ()
    """Rules of its group, where that is created with it."""
    ready: Sequence[ITerraformDependable]
    """What must exist before the provisioners can connect."""

    def __init__(
        self,
        scope: Construct,
        node_id: str,
        record: ServerRecord,
        *,
        network: Network,
        tags: Mapping[str, str],
    ) -> None:
        super().__init__(scope, node_id)
        self.record = record
        self._network = network
        self._tags = {**tags, "Name": record.aws_name}
        if record.security_group:
            self.group_id = self.group_address = record.security_group
        else:
            self._create_group()
        self.ready = [*network.ready, *self.opened]
        match record.instance:
            case ExistingInstance(instance_id):
                self.instance_id = self.target = instance_id
                self.host = record.ssh.host or ""
            case NewInstance() as new:
                instance = self._create_instance(new)
                self.instance_id = instance.id
                self.target = self.record.name
                self.host = record.ssh.host or instance.public_ip

    def _create_group(self) -> None:
        self.group_address = address(self.record.name, "server")
        group = at(
            self.group_address,
            SecurityGroup(
                self,
                "group",
                name=self.record.aws_name,
                description="Apache server of the fleet",
                vpc_id=self._network.vpc_id,
                tags=self._tags,
            ),
        )
        self.group_id = group.id
        out = at(
            f"{self.group_address}__out",
            SecurityGroupRule(
                self,
                "out",
                security_group_id=group.id,
                type="egress",
                protocol="-1",
                from_port=0,
                to_port=0,
                cidr_blocks=["0.0.0.0/0"],
                ipv6_cidr_blocks=["::/0"],
            ),
        )
        ssh_from = (
            self.record.instance.ssh_from if isinstance(self.record.instance, NewInstance) else ()
        )
        openings = [
            Opening(self, f"{self.group_address}__ssh", group.id, cidr, self.record.ssh.port)
            for cidr in ssh_from
        ]
        self.opened = [out, *(opening.rule for opening in openings)]

    def _create_instance(self, new: NewInstance) -> Instance:
        return at(
            address(self.record.name),
            Instance(
                self,
                "instance",
                ami=new.ami,
                instance_type=new.type,
                key_name=new.key_name,
                subnet_id=new.subnet or self._network.subnet_ids[0],
                vpc_security_group_ids=[self.group_id],
                associate_public_ip_address=True,
                user_data=interpolated(file_text(new.user_data)) if new.user_data else None,
                metadata_options=InstanceMetadataOptions(
                    http_endpoint="enabled", http_tokens="required"
                ),
                # Read at the first start alone: a changed file must not take a server down.
                lifecycle=TerraformResourceLifecycle(ignore_changes=["user_data"]),
                depends_on=list(self._network.ready) or None,
                tags=self._tags,
            ),
        )
