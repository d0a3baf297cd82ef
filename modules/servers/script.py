"""The activation script on a server: what it is asked, and what it is told to do.

`docs/activation.md` has the script's side.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum

from modules.servers.errors import ServerError
from modules.servers.reports import Kept, Status, parse_releases, parse_status
from modules.servers.ssh import Login, execute, follow

_STATUS_SECONDS = 120
"""A server of a thousand sites probes a thousand ports."""

_NO_SUDO = 97
_NOTHING_DEPLOYED = 98
_BECOME_ROOT = f"""\
[ "$(id -u)" != 0 ] || exec sh -c "$@"
sudo -n true 2>/dev/null || exit {_NO_SUDO}
exec sudo -n sh -c "$@"
"""
_SCRIPT = f"""\
script=/etc/portico/current/activate.sh
[ -e $script ] || exit {_NOTHING_DEPLOYED}
exec sh $script "$@"
"""
_CONTENTS = r"""
cd /etc/portico/releases 2>/dev/null || exit 0
for folder in *; do
    id=$(sed -n 's/^release //p' "$folder/manifest" 2>/dev/null)
    [ -n "$id" ] || continue
    echo "release $id"
    sed -n 's/^site \([^ ]*\).*/site \1/p' "$folder/manifest"
    sed -e "s/$id//g" -e '/^# Fleet /d' "$folder/uploaded.conf" | sha256sum | sed 's/^/digest /'
done
"""
_RELEASE = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Content:
    """What is in a release."""

    domains: frozenset[str]
    digest: str
    """The same on all servers of one layout that were given the same configuration."""


class Outcome(IntEnum):
    """How an activation ended: the script's exit status."""

    LIVE = 0
    REFUSED = 1
    """Nothing that is served has changed."""
    UNDONE = 2
    """The release before is served again."""
    BROKEN = 3
    """Not every port answers."""
    KILLED = 4
    """The next run sets right what it left."""


def status(login: Login) -> Status:
    """Ask a server how it is.

    :raises ServerError: it can't be asked, or its answer can't be read.
    """
    told = _ask(login, "status")
    return Status() if told is None else parse_status(told)


def releases(login: Login) -> tuple[Kept, ...]:
    """Return the releases that a server keeps, newest first.

    :raises ServerError: it can't be asked, or its answer can't be read.
    """
    told = _ask(login, "releases")
    return () if told is None else parse_releases(told)


def contents(login: Login) -> Mapping[str, Content]:
    """Return what is in each kept release, by release.

    :raises ServerError: the server can't be asked.
    """
    done = execute(login, _as_root(_CONTENTS))
    if done.returncode != 0:
        raise ServerError(_refusal(login, done.returncode, done.stderr))
    found: dict[str, Content] = {}
    release, sites = "", set[str]()
    for line in done.stdout.splitlines():
        word, value, *_ = line.split()
        if word == "release":
            release, sites = value, set()
        elif word == "site":
            sites.add(value)
        else:
            found[release] = Content(frozenset(sites), value)
    return found


def rollback(login: Login, release: str | None, told: Callable[[str], object]) -> Outcome:
    """Make a kept release live again, the one before where None; tell the script's lines.

    :raises ServerError: the server can't be asked, or the connection was lost: then the server goes
        on alone, to the end or back.
    """
    if release is not None and not _RELEASE.fullmatch(release):
        raise ServerError(f"{release!r} is no release's name")
    argv = _as_root(_SCRIPT, "rollback", *([release] if release else []))
    ended = follow(login, argv, told)
    try:
        return Outcome(ended)
    except ValueError:
        raise ServerError(_refusal(login, ended, "")) from None


def _ask(login: Login, word: str) -> str | None:
    """Return what the script says, or None where nothing is deployed."""
    done = execute(login, _as_root(_SCRIPT, word), seconds=_STATUS_SECONDS)
    if done.returncode == _NOTHING_DEPLOYED:
        return None
    if done.returncode != 0:
        raise ServerError(_refusal(login, done.returncode, done.stderr or done.stdout))
    return done.stdout


def _as_root(text: str, *words: str) -> list[str]:
    """Return a remote command that runs shell text as root with these arguments."""
    return ["sh", "-c", *map(shlex.quote, (_BECOME_ROOT, "sh", text, "sh", *words))]


def _refusal(login: Login, ended: int, said: str) -> str:
    if ended == _NO_SUDO:
        return f"{login}: {login.user} needs sudo without a password on that machine"
    if ended == _NOTHING_DEPLOYED:
        return f"{login}: nothing is deployed there"
    if "usage: sh activate.sh" in said:
        return f"{login}: what is live there is of an older Portico, which can't tell: apply first"
    last = said.strip().splitlines()[-1:]
    return f"{login}: {last[0] if last else f'exit status {ended}'}"
