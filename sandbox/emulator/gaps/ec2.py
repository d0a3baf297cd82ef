"""What moto's EC2 lacks."""

from __future__ import annotations

from typing import Any

from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ec2.models.instances import Instance
from moto.ec2.models.subnets import Subnet

from sandbox.emulator.gaps.replacing import replace


def fill() -> None:
    # moto tells the groups of an instance's interface only when asked for the interface.
    replace(Instance, "attach_eni", _attach_interface)
    # moto holds a subnet's IPv6 range, and tells it in a form that no client reads.
    replace(Subnet, "ipv6_cidr_block_association_set", property(_ipv6_ranges))


_moto_attach_eni = Instance.attach_eni


def _attach_interface(instance: Instance, eni: NetworkInterface, device_index: int) -> str:
    attachment = _moto_attach_eni(instance, eni, device_index)
    if int(device_index) == 0 and not instance.security_groups:
        instance.security_groups = list(eni.group_set)
    return attachment


def _ipv6_ranges(subnet: Subnet) -> list[dict[str, Any]]:
    return [
        {
            "AssociationId": association["associationId"],
            "Ipv6CidrBlock": association["ipv6CidrBlock"],
            "Ipv6CidrBlockState": association["ipv6CidrBlockState"],
        }
        for association in subnet.ipv6_cidr_block_associations.values()
        if association["ipv6CidrBlockState"]["State"] == "associated"
    ]
