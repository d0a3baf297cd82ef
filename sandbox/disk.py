"""The disk of a sandbox server: a machine with Apache, sshd and the fleet's document roots.

Programs are the machine's own `/usr`, mounted into it part by part; everything else lies in the
sandbox's folder.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from modules.plan.records import BackendTls, Plan, Server, Site
from sandbox.authority import Issued, write_secret
from sandbox.debian import DEBIAN
from sandbox.distribution import Distribution
from sandbox.errors import SandboxError
from sandbox.redhat import REDHAT
from sandbox.templating import render

_COPIED = (
    *("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "mime.types", "nsswitch.conf"),
    *("protocols", "services", "ssl/openssl.cnf", "ssl/certs", "alternatives", "login.defs"),
)
"""Of the machine's /etc: what says where programs lie and what names mean, and no secret."""

_ACCOUNTS = """\
root:x:0:0:root:/root:/bin/sh
{user}daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
{apache}:x:{number}:{number}:Apache:/var/www:/usr/sbin/nologin
sshd:x:100:65534::/run/sshd:/usr/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
"""
_GROUPS = """\
root:x:0:
daemon:x:1:
adm:x:4:
{apache}:x:{number}:
nogroup:x:65534:
"""
_FOLDERS = (
    *("dev", "etc/ssh", "etc/ssl/private", "home", "opt", "proc", "root", "run", "srv", "sys"),
    *("tmp", "usr/local/bin", "usr/local/sbin", "var/log", "var/tmp", "var/www/html"),
)
_OF_LINKS = ("lib64", "sbin")
"""Parts of /usr that are folders of links to the machine's, so that a distribution can add to them;
the machine's are mounted beside them, with a dot before the name."""

_DISTRIBUTIONS: Mapping[str, Distribution] = {"debian": DEBIAN, "redhat": REDHAT}
"""By the layouts of `modules.plan.layouts`."""


def make(root: Path, server: Server, *, host_key: bytes, client_key: str) -> None:
    """Make a new server's disk; whoever holds `client_key` may log in as its ssh user."""
    for folder in (*_FOLDERS, *(f"usr/{part}" for part in _OF_LINKS)):
        (root / folder).mkdir(parents=True, exist_ok=True)
    for name, target in _links():
        if not (root / name).is_symlink():
            (root / name).symlink_to(target)
    distribution = _DISTRIBUTIONS[server.layout]
    _etc(root, server, distribution)
    distribution.install(root)
    (root / "var/www/html/index.html").write_text("<title>Nothing here yet</title>\n")
    (root / "sbin-init").write_text(render("init.sh", start=distribution.start))
    write_secret(root / "etc/ssh/ssh_host_ed25519_key", host_key)
    home = root / _home(server).lstrip("/")
    home.mkdir(parents=True, exist_ok=True)
    home.chmod(0o700)
    (home / ".ssh").mkdir(mode=0o700, exist_ok=True)
    write_secret(home / ".ssh" / "authorized_keys", f"{client_key}\n".encode())


def furnish(root: Path, plan: Plan, server: Server, named: Mapping[BackendTls, Issued]) -> None:
    """Put in place what the fleet file says of the server: document roots, `named` certificates."""
    roots: dict[PurePosixPath, list[Site]] = {}
    for site in plan.sites:
        roots.setdefault(site.document_root, []).append(site)
    for paths, issued in named.items():
        _put(root, paths, issued)
    for document_root, sites in roots.items():
        page = render("index.html", sites=sites, server=server.name, root=document_root)
        folder = _inside(root, document_root)
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder / "index.html", page)


def mounts(root: Path) -> list[str]:
    """Return bubblewrap's options that put the disk together; no mount point is the machine's."""
    options = ["--bind", str(root), "/"]
    for part in sorted(Path("/usr").iterdir()):
        if part.is_dir() and not part.is_symlink() and part.name != "local":
            dot = "." if part.name in _OF_LINKS else ""
            options += ["--ro-bind", str(part), f"/usr/{dot}{part.name}"]
    return [
        *options,
        *("--proc", "/proc", "--dev", "/dev"),
        *("--tmpfs", "/run", "--perms", "1777", "--tmpfs", "/tmp"),  # noqa: S108 - the server's own
    ]


def _links() -> Iterator[tuple[str, str]]:
    """Name the machine's links at / and in /usr, and those of this disk's own."""
    for folder in ("/", "/usr"):
        for entry in sorted(Path(folder).iterdir()):
            if entry.is_symlink() and str(entry.readlink()).startswith(("usr/", "lib", "bin")):
                yield str(entry).lstrip("/"), str(entry.readlink())
    for folder in _OF_LINKS:
        for entry in sorted(Path("/usr", folder).glob("*")):
            yield f"usr/{folder}/{entry.name}", f"/usr/.{folder}/{entry.name}"
    yield "var/run", "/run"
    yield "var/lock", "/run/lock"


def _etc(root: Path, server: Server, distribution: Distribution) -> None:
    etc = root / "etc"
    for name in _COPIED:
        source, target = Path("/etc") / name, etc / name
        if source.is_dir():
            shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
        elif source.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    user = server.ssh.user
    account = f"{user}:x:0:0:{user}:{_home(server)}:/bin/sh\n" if user != "root" else ""
    apache = {"apache": distribution.account, "number": distribution.number}
    accounts = _ACCOUNTS.format(user=account, **apache)
    names = [line.partition(":")[0] for line in accounts.splitlines()]
    files = {
        "passwd": accounts,
        "group": _GROUPS.format(**apache),
        "shadow": "".join(f"{name}:*:20000:0:99999:7:::\n" for name in names),
        "hostname": f"{server.name}\n",
        "hosts": f"127.0.0.1 localhost {server.name}\n::1 localhost\n",
        "resolv.conf": "",
        "ssh/sshd_config": render("sshd_config", port=server.ssh.port),
    }
    for name, text in files.items():
        (etc / name).write_text(text)
    (etc / "shadow").chmod(0o600)
    (root / "var/log/lastlog").touch()
    (etc / "mime.types").touch()


def _home(server: Server) -> str:
    return "/root" if server.ssh.user == "root" else f"/home/{server.ssh.user}"


def _write(file: Path, text: str) -> None:
    """Write a page whole; somebody may be reading it."""
    new = file.with_name(f".{file.name}.new")
    new.write_text(text)
    new.replace(file)


def _put(root: Path, paths: BackendTls, issued: Issued) -> None:
    """Write certificate and key of the server's unless they are there."""
    certificate, key = _inside(root, paths.certificate), _inside(root, paths.private_key)
    if not (certificate.exists() and key.exists()):
        for file, content in ((certificate, issued.certificate + issued.chain), (key, issued.key)):
            file.parent.mkdir(parents=True, exist_ok=True)
            write_secret(file, content)


def _inside(root: Path, path: PurePosixPath) -> Path:
    """Find a path of the server's on the machine.

    :raises SandboxError: it lies where the sandbox has the machine's own programs.
    """
    relative = path.relative_to("/")
    if relative.parts and relative.parts[0] in {"usr", "bin", "sbin", "lib", "proc", "dev", "run"}:
        raise SandboxError(f"the sandbox can't put {path} on a server: /usr is the machine's own")
    return root / relative
