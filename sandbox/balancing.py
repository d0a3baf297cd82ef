"""HAProxy's processes: one a balancer, and one for the ways to sshd.

So a change of one balancer touches no other, as in AWS. A changed one gets a new process, which
takes the listening sockets over and has the last one finish what it has begun, so that no request
fails. HAProxy is in the VPC and listens in the machine's namespace, not the other way round: told
to stop, it closes the namespaces that it has not entered (seen with 2.6), and would answer 503 to
requests that are still to be connected to a server.
"""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sandbox import haproxy, healths, network, waiting
from sandbox.enclosure import Enclosure
from sandbox.errors import SandboxError
from sandbox.haproxy import Configuration
from sandbox.state import Place

_NOTE_PID = 'echo $$ >"$1"; shift; exec "$@"'
_LAST_WORDS = 0.5
"""Seconds for a replaced process to stop listening; it ends then, unless it has begun something."""


def follow(place: Place, enclosure: Enclosure, wanted: Mapping[str, Configuration]) -> None:
    """Have a process for each configuration, and no other; what is as wanted is left alone.

    :raises SandboxError: HAProxy refuses a configuration, or its ports are taken.
    """
    folder = place.folder / "haproxy"
    folder.mkdir(exist_ok=True)
    log = place.log("haproxy")
    known = {path.stem for path in folder.glob("*.pid")}
    for name in known - wanted.keys():
        _Process(folder, name, enclosure, log).stop()
    changed = []
    for name, configuration in sorted(wanted.items()):
        process = _Process(folder, name, enclosure, log)
        if process.serial() != configuration.serial:
            changed.append((process, configuration, process.start(configuration)))
    for process, configuration, replaced in changed:
        process.wait(configuration, replaced)
    read = {name for configuration in wanted.values() for name in configuration.files}
    for path in folder.iterdir():
        if path.suffix in haproxy.FILES and path.name not in read:
            path.unlink()


def unhealthy(place: Place, enclosure: Enclosure) -> set[str]:
    """Return the ways to servers, `SERVER-SUBNET`, that fail a balancer's checks."""
    folder = place.folder / "haproxy"
    return {
        way
        for path in folder.glob("*.pid")
        for way in healths.unhealthy(
            _Process(folder, path.stem, enclosure, place.log("haproxy")).ask("show servers state")
            or ""
        )
    }


@dataclass(frozen=True, slots=True)
class _Process:
    """An HAProxy by its name; numbers of processes are those inside the enclosure."""

    folder: Path
    name: str
    enclosure: Enclosure
    log: Path

    def serial(self) -> str | None:
        """Return the serial of the configuration in force; None when there is none."""
        answer = self.ask("show info")
        found = re.search(r"^[Dd]escription: (\S+)$", answer or "", re.MULTILINE)
        return found[1] if found else None

    def ask(self, command: str) -> str | None:
        """Return what the process says to a command; None when there is none."""
        folder = os.open(self.folder, os.O_PATH)
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(5)
                # A socket's address has room for 107 characters, less than many a checkout's.
                connection.connect(f"/proc/self/fd/{folder}/{self._socket}")
                connection.sendall(f"{command}\n".encode())
                return b"".join(iter(lambda: connection.recv(4096), b"")).decode()
        except OSError:
            return None
        finally:
            os.close(folder)

    def start(self, configuration: Configuration) -> str | None:
        """Start with a configuration; return the number of the process that it replaces."""
        file, candidate = self._file("cfg"), self._file("new")
        for name, content in configuration.files.items():
            (self.folder / name).write_bytes(content)
        states, text = self._file("states"), configuration.text
        states.write_text(healths.carried_over(text, self.ask("show servers state") or "1\n"))
        text = text.replace("@socket@", f"unix@{self._socket}").replace("@states@", states.name)
        candidate.write_text(text)
        here = ["env", f"--chdir={self.folder}"]
        self.enclosure.run([*here, "haproxy", "-c", "-f", str(candidate)])
        candidate.replace(file)
        replaced = self._file("pid").read_text().strip() if self.serial() else None
        takes_over = ["-x", self._socket, "-sf", replaced] if replaced else []
        command = [
            *("nsenter", f"--net=/run/netns/{network.VPC}", "--", *here),
            *("haproxy", "-db", "-f", str(file), *takes_over),
        ]
        noting = ["sh", "-c", _NOTE_PID, "sh", str(self._file("pid"))]
        self.enclosure.spawn([*noting, *command], self.log, os.environ)
        return replaced

    def wait(self, configuration: Configuration, replaced: str | None) -> None:
        """Wait until the configuration is in force, and the replaced process no longer listens."""
        what = f"HAProxy as {self.name}"
        try:
            waiting.until(what, lambda: self.serial() == configuration.serial)
        except SandboxError as error:
            raise SandboxError(str(error), self.log) from error
        if replaced:
            signs = 'for i in $(seq 10); do kill -0 "$1" 2>/dev/null || break; sleep "$2"; done'
            pause = str(_LAST_WORDS / 10)
            self.enclosure.run(["sh", "-c", signs, "sh", replaced, pause])

    def stop(self) -> None:
        """Have the process finish what it has begun, and take no more."""
        self.enclosure.run(["kill", "-USR1", self._file("pid").read_text().strip()], check=False)
        for kind in ("pid", "cfg", "sock", "states"):
            self._file(kind).unlink(missing_ok=True)

    @property
    def _socket(self) -> str:
        return self._file("sock").name

    def _file(self, kind: str) -> Path:
        return self.folder / f"{self.name}.{kind}"
