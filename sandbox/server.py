"""A fleet's server: sshd and Apache in namespaces of their own.

`sandbox.network` gives it addresses and ports of its own, bubblewrap processes and a file system;
so paths, ports and process names are production's.

No program inside can gain privileges (bubblewrap sees to that), so sudo can't work: an ssh user
other than root is a second name of root's.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from modules.plan.records import Plan, Server
from modules.servers import Login, ServerError, execute
from sandbox import addresses, authority, backend, disk, network, waiting
from sandbox.enclosure import Enclosure
from sandbox.state import Place
from sandbox.vpc import SshDoor

__all__ = ["Login", "boot", "doors", "execute", "login", "prepare", "start", "stop_others", "wait"]


def doors(servers: Iterable[Server], links: Mapping[str, str]) -> tuple[SshDoor, ...]:
    """Return the loopback ports of the servers' sshd."""
    return tuple(
        SshDoor(
            server=server.name,
            port=addresses.FIRST_SSH_PORT + position,
            address=links[server.name],
            inner_port=server.ssh.port,
        )
        for position, server in enumerate(servers)
    )


def login(place: Place, block: str, server: Server, door: SshDoor) -> Login:
    return Login(
        user=server.ssh.user,
        address=addresses.control(block),
        port=door.port,
        private_key=_client_key(place),
        host_key=_public_file(place, server.name).read_text().strip(),
    )


def prepare(place: Place, plan: Plan) -> None:
    """Make the disks of servers that have none, and put on each what the plan says of it.

    :raises SandboxError: the plan asks for something that the sandbox can't play.
    """
    named = backend.issued(place.backend, plan)
    if not _client_key(place).exists():
        _make_key(_client_key(place))
    for server in plan.servers:
        root = place.server(server.name)
        if not _public_file(place, server.name).exists():
            root.mkdir(parents=True, exist_ok=True)
            host_key = place.folder / f"{server.name}.host"
            public = _make_key(host_key)
            disk.make(
                root,
                server,
                host_key=host_key.read_bytes(),
                client_key=_client_key(place).with_suffix(".pub").read_text().strip(),
            )
            host_key.unlink()
            _public_file(place, server.name).write_text(f"{public}\n")
        disk.furnish(root, plan, server, named)


def start(place: Place, enclosure: Enclosure, name: str, link: str) -> None:
    """Start a server, unless it runs; it is reached at its `link` address at first."""
    if name not in network.servers(enclosure):
        network.wire(enclosure, name, link)
        boot(place, enclosure, name)


def boot(place: Place, enclosure: Enclosure, name: str) -> None:
    """Start Apache and sshd in a server's network namespace, as the machine's boot would."""
    enclosure.spawn(
        [
            *("ip", "netns", "exec", name, "bwrap", *disk.mounts(place.server(name))),
            *("--unshare-pid", "--unshare-ipc", "--unshare-uts", "--hostname", name),
            *("--cap-add", "ALL", "--clearenv", "--setenv", "PATH"),
            "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            *("--chdir", "/", "--", "/bin/sh", "/sbin-init"),
        ],
        place.log(f"server-{name}"),
        os.environ,
    )


def stop_others(place: Place, enclosure: Enclosure, servers: Iterable[Server]) -> None:
    """End the servers that the fleet hasn't any more, and remove their disks."""
    for name in network.servers(enclosure) - {server.name for server in servers}:
        network.cut(enclosure, name)
        shutil.rmtree(place.server(name))
        _public_file(place, name).unlink()


def wait(logins: Iterable[Login]) -> None:
    """Wait until all servers take logins."""
    for each in logins:
        waiting.until(
            f"sshd at {each.address}:{each.port}",
            lambda each=each: _takes_logins(each),  # type: ignore[misc]
            pause=0.2,
        )


def _takes_logins(login: Login) -> bool:
    try:
        return execute(login, ["true"], seconds=10).returncode == 0
    except ServerError:
        return False


def _client_key(place: Place) -> Path:
    return place.folder / "login"


def _public_file(place: Place, name: str) -> Path:
    return place.folder / f"{name}.host.pub"


def _make_key(path: Path) -> str:
    """Write a new key of ssh's, and its public half beside it; return the latter."""
    key = ed25519.Ed25519PrivateKey.generate()
    authority.write_secret(
        path,
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.OpenSSH,
            serialization.NoEncryption(),
        ),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    )
    path.with_suffix(".pub").write_bytes(public + b"\n")
    return public.decode()
