"""The fleet's servers over ssh: what they say of themselves, and what they are told to do.

Nothing is needed there but what a deploy has put there: its activation script.
"""

from modules.servers.errors import ServerError, UnreachableError
from modules.servers.moves import Move, Stock, alike, moves
from modules.servers.reports import (
    Apache,
    BackendCertificate,
    Boot,
    Drain,
    Kept,
    PortProbe,
    Status,
)
from modules.servers.script import (
    Content,
    Outcome,
    contents,
    releases,
    rollback,
    status,
)
from modules.servers.ssh import Login, execute, follow, login_of

__all__ = [
    "Apache",
    "BackendCertificate",
    "Boot",
    "Content",
    "Drain",
    "Kept",
    "Login",
    "Move",
    "Outcome",
    "PortProbe",
    "ServerError",
    "Status",
    "Stock",
    "UnreachableError",
    "alike",
    "contents",
    "execute",
    "follow",
    "login_of",
    "moves",
    "releases",
    "rollback",
    "status",
]
