"""Measures the activation of a release beside a plain graceful, at 3, 100 and 1,000 sites.

Two machines with Debian's Apache, as the tests have them, serve the same sites with the same
certificates. One gets its releases from Portico's activation script. On the other the same virtual
hosts lie in conf-enabled, without what Portico tunes, and each change is `apachectl configtest &&
apachectl graceful`. Changes alternate between the two, each under the load of `reload_load.py`.

Exits 1 where a request to Portico's machine failed, or where at the largest size the longest wait
of a new connection (median of the runs) was not shorter than plain graceful's. Run it as root:
`python -m tools.bench_reload`.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from rich import box
from rich.table import Table

from modules.cli import output
from modules.plan.records import HEALTH_PATH
from tests.apache.releases import Release, render
from tests.apache.server import ADDRESS, Machine, machine
from tools.process_memory import Memory
from tools.reload_load import Seen

SIZES = (3, 100, 1000)
RUNS = 5
PORTS = 25
"""Of a server, that the load is spread over."""
FILE = "download"
FILE_BYTES = 8 * 1024**2
"""More than the kernel takes from Apache ahead of the reader."""
SECONDS = 600
"""For a first activation, which makes a certificate a site."""
PLAIN = "/var/lib/plain"
LOAD = Path(__file__).with_name("reload_load.py")

PORTICO, GRACEFUL = "Portico", "plain"


@dataclasses.dataclass(frozen=True, slots=True)
class Sample:
    """One change; seconds and megabytes."""

    serving: float
    """From the beginning of the upload to the first answer of the new release; every port was
    then asked, and had it."""
    longest: float
    """Wait of a new connection: from connecting to the end of its TLS handshake."""
    p99: float
    sent: int
    failed: Sequence[str]
    retried: int
    kept: int
    closed: int
    rest: float
    """Memory of all Apache processes before the change, shared pages counted once."""
    peak: float


@dataclasses.dataclass(frozen=True, slots=True)
class Way:
    """A machine and how a release reaches it."""

    name: str
    machine: Machine
    change: Callable[[Machine, Release], None]


def sites(count: int) -> str:
    """Return a fleet file's sites."""
    lines = (
        f"  site-{number:04}.example: {{document_root: /var/www/html}}\n" for number in range(count)
    )
    return "sites:\n" + "".join(lines)


def renamed(release: Release, number: int) -> Release:
    """Return a release that differs from the rendered one as far as Apache can tell."""
    new = f"{number:012x}"
    conf = release.conf.replace(release.id, new)
    manifest = re.sub(
        r"^conf-sha256 .*$",
        f"conf-sha256 {sha256(conf.encode()).hexdigest()}",
        release.manifest.replace(release.id, new),
        flags=re.MULTILINE,
    )
    return Release(new, conf, manifest)


def activate(machine: Machine, release: Release) -> None:
    """Do what Terraform does."""
    folder = release.upload(machine)
    call(machine, f"sh {folder}/activate.sh {folder}")


def reload_plainly(machine: Machine, release: Release) -> None:
    """Write the virtual hosts where Apache reads them, test, reload."""
    write_plainly(machine, release)
    call(machine, "apachectl configtest && apachectl graceful")


def write_plainly(machine: Machine, release: Release) -> None:
    machine.path(PLAIN).mkdir(exist_ok=True)
    machine.path(f"{PLAIN}/health").write_text(release.id)
    machine.path("/etc/apache2/conf-enabled/sites.conf").write_text(plain(release.conf))


def plain(conf: str) -> str:
    """Return a configuration without what Portico tunes: processes, and reading of certificates."""
    for portico, usual in (
        ("${portico_release}", PLAIN),
        ("SSLOpenSSLConfCmd Certificate ", "SSLCertificateFile "),
        ("SSLOpenSSLConfCmd PrivateKey ", "SSLCertificateKeyFile "),
    ):
        conf = conf.replace(portico, usual)
    return re.sub(r"^<IfModule mpm_.*?^</IfModule>\n", "", conf, flags=re.DOTALL | re.MULTILINE)


def call(machine: Machine, script: str, given: str = "") -> str:
    """Run a shell's line on the machine.

    :raises RuntimeError: it fails.
    """
    done = subprocess.run(
        machine.command("sh", "-c", script),
        input=given,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{script}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def start(portico: Way, graceful: Way, release: Release) -> None:
    """Have both machines serve a release, the second one with the certificates of the first."""
    for way in (portico, graceful):
        way.machine.path(f"/var/www/html/{FILE}").write_bytes(bytes(FILE_BYTES))
    portico.change(portico.machine, release)
    shutil.copytree(
        portico.machine.path("/etc/portico"), graceful.machine.path("/etc/portico"), symlinks=True
    )
    graceful.machine.path("/etc/apache2/ports.conf").write_text("")
    write_plainly(graceful.machine, release)
    call(graceful.machine, "apachectl start")
    for way in (portico, graceful):
        await_release(way.machine, release)


def await_release(machine: Machine, release: Release) -> None:
    """Ask all ports until each serves the release.

    :raises RuntimeError: one does not, for a minute.
    """
    fronts = ("http://127.0.0.1", *(f"https://127.0.0.1:{port}" for port in release.ports.values()))
    given = "".join(f'url = "{front}{HEALTH_PATH}"\noutput = "/dev/null"\n' for front in fronts)
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with contextlib.suppress(RuntimeError):
            found = call(
                machine,
                "curl --silent --insecure --http1.1 --max-time 30 --header 'Host: portico.invalid' "
                "--write-out '%header{portico-release}\\n' --config -",
                given,
            ).split()
            if found == [release.id] * len(fronts):
                return
        time.sleep(0.1)
    raise RuntimeError(f"not every port serves {release.id}")


@dataclasses.dataclass(slots=True)
class Visits:
    """What the load saw, once it has ended."""

    seen: Seen = dataclasses.field(default_factory=Seen)


@contextlib.contextmanager
def visited(machine: Machine, release: Release) -> Iterator[Visits]:
    """Visit the machine all the while."""
    ports = list(release.ports.values())
    chosen = ports[:: max(1, len(ports) // PORTS)]
    visits = Visits()
    process = subprocess.Popen(
        [
            *("nsenter", f"--target={machine.pid}", "--net", "--", sys.executable, str(LOAD)),
            *(ADDRESS, HEALTH_PATH, f"/{FILE}", *map(str, chosen)),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        if process.stdout is None or process.stdout.readline() != "ready\n":
            raise RuntimeError("the load did not come up")
        yield visits
        visits.seen = Seen(**json.loads(process.communicate("end\n", timeout=120)[0]))
    finally:
        process.kill()
        process.wait()


def measure(way: Way, release: Release) -> Sample:
    """Change the machine to a release, under load."""
    with visited(way.machine, release) as visits:
        time.sleep(1)
        with Memory(way.machine.pid, "apache2") as memory:
            begun = time.monotonic()
            way.change(way.machine, release)
            await_release(way.machine, release)
        time.sleep(1)
    seen = visits.seen
    waits = sorted(shaken - started for started, shaken, *_ in seen.visits)
    return Sample(
        serving=min(answered for *_, answered, found in seen.visits if found == release.id) - begun,
        longest=waits[-1],
        p99=waits[len(waits) * 99 // 100],
        sent=seen.sent,
        failed=seen.failed,
        retried=seen.retried,
        kept=seen.kept,
        closed=seen.closed,
        rest=memory.rest,
        peak=memory.peak,
    )


def compare(count: int, runs: int, tell: Callable[[str], None]) -> Mapping[str, list[Sample]]:
    """Return the samples of each way at a number of sites."""
    tell(f"{count:,} sites: rendering")
    release = render(sites(count))
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        one, other = (stack.enter_context(machine(Path(name, each))) for each in ("one", "other"))
        ways = (Way(PORTICO, one, activate), Way(GRACEFUL, other, reload_plainly))
        tell(f"{count:,} sites: starting two machines")
        start(*ways, release)
        samples: dict[str, list[Sample]] = {way.name: [] for way in ways}
        for run in range(runs):
            for way in ways:
                tell(f"{count:,} sites: {way.name}, {run + 1} of {runs}")
                samples[way.name].append(measure(way, renamed(release, run + 1)))
    return samples


def table(measured: Mapping[int, Mapping[str, Sequence[Sample]]]) -> Table:
    """Return all figures: of times the median, and the maximum in brackets."""
    grid = Table(box=box.SIMPLE_HEAD)
    grid.add_column("sites", justify="right")
    grid.add_column("way")
    for heading in (
        *("upload to serving", "longest wait", "99 % within", "sent", "failed", "sent again"),
        *("kept-alive", "closed", "memory", "peak"),
    ):
        grid.add_column(heading, justify="right")
    for count, ways in measured.items():
        for way, samples in ways.items():
            grid.add_row(
                f"{count:,}",
                way,
                seconds([sample.serving for sample in samples]),
                seconds([sample.longest for sample in samples]),
                seconds([sample.p99 for sample in samples]),
                f"{sum(sample.sent for sample in samples):,}",
                f"{sum(len(sample.failed) for sample in samples):,}",
                f"{sum(sample.retried for sample in samples):,}",
                f"{sum(sample.kept for sample in samples):,}",
                f"{sum(sample.closed for sample in samples):,}",
                f"{statistics.median(sample.rest for sample in samples):.0f} MB",
                f"{max(sample.peak for sample in samples):.0f} MB",
            )
    return grid


def seconds(values: Sequence[float]) -> str:
    return f"{statistics.median(values):.2f} s\n({max(values):.2f})"


def findings(measured: Mapping[int, Mapping[str, Sequence[Sample]]]) -> Iterator[tuple[bool, str]]:
    """Say in a line each what was aimed at, and whether it holds."""
    for count, ways in measured.items():
        failed = [reason for sample in ways[PORTICO] for reason in sample.failed]
        sent = sum(sample.sent for sample in ways[PORTICO])
        told = f": {failed[0]}" if failed else ""
        yield not failed, f"{count:,} sites: {len(failed)} of {sent:,} requests failed{told}"
    largest = max(measured)
    ours, theirs = (
        statistics.median(sample.longest for sample in measured[largest][way])
        for way in (PORTICO, GRACEFUL)
    )
    text = f"{largest:,} sites: longest wait {ours:.2f} s, plain graceful's {theirs:.2f} s"
    yield ours < theirs, text


def main() -> int:
    """Measure, print a table, then what was aimed at."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sites", type=int, nargs="+", default=SIZES)
    parser.add_argument("--runs", type=int, default=RUNS, help="changes of each machine")
    parser.add_argument("--json", action="store_true", help="all samples, for machines")
    asked = parser.parse_args()
    console = output.console(stderr=asked.json)
    with console.status("") as status:
        measured = {count: compare(count, asked.runs, status.update) for count in asked.sites}
    found = list(findings(measured))
    if asked.json:
        print(json.dumps(as_json(measured, found), indent=2))
    else:
        console.print(table(measured))
        console.print(
            f"Times are the median of {asked.runs} changes, and the longest in brackets.",
            highlight=False,
        )
        for holds, text in found:
            console.print(
                f"[{'green' if holds else 'red'}]{'yes' if holds else 'NO '}[/] {text}",
                highlight=False,
            )
    return 0 if all(holds for holds, _ in found) else 1


def as_json(
    measured: Mapping[int, Mapping[str, Sequence[Sample]]], found: Sequence[tuple[bool, str]]
) -> dict[str, object]:
    return {
        "sites": {
            count: {
                way: [dataclasses.asdict(sample) for sample in samples]
                for way, samples in ways.items()
            }
            for count, ways in measured.items()
        },
        "findings": [{"holds": holds, "text": text} for holds, text in found],
    }


if __name__ == "__main__":
    sys.exit(main())
