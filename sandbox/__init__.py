"""A whole AWS on loopback, to try a fleet before AWS sees it.

`up` runs the production JSON through real Terraform against an emulator and lets real balancers,
DNS, sshd and Apache follow; `verify` then visits every name of every site as a client, without SNI
where the site needs none, as `modules.verify` does with the fleet in AWS; `down` leaves nothing.
`run` is the three in turn.
"""

from modules.verify import Check, Result, Verification
from sandbox.errors import SandboxError
from sandbox.life import Sandbox, destroy, down, find, refresh, up
from sandbox.progress import Progress, silent
from sandbox.trial import run, verify, verify_sandbox, view_of

__all__ = [
    "Check",
    "Progress",
    "Result",
    "Sandbox",
    "SandboxError",
    "Verification",
    "destroy",
    "down",
    "find",
    "refresh",
    "run",
    "silent",
    "up",
    "verify",
    "verify_sandbox",
    "view_of",
]
