"""Calls that change something are told from those that don't."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import TYPE_CHECKING

import pytest

from sandbox.emulator.counting import Counting

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

FORM = "application/x-www-form-urlencoded; charset=utf-8"


def counted(environ: dict[str, object]) -> tuple[int, bytes]:
    """Return how many calls were counted, and the body that AWS read."""
    read = []

    def aws(seen: WSGIEnvironment, _start: StartResponse) -> Iterable[bytes]:
        read.append(seen["wsgi.input"].read(int(seen["CONTENT_LENGTH"])))
        return []

    counting = Counting(aws)
    counting(environ, lambda *_: pytest.fail("nobody answers"))
    return counting.count, read[0]


def call(method: str = "POST", body: bytes = b"", **more: object) -> dict[str, object]:
    return {
        "REQUEST_METHOD": method,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        **more,
    }


@pytest.mark.parametrize(
    ("count", "environ"),
    [
        (0, call("GET")),
        (1, call("DELETE")),
        (1, call(body=b"<ChangeResourceRecordSetsRequest/>")),
        (0, call(HTTP_X_AMZ_TARGET="CertificateManager.DescribeCertificate")),
        (1, call(HTTP_X_AMZ_TARGET="CertificateManager.RequestCertificate")),
        (0, call(body=b"Version=2015&Action=DescribeLoadBalancers", CONTENT_TYPE=FORM)),
        (1, call(body=b"Action=CreateLoadBalancer&Version=2015", CONTENT_TYPE=FORM)),
    ],
)
def test_changes_are_counted(count: int, environ: dict[str, object]) -> None:
    body = environ["wsgi.input"].getvalue()  # type: ignore[attr-defined]
    assert counted(environ) == (count, body)
