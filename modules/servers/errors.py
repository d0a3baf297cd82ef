"""What a person is told when a server can't be asked."""

from __future__ import annotations


class ServerError(Exception):
    """A server can't be reached, or doesn't answer as it should; the message says why."""


class UnreachableError(ServerError):
    """Nothing was heard from the server, of which so nothing is known."""
