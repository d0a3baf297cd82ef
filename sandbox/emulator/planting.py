"""Puts a seed into moto, with the ids that the fleet file names.

moto gives every resource an id of its own; each function here runs moto's own creation with the
next id replaced. Planting again adds what is missing.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from cryptography import x509
from moto.acm.models import CertBundle, acm_backends
from moto.ec2.models import ec2_backends, instances, security_groups, subnets, vpcs
from moto.iam.models import Certificate as IamCertificate
from moto.iam.models import iam_backends
from moto.route53.models import HostedZoneIdentifier, route53_backends
from moto.s3.models import s3_backends
from moto.sns.models import sns_backends
from moto.utilities.id_generator import moto_id_manager
from moto.wafv2.models import FakeWebACL, wafv2_backends

from sandbox.authority import Authority
from sandbox.emulator import gaps
from sandbox.emulator.seed import VPC_CIDR, Certificate, HostedZone, Instance, Seed, Subnet


@dataclasses.dataclass(frozen=True, slots=True)
class Ground:
    """Where in moto a seed goes."""

    account: str
    region: str
    partition: str = "aws"

    @property
    def ec2(self) -> Any:  # noqa: ANN401 - moto puts it together from 40 classes
        return ec2_backends[self.account][self.region]


def plant(seed: Seed, ground: Ground, authority: Authority) -> None:
    """Make everything of the seed that isn't there yet."""
    if seed.vpc:
        _vpc(seed.vpc, ground)
        for subnet in seed.subnets:
            _subnet(subnet, seed.vpc, ground)
        for group in seed.groups:
            _group(group, seed.vpc, ground)
    for instance in seed.instances:
        _instance(instance, ground)
    for zone in seed.zones:
        _zone(zone, seed.vpc, ground)
    for certificate in seed.certificates:
        _certificate(certificate, ground, authority)
    for topic in seed.topics:
        _topic(topic)
    for web_acl in seed.web_acls:
        _web_acl(web_acl, ground)
    for bucket in seed.buckets:
        _bucket(bucket, ground)
    gaps.proved_elsewhere.update(seed.elsewhere)


def _vpc(vpc: str, ground: Ground) -> None:
    if vpc not in ground.ec2.vpcs:
        with _next_id(vpcs, "random_vpc_id", vpc):
            ground.ec2.create_vpc(str(VPC_CIDR))


def _subnet(subnet: Subnet, vpc: str, ground: Ground) -> None:
    if any(subnet.id in zone for zone in ground.ec2.subnets.values()):
        return
    with _next_id(subnets, "random_subnet_id", subnet.id):
        ground.ec2.create_subnet(
            vpc, subnet.cidr, availability_zone=f"{ground.region}{subnet.zone}"
        )


def _group(group: str, vpc: str, ground: Ground) -> None:
    if ground.ec2.get_security_group_from_id(group) is None:
        with _next_id(security_groups, "random_security_group_id", group):
            ground.ec2.create_security_group(group, "named by the fleet file", vpc_id=vpc)


def _instance(instance: Instance, ground: Ground) -> None:
    if any(known.id == instance.id for known in ground.ec2.all_instances()):
        return
    with _next_id(instances, "random_instance_id", instance.id):
        ground.ec2.run_instances(
            image_id="ami-00000000",
            count=1,
            user_data=None,
            security_group_names=[],
            security_group_ids=list(instance.groups),
            subnet_id=instance.subnet,
            private_ip=instance.address,
            instance_type="t3.micro",
            is_instance_type_default=False,
            region_name=ground.region,
            tags={"instance": {"Name": instance.id}},
        )


def _zone(zone: HostedZone, vpc: str | None, ground: Ground) -> None:
    account = zone.account or ground.account
    backend = route53_backends[account][ground.partition]
    name = f"{zone.name}."
    if any(
        zone.id == known.resource_id
        if zone.id
        else (known.name, known.private_zone) == (name, zone.private)
        for known in backend.zones.values()
    ):
        return
    identifier = HostedZoneIdentifier(account, name, None)
    if zone.id:
        moto_id_manager.set_custom_id(identifier, zone.id)
    backend.create_hosted_zone(
        name,
        private_zone=zone.private,
        vpcid=vpc if zone.private else None,
        vpcregion=ground.region if zone.private else None,
    )
    # Another zone may have the same name: a private one.
    moto_id_manager.unset_custom_id(identifier)


def _topic(arn: str) -> None:
    """Make a topic, which may be another account's."""
    _, _, _, region, account, name = arn.split(":")
    sns_backends[account][region].create_topic(name)


def _web_acl(arn: str, ground: Ground) -> None:
    _, _, _, _, account, resource = arn.split(":")
    _, _, name, number = resource.split("/")
    held = wafv2_backends[ground.account][ground.region].wacls
    held.setdefault(
        arn,
        FakeWebACL(name, account, arn, number, {}, {"Allow": {}}, description=None, rules=None),
    )


def _bucket(name: str, ground: Ground) -> None:
    backend = s3_backends[ground.account][ground.partition]
    if name not in backend.buckets:
        backend.create_bucket(name, ground.region)


def _certificate(certificate: Certificate, ground: Ground, authority: Authority) -> None:
    """Issue anew when the fleet uses the certificate for more names than it has."""
    if certificate.arn.split(":")[2] == "iam":
        _iam_certificate(certificate, ground, authority)
        return
    held = acm_backends[ground.account][ground.region]._certificates  # noqa: SLF001 - moto has no call that takes an ARN
    known = held.get(certificate.arn)
    if known is None or not _is_for(known.cert, certificate):
        issued = authority.issue(certificate.names)
        held[certificate.arn] = CertBundle(
            ground.account,
            issued.certificate,
            issued.key,
            chain=issued.chain.rstrip(),
            region=ground.region,
            arn=certificate.arn,
        )


def _iam_certificate(certificate: Certificate, ground: Ground, authority: Authority) -> None:
    held = iam_backends[ground.account][ground.partition].certificates
    known = held.get(certificate.arn)
    if known is not None and _is_for(known.cert_body.encode(), certificate):
        return
    _, _, _, _, account, resource = certificate.arn.split(":", 5)
    path, name = resource.removeprefix("server-certificate").rsplit("/", 1)
    issued = authority.issue(certificate.names)
    held[certificate.arn] = IamCertificate(
        account_id=account,
        region_name=ground.region,
        cert_name=name,
        cert_body=issued.certificate.decode(),
        private_key=issued.key.decode(),
        cert_chain=issued.chain.decode(),
        path=f"{path}/",
    )


def _is_for(pem: bytes, certificate: Certificate) -> bool:
    """Whether a certificate has all the names that the fleet uses it for."""
    held = x509.load_pem_x509_certificate(pem)
    alternative = held.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return set(certificate.names) <= set(alternative.value.get_values_for_type(x509.DNSName))


@contextmanager
def _next_id(module: ModuleType, generator: str, wanted: str) -> Iterator[None]:
    original = getattr(module, generator)
    setattr(module, generator, lambda: wanted)
    try:
        yield
    finally:
        setattr(module, generator, original)
