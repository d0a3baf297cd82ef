"""Visits to a sandbox, and its whole life in one call."""

from __future__ import annotations

from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from modules.fleet import LockMode, load_fleet
from modules.plan import Plan, make_plan
from modules.plan.records import UploadedCertificate
from sandbox import life
from sandbox.client import View
from sandbox.interrupting import interruptible
from sandbox.life import Sandbox
from sandbox.progress import Progress, silent
from sandbox.verifier import Verification
from sandbox.verifier import verify as verify_names


def verify(fleet_file: Path, progress: Progress = silent) -> Verification:
    """Visit every name of every site in the fleet's sandbox.

    :raises SandboxError: it is not up.
    """
    return verify_sandbox(life.find(fleet_file), progress)


def verify_sandbox(sandbox: Sandbox, progress: Progress = silent) -> Verification:
    """Visit every name of every site in a sandbox."""
    progress(_step(sandbox.plan))
    return verify_names(sandbox.plan, view_of(sandbox), in_sandbox=True)


def view_of(sandbox: Sandbox) -> View:
    """Return where a client of the sandbox looks from."""
    roots = sandbox.root_certificate.read_text() + _own_roots(sandbox.plan)
    return View(sandbox.nameserver, roots)


def verify_real(fleet_file: Path, progress: Progress = silent) -> Verification:
    """Visit every name of every site of the real fleet: the machine's own DNS and roots."""
    plan = make_plan(load_fleet(fleet_file, LockMode.READ))
    progress(_step(plan))
    return verify_names(plan, View(), in_sandbox=False)


def _step(plan: Plan) -> str:
    promised = not any(site.needs_sni for site in plan.sites)
    return "visiting every name without SNI" if promised else "visiting every name"


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
