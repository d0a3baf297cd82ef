"""Stacks that real Terraform applies again and again, with resources of its own for AWS's."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from modules.stack.addressing import at
from modules.stack.bindings import (
    App,
    Construct,
    LocalBackend,
    LocalExecProvisioner,
    TerraformResource,
    TerraformStack,
)
from modules.stack.lifecycle import FIRST_MADE

TERRAFORM = [str(Path(__file__).parents[2] / "tools/run"), "terraform"]


class Applying:
    """One folder with its state; what there would be to wait for is told and not waited for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "out"
        self._bin = folder / "bin"
        self._bin.mkdir()
        (self._bin / "sleep").write_text("#!/bin/sh\n")
        (self._bin / "sleep").chmod(0o755)

    def apply(self, build: Callable[[TerraformStack], None], *, fails: bool = False) -> list[str]:
        """Apply what `build` puts in; return what was done, in the order in which it was begun."""
        app = App(outdir=str(self._folder))
        stack = TerraformStack(app, "order")
        LocalBackend(stack, path="terraform.tfstate")
        build(stack)
        app.synth()
        self._run("init", "-input=false")
        return self._changed("apply", fails=fails)

    def destroy(self) -> list[str]:
        """Destroy all of what was applied last; return what was done."""
        return self._changed("destroy")

    def _changed(self, verb: str, *, fails: bool = False) -> list[str]:
        done = self._run(verb, "-auto-approve", "-json")
        assert (done.returncode != 0) == fails, done.stdout
        # Terraform's clock has seconds, and two applies that people make are never in the same one.
        time.sleep(1)
        return [*_begun(done.stdout)]

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        where = f"-chdir={self._folder / 'stacks' / 'order'}"
        environment = {**os.environ, "PATH": f"{self._bin}:{os.environ['PATH']}"}
        return subprocess.run(
            [*TERRAFORM, where, *arguments],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )


def _begun(output: str) -> Iterator[str]:
    """Find `create NAME`, `update NAME`, `delete NAME` and `wait SECONDS`."""
    for line in output.splitlines():
        message = json.loads(line)
        hook = message.get("hook", {})
        if message["type"] == "apply_start":
            yield f"{hook['action']} {hook['resource']['addr'].partition('.')[2]}"
        elif message["type"] == "provision_progress" and "sleep" in hook["output"]:
            yield f"wait {hook['output'].split()[-1].strip(chr(34) + ']')}"


def stand_in(
    scope: Construct,
    word: str,
    triggers: Sequence[str],
    *,
    first_made: bool = False,
    command: str | None = None,
) -> TerraformResource:
    """Add a resource that another of the `triggers` replaces, and that runs a command."""
    runs = [LocalExecProvisioner(type="local-exec", command=command)] if command else None
    made = at(
        word,
        TerraformResource(
            scope,
            word,
            terraform_resource_type="terraform_data",
            lifecycle=FIRST_MADE if first_made else None,
            provisioners=runs,
        ),
    )
    made.add_override("triggers_replace", list(triggers))
    return made


def assert_in_order(done: Sequence[str], *expected: str) -> None:
    """All of `expected` were done, in that order, whatever else was done between."""
    assert [each for each in done if each in expected] == [*expected]
