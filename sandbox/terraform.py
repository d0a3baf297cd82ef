"""Terraform and its provider, driven by `cdktf deploy` as in production.

Inside the enclosure the sandbox's folder lies over the checkout's `cdktf.out`. So `python main.py`
and `cdktf deploy` run as they always do, write what they always write, and a production synthesis
that lies there is not touched. An override file beside the synthesized JSON, which stays as it is
byte for byte, turns the provider to the emulator and the provisioners to the sandbox's sshd.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from modules.plan.records import Plan
from sandbox import backend
from sandbox.emulator import Emulator
from sandbox.enclosure import Enclosure
from sandbox.errors import SandboxError
from sandbox.override import Ours, override
from sandbox.processes import children, command_line
from sandbox.progress import Progress
from sandbox.server import Login
from sandbox.state import CHECKOUT, PORTICO, Place

OVERRIDE = "sandbox_override.tf.json"

_PARALLELISM = 100
"""Nearly all of an apply is the provider's waiting, which costs nothing."""

_OF_RESOURCES = ("-input=false", f"-parallelism={_PARALLELISM}")
"""Options of the commands that look at each resource; the others know neither."""

_PATIENCE = 60
"""Seconds for an interrupted Terraform: the provider's longest wait that nothing cuts short."""

_PAUSE = 0.1
"""Seconds between two looks at what Terraform writes."""

_NO_CHANGES, _CHANGES = 0, 2
"""Exit statuses of `terraform plan -detailed-exitcode`."""

_PLANNED = re.compile(r"Plan: (\d+) to add, (\d+) to change, (\d+) to destroy")
_DONE = re.compile(r": (?:Creation|Modifications|Destruction) complete after ")
_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_FRAME = re.compile(r"[│╷╵]\s?")
_CDKTF = re.compile(r"\d Stacks? (?:deploying|destroying)|^Invoking Terraform CLI failed")
_SERVER = "(remote-exec): "
"""Before each line of what a provisioner's command says."""

Hear = Callable[[str], None]
"""Gets each line that a program says, as it comes."""


@dataclass(frozen=True, slots=True)
class Terraform:
    """One fleet's Terraform in its sandbox."""

    place: Place
    enclosure: Enclosure
    plan: Plan
    worth_saving: bool
    """Whether an interrupted Terraform gets time to save its state."""

    def synthesize(self) -> bytes:
        """Run `python main.py` as in production and return the JSON that it writes."""
        self._run(["python", "main.py"], CHECKOUT, "synth")
        return self._json.read_bytes()

    def override(self, emulator: Emulator, logins: Mapping[str, Login]) -> None:
        """Write the one file that makes production's JSON apply to the sandbox."""
        ours = Ours(
            emulator=emulator.url,
            state=self.place.terraform_state,
            logins=logins,
            keys={
                site.domain: backend.public_key(self.place.backend, site.backend_tls)
                for site in self.plan.sites
                if site.backend_tls
            },
        )
        document = override(self.plan, json.loads(self._json.read_bytes()), ours)
        (self.stack / OVERRIDE).write_text(json.dumps(document, indent=2) + "\n")

    def deploy(self, produced: bytes, progress: Progress) -> None:
        """Apply with `cdktf deploy`; tell how many resources are done.

        :raises SandboxError: the apply failed, with Terraform's reason; or what was applied is
            not what `python main.py` `produced`.
        """
        self._cdktf("deploy", "applying with Terraform", progress)
        if self._json.read_bytes() != produced:
            raise SandboxError(f"cdktf deploy and python main.py write different {self._json}")

    def apply(self, hear: Hear | None = None) -> tuple[int, str]:
        """Apply what was last synthesized with plain `terraform`, as one may in its folder.

        Return the exit status and all that Terraform said; `hear` gets each line as it comes.
        """
        return self.plain("apply", "-auto-approve", hear=hear)

    def plain(
        self, verb: str, *arguments: str, hear: Hear | None = None, folder: str = ""
    ) -> tuple[int, str]:
        """Run plain `terraform` in the stack's folder, or in another `folder` beside it."""
        options = _OF_RESOURCES if verb in {"apply", "import", "plan"} else ()
        command = ["terraform", verb, "-no-color", *options, *arguments]
        inside = self._inside.with_name(folder) if folder else self._inside
        return self._try(command, inside, f"{folder}-{verb}" if folder else verb, hear)

    def changes(self) -> bool:
        """Say whether a plan of what was last synthesized wants to change anything."""
        status, output = self._try(
            ["terraform", "plan", "-input=false", "-no-color", "-detailed-exitcode"],
            self._inside,
            "plan",
        )
        if status not in {_NO_CHANGES, _CHANGES}:
            raise SandboxError(_reason(output), self.place.log("plan"))
        return status == _CHANGES

    def destroy(self, progress: Progress) -> None:
        """Destroy everything with `cdktf destroy`."""
        self._cdktf("destroy", "destroying with Terraform", progress)

    @property
    def stack(self) -> Path:
        """The stack's folder, as the machine sees it."""
        return self.place.cdktf_out / "stacks" / self.plan.fleet

    @property
    def _inside(self) -> Path:
        """The stack's folder, as processes inside see it."""
        return CHECKOUT / "cdktf.out" / "stacks" / self.plan.fleet

    @property
    def _json(self) -> Path:
        return self.stack / "cdk.tf.json"

    def _cdktf(self, verb: str, step: str, progress: Progress) -> None:
        command = [
            *("cdktf", verb, self.plan.fleet, "--auto-approve", "--no-color"),
            *("--terraform-parallelism", str(_PARALLELISM)),
            # `terraform providers lock` asks the registry, never the mirror.
            "--skip-provider-lock",
        ]
        progress(step)
        self._run(command, CHECKOUT, verb, _Meter(step, progress).read)

    def _run(self, command: Sequence[str], cwd: Path, name: str, hear: Hear | None = None) -> None:
        status, output = self._try(command, cwd, name, hear)
        if status:
            raise SandboxError(_reason(output), self.place.log(name))

    def _try(
        self, command: Sequence[str], cwd: Path, name: str, hear: Hear | None = None
    ) -> tuple[int, str]:
        path = self.place.log(name)
        with path.open("wb") as log:
            process = subprocess.Popen(
                self.enclosure.command([str(CHECKOUT / "tools" / "run"), *command], cwd),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=_environment(self.place.fleet),
                start_new_session=True,
            )
        try:
            output = _follow(process, path, hear)
        finally:
            _end(process, patience=_PATIENCE if self.worth_saving else 0)
        path.write_text(f"{output}\n")
        return process.wait(), output


@dataclass(slots=True)
class _Meter:
    """Counts the resources of an apply that are done."""

    step: str
    progress: Progress
    total: int = 0
    done: int = 0

    def read(self, line: str) -> None:
        if planned := _PLANNED.search(line):
            self.total = sum(map(int, planned.groups()))
        elif _DONE.search(line):
            self.done += 1
        else:
            return
        self.progress(self.step, self.done, self.total)


def _follow(process: subprocess.Popen[bytes], log: Path, hear: Hear | None) -> str:
    """Read what a process writes to its log until it ends; return all of it, without colours."""
    lines: list[str] = []
    begun = ""
    with log.open(errors="replace") as output:
        running = True
        while running:
            # Asked before reading, so that nothing is missed.
            running = process.poll() is None
            *whole, begun = (begun + output.read()).split("\n")
            for line in whole:
                lines.append(_ESCAPE.sub("", line).rstrip())
                if hear:
                    hear(lines[-1])
            if running:
                time.sleep(_PAUSE)
    return "\n".join([*lines, begun])


def _end(process: subprocess.Popen[bytes], patience: float) -> None:
    """Have a Terraform that still runs stop and save its state; kill it after `patience` s.

    It is told directly: cdktf, interrupted itself, takes Terraform's terminal away.
    """
    if process.poll() is not None:
        return
    try:
        if patience:
            for pid in terraforms(process.pid):
                os.kill(pid, signal.SIGINT)
            process.wait(patience)
    except subprocess.TimeoutExpired:
        pass
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(5)


def terraforms(pid: int) -> Iterator[int]:
    """Find the Terraform processes below a process; below Terraform are only its plugins."""
    for child in children(pid):
        program = {PurePath(word).name for word in command_line(child)[:2]}
        if program & {"terraform", "terraform.py"}:
            yield child
        else:
            yield from terraforms(child)


def _environment(fleet: Path) -> dict[str, str]:
    """Return this process's environment, with nothing in it that turns Terraform elsewhere."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "TF_", "CDKTF_"))}
    return {
        **kept,
        # Else cdktf has Terraform keep a link to this checkout's provider in the home folder, which
        # sandboxes trip over when they begin at once, or when the checkout is gone; its own option
        # for it has no effect.
        "CDKTF_DISABLE_PLUGIN_CACHE_ENV": "1",
        "PORTICO_FLEET": str(fleet),
        "TF_CLI_CONFIG_FILE": str(PORTICO / "terraform" / "sandbox.tfrc"),
        "TF_IN_AUTOMATION": "1",
    }


def _reason(output: str) -> str:
    """Return Terraform's errors with what the server last said, or another program's last lines."""
    lines = [
        _FRAME.sub("", line).strip() for line in output.splitlines() if not _CDKTF.search(line)
    ]
    lines = [line for line in lines if line]
    errors = [number for number, line in enumerate(lines) if "Error: " in line]
    if not errors:
        return "\n".join(lines[-15:]) or "it failed without a word"
    told = [line for line in lines[: errors[0]] if _SERVER in line][-3:]
    return "\n".join([*(line.partition(_SERVER)[2].strip() for line in told), *lines[errors[0] :]])
