"""Where moto does less than AWS, spoken to as the AWS provider does."""

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from sandbox import authority
from sandbox.authority import Issued
from sandbox.emulator import Emulator, Seed, balancers
from sandbox.emulator.api import Api
from sandbox.emulator.balancer import Balancer
from sandbox.emulator.listeners import FixedResponse, Forward, Stickiness
from sandbox.emulator.seed import HostedZone, Instance, Subnet
from tests.sandbox.emulators import REGION, running

pytestmark = pytest.mark.sandbox

SUBNETS = (Subnet("subnet-0a", "10.80.0.0/24", "a"), Subnet("subnet-0b", "10.80.1.0/24", "b"))
INSTANCE = Instance("i-0123456789abcdef0", "subnet-0a", "10.80.0.10", ("sg-0123",))
ZONES = (
    HostedZone("a.com", "Z0123456789ABC"),
    HostedZone("a.com", "Z0123456789XYZ", account="111122223333"),
)
SEED = Seed("vpc-0a1b", SUBNETS, ("sg-0123",), (INSTANCE,), ZONES, ())
FORTY_TAGS = [{"Key": f"k{number}", "Value": "v"} for number in range(40)]


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


@pytest.fixture
def issued(folder: Path) -> Issued:
    return authority.load(folder / "authority").issue(["a.com"])


# --- certificates -----------------------------------------------------------------------------


def test_a_name_has_one_validation_record_in_all_certificates_of_an_account(moto: Emulator) -> None:
    def records(account: str, *names: str) -> set[tuple[str, str]]:
        acm = Api(moto.url, REGION, account).client("acm")
        arn = acm.request_certificate(
            DomainName=names[0], SubjectAlternativeNames=list(names), ValidationMethod="DNS"
        )["CertificateArn"]
        described = acm.describe_certificate(CertificateArn=arn)["Certificate"]
        options = [option["ResourceRecord"] for option in described["DomainValidationOptions"]]
        return {(option["Name"], option["Value"]) for option in options}

    ours = "123456789012"
    both = records(ours, "x.com", "*.x.com", "y.com")
    assert len(both) == len({value for _, value in both}) == 2
    assert records(ours, "*.x.com") | records(ours, "y.com") == both
    assert records("111122223333", "x.com").isdisjoint(both)


def test_a_record_in_another_accounts_zone_validates_too(moto: Emulator, api: Api) -> None:
    acm = api.client("acm")
    arn = acm.request_certificate(DomainName="v.a.com", ValidationMethod="DNS")["CertificateArn"]
    described = acm.describe_certificate(CertificateArn=arn)["Certificate"]
    record = described["DomainValidationOptions"][0]["ResourceRecord"]
    _change(
        Api(moto.url, REGION, "111122223333"),
        ("CREATE", _record(record["Name"], "CNAME", record["Value"])),
        zone="Z0123456789XYZ",
    )
    assert acm.describe_certificate(CertificateArn=arn)["Certificate"]["Status"] == "ISSUED"


def test_a_key_is_of_the_kind_that_was_asked_for(moto: Emulator, api: Api) -> None:
    acm = api.client("acm")
    arn = acm.request_certificate(
        DomainName="e.a.com", ValidationMethod="DNS", KeyAlgorithm="EC_secp384r1"
    )["CertificateArn"]
    described = acm.describe_certificate(CertificateArn=arn)["Certificate"]
    assert described["KeyAlgorithm"] == "EC_secp384r1"
    record = described["DomainValidationOptions"][0]["ResourceRecord"]
    _change(api, ("CREATE", _record(record["Name"], "CNAME", record["Value"])))
    held = x509.load_pem_x509_certificate(moto.export_certificates()[arn].read_bytes())
    assert isinstance(held.public_key(), ec.EllipticCurvePublicKey)


def test_an_imported_certificate_is_presented_as_it_was_imported(
    moto: Emulator, api: Api, issued: Issued
) -> None:
    acm = api.client("acm")
    pem = {"Certificate": issued.certificate, "PrivateKey": issued.key}
    whole = acm.import_certificate(**pem, CertificateChain=issued.chain)["CertificateArn"]
    bare = acm.import_certificate(**pem)["CertificateArn"]
    held = moto.export_certificates()
    assert held[whole].read_bytes() == issued.bundle
    assert held[bare].read_bytes() == issued.certificate + issued.key
    assert len(x509.load_pem_x509_certificates(_chain(acm, whole))) == 1


def test_an_iam_certificate_keeps_its_chain_and_its_tags(
    moto: Emulator, api: Api, issued: Issued
) -> None:
    iam = api.client("iam")
    uploaded = iam.upload_server_certificate(
        ServerCertificateName="ours",
        CertificateBody=issued.certificate.decode(),
        PrivateKey=issued.key.decode(),
        CertificateChain=issued.chain.decode(),
        Tags=[{"Key": "a", "Value": "b"}],
    )["ServerCertificateMetadata"]
    assert moto.export_certificates()[uploaded["Arn"]].read_bytes() == issued.bundle
    iam.tag_server_certificate(ServerCertificateName="ours", Tags=[{"Key": "c", "Value": "d"}])
    iam.untag_server_certificate(ServerCertificateName="ours", TagKeys=["a"])
    held = iam.get_server_certificate(ServerCertificateName="ours")["ServerCertificate"]
    assert held["Tags"] == [{"Key": "c", "Value": "d"}]
    assert held["CertificateChain"] == issued.chain.decode().strip()


# --- application and network balancers --------------------------------------------------------


def test_a_shared_balancer_is_read_with_its_certificates_and_rules(
    api: Api, issued: Issued
) -> None:
    elbv2, first, second = api.client("elbv2"), _imported(api, issued), _imported(api, issued)
    arn = _balancer(api, "shared")
    listener = elbv2.create_listener(
        LoadBalancerArn=arn,
        Port=443,
        Protocol="HTTPS",
        SslPolicy="ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
        Certificates=[{"CertificateArn": first}],
        DefaultActions=[
            {
                "Type": "fixed-response",
                "FixedResponseConfig": {"StatusCode": "404", "MessageBody": "Not Found"},
            }
        ],
    )["Listeners"][0]["ListenerArn"]
    group = _group(api, "HTTPS", 8443)
    elbv2.modify_target_group_attributes(
        TargetGroupArn=group,
        Attributes=[
            {"Key": "stickiness.enabled", "Value": "true"},
            {"Key": "stickiness.type", "Value": "lb_cookie"},
            {"Key": "stickiness.lb_cookie.duration_seconds", "Value": "60"},
            {"Key": "deregistration_delay.timeout_seconds", "Value": "3600"},
        ],
    )
    hosts = {"Field": "host-header", "HostHeaderConfig": {"Values": ["a.com", "*.a.com"]}}
    elbv2.create_rule(
        ListenerArn=listener,
        Priority=7,
        Conditions=[hosts],
        Actions=[{"Type": "forward", "TargetGroupArn": group}],
    )

    def more(call: str, certificate: str) -> None:
        getattr(elbv2, call)(ListenerArn=listener, Certificates=[{"CertificateArn": certificate}])

    more("add_listener_certificates", second)
    found = _read(api, "shared").listeners[0]
    assert found.certificates == (first, second)
    assert found.action == FixedResponse(404, "text/plain", "Not Found")
    (rule,) = found.rules
    assert (rule.priority, rule.hosts) == (7, ("a.com", "*.a.com"))
    assert isinstance(rule.action, Forward)
    assert rule.action.stickiness == Stickiness("AWSALB", 60)
    assert not rule.action.client_kept
    # A certificate may be both the default one and in the list, for the time between two calls.
    more("add_listener_certificates", first)
    elbv2.modify_listener(ListenerArn=listener, Certificates=[{"CertificateArn": second}])
    more("remove_listener_certificates", second)
    assert _read(api, "shared").listeners[0].certificates == (second, first)


def test_a_network_balancer_is_read_and_its_tls_listener_takes_another_certificate(
    api: Api, issued: Issued
) -> None:
    elbv2, first, second = api.client("elbv2"), _imported(api, issued), _imported(api, issued)
    arn = _balancer(api, "net", Type="network")
    assert ":loadbalancer/net/net/" in arn
    group = _group(api, "TLS", 8444)
    elbv2.modify_target_group(TargetGroupArn=group, Matcher={"HttpCode": "200-299"})
    elbv2.modify_target_group_attributes(
        TargetGroupArn=group,
        Attributes=[{"Key": "proxy_protocol_v2.enabled", "Value": "true"}],
    )
    listener = elbv2.create_listener(
        LoadBalancerArn=arn,
        Port=443,
        Protocol="TLS",
        SslPolicy="ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
        Certificates=[{"CertificateArn": first}],
        DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
    )["Listeners"][0]["ListenerArn"]
    elbv2.modify_listener(
        ListenerArn=listener, Protocol="TLS", Certificates=[{"CertificateArn": second}]
    )
    found = _read(api, "net")
    assert (found.idle_timeout, found.cross_zone) == (350, False)
    (only,) = found.listeners
    assert (only.protocol, only.certificates, only.http2) == ("TLS", (second,), False)
    assert isinstance(only.action, Forward)
    assert (only.action.client_kept, only.action.proxy_protocol) == (True, True)
    assert only.action.check.statuses == "200-299"


def test_a_balancer_that_is_there_is_not_made_twice(api: Api) -> None:
    arn = _balancer(api, "once")
    assert _balancer(api, "once") == arn
    with pytest.raises(ClientError, match="already exists"):
        _balancer(api, "once", Scheme="internal")
    assert _balancer(api, "another") != arn


def test_a_protected_balancer_is_not_deleted(api: Api) -> None:
    elbv2, arn = api.client("elbv2"), _balancer(api, "protected")

    def protect(value: str) -> None:
        attribute = {"Key": "deletion_protection.enabled", "Value": value}
        elbv2.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=[attribute])

    protect("true")
    with pytest.raises(ClientError, match="deletion protection is enabled"):
        elbv2.delete_load_balancer(LoadBalancerArn=arn)
    protect("false")
    elbv2.delete_load_balancer(LoadBalancerArn=arn)


# --- classic balancers ------------------------------------------------------------------------


def test_policies_of_a_classic_balancer_are_read(api: Api, issued: Issued) -> None:
    elb = api.client("elb")
    elb.create_load_balancer(
        LoadBalancerName="classic",
        Listeners=[
            {
                "Protocol": "HTTPS",
                "LoadBalancerPort": 443,
                "InstanceProtocol": "HTTPS",
                "InstancePort": 8443,
                "SSLCertificateId": _imported(api, issued),
            }
        ],
        Subnets=["subnet-0a"],
        SecurityGroups=["sg-0123"],
        Tags=FORTY_TAGS,
    )

    def policy(name: str, kind: str, attribute: str, value: str) -> None:
        elb.create_load_balancer_policy(
            LoadBalancerName="classic",
            PolicyName=name,
            PolicyTypeName=kind,
            PolicyAttributes=[{"AttributeName": attribute, "AttributeValue": value}],
        )

    policy("key", "PublicKeyPolicyType", "PublicKey", "MIIB")
    policy("pinned", "BackendServerAuthenticationPolicyType", "PublicKeyPolicyName", "key")
    elb.set_load_balancer_policies_for_backend_server(
        LoadBalancerName="classic", InstancePort=8443, PolicyNames=["pinned"]
    )
    elb.create_lb_cookie_stickiness_policy(
        LoadBalancerName="classic", PolicyName="sticky", CookieExpirationPeriod=60
    )
    elb.set_load_balancer_policies_of_listener(
        LoadBalancerName="classic", LoadBalancerPort=443, PolicyNames=["sticky"]
    )
    # As the provider does: the time first, then whether connections drain at all.
    for draining in ({"Enabled": True, "Timeout": 60}, {"Enabled": True}):
        elb.modify_load_balancer_attributes(
            LoadBalancerName="classic", LoadBalancerAttributes={"ConnectionDraining": draining}
        )
    held = elb.describe_load_balancer_attributes(LoadBalancerName="classic")
    assert held["LoadBalancerAttributes"]["ConnectionDraining"]["Timeout"] == 60
    action = _read(api, "classic").listeners[0].action
    assert isinstance(action, Forward)
    assert action.stickiness == Stickiness("AWSELB", 60)
    assert action.public_keys == ("MIIB",)
    assert action.check.protocol == "TCP", "AWS's own, as none was configured"


# --- DNS --------------------------------------------------------------------------------------


def test_route_53_refuses_a_record_that_is_there(api: Api) -> None:
    _change(api, ("CREATE", _record("r.a.com", "TXT", '"1"')))
    with pytest.raises(ClientError, match="already exists"):
        _change(api, ("CREATE", _record("r.a.com", "TXT", '"2"')))
    weighted = {**_record("r.a.com", "TXT", '"2"'), "SetIdentifier": "one", "Weight": 1}
    with pytest.raises(ClientError, match="another routing exists"):
        _change(api, ("CREATE", weighted))
    _change(api, ("DELETE", _record("r.a.com", "TXT", '"1"')), ("CREATE", weighted))
    _change(api, ("DELETE", weighted))
    _change(api, ("CREATE", _record("r.a.com", "TXT", '"1"')))


def test_a_weighted_record_goes_alone(api: Api) -> None:
    records = [
        {**_record(name, "TXT", f'"{number}"'), "SetIdentifier": number, "Weight": 1}
        for name in ("w.a.com", "x.a.com")
        for number in ("one", "two")
    ]
    _change(api, *(("CREATE", record) for record in records))
    _change(api, ("DELETE", records[0]))
    found = api.all(
        "route53", "list_resource_record_sets", "ResourceRecordSets", HostedZoneId=ZONES[0].id
    )
    held = {(each["Name"], each["SetIdentifier"]) for each in found if "SetIdentifier" in each}
    assert held == {("w.a.com.", "two"), ("x.a.com.", "one"), ("x.a.com.", "two")}


def test_a_zone_that_is_made_with_a_vpc_is_private(api: Api) -> None:
    vpc = {"VPCId": "vpc-0a1b", "VPCRegion": "eu-west-1"}
    route53 = api.client("route53")
    made = route53.create_hosted_zone(Name="inside.com", CallerReference="1", VPC=vpc)
    held = route53.get_hosted_zone(Id=made["HostedZone"]["Id"])
    assert held["HostedZone"]["Config"]["PrivateZone"]
    assert held["VPCs"] == [vpc]


def _change(api: Api, *changes: tuple[str, dict[str, Any]], zone: str = "Z0123456789ABC") -> None:
    batch = [{"Action": action, "ResourceRecordSet": record} for action, record in changes]
    api.client("route53").change_resource_record_sets(
        HostedZoneId=zone, ChangeBatch={"Changes": batch}
    )


def _record(name: str, kind: str, value: str) -> dict[str, Any]:
    return {"Name": name, "Type": kind, "TTL": 60, "ResourceRecords": [{"Value": value}]}


def _read(api: Api, name: str) -> Balancer:
    return next(each for each in balancers.read(api) if each.name == name)


def _balancer(api: Api, name: str, **settings: str) -> str:
    made = api.client("elbv2").create_load_balancer(
        Name=name,
        Subnets=[subnet.id for subnet in SUBNETS],
        SecurityGroups=["sg-0123"],
        Tags=FORTY_TAGS,
        **settings,
    )
    return str(made["LoadBalancers"][0]["LoadBalancerArn"])


def _group(api: Api, protocol: str, port: int) -> str:
    made = api.client("elbv2").create_target_group(
        Name=f"group-{secrets.token_hex(4)}",
        Protocol=protocol,
        Port=port,
        VpcId="vpc-0a1b",
        HealthCheckProtocol="HTTPS",
        HealthCheckPath="/health",
        Tags=FORTY_TAGS,
    )
    return str(made["TargetGroups"][0]["TargetGroupArn"])


def _imported(api: Api, issued: Issued) -> str:
    made = api.client("acm").import_certificate(
        Certificate=issued.certificate, PrivateKey=issued.key, CertificateChain=issued.chain
    )
    return str(made["CertificateArn"])


def _chain(acm: Any, arn: str) -> bytes:  # noqa: ANN401 - boto3 makes clients at run time
    return str(acm.get_certificate(CertificateArn=arn)["CertificateChain"]).encode()
