"""The few places where moto does less than a fleet needs of AWS, filled in.

Each class or function says what moto does instead; nothing else of moto is changed.
"""

from __future__ import annotations

from typing import Any

from cryptography import x509
from moto.acm.models import CertBundle
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ec2.models.instances import Instance
from moto.ec2.models.subnets import Subnet
from moto.elb.models import LoadBalancer as ClassicBalancer
from moto.route53.models import Route53Backend, route53_backends

from sandbox.authority import Authority

CLASSIC_HOSTED_ZONE = "Z35SXDOTRQ7X7K"
"""Of classic balancers in us-east-1; aliases in the emulator resolve by name in every region.

https://docs.aws.amazon.com/general/latest/gr/elb.html
"""


def fill(authority: Authority, partition: str = "aws") -> None:
    """Change moto in this process."""

    def generate(
        domain_name: str,
        account_id: str,
        region: str,
        sans: list[str] | None = None,
        cert_authority_arn: str | None = None,
    ) -> CertBundle:
        names = list(dict.fromkeys([domain_name, *(sans or [])]))
        issued = authority.issue(names)
        return CertBundle(
            certificate=issued.certificate,
            private_key=issued.key,
            chain=issued.chain.rstrip(),
            cert_type="AMAZON_ISSUED",
            cert_status="PENDING_VALIDATION",
            cert_authority_arn=cert_authority_arn,
            account_id=account_id,
            region=region,
        )

    def check(bundle: CertBundle) -> None:
        if bundle.status == "PENDING_VALIDATION" and _is_validated(bundle, partition):
            bundle.status = "ISSUED"

    # moto signs with the certificate's own key, for any issuer.
    _replace(CertBundle, "generate_cert", staticmethod(generate))
    # moto looks at the clock: issued a minute after the request, whatever DNS says.
    _replace(CertBundle, "check", check)
    # moto tells the groups of an instance's interface only when asked for the interface.
    _replace(Instance, "attach_eni", _attach_interface)
    # moto holds a subnet's IPv6 range, and tells it in a form that no client reads.
    _replace(Subnet, "ipv6_cidr_block_association_set", property(_ipv6_ranges))
    # moto remembers a record that was deleted, and refuses to create it again.
    _replace(Route53Backend, "change_resource_record_sets", _change_record_sets)
    # moto returns none, so an alias record at a classic balancer is refused by the provider.
    _replace(ClassicBalancer, "canonical_hosted_zone_name_id", CLASSIC_HOSTED_ZONE)


def chain_of(bundle: CertBundle) -> bytes:
    """Return the chain that the certificate came with; moto appends one of Amazon's roots."""
    first, *_ = x509.load_pem_x509_certificates(bundle.chain)
    issuer = x509.load_pem_x509_certificate(bundle.cert).issuer
    if first.subject != issuer:
        return b""
    return bundle.chain.partition(b"-----END CERTIFICATE-----")[0] + b"-----END CERTIFICATE-----\n"


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


_moto_change_record_sets = Route53Backend.change_resource_record_sets


def _change_record_sets(
    backend: Route53Backend, zoneid: str, change_list: list[dict[str, Any]]
) -> None:
    deleted = [_identity(change) for change in change_list if change["Action"] == "DELETE"]
    _moto_change_record_sets(backend, zoneid, change_list)
    journal = backend.get_hosted_zone(zoneid).rr_changes
    journal[:] = [change for change in journal if _identity(change) not in deleted]


def _identity(change: dict[str, Any]) -> tuple[str, str, str | None]:
    record = change["ResourceRecordSet"]
    return _bare(record["Name"]), record["Type"], record.get("SetIdentifier")


def _is_validated(bundle: CertBundle, partition: str) -> bool:
    """Whether Route 53 answers for each name as DNS validation asks.

    https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html
    """
    account = bundle.arn.split(":")[4]
    held = {
        (_bare(record.name), "CNAME", _bare(value))
        for zone in route53_backends[account][partition].zones.values()
        for record in zone.rrsets
        if record.type == "CNAME"
        for value in record.records or ()
    }
    options = bundle.describe()["Certificate"]["DomainValidationOptions"]
    wanted = (option["ResourceRecord"] for option in options)
    return held.issuperset((_bare(w["Name"]), w["Type"], _bare(w["Value"])) for w in wanted)


def _bare(name: str) -> str:
    return name.lower().removesuffix(".")


def _replace(owner: type, name: str, value: Any) -> None:  # noqa: ANN401 - any member of any class
    setattr(owner, name, value)
