from pathlib import Path

from cryptography.hazmat.primitives import serialization

from sandbox import backend
from tests.sandbox import fleets

SETTING = "backend_tls: {certificate: /etc/tls/x.crt, private_key: /etc/tls/x.key}"


def test_sites_that_name_the_same_files_share_a_certificate_that_stays(tmp_path: Path) -> None:
    folder = tmp_path / "backend"
    sites = fleets.site("a.com", SETTING) + fleets.site("b.com", SETTING) + fleets.site("c.com")
    plan = fleets.plan(tmp_path, sites)
    made = backend.issued(folder, plan)
    assert len(made) == 1
    assert backend.issued(folder, plan) == made
    ((paths, issued),) = made.items()
    key = serialization.load_pem_private_key(issued.key, None)
    der = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    armoured = "".join(der.decode().splitlines()[1:-1])
    assert backend.public_key(folder, paths) == armoured
    assert all(file.stat().st_mode & 0o077 == 0 for file in folder.iterdir())
