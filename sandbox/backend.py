"""Certificates that the team has put on its servers, for `backend_tls`: the same on all of them.

They are self-signed: no balancer asks who vouches for a server, and a classic one may know its key.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path, PurePosixPath

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from modules.plan.records import BackendTls, Plan
from sandbox import authority
from sandbox.authority import Issued


def issued(folder: Path, plan: Plan) -> dict[BackendTls, Issued]:
    """Return a certificate for each pair of files that sites name; once made, it is kept."""
    folder.mkdir(exist_ok=True)
    return {
        site.backend_tls: _kept(folder, site.backend_tls, site.domain)
        for site in plan.sites
        if site.backend_tls
    }


def public_key(folder: Path, paths: BackendTls) -> str:
    """Return Base64 of the DER public key, as a classic balancer pins it."""
    held = x509.load_pem_x509_certificate(_file(folder, paths.certificate).read_bytes())
    der = held.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return base64.b64encode(der).decode()


def _kept(folder: Path, paths: BackendTls, name: str) -> Issued:
    certificate, key = _file(folder, paths.certificate), _file(folder, paths.private_key)
    if not (certificate.exists() and key.exists()):
        made = authority.self_signed(name)
        authority.write_secret(key, made.key)
        authority.write_secret(certificate, made.certificate)
    return Issued(certificate.read_bytes(), b"", key.read_bytes())


def _file(folder: Path, path: PurePosixPath) -> Path:
    return folder / f"{hashlib.sha256(str(path).encode()).hexdigest()[:24]}.pem"
