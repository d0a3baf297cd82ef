"""HTTP on loopback, past any proxy that the environment names."""

from __future__ import annotations

from http.client import HTTPConnection, HTTPException

from sandbox.errors import SandboxError


def get(address: str, port: int, path: str = "/", *, seconds: float = 5) -> bytes | None:
    """Return the body of a 200 answer; None while nobody answers so."""
    connection = HTTPConnection(address, port, timeout=seconds)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()
    return body if answer.status == 200 else None  # noqa: PLR2004 - 200 is HTTP's OK


def post(address: str, port: int, path: str, content: bytes, *, seconds: float = 60) -> bytes:
    """Return the body of a 200 answer.

    :raises SandboxError: there was another answer, or none.
    """
    connection = HTTPConnection(address, port, timeout=seconds)
    try:
        connection.request("POST", path, content, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, HTTPException) as error:
        raise SandboxError(f"http://{address}:{port}{path}: {error}") from error
    finally:
        connection.close()
    if answer.status != 200:  # noqa: PLR2004
        raise SandboxError(f"http://{address}:{port}{path}: {answer.status} {answer.reason}")
    return body
