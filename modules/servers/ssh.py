"""A server's shell, by the system's `ssh`: nothing of the user's own configuration, no password.

The host key is always checked, against the fleet file's alone.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from modules.plan.names import address
from modules.plan.records import Plan, Server
from modules.servers.errors import ServerError, UnreachableError

CONNECT_SECONDS = 10
_ALIAS = "portico-server"
_ALIVE_SECONDS = 15
_ALIVE_COUNT = 4
_FAILED = 255
"""ssh's own exit status, whatever went wrong; any other one is the command's."""

_ALGORITHMS = {"ssh-rsa": "rsa-sha2-512,rsa-sha2-256"}
"""RFC 8332: by which a key of that type signs; the other types' have the same name."""

_REFUSED = "{login} refuses the key {key}"
_LOCAL = {
    "this machine's ssh is older than OpenSSH 8.5: {last}": ("Bad configuration option",),
    "the key file {key} may be read by others: chmod 600 it": ("UNPROTECTED PRIVATE KEY FILE",),
    "ssh cannot use the key file {key}: {last}": ("Load key",),
}
_HEARD = {
    "{login} has another host key than the fleet file's host_key: it is another machine, or its key"
    " was changed": ("Host key verification failed", "no matching host key type"),
    _REFUSED: ("Permission denied",),
    "the connection to {login} was lost: {last}": (
        "not responding",
        "Connection to",
        "Read from remote host",
        "Broken pipe",
        "client_loop",
    ),
}
_AWAY = {
    "{login} cannot be reached: {last}": (
        "timed out",
        "Connection refused",
        "No route to host",
        "Network is unreachable",
        "Could not resolve hostname",
        "Connection closed by",
        "Connection reset by",
        "kex_exchange_identification",
    ),
}
_REASONS = {**_LOCAL, **_HEARD, **_AWAY}
"""What ssh says, in words; the first that fits."""


@dataclass(frozen=True, slots=True)
class Login:
    """How to reach a server's sshd."""

    user: str
    address: str
    """A name, or an address of either generation of IP without brackets."""
    port: int
    private_key: Path
    host_key: str
    """As in `ssh-ed25519 AAAA…`."""

    def __str__(self) -> str:
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{self.user}@{host}:{self.port}"


def login_of(plan: Plan, server: Server, host: str | None = None) -> Login:
    """Return how to reach a server of a real fleet; `host` stands for the fleet file's.

    :raises UnreachableError: nothing but Terraform knows the server's address.
    """
    found = host or server.ssh.host
    if found is None:
        resource = f"aws_instance.{address(server.name)}"
        raise UnreachableError(
            f"{server.name}: Terraform gave it its address, which the fleet file doesn't know:"
            f" say --host {server.name}=ADDRESS, with the public_ip that"
            f" `terraform state show {resource}` tells in cdktf.out/stacks/{plan.fleet}"
        )
    # An absolute path stays what it is.
    key = Path(plan.fleet_dir, os.path.expanduser(server.ssh.private_key))  # noqa: PTH111 - a str
    return Login(server.ssh.user, found, server.ssh.port, key, server.ssh.host_key)


def execute(
    login: Login, argv: Sequence[str], *, seconds: float = 60
) -> subprocess.CompletedProcess[str]:
    """Run a command on a server; its shell reads the words, joined by spaces.

    The exit status is the command's. Both outputs are text, whatever bytes they hold.

    :raises ServerError: the server can't be reached, or has not done it within `seconds`.
    """
    with _call(login) as (ssh, log):
        try:
            done = subprocess.run(
                [*ssh, *argv],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise ServerError(f"{login} has not answered within {seconds:g} s") from None
        if done.returncode == _FAILED:
            raise _error(login, log.read_text(errors="replace") + done.stderr)
        return done


def follow(login: Login, argv: Sequence[str], told: Callable[[str], object]) -> int:
    """Run a command, tell each line of its output as it comes, and return its exit status.

    It may take as long as it likes, while the connection lives. What it says on its standard error
    is told at the end, if it failed.

    :raises ServerError: the server can't be reached, or the connection was lost.
    """
    with (
        _call(login) as (ssh, log),
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as errors,
    ):
        with subprocess.Popen(
            [*ssh, *argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            encoding="utf-8",
            errors="replace",
        ) as process:
            try:
                for line in process.stdout or ():
                    told(line.rstrip("\n"))
            except BaseException:
                process.kill()
                raise
        errors.seek(0)
        complaints = errors.read()
        if process.returncode == _FAILED:
            raise _error(login, log.read_text(errors="replace") + complaints)
        if process.returncode != 0:
            for line in complaints.splitlines():
                told(line)
        return process.returncode


@contextmanager
def _call(login: Login) -> Iterator[tuple[list[str], Path]]:
    """Give ssh's command line up to the command, and the file that its reasons go to.

    :raises UnreachableError: the key file can't be read, or there is no ssh.
    """
    try:
        with login.private_key.open("rb"):
            pass
    except OSError as error:
        reason = (error.strerror or "unknown").lower()
        raise UnreachableError(
            f"the key file {login.private_key} cannot be read: {reason}"
        ) from None
    kind = login.host_key.partition(" ")[0]
    # ssh's own quotes, and its tokens, as %h.
    key = re.sub(r'(["\\])', r"\\\1", str(login.private_key)).replace("%", "%%")
    options = {
        "IdentityFile": f'"{key}"',
        "IdentitiesOnly": "yes",
        "BatchMode": "yes",
        "ConnectTimeout": f"{CONNECT_SECONDS}",
        "ServerAliveInterval": f"{_ALIVE_SECONDS}",
        "ServerAliveCountMax": f"{_ALIVE_COUNT}",
        "StrictHostKeyChecking": "yes",
        "UserKnownHostsFile": "/dev/null",
        "GlobalKnownHostsFile": "/dev/null",
        # Names no port, whose form in known_hosts depends on it.
        "HostKeyAlias": _ALIAS,
        # The fleet file's key, where the server has others too.
        "HostKeyAlgorithms": _ALGORITHMS.get(kind, kind),
        "KnownHostsCommand": f"/bin/echo {_ALIAS} {login.host_key}",
    }
    words = (word for name, value in options.items() for word in ("-o", f"{name}={value}"))
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log")
        log.touch()
        try:
            yield (
                [
                    *("ssh", "-F", "none", "-E", str(log), *words, "-p", str(login.port)),
                    *("-l", login.user, "--", login.address),
                ],
                log,
            )
        except FileNotFoundError:
            raise UnreachableError("ssh is not installed on this machine") from None


def _error(login: Login, complaints: str) -> ServerError:
    """Put into words what ssh says."""
    lines = [line.strip() for line in complaints.splitlines() if line.strip()]
    for reason, signs in _REASONS.items():
        telling = [line for line in lines if any(sign in line for sign in signs)]
        if telling:
            told = reason.format(login=login, key=login.private_key, last=telling[0])
            if reason == _REFUSED and _has_passphrase(login.private_key):
                told += ", as it has a passphrase, for which neither ssh here nor Terraform can ask"
            return ServerError(told) if reason in _HEARD else UnreachableError(told)
    return ServerError(f"{login}: {lines[-1] if lines else 'ssh does not say why'}")


def _has_passphrase(key: Path) -> bool:
    """Whether ssh passes over a key without a word."""
    argv = ["ssh-keygen", "-y", "-P", "", "-f", str(key)]
    return subprocess.run(argv, capture_output=True, check=False).returncode != 0
