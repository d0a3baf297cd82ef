"""A sandbox server as somebody sees it who stands beside it: its disk, processes and ports."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import ssl
import subprocess
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPException, HTTPSConnection
from pathlib import Path

from modules.plan.records import HEALTH_PATH
from sandbox import Sandbox, disk, network, server, waiting
from tests.faults import namespaces

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
JOURNAL = "/var/lib/portico/journal"
CURRENT = "/etc/portico/current"

_GENERATIONS = re.compile(r"resuming normal operations")
_SITES = re.compile(r'<meta name="portico-sites" content="([^"]*)">')
_END = "-----END CERTIFICATE-----"
_VOLATILE = frozenset({"usr", "proc", "dev", "sys", "run", "tmp"})
"""Of a server's top folders, those that a reboot makes anew."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a client without SNI gets from a site's port on the server itself."""

    status: int
    """Of the site's page; 0 without an answer."""
    sites: str = ""
    """Whose page it was."""
    release: str = ""
    changed: str = ""
    """The page's X-Changed, which a case's own configuration sets to its name."""
    certificate: str = ""
    """SHA-256 of what was presented."""


@dataclass(slots=True)
class Machine:
    """The server of that name."""

    sandbox: Sandbox
    name: str
    _inner: int = 0
    """A process that sees the server's own file systems; 0: not looked for yet."""

    @property
    def disk(self) -> Path:
        """What outlasts a reboot."""
        return self.sandbox.place.server(self.name)

    @property
    def namespace(self) -> Path:
        return _namespace(self.sandbox, self.name)

    @property
    def root(self) -> Path:
        """The server's file system as its own processes see it, /run and /tmp too."""
        return Path(f"/proc/{self._process()}/root")

    def path(self, path: str) -> Path:
        return self.root / path.lstrip("/")

    # --- processes -------------------------------------------------------------------------------

    def processes(self) -> dict[int, str]:
        """Return the command lines of all that runs, by the machine's numbers."""
        wanted = self.namespace.stat().st_ino
        found = {}
        for folder in Path("/proc").iterdir():
            if not folder.name.isdigit():
                continue
            with suppress(OSError):
                if (folder / "ns/net").stat().st_ino == wanted:
                    words = (folder / "cmdline").read_bytes().replace(b"\0", b" ")
                    found[int(folder.name)] = words.decode(errors="replace").strip()
        return found

    def run(self, *argv: str, check: bool = True, seconds: float = 60) -> str:
        """Run a command as root on the server; return what it says, errors too."""
        done = subprocess.run(
            [
                *("nsenter", f"--target={self._process()}", "--mount", "--net", "--pid", "--ipc"),
                *("--wdns=/", "env", "-i", f"PATH={PATH}", "HOME=/root", "LC_ALL=C", *argv),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=seconds,
            check=False,
        )
        assert not check or done.returncode == 0, (argv, done.stdout)
        return done.stdout

    def shell(self, script: str, *, check: bool = True) -> str:
        return self.run("sh", "-c", script, check=check)

    def power_off(self) -> None:
        """Kill everything on the server at once, as a lost machine would end."""
        end = time.monotonic() + 15
        while pids := self.processes():
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            assert time.monotonic() < end, f"these do not end: {pids}"
            time.sleep(0.02)
        self._inner = 0

    def boot(self) -> None:
        """Boot after `power_off`; return when sshd takes logins."""
        server.boot(self.sandbox.place, self.sandbox.state.enclosure, self.name)
        server.wait([self.sandbox.login(self.name)])

    def worker(self) -> int | None:
        """Return the number of the activation's own process, while one runs."""
        found = [pid for pid, words in self.processes().items() if "activate.sh work " in words]
        return _outermost(found)

    def rest(self, seconds: float = 90) -> None:
        """Wait until no activation runs."""
        waiting.until(
            "the end of the activation",
            lambda: self.worker() is None,
            seconds=seconds,
            pause=0.1,
        )

    def apache(self) -> int | None:
        """Return the number of Apache's first process; None where none runs."""
        found = [pid for pid, words in self.processes().items() if "/apache2 " in f"{words} "]
        return _outermost(found)

    def generation(self) -> tuple[int | None, int]:
        """Return Apache's first process, and how often it was started or reloaded."""
        log = self.path("/var/log/apache2/error.log").read_text(errors="replace")
        return self.apache(), len(_GENERATIONS.findall(log))

    # --- the disk --------------------------------------------------------------------------------

    def journal(self) -> str:
        """Return what the journal of an unfinished activation says; "" without one."""
        with suppress(OSError):
            return self.path(JOURNAL).read_text()
        return ""

    def current(self) -> str:
        """Return the release that Apache reads at its next start; "" without one."""
        with suppress(OSError):
            text = self.path(f"{CURRENT}/manifest").read_text()
            found = re.search(r"^release (\S+)$", text, re.MULTILINE)
            return found[1] if found else ""
        return ""

    def certificates(self) -> dict[str, str]:
        """Return the SHA-256 of each site's own certificate, in the file that its release names."""
        with suppress(OSError):
            text = self.path(f"{CURRENT}/manifest").read_text()
            sites = re.findall(r"^site (\S+) \S+ \S+ (\S+)", text, re.MULTILINE)
            return {domain: fingerprint(self.path(file).read_text()) for domain, file in sites}
        return {}

    def program(self, name: str, script: str) -> Path:
        """Put a program of that name before the machine's own."""
        file = self.path(f"/usr/local/bin/{name}")
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)
        return file

    def save(self, folder: Path) -> None:
        """Copy what outlasts a reboot."""
        folder.mkdir(parents=True)
        view = self.root
        for entry in sorted(self.disk.iterdir()):
            source = view / entry.name
            if entry.name not in _VOLATILE and not entry.is_symlink():
                _copy(source, folder)
            elif entry.is_symlink():
                (folder / entry.name).symlink_to(entry.readlink())
        for name in _VOLATILE:
            (folder / name).mkdir()
        _copy_programs(self.disk / "usr", folder / "usr")

    def load(self, folder: Path) -> None:
        """Put a saved disk in place of the server's, which must be off."""
        for entry in self.disk.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()
        for entry in folder.iterdir():
            _copy(entry, self.disk)

    @contextmanager
    def full(self, folder: str, room: int = 16384) -> Iterator[None]:
        """Have a folder lie on a small disk of its own, with `room` bytes free."""
        self.run("sh", "-euc", _FILL, "sh", folder, str(room))
        try:
            yield
        finally:
            self.run("sh", "-euc", _EMPTY, "sh", folder)

    # --- ports -----------------------------------------------------------------------------------

    def look(self, ports: Mapping[str, int]) -> dict[str, Seen]:
        """Look at each domain's port, from the server itself."""
        return namespaces.run_in(
            self.namespace, lambda: {domain: _look(port) for domain, port in ports.items()}
        )

    def cold(self, folder: Path, ports: Mapping[str, int]) -> dict[str, Seen]:
        """Boot a saved disk as another machine, look at its ports, and end it."""
        log = folder.with_suffix(".log")
        log.touch()
        with log.open("w") as output:
            process = subprocess.Popen(
                self.sandbox.state.enclosure.command(
                    [
                        *("unshare", "--net", "--", "bwrap", *disk.mounts(folder)),
                        *("--unshare-pid", "--unshare-ipc", "--die-with-parent"),
                        *("--cap-add", "ALL", "--clearenv", "--setenv", "PATH", PATH),
                        *("--chdir", "/", "--", "/bin/sh", "-c"),
                        _BOOT,
                    ]
                ),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        try:
            waiting.until(
                "a cold start",
                (folder / "booted").exists,
                seconds=60,
                gone=lambda: None if process.poll() is None else log.read_text(),
            )
            inside = next(_descendants(process.pid, folder))
            namespace = Path(f"/proc/{inside}/ns/net")
            return namespaces.run_in(
                namespace, lambda: {domain: _look(port) for domain, port in ports.items()}
            )
        finally:
            for pid in [*_descendants(process.pid, folder)]:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            process.kill()
            process.wait()

    def _process(self) -> int:
        if not (self._inner and Path(f"/proc/{self._inner}/root/sbin-init").exists()):
            self._inner = waiting.until(f"the server {self.name}", self._find, seconds=10)
        return self._inner

    def _find(self) -> int | None:
        for pid in sorted(self.processes()):
            with suppress(OSError):
                if Path(f"/proc/{pid}/root/sbin-init").exists():
                    return pid
        return None


_BOOT = """
ip link set lo up
sed -i 's/^exec .*//' /sbin-init
. /sbin-init
touch /booted
exec sleep infinity
"""
"""What a boot does, but for sshd."""
_FILL = """
[ -d "$1" ] || mkdir -p "$1"
used=$(/usr/bin/du -sk "$1" | /usr/bin/cut -f 1)
files=$(/usr/bin/find "$1" | /usr/bin/wc -l)
mkdir -p /mnt.full
mount -t tmpfs -o "mode=$(stat -c %a "$1"),size=$((used + files * 4 + 4096))k" full /mnt.full
cp -a "$1/." /mnt.full
free=$(df -Pk /mnt.full | awk 'NR == 2 { print $4 }')
[ $((free * 1024)) -le "$2" ] || head -c $((free * 1024 - $2)) /dev/zero >/mnt.full/.filling
mount --move /mnt.full "$1"
"""
_EMPTY = """
rm -f "$1/.filling"
mkdir -p /mnt.full
mount --move "$1" /mnt.full
find "$1" -mindepth 1 -delete
cp -a /mnt.full/. "$1"
umount -l /mnt.full
"""


def _outermost(pids: Collection[int]) -> int | None:
    """Return the process whose parent is none of them; the lowest number may be a child's."""
    return next((pid for pid in pids if _parent(pid) not in {None, *pids}), None)


def _parent(pid: int) -> int | None:
    with suppress(OSError):
        found = re.search(r"^PPid:\s+(\d+)$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
        return int(found[1]) if found else None
    return None


def _namespace(sandbox: Sandbox, name: str) -> Path:
    return Path(f"/proc/{sandbox.state.first.pid}/root/run/netns/{name}")


def fingerprint(pem: str) -> str:
    """Return the SHA-256 of the first certificate in a PEM file."""
    first, end, _ = pem.partition(_END)
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(f"{first}{end}")).hexdigest()


def vpc(sandbox: Sandbox) -> Path:
    """Return the network namespace that the balancers reach servers from."""
    return _namespace(sandbox, network.VPC)


def unverified() -> ssl.SSLContext:
    """Return a balancer's context, which takes any certificate of a target's."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _look(port: int) -> Seen:
    connection = HTTPSConnection("127.0.0.1", port, context=unverified(), timeout=15)
    try:
        connection.connect()
        presented = connection.sock.getpeercert(binary_form=True) or b""
        connection.request("GET", HEALTH_PATH, headers={"Host": "portico.invalid"})
        health = connection.getresponse()
        health.read()
        connection.request("GET", "/", headers={"Host": "portico.invalid"})
        page = connection.getresponse()
        sites = _SITES.search(page.read().decode(errors="replace"))
        return Seen(
            page.status,
            sites[1] if sites else "",
            health.getheader("Portico-Release", ""),
            page.getheader("X-Changed", ""),
            hashlib.sha256(presented).hexdigest(),
        )
    except (OSError, HTTPException):
        return Seen(0)
    finally:
        connection.close()


def _copy(source: Path, folder: Path) -> None:
    subprocess.run(["cp", "-a", "--", str(source), str(folder)], check=True)


def _copy_programs(usr: Path, target: Path) -> None:
    """Copy what a disk has of /usr: links, and programs of its own."""
    for entry in sorted(usr.iterdir()):
        _copy(entry, target)


def _descendants(pid: int, root: Path) -> Iterator[int]:
    """Find the processes below another one that have `root` as theirs, the outermost first."""
    identity = (root / "sbin-init").stat()
    for folder in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            for child in map(int, folder.read_text().split()):
                with suppress(OSError):
                    if Path(f"/proc/{child}/root/sbin-init").stat().st_ino == identity.st_ino:
                        yield child
                yield from _descendants(child, root)
