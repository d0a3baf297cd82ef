"""A machine with Debian's Apache: the sandbox's disk in namespaces of its own, without sshd."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from modules.plan.records import ExistingInstance, Server, Ssh
from sandbox import disk

ADDRESS = "10.20.0.10"
BALANCER = "10.20.64.7"
"""An address in SUBNETS."""
STRANGER = "203.0.113.9"
SUBNETS = ("10.20.0.0/24", "10.20.64.0/24")

HOME = "/home/admin"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

RECORD = Server(
    name="web-1",
    instance=ExistingInstance("i-0123456789abcdef0"),
    security_group="sg-0123456789abcdef0",
    ssh=Ssh("203.0.113.10", 22, "admin", "~/.ssh/portico", "ssh-ed25519 AAAA"),
    layout="debian",
    aws_name="shop-web-1",
    instance_key="i-0123456789abcdef0",
)

_FIRST = """
install -d -m 1777 /run/lock
ip link set lo up
for address; do ip address add "$address/32" dev lo; done
touch /ready
exec sleep infinity
"""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    """Names in lower case."""
    body: str


@dataclass(frozen=True, slots=True)
class Machine:
    """It runs; everything in it ends with its first process."""

    root: Path
    """Where its files are seen from outside."""
    pid: int

    def command(self, *argv: str) -> list[str]:
        """Return the command line that runs `argv` on it, as root at home."""
        enter = ("nsenter", f"--target={self.pid}", "--mount", "--net", "--pid", f"--wdns={HOME}")
        return [*enter, "env", "-i", f"PATH={PATH}", f"HOME={HOME}", *argv]

    def run(self, *argv: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            self.command(*argv),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert not check or done.returncode == 0, (argv, done.stdout, done.stderr)
        return done

    def path(self, path: str) -> Path:
        """Return where a file of its is from outside."""
        return self.root / path.lstrip("/")

    def get(self, url: str, *options: str, source: str = ADDRESS) -> Answer:
        """Fetch a URL from `source`; whatever name it holds leads to this machine."""
        done = self.run(
            *("curl", "--silent", "--show-error", "--insecure", "--max-time", "10", "--http1.1"),
            *("--dump-header", "/dev/stderr", "--connect-to", f"::{ADDRESS}:"),
            *("--interface", source, *options, url),
        )
        first, *lines = done.stderr.replace("\r", "").strip().split("\n")
        headers = dict(line.split(": ", 1) for line in lines if ": " in line)
        return Answer(
            int(first.split()[1]),
            {name.lower(): value for name, value in headers.items()},
            done.stdout,
        )

    def apache_pid(self) -> int:
        """Return the parent of Apache's processes."""
        return int(self.run("cat", "/run/apache2/apache2.pid").stdout)

    def generation(self) -> int:
        """Return how many times Apache was started or reloaded, as its log has it."""
        log = self.path("/var/log/apache2/error.log").read_text()
        return log.count("resuming normal operations")

    def stop_apache(self) -> None:
        self.run("sh", "-c", "kill -TERM $(cat /run/apache2/apache2.pid)")
        self.wait(lambda: self.run("pgrep", "apache2", check=False).returncode != 0)

    def wait(self, condition: Callable[[], bool], seconds: float = 15) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, "waited in vain"
            time.sleep(0.05)


@contextmanager
def machine(root: Path, layout: str = RECORD.layout) -> Iterator[Machine]:
    """Run a machine whose disk is `root`; Apache is installed and not started."""
    disk.make(root, replace(RECORD, layout=layout), host_key=b"", client_key="")
    process = subprocess.Popen(
        [
            *("unshare", "--net", "--", "bwrap", *disk.mounts(root), "--unshare-pid"),
            *("--die-with-parent", "--cap-add", "ALL", "--chdir", "/"),
            *("sh", "-euc", _FIRST, "machine", ADDRESS, BALANCER, STRANGER),
        ],
        stdin=subprocess.DEVNULL,
    )
    try:
        end = time.monotonic() + 10
        while not (root / "ready").exists():
            assert process.poll() is None, "no namespaces: root is needed"
            assert time.monotonic() < end, "the machine does not come up"
            time.sleep(0.02)
        yield Machine(root, _inner(process.pid))
    finally:
        process.kill()
        process.wait()


def _inner(pid: int) -> int:
    """Return the first process in bubblewrap's namespaces, a child of its own process."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(children[0])
