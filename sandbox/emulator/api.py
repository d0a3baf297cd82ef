"""AWS's own client library, pointed at the emulator."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

ACCOUNT = "123456789012"
"""The fleet's own: what moto takes a caller for who is nobody else."""


@dataclass(frozen=True, slots=True)
class Api:
    """Clients of one emulator in one region."""

    url: str
    region: str
    account: str = ACCOUNT

    def client(self, service: str) -> Any:  # noqa: ANN401 - boto3 makes clients at run time
        """Return a client of `ec2`, `elb`, `elbv2`, `route53`, `acm` and their like."""
        import boto3  # noqa: PLC0415 - half a second
        from botocore.config import Config  # noqa: PLC0415

        client = boto3.client(
            service,
            endpoint_url=self.url,
            region_name=self.region,
            aws_access_key_id="portico",
            aws_secret_access_key="sandbox",  # noqa: S106 - the emulator takes any
            config=Config(proxies={}),
        )
        client.meta.events.register("before-sign", self._name_account)
        return client

    def all(self, service: str, call: str, key: str, **arguments: object) -> Iterator[Any]:
        """Return every item of a paged answer, such as `elb`'s `describe_load_balancers`."""
        for page in self.client(service).get_paginator(call).paginate(**arguments):
            yield from page[key]

    def _name_account(self, request: Any, **_: object) -> None:  # noqa: ANN401 - botocore's
        request.headers["x-moto-account-id"] = self.account
