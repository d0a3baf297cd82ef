"""The releases that the fleet file makes, as Terraform renders them, without touching anything.

A release depends on the balancers' address ranges, which Terraform alone may know: they are taken
from what each server says of itself.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from modules.plan import apache
from modules.plan.records import Plan

_SECONDS = 120
_WORDS = ("release", "conf", "manifest")


class RenderingError(Exception):
    """Terraform isn't there, or can't render the releases; the message says why."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """What Terraform would ship to a server now."""

    release: str
    conf: str
    manifest: str


def render(plan: Plan, proxies: Mapping[str, Sequence[str]]) -> Mapping[str, Rendered]:
    """Render the releases of the servers for which `proxies` has the trusted CIDR ranges.

    Terraform runs in a folder of its own, without providers, state or credentials.

    :raises RenderingError: it can't.
    """
    if shutil.which("terraform") is None:
        raise RenderingError("there is no terraform on the PATH")
    servers = [server for server in plan.servers if server.name in proxies]
    if not servers:
        return {}
    texts: dict[str, str] = {}

    def read(path: str) -> str:
        texts[path] = _text(Path(plan.fleet_dir, path))
        return f"${{var.texts[{json.dumps(path, ensure_ascii=False)}]}}"

    configuration = {
        "locals": {
            "script": apache.script_local(str(apache.TEMPLATES)),
            "sites": apache.sites_local(plan.sites, read),
            "proxies": {name: list(ranges) for name, ranges in proxies.items()},
            **{
                name: expression
                for server in servers
                for name, expression in apache.server_locals(
                    plan,
                    server,
                    templates=str(apache.TEMPLATES),
                    trusted_proxies=f"local.proxies[{json.dumps(server.name)}]",
                ).items()
            },
        },
        "output": {
            f"{server.name}__{word}": {"value": f"${{local.{server.name}__{word}}}"}
            for server in servers
            for word in _WORDS
        },
        # A default is no template, so that it needs no escapes; in a template HCL would leave some
        # as they are, such as those after a lone carriage return.
        # https://github.com/hashicorp/hcl/blob/main/json/spec.md#expressions
        "variable": {"texts": {"default": texts}},
    }
    found = _apply(configuration)
    return {
        server.name: Rendered(*(found[f"{server.name}__{word}"] for word in _WORDS))
        for server in servers
    }


def _text(file: Path) -> str:
    try:
        return file.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise RenderingError(f"{file} can't be read: {error}") from None


def _apply(configuration: Mapping[str, object]) -> Mapping[str, str]:
    """Return the outputs of a configuration."""
    with tempfile.TemporaryDirectory(prefix="portico-") as folder:
        Path(folder, "main.tf.json").write_text(json.dumps(configuration), encoding="utf-8")
        own = {name: value for name, value in os.environ.items() if not name.startswith("TF_")}
        try:
            done = subprocess.run(
                ["terraform", "apply", "-auto-approve", "-input=false", "-no-color"],
                cwd=folder,
                env={**own, "CHECKPOINT_DISABLE": "1", "TF_CLI_CONFIG_FILE": os.devnull},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise RenderingError(f"terraform: {error}") from None
        if done.returncode:
            raise RenderingError(f"terraform: {_first_error(done.stderr)}")
        state = json.loads(Path(folder, "terraform.tfstate").read_text(encoding="utf-8"))
    return {name: output["value"] for name, output in state["outputs"].items()}


def _first_error(complaints: str) -> str:
    lines = [line.strip(" │╷╵") for line in complaints.splitlines()]
    return next((line for line in lines if line.startswith("Error:")), "it failed without a word")
