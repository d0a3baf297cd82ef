"""The one process that a whole sandbox hangs on.

It is the first process of a PID namespace and the owner of a mount namespace. Emulator, servers,
balancers and Terraform all run inside; network namespaces are pinned by mounts inside. So when it
dies, however that comes about, the kernel ends every process of the sandbox and drops every mount,
network namespace and port with them.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sandbox.errors import SandboxError
from sandbox.processes import Process

_FIRST = """
read -r pid rest </proc/self/stat
echo "$pid"
exec >&2
read -r word && [ "$word" = go ] || exit 1
mount -t proc proc /proc
mkdir -p /run/netns
mount -t tmpfs portico /run/netns
while [ "$1" != -- ]; do
    mount --bind "$1" "$2"
    shift 2
done
shift
exec "$@"
"""
"""Tells its number as the machine sees it, which it knows while /proc is the machine's; goes on
only when told that it has been written down. HAProxy looks for network namespaces in /run/netns, as
ip(8) does."""


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A running sandbox's namespaces, entered through their first process."""

    first: Process

    @property
    def alive(self) -> bool:
        return self.first.alive

    def close(self) -> None:
        """End everything inside.

        :raises SandboxError: the kernel could not, within 10 s.
        """
        if not self.first.kill():
            raise SandboxError(f"process {self.first.pid} can't be killed: see dmesg")

    def command(self, argv: Sequence[str], cwd: Path | None = None) -> list[str]:
        """Return the command line that runs `argv` inside."""
        if not self.alive:
            raise SandboxError("the sandbox is down: its first process is gone")
        enter = ["nsenter", f"--target={self.first.pid}", "--mount", "--pid", "--"]
        chdir = [f"--chdir={cwd}"] if cwd else []
        return [*enter, "env", *chdir, *argv]

    def run(self, argv: Sequence[str], *, check: bool = True, seconds: float = 60) -> str:
        """Run a short command inside and return its output, standard error included.

        :raises SandboxError: it failed, unless `check` is off, or took longer than `seconds`.
        """
        try:
            done = subprocess.run(
                self.command(argv),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise SandboxError(f"{' '.join(argv)}: not done within {seconds:g} s") from error
        if check and done.returncode:
            raise SandboxError(f"{' '.join(argv)}: {done.stdout.strip() or done.returncode}")
        return done.stdout

    def spawn(self, argv: Sequence[str], log: Path, environment: Mapping[str, str]) -> None:
        """Start a process that stays; its parent is the first process, its output goes to `log`."""
        with log.open("ab") as output:
            subprocess.run(
                [*self.command(["setsid", "--fork", *argv])],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=dict(environment),
                check=True,
            )


@dataclass(frozen=True, slots=True)
class Opening:
    """An enclosure that waits to be written down, and ends by itself if its maker ends first."""

    enclosure: Enclosure
    _go: int

    def go(self) -> None:
        """Let its first process begin."""
        with os.fdopen(self._go, "w") as pipe:
            pipe.write("go\n")


def prepare(
    argv: Sequence[str],
    *,
    binds: Mapping[Path, Path],
    log: Path,
    environment: Mapping[str, str],
) -> Opening:
    """Make namespaces whose first process will be `argv`, with each key of `binds` at its value.

    :raises SandboxError: the kernel refuses namespaces.
    """
    pairs = [str(path) for pair in binds.items() for path in pair]
    word, go = os.pipe()
    number, told = os.pipe()
    with log.open("ab") as output:
        subprocess.run(
            [
                *("setsid", "--fork", "unshare", "--mount", "--pid", "--fork", "--kill-child"),
                *("--", "sh", "-euc", _FIRST, "sandbox", *pairs, "--", *argv),
            ],
            stdin=word,
            stdout=told,
            stderr=output,
            env=dict(environment),
            check=True,
        )
    os.close(word)
    os.close(told)
    with os.fdopen(number) as pipe:
        line = pipe.readline()
    if not line:
        os.close(go)
        raise SandboxError("namespaces are refused here", log)
    return Opening(Enclosure(Process.of(int(line))), go)
