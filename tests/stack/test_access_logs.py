"""The bucket of access logs, and who may write to it."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.stack.golden import blocks, configuration_of, plainly
from tests.stack.graph import Graph

FLEET = """\
region: {region}
access_log_bucket: {bucket}
defaults: {{document_root: /var/www/html, access_logs: true}}
sites: {{a.com: {{load_balancer: {kind}}}}}
"""


def told(folder: Path, **words: str) -> dict[str, Any]:
    chosen = {"region": "eu-west-1", "bucket": "{create: logs}", "kind": "application", **words}
    return dict(configuration_of(folder, FLEET.format(**chosen)))


def policy(configuration: dict[str, Any]) -> dict[str, Any]:
    text = blocks(configuration)["aws_s3_bucket_policy.access_logs"]["policy"]
    return {each["Sid"]: each for each in json.loads(text)["Statement"]}


@pytest.mark.parametrize("kind", ["application", "classic", "network", "shared"])
def test_the_policy_stands_before_a_balancer_logs(kind: str, tmp_path: Path) -> None:
    graph = Graph(told(tmp_path, kind=kind))
    for balancer in graph.of("aws_lb", "aws_elb"):
        assert "aws_s3_bucket_policy.access_logs" in graph.needs(balancer)


def test_a_region_that_never_had_an_account_of_elb_needs_none(tmp_path: Path) -> None:
    """The provider's data source fails there."""
    found = told(tmp_path, region="eu-south-2")
    assert policy(found)["Balancers"]["Principal"] == {
        "Service": "logdelivery.elasticloadbalancing.amazonaws.com"
    }
    assert "aws_elb_service_account" not in found["data"]


def test_arns_are_of_the_regions_partition(tmp_path: Path) -> None:
    statements = policy(told(tmp_path, region="us-gov-west-1"))
    assert {each["Resource"].partition(":s3:")[0] for each in statements.values()} == {
        "arn:aws-us-gov"
    }


@pytest.mark.parametrize(
    ("bucket", "folder"),
    [("{create: logs}", "logs/*"), ("{create: logs, prefix: x/y}", "logs/x/y/*")],
)
def test_balancers_may_write_below_the_prefix_and_in_this_account_alone(
    bucket: str, folder: str, tmp_path: Path
) -> None:
    account = "${data.aws_caller_identity.access_logs.account_id}"
    statements = policy(told(tmp_path, bucket=bucket))
    for sid in ("Balancers", "NetworkBalancers"):
        assert statements[sid]["Resource"] == f"arn:aws:s3:::{folder}/AWSLogs/{account}/*"


def test_a_bucket_of_the_teams_is_left_alone(tmp_path: Path) -> None:
    found = told(tmp_path, bucket="{bucket: ours}")
    assert not [name for name in blocks(found) if "s3" in name or "caller_identity" in name]
    assert blocks(plainly(found))["aws_lb.a_com"]["access_logs"]["bucket"] == "ours"
