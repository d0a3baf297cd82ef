"""A real sshd on loopback, with keys of its own."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from modules.servers import Login

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Sshd:
    login: Login
    folder: Path
    programs: Path
    """First on the PATH of what is run by it."""


@contextmanager
def sshd(address: str = "127.0.0.1") -> Iterator[Sshd]:
    """Run sshd, which lets root in; it refuses keys below a folder that others can write to."""
    folder = Path(tempfile.mkdtemp(dir=Path.home()))
    try:
        for name in ("host", "client", "stranger"):
            make_key(folder / name)
        make_key(folder / "host-rsa", "rsa")
        (folder / "programs").mkdir()
        port = free_port(address)
        options = {
            "ListenAddress": f"[{address}]:{port}" if ":" in address else f"{address}:{port}",
            "AuthorizedKeysFile": folder / "client.pub",
            "PermitRootLogin": "prohibit-password",
            "PidFile": "none",
            "UsePAM": "no",
            "SetEnv": f"PATH={folder / 'programs'}:{PATH}",
        }
        Path("/run/sshd").mkdir(exist_ok=True)
        host_keys = ("-h", str(folder / "host"), "-h", str(folder / "host-rsa"))
        words = (word for name, value in options.items() for word in ("-o", f"{name}={value}"))
        process = subprocess.Popen(
            [
                "/usr/sbin/sshd",
                "-D",
                "-f",
                "/dev/null",
                "-E",
                str(folder / "log"),
                *host_keys,
                *words,
            ]
        )
        try:
            wait_for(address, port)
            yield Sshd(
                Login("root", address, port, folder / "client", public(folder / "host")),
                folder,
                folder / "programs",
            )
        finally:
            process.kill()
            process.wait()
    finally:
        shutil.rmtree(folder)


def make_key(path: Path, kind: str = "ed25519", *, passphrase: str = "") -> None:
    subprocess.run(
        ["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", "", "-f", str(path)], check=True
    )


def public(path: Path) -> str:
    return path.with_suffix(".pub").read_text().strip()


def free_port(address: str) -> int:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as probe:
        probe.bind((address, 0))
        port: int = probe.getsockname()[1]
    return port


def wait_for(address: str, port: int) -> None:
    end = time.monotonic() + 10
    while True:
        try:
            socket.create_connection((address, port), timeout=1).close()
        except OSError:
            assert time.monotonic() < end, "sshd does not come up"
            time.sleep(0.05)
        else:
            return
