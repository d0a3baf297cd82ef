"""Where Terraform's state lives, as the stack says it."""

from pathlib import Path
from typing import Any

import pytest

from tests.stack.golden import configuration_of

KMS_KEY = "arn:aws:kms:us-east-1:123456789012:key/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"

CASES = [
    pytest.param(
        "",
        {"backend": {"local": {"path": "../../../terraform.shop.tfstate"}}},
        id="beside the fleet file",
    ),
    pytest.param(
        "state: {local: {path: state/shop.tfstate}}\n",
        {"backend": {"local": {"path": "../../../state/shop.tfstate"}}},
        id="local",
    ),
    pytest.param(
        "state: {s3: {bucket: tf-state, key: a/b.tfstate, region: us-east-1, profile: team,"
        f' kms_key_id: "{KMS_KEY}"}}}}\n',
        {
            "backend": {
                "s3": {
                    "bucket": "tf-state",
                    "key": "a/b.tfstate",
                    "region": "us-east-1",
                    "profile": "team",
                    "kms_key_id": KMS_KEY,
                    "encrypt": True,
                    "use_lockfile": True,
                }
            }
        },
        id="s3",
    ),
    pytest.param("state: cloud\n", {"cloud": {}}, id="cloud by environment"),
    pytest.param(
        "state: {cloud: {organization: team, workspace: shop, hostname: tfe.example.com}}\n",
        {
            "cloud": {
                "organization": "team",
                "workspaces": {"name": "shop"},
                "hostname": "tfe.example.com",
            }
        },
        id="cloud",
    ),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_state(text: str, expected: dict[str, Any], tmp_path: Path) -> None:
    terraform = dict(configuration_of(tmp_path, text)["terraform"])
    del terraform["required_providers"]
    assert terraform == expected
