"""What the emulator holds, gathered for the balancers' data path and for DNS."""

from __future__ import annotations

from modules.plan.records import ExistingInstance, Plan
from sandbox import addresses, naming
from sandbox.emulator import ACCOUNT, Emulator, balancers, firewall, records
from sandbox.emulator.api import Api
from sandbox.emulator.seed import account_of
from sandbox.errors import SandboxError
from sandbox.naming import Answers
from sandbox.server import doors
from sandbox.state import State
from sandbox.vpc import Instance, Subnet, World

_GONE = frozenset({"terminated", "shutting-down"})


def read(plan: Plan, state: State, emulator: Emulator) -> tuple[World, Answers]:
    """Return the world as the emulator has it now, never as the fleet file would have it."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - half a second
    from botocore.parsers import ResponseParserError  # noqa: PLC0415

    api = Api(emulator.url, plan.region)
    try:
        found = balancers.read(api)
        loopback = addresses.give(
            state.block, state.addresses, (balancer.dns_name for balancer in found)
        )
        subnets = api.all("ec2", "describe_subnets", "Subnets")
        world = World(
            block=state.block,
            doors=doors(plan.servers, state.links),
            balancers=found,
            firewall=firewall.read(api),
            instances=_instances(api, plan),
            subnets={
                subnet["SubnetId"]: Subnet(subnet["CidrBlock"], subnet["AvailabilityZone"])
                for subnet in subnets
            },
            certificates=emulator.export_certificates(),
            loopback=loopback,
        )
        others = [Api(emulator.url, plan.region, account) for account in _other_accounts(plan)]
        held = records.read(api, *others)
        return world, naming.answers(held, found, loopback, naming.elsewhere(plan))
    # moto answers with a page of its web server when what it listed is gone at the next question.
    except (BotoCoreError, ClientError, ResponseParserError) as error:
        raise SandboxError(f"emulator: {error}") from error


def _other_accounts(plan: Plan) -> set[str]:
    """Find the accounts in which zones of the fleet are."""
    return {account_of(zone.role) for zone in plan.zones if zone.role} - {ACCOUNT}


def _instances(api: Api, plan: Plan) -> dict[str, Instance]:
    """Find the instances that servers stand for: by id, or by the name that Terraform gave."""
    by_id = {
        server.instance.instance: server.name
        for server in plan.servers
        if isinstance(server.instance, ExistingInstance)
    }
    by_name = {server.aws_name: server.name for server in plan.servers}
    instances = {}
    for reservation in api.all("ec2", "describe_instances", "Reservations"):
        for found in reservation["Instances"]:
            tags = {tag["Key"]: tag["Value"] for tag in found.get("Tags", ())}
            server = by_id.get(found["InstanceId"]) or by_name.get(tags.get("Name", ""))
            if server and found["State"]["Name"] not in _GONE:
                instances[found["InstanceId"]] = Instance(
                    server=server,
                    address=found["PrivateIpAddress"],
                    groups=tuple(group["GroupId"] for group in found["SecurityGroups"]),
                    zone=found["Placement"]["AvailabilityZone"],
                )
    return instances
