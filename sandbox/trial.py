"""Visits to a sandbox, and its whole life in one call."""

from __future__ import annotations

from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from modules.plan import Plan
from modules.plan.records import UploadedCertificate
from modules.verify import DAYS, Verification, View, Wish, visiting
from modules.verify import verify as verify_fleet
from sandbox import life
from sandbox.interrupting import interruptible
from sandbox.life import Sandbox
from sandbox.progress import Progress, silent


def verify(
    fleet_file: Path, progress: Progress = silent, *, days: int = DAYS, servers: bool = True
) -> Verification:
    """Visit every name of every site in the fleet's sandbox; look at its `servers`.

    :raises SandboxError: it is not up.
    """
    return verify_sandbox(life.find(fleet_file), progress, days=days, servers=servers)


def verify_sandbox(
    sandbox: Sandbox, progress: Progress = silent, *, days: int = DAYS, servers: bool = True
) -> Verification:
    """Visit every name of every site in a sandbox; look at its `servers`.

    `days` is how long a certificate has to be valid yet.
    """
    progress(visiting(sandbox.plan))
    wish = Wish(
        days,
        logins=(lambda server: sandbox.login(server.name)) if servers else None,
        servers_demanded=True,
        in_sandbox=True,
    )
    return verify_fleet(sandbox.plan, view_of(sandbox), wish)


def view_of(sandbox: Sandbox) -> View:
    """Return where a client of the sandbox looks from."""
    roots = sandbox.root_certificate.read_text() + _own_roots(sandbox.plan)
    return View(sandbox.nameserver, roots, authorities=(sandbox.nameserver,))


def _own_roots(plan: Plan) -> str:
    """Return the roots that come with the team's PEM files: of an authority of its own."""
    uploaded = [each for each in plan.certificates if isinstance(each, UploadedCertificate)]
    files = {Path(each.chain or each.certificate).expanduser() for each in uploaded}
    found = [
        certificate
        for file in sorted(files)
        for certificate in x509.load_pem_x509_certificates(Path(plan.fleet_dir, file).read_bytes())
        if certificate.issuer == certificate.subject
    ]
    return "".join(each.public_bytes(Encoding.PEM).decode() for each in found)


def run(fleet_file: Path, progress: Progress = silent, *, keep: bool = False) -> Verification:
    """Bring a sandbox up, visit it, and take it down, whatever comes; `keep` leaves it up.

    :raises FleetError: the file can't be used.
    :raises SandboxError: it can't be brought up.
    """
    with interruptible():
        try:
            return verify_sandbox(life.up(fleet_file, progress), progress)
        finally:
            if not keep:
                progress("taking the sandbox down")
                life.down(fleet_file)
