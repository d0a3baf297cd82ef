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


def pem_certificates(path: str) -> str:
    """Return the expression of the list of a PEM file's certificates, in the file's order."""
    return _pem_blocks("CERTIFICATE", path)


def pem_private_key(path: str) -> str:
    """Return the expression of the one private key of a PEM file; without one, a plan fails."""
    return f"{_pem_blocks('(?:[A-Z]+ )?PRIVATE KEY', path)}[0]"


def _pem_blocks(label: str, path: str) -> str:
    """Return the expression of a list of PEM blocks, each as RFC 7468 has it, no newline last.

    It drops what IAM drops too, and what then differs for ever: carriage returns, text around the
    blocks, white space in and after them.
    https://github.com/hashicorp/terraform-provider-aws/issues/1215
    """
    pattern = quoted(f"-----BEGIN ({label})-----([^-]+)-----END")
    lines = f'regexall(".{{1,64}}", replace(block[1], {quoted("/[[:space:]]/")}, ""))'
    block = f'["-----BEGIN ${{block[0]}}-----"], {lines}, ["-----END ${{block[0]}}-----"]'
    return (
        f"[for block in regexall({pattern}, {file_text(path)}) : "
        f"join({quoted(chr(10))}, concat({block}))]"
    )
