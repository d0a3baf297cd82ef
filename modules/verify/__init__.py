"""How a fleet is: what its clients see, and what its servers say of themselves.

`observe` a name as a client without SNI does (`client`), ask each name server (`answers`), have
sslyze scan each address (`scanning`), ask each server by ssh (`servers`), render the file's
releases (`expected`); then judge it all against the plan (`judging`), and tell people (`table`) and
machines (`document`). It looks and changes nothing.
"""

from modules.verify.answers import View
from modules.verify.checks import Check, ServerCheck, Unknown
from modules.verify.servers import ServerResult
from modules.verify.verifier import DAYS, Result, Verification, Wish, verify, visiting

__all__ = [
    "DAYS",
    "Check",
    "Result",
    "ServerCheck",
    "ServerResult",
    "Unknown",
    "Verification",
    "View",
    "Wish",
    "verify",
    "visiting",
]
