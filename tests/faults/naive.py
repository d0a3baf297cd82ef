"""The naive way: upload, `apachectl configtest`, `apachectl graceful`, as tutorials have it.

The same rendered configuration goes straight into the distribution's `conf-enabled`, by the same
Terraform resource with other provisioners. A new site's certificate between balancer and Apache is
made beforehand, as the tutorial's reader would; a folder for the health file lies on the server.
"""

from __future__ import annotations

import json
import re

from modules.plan.apache import made_backend_tls, made_key
from modules.plan.names import address
from modules.plan.records import BackendTls
from sandbox import Sandbox
from tests.faults import steps
from tests.faults.machine import CURRENT, Machine

FILE = "/etc/apache2/conf-enabled/naive.conf"
CONFIGTEST, GRACEFUL = steps.runs("apachectl configtest"), steps.runs("apachectl graceful")
"""Its two steps on the server."""
_HOME = "/etc/naive"
_OVERRIDE = "zz_naive_override.tf.json"
"""Terraform merges overrides in the order of their names: after the sandbox's."""

_RELEASE = "${portico_release}"
_RULES = (
    (r"(?m)^ *#(begin|end).*$", ""),
    (r'(?m)^ *Include ".*/sites/.*$', ""),
    (r"(?m)^ *#\| ?", "  "),
)
"""What Portico's script does to an extra_config, in RE2: the directives stand in the vhost."""


def convert(machine: Machine) -> None:
    """Turn a server that Portico set up into one that is changed the naive way, once."""
    if machine.path(FILE).exists():
        return
    text = machine.path(f"{CURRENT}/uploaded.conf").read_text().replace(_RELEASE, _HOME)
    for pattern, replacement in _RULES:
        text = re.sub(pattern, replacement, text)
    home = machine.path(_HOME)
    home.mkdir()
    (home / "health").write_text(f"{machine.current()}\n")
    machine.path(FILE).write_text(text)
    machine.path("/etc/apache2/conf-enabled/portico.conf").unlink()
    machine.path("/etc/apache2/ports.conf").write_text("# The ports are in naive.conf.\n")
    machine.path(CURRENT).unlink()
    machine.power_off()
    machine.boot()


def override(up: Sandbox) -> None:
    """Give Terraform's resource a server the naive provisioners."""
    document = {
        "resource": {
            "terraform_data": {
                address(server.name): {
                    "provisioner": [
                        {"remote-exec": {"inline": _pairs(up)}},
                        {"file": {"content": _rendered(server.name), "destination": FILE}},
                        {
                            "file": {
                                "content": f"${{local.{server.name}__release}}\n",
                                "destination": f"{_HOME}/health",
                            }
                        },
                        {"remote-exec": {"inline": ["apachectl configtest", "apachectl graceful"]}},
                    ]
                }
                for server in up.plan.servers
            }
        }
    }
    (up.terraform.stack / _OVERRIDE).write_text(json.dumps(document, indent=2) + "\n")


def _pairs(up: Sandbox) -> list[str]:
    """Tell how to make the pairs of the sites that have none yet."""
    sites = (site for site in up.plan.sites if not site.backend_tls)
    return [_pair(site.domain, made_backend_tls(site.domain, made_key(site))) for site in sites]


def _pair(domain: str, files: BackendTls) -> str:
    return (
        f"[ -e {files.certificate} ] || {{ mkdir -p {files.certificate.parent} &&"
        " openssl req -x509 -newkey rsa:2048 -nodes -days 3650"
        f" -subj /O=naive -addext subjectAltName=DNS:{domain}"
        f" -keyout {files.private_key} -out {files.certificate} 2>/dev/null; }}"
    )


def _rendered(server: str) -> str:
    expression = f'replace(local.{server}__conf, "$${_RELEASE[1:]}", "{_HOME}")'
    for pattern, replacement in _RULES:
        escaped = pattern.replace("\\", "\\\\").replace('"', '\\"')
        expression = f'replace({expression}, "/{escaped}/", "{replacement}")'
    return f"${{{expression}}}"
