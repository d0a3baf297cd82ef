"""What moto's IAM lacks of server certificates."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.iam.models import Certificate
from moto.iam.responses import IamResponse

from sandbox.emulator.gaps.replacing import replace


def fill() -> None:
    # moto drops tags, and keeps the line end after a chain, which IAM does not.
    replace(IamResponse, "upload_server_certificate", _upload)
    replace(IamResponse, "get_server_certificate", _get)
    # moto has neither call.
    replace(IamResponse, "tag_server_certificate", _tag)
    replace(IamResponse, "untag_server_certificate", _untag)


_moto_upload = IamResponse.upload_server_certificate
_moto_get = IamResponse.get_server_certificate


def _upload(response: IamResponse) -> ActionResult:
    result = _moto_upload(response)
    certificate = _named(response)
    if certificate.cert_chain:
        certificate.cert_chain = certificate.cert_chain.strip()
    _tag(response)
    return result


def _get(response: IamResponse) -> ActionResult:
    found: Any = _moto_get(response).result
    tags = [{"Key": key, "Value": value} for key, value in _tags(_named(response)).items()]
    return ActionResult({"ServerCertificate": {**found["ServerCertificate"], "Tags": tags}})


def _tag(response: IamResponse) -> EmptyResult:
    for tag in response._get_param("Tags", []):  # noqa: SLF001 - for subclasses
        _tags(_named(response))[tag["Key"]] = tag["Value"]
    return EmptyResult()


def _untag(response: IamResponse) -> EmptyResult:
    for key in response._get_param("TagKeys", []):  # noqa: SLF001 - for subclasses
        _tags(_named(response)).pop(key, None)
    return EmptyResult()


def _named(response: IamResponse) -> Certificate:
    name = response._get_param("ServerCertificateName")  # noqa: SLF001 - for subclasses
    return response.backend.get_server_certificate(name)


def _tags(certificate: Certificate) -> dict[str, str]:
    tags: dict[str, str] = certificate.__dict__.setdefault("tags", {})
    return tags
