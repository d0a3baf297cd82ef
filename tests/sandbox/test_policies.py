import pytest
from moto.elbv2.ssl_policies import SSL_POLICIES

from modules.plan.records import TlsLevel
from modules.plan.tls import balancer_policies
from sandbox import SandboxError
from sandbox.emulator.policies import policy_named


@pytest.mark.parametrize(
    ("policy", "lowest", "highest", "suites"),
    [
        ("ELBSecurityPolicy-2016-08", "TLSv1.0", "TLSv1.2", 18),
        ("ELBSecurityPolicy-TLS-1-2-2017-01", "TLSv1.2", "TLSv1.2", 12),
        ("ELBSecurityPolicy-TLS-1-1-2017-01", "TLSv1.1", "TLSv1.2", 18),
        ("ELBSecurityPolicy-FS-1-2-Res-2020-10", "TLSv1.2", "TLSv1.2", 4),
        ("ELBSecurityPolicy-TLS13-1-2-Res-2021-06", "TLSv1.2", "TLSv1.3", 4),
        ("ELBSecurityPolicy-TLS13-1-2-2021-06", "TLSv1.2", "TLSv1.3", 8),
        ("ELBSecurityPolicy-TLS13-1-3-2021-06", "TLSv1.3", "TLSv1.3", 4),
        ("ELBSecurityPolicy-TLS13-1-0-2021-06", "TLSv1.0", "TLSv1.3", 18),
    ],
)
def test_a_policy_tells_its_versions_and_suites(
    policy: str, lowest: str, highest: str, suites: int
) -> None:
    found = policy_named(policy)
    assert (found.lowest, found.highest) == (lowest, highest)
    assert len(set(found.ciphers.split(":"))) == suites


@pytest.mark.parametrize("policy", [name for name in SSL_POLICIES if "-PQ-" not in name])
def test_versions_and_suites_are_those_that_moto_read_at_aws(policy: str) -> None:
    found, moto = policy_named(policy), SSL_POLICIES[policy]
    versions = sorted(map(_in_full, moto["ssl_protocols"]))
    assert (found.lowest, found.highest) == (versions[0], versions[-1])
    if found.lowest != "TLSv1.3":
        suites = {each for each in moto["ciphers"] if not each.startswith("TLS_")}
        assert set(found.ciphers.split(":")) == suites


def _in_full(version: str) -> str:
    return "TLSv1.0" if version == "TLSv1" else version


def test_every_policy_that_the_plan_chooses_is_known() -> None:
    for level in TlsLevel:
        for policy in balancer_policies(level).values():
            policy_named(policy)


def test_an_unknown_policy_is_told() -> None:
    with pytest.raises(SandboxError, match="'ELBSecurityPolicy-1998'"):
        policy_named("ELBSecurityPolicy-1998")
