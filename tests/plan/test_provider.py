"""Which provider a plan needs, and why."""

from pathlib import Path

import pytest

from modules.plan.provider import LOWEST, NEWER, needs, version
from tests.plan.plans import TWO_SERVERS, plan_of


@pytest.mark.parametrize(
    ("text", "lowest", "reasons"),
    [
        ("sites:\n  a.com:\n", "3.39", []),
        ("sites:\n  a.com: {certificate: {acm: {key_algorithm: RSA_2048}}}\n", "3.39", []),
        (
            "sites:\n  a.com: {certificate: {acm: {key_algorithm: EC_prime256v1}}}\n",
            "4.40",
            ["key_algorithm of a.com needs AWS provider 4.40"],
        ),
        (
            "sites:\n  a.com: {desync_mitigation: strictest, load_balancer: classic}\n  b.com:\n",
            "3.72",
            ["desync_mitigation of a.com needs AWS provider 3.72"],
        ),
        (
            (
                f"rollout: {{drain: 30}}\n{TWO_SERVERS}"
                "sites:\n  a.com:\n  b.com: {successor: {load_balancer: network}}\n"
            ),
            "5.23",
            ["rollout.drain with the network balancer of b.com needs AWS provider 5.23"],
        ),
        (
            (
                "defaults: {document_root: /srv, load_balancer: shared, "
                "desync_mitigation: monitor}\n"
                "certificates:\n  ec: {acm: {key_algorithm: EC_secp384r1, names: [a.com, b.com]}}\n"
                "sites:\n  a.com: {certificate: {use: ec}}\n  b.com: {certificate: {use: ec}}\n"
            ),
            "4.40",
            [
                "key_algorithm of ec needs AWS provider 4.40",
                "desync_mitigation of shared-1 needs AWS provider 3.72",
            ],
        ),
    ],
)
def test_a_plan_needs_the_newest_of_what_it_asks(
    text: str, lowest: str, reasons: list[str], tmp_path: Path
) -> None:
    plan = plan_of(text, tmp_path)
    assert plan.provider == lowest
    assert [str(need) for need in needs(plan)] == reasons


def test_arguments_tell_the_resource_that_has_them(tmp_path: Path) -> None:
    for kind, argument in (
        ("classic", "aws_elb.desync_mitigation_mode"),
        ("application", "aws_lb.desync_mitigation_mode"),
    ):
        text = f"sites:\n  a.com: {{desync_mitigation: monitor, load_balancer: {kind}}}\n"
        (need,) = needs(plan_of(text, tmp_path))
        assert str(need.argument) == argument


def test_all_are_newer_than_the_lowest() -> None:
    assert all(version(argument.since) > version(LOWEST) for argument in NEWER)
    assert version("3.100") > version("3.39")
