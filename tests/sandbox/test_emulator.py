"""The emulator's process, spoken to as the AWS provider does."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store

from sandbox import authority
from sandbox.emulator import Emulator, Seed, balancers, firewall, records
from sandbox.emulator.api import Api
from sandbox.emulator.listeners import Forward, HealthCheck, Target
from sandbox.emulator.seed import Certificate, HostedZone, Instance, Subnet
from tests.sandbox.emulators import REGION, running

pytestmark = pytest.mark.sandbox

ACM = "arn:aws:acm:eu-west-1:111122223333:certificate/12345678-1234-1234-1234-123456789012"
IAM = "arn:aws:iam::111122223333:server-certificate/team/old"
SEED = Seed(
    vpc="vpc-0a1b",
    subnets=(Subnet("subnet-0a", "10.80.0.0/24", "a"), Subnet("subnet-0b", "10.80.1.0/24", "b")),
    groups=("sg-0123",),
    instances=(Instance("i-0123456789abcdef0", "subnet-0a", "10.80.0.10", ("sg-0123",)),),
    zones=(HostedZone("a.com", None), HostedZone("b.com", "Z0123456789ABC")),
    certificates=(Certificate(ACM, ("c.com", "www.c.com")), Certificate(IAM, ("d.com",))),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("emulator")


@pytest.fixture(scope="module")
def moto(folder: Path) -> Iterator[Emulator]:
    with running(folder, SEED) as started:
        yield started


@pytest.fixture(scope="module")
def api(moto: Emulator) -> Api:
    return Api(moto.url, REGION)


def test_what_is_planted_has_the_ids_that_were_named(api: Api) -> None:
    ec2 = api.client("ec2")
    assert ec2.describe_vpcs(VpcIds=["vpc-0a1b"])["Vpcs"][0]["CidrBlock"] == "10.80.0.0/16"
    subnets = ec2.describe_subnets(SubnetIds=["subnet-0a", "subnet-0b"])["Subnets"]
    assert {s["AvailabilityZone"] for s in subnets} == {"eu-west-1a", "eu-west-1b"}
    reservation = ec2.describe_instances(InstanceIds=["i-0123456789abcdef0"])["Reservations"][0]
    instance = reservation["Instances"][0]
    assert instance["PrivateIpAddress"] == "10.80.0.10"
    assert [group["GroupId"] for group in instance["SecurityGroups"]] == ["sg-0123"]
    zones = {z["Name"]: z["Id"] for z in api.all("route53", "list_hosted_zones", "HostedZones")}
    assert zones["b.com."] == "/hostedzone/Z0123456789ABC"


def test_planting_again_adds_only_what_is_missing(moto: Emulator, api: Api) -> None:
    before = moto.export_certificates()[ACM].read_bytes()
    more = Seed(
        SEED.vpc,
        SEED.subnets,
        SEED.groups,
        SEED.instances,
        (*SEED.zones, HostedZone("e.com", None)),
        SEED.certificates,
    )
    moto.plant(more)
    moto.plant(more)
    names = [zone["Name"] for zone in api.all("route53", "list_hosted_zones", "HostedZones")]
    assert sorted(names) == ["a.com.", "b.com.", "e.com."]
    assert moto.export_certificates()[ACM].read_bytes() == before


def test_named_certificates_are_issued_by_the_sandboxs_authority(
    moto: Emulator, folder: Path
) -> None:
    held = moto.export_certificates()
    assert _verified(held[ACM].read_bytes(), folder, "www.c.com")
    assert _verified(held[IAM].read_bytes(), folder, "d.com")
    assert held[ACM].stat().st_mode & 0o077 == 0
    moto.plant(
        Seed(None, (), (), (), (), (Certificate(ACM, ("c.com", "www.c.com", "more.c.com")),))
    )
    assert _verified(moto.export_certificates()[ACM].read_bytes(), folder, "more.c.com")


def test_a_certificate_is_issued_when_every_validation_record_is_there(
    moto: Emulator, api: Api, folder: Path
) -> None:
    acm, route53 = api.client("acm"), api.client("route53")
    arn = acm.request_certificate(
        DomainName="b.com",
        SubjectAlternativeNames=["b.com", "*.b.com", "www.b.com"],
        ValidationMethod="DNS",
    )["CertificateArn"]

    def status() -> str:
        return str(acm.describe_certificate(CertificateArn=arn)["Certificate"]["Status"])

    options = acm.describe_certificate(CertificateArn=arn)["Certificate"]["DomainValidationOptions"]
    wanted = {o["ResourceRecord"]["Name"]: o["ResourceRecord"] for o in options}
    assert len(wanted) == 2, "x and *.x share a record"
    for record in wanted.values():
        assert status() == "PENDING_VALIDATION"
        assert arn not in moto.export_certificates()
        _upsert(
            route53,
            Name=record["Name"],
            Type=record["Type"],
            TTL=60,
            ResourceRecords=[{"Value": record["Value"]}],
        )
    assert status() == "ISSUED"
    assert _verified(moto.export_certificates()[arn].read_bytes(), folder, "any.b.com")


def test_a_wrong_validation_record_is_not_enough(api: Api) -> None:
    acm, route53 = api.client("acm"), api.client("route53")
    arn = acm.request_certificate(DomainName="wrong.b.com", ValidationMethod="DNS")[
        "CertificateArn"
    ]
    described = acm.describe_certificate(CertificateArn=arn)["Certificate"]
    record = described["DomainValidationOptions"][0]["ResourceRecord"]
    _upsert(
        route53,
        Name=record["Name"],
        Type="CNAME",
        TTL=60,
        ResourceRecords=[{"Value": "elsewhere.example."}],
    )
    time.sleep(0.2)
    described = acm.describe_certificate(CertificateArn=arn)["Certificate"]
    assert described["Status"] == "PENDING_VALIDATION"


def test_balancers_are_read_in_the_words_of_their_data_path(api: Api) -> None:
    elb = api.client("elb")
    elb.create_load_balancer(
        LoadBalancerName="old",
        Listeners=[
            {
                "Protocol": "HTTPS",
                "LoadBalancerPort": 443,
                "InstanceProtocol": "HTTPS",
                "InstancePort": 8443,
                "SSLCertificateId": IAM,
            }
        ],
        Subnets=["subnet-0a"],
        SecurityGroups=["sg-0123"],
    )
    elb.configure_health_check(
        LoadBalancerName="old",
        HealthCheck={
            "Target": "HTTPS:8443/health",
            "Interval": 10,
            "Timeout": 5,
            "UnhealthyThreshold": 3,
            "HealthyThreshold": 2,
        },
    )
    elb.register_instances_with_load_balancer(
        LoadBalancerName="old", Instances=[{"InstanceId": "i-0123456789abcdef0"}]
    )
    described = elb.describe_load_balancers(LoadBalancerNames=["old"])
    assert described["LoadBalancerDescriptions"][0]["CanonicalHostedZoneNameID"]
    old = next(b for b in balancers.read(api) if b.name == "old")
    listener = old.listeners[0]
    assert (listener.port, listener.protocol, listener.certificates) == (443, "HTTPS", (IAM,))
    assert isinstance(listener.action, Forward)
    assert listener.action.targets == (Target("i-0123456789abcdef0", 8443),)
    assert listener.action.check == HealthCheck("HTTPS", "/health", 8443, 10, 5, 2, 3, "200")


def test_security_groups_and_records_are_read(api: Api) -> None:
    ec2, route53 = api.client("ec2"), api.client("route53")
    ec2.authorize_security_group_ingress(
        GroupId="sg-0123",
        IpPermissions=[
            {
                "IpProtocol": "tcp",
                "FromPort": 443,
                "ToPort": 443,
                "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
            }
        ],
    )
    wall = firewall.read(api)
    assert wall.opens(["sg-0123"], 443)
    assert not wall.opens(["sg-0123"], 80)
    _upsert(
        route53,
        Name="www.b.com",
        Type="A",
        AliasTarget={
            "HostedZoneId": "Z35SXDOTRQ7X7K",
            "DNSName": "dualstack.old.elb.amazonaws.com",
            "EvaluateTargetHealth": False,
        },
    )
    assert records.Record("www.b.com", "A", (), "old.elb.amazonaws.com") in records.read(api)


def _upsert(route53: object, **record: object) -> None:
    route53.change_resource_record_sets(  # type: ignore[attr-defined]
        HostedZoneId="Z0123456789ABC",
        ChangeBatch={"Changes": [{"Action": "UPSERT", "ResourceRecordSet": record}]},
    )


def _verified(bundle: bytes, folder: Path, name: str) -> bool:
    root = x509.load_pem_x509_certificate(authority.root_file(folder / "authority").read_bytes())
    leaf, *chain = x509.load_pem_x509_certificates(bundle)
    verifier = PolicyBuilder().store(Store([root])).build_server_verifier(x509.DNSName(name))
    assert b"PRIVATE KEY" in bundle
    return len(verifier.verify(leaf, chain)) == 3
