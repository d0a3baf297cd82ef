"""Terraform expressions as text."""

from __future__ import annotations

_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"})

FLEET_DIR = "fleet_dir"
"""The variable that holds the fleet file's folder, as seen from the stack's."""


def interpolated(expression: str) -> str:
    """Return the expression as a value of Terraform's JSON."""
    return f"${{{expression}}}"


def quoted(text: str) -> str:
    """Return a string literal that is worth just this text.

    https://developer.hashicorp.com/terraform/language/expressions/strings
    """
    return f'"{text.translate(_ESCAPES).replace("${", "$${").replace("%{", "%%{")}"'


def file_text(path: str) -> str:
    """Return the expression of a file's text; a relative path starts at the fleet file's folder.

    Terraform itself expands `~/`.
    """
    if path.startswith(("/", "~/")):
        return f"file({quoted(path)})"
    return f'file("${{var.{FLEET_DIR}}}/{quoted(path)[1:-1]}")'
