"""Paths on the server, and files beside the fleet file."""

from __future__ import annotations

import errno
import os
import re
import stat
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, ValidationInfo

from modules.fleet.problems import Code, refusal, show
from modules.fleet.text import described

_SERVER_PATH = re.compile(r"/[A-Za-z0-9._+=,:~/-]*", re.ASCII)
_SERVER_PATH_LENGTH = 1024
_SYSTEM = (
    "/bin", "/boot", "/dev", "/etc", "/lib", "/lib64", "/proc", "/root", "/run", "/sbin", "/sys",
    "/var/log",
)  # fmt: skip
"""Nothing in them is a site's."""
_SYSTEM_TOPS = ("/", "/home", "/usr", "/var")
"""Folders below them may be a site's."""
_SPECIAL = frozenset("\"'`\\$%{}<>|;&*?!#()[]@^")
_ANYWHERE = "~/…, an absolute path, or one inside the fleet file's folder"
_USER_DATA_BYTES = 16384
"""https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html: 16 KB before base64."""
_EXTRA_CONFIG_BYTES = 262144
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
"""Apache ends a line at a NUL; the others stand for what Portico fills in."""
_PUBLIC_KEY_BYTES = 65536


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The validation context: where relative paths start from."""

    folder: Path


def _server_path(value: str) -> str:
    """An absolute path of characters that are plain to Apache, a shell and Terraform unquoted."""
    fault = ""
    if not value.startswith("/"):
        fault = "is not absolute"
    elif not _SERVER_PATH.fullmatch(value):
        bad = next(c for c in value if not _SERVER_PATH.fullmatch("/" + c))
        fault = f"holds {show(bad)}"
    elif {"..", "."} & set(value.split("/")):
        fault = "holds '.' or '..' as a folder"
    elif "//" in value:
        fault = "holds '//'"
    elif len(value) > _SERVER_PATH_LENGTH:
        fault = f"has {len(value)} characters, {_SERVER_PATH_LENGTH} at most"
    if fault:
        raise refusal(
            Code.SERVER_PATH,
            f"path {show(value)} {fault}",
            allowed="an absolute path of A-Z, a-z, 0-9 and ._+=,:~/-",
            meant=show("/" + value) if re.match(r"(var|srv|opt|home|etc)/", value) else "",
        )
    return value.rstrip("/") or "/"


def _document_root(value: str) -> str:
    path = _server_path(value)
    if path in _SYSTEM_TOPS or any(path == top or path.startswith(top + "/") for top in _SYSTEM):
        raise refusal(
            Code.DOCUMENT_ROOT,
            f"document root {show(value)} would serve the system's own files",
            cure="use a folder below /var/www or /srv",
        )
    return path


def _plain(value: str) -> str:
    """Characters that are plain within a quoted string of Terraform's."""
    bad = next((c for c in value if not c.isprintable() or c in _SPECIAL), None)
    if "PRIVATE KEY" in value:
        raise refusal(
            Code.LOCAL_PATH,
            "the key's text stands where a path belongs",
            cure="name the key's file, and replace the leaked key",
        )
    if "-----BEGIN" in value:
        raise refusal(
            Code.LOCAL_PATH, "a file's text stands where a path belongs", cure="name the file"
        )
    if bad is not None:
        raise refusal(
            Code.LOCAL_PATH,
            f"path {show(value)} holds {show(bad)}",
            allowed="letters, digits, spaces and ._+=,:~/-",
        )
    if not value.strip() or value.endswith("/") or value.startswith("-") or value != value.strip():
        raise refusal(Code.LOCAL_PATH, f"path {show(value)} names no file")
    return value


def _inside(value: str, allowed: str = "a path inside that folder") -> str:
    """A path that starts from the fleet file's folder and stays in it."""
    path = Path(_plain(value))
    if path.is_absolute() or value.startswith("~"):
        raise refusal(
            Code.LOCAL_PATH,
            f"path {show(value)} is not relative",
            allowed="a path inside the fleet file's folder, so that it is the same everywhere",
        )
    if ".." in path.parts:
        raise refusal(
            Code.LOCAL_PATH,
            f"path {show(value)} leaves the fleet file's folder",
            allowed=allowed,
        )
    return path.as_posix()


def _key_file(value: str) -> str:
    path = _plain(value)
    if path.startswith("~") and not path.startswith("~/"):
        raise refusal(
            Code.LOCAL_PATH,
            f"path {show(value)} is of another user's home",
            allowed=_ANYWHERE,
        )
    return path if path.startswith(("~/", "/")) else _inside(value, _ANYWHERE)


def first_bytes(file: Path, most: int) -> bytes:
    """Read `most` bytes of a regular file and one more, which tells that it is larger.

    Raises OSError or RuntimeError, which `fault_of_file` puts into words; also for a pipe or a
    device, which may never end.
    """
    mode = file.stat().st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise OSError(errno.EINVAL, "not a regular file")
    with file.open("rb") as opened:
        return opened.read(most + 1)


def fault_of_file(error: OSError | RuntimeError) -> str:
    """Say why a file cannot be read."""
    # Python 3.11 reports a loop of links as a RuntimeError.
    reason = getattr(error, "strerror", None) or os.strerror(errno.ELOOP)
    return f"cannot be read: {reason.lower()}"


def _text_file(
    value: str, info: ValidationInfo, most: int, refused: re.Pattern[str] | None = None
) -> str:
    """A UTF-8 file that Terraform's `file()` reads as it is, of `most` bytes, free of `refused`."""
    name = _inside(value)
    if not isinstance(info.context, Surroundings):
        return name
    folder = info.context.folder
    fault = ""
    try:
        if not (folder / name).resolve().is_relative_to(folder.resolve()):
            fault = "is a link out of the fleet file's folder"
        elif len(content := first_bytes(folder / name, most)) > most:
            fault = f"has more than {most} bytes"
        else:
            fault = _fault_of_text(content.decode("utf-8"), refused)
    except UnicodeDecodeError:
        fault = "is not UTF-8 text"
    except (OSError, RuntimeError) as error:
        fault = fault_of_file(error)
    if fault:
        raise refusal(
            Code.FILE,
            f"file {show(value)} {fault}",
            cure="paths start from the fleet file's folder",
        )
    return name


def _fault_of_text(text: str, refused: re.Pattern[str] | None) -> str:
    """Say what Terraform would change or the file may not hold; its strings are NFC.

    https://developer.hashicorp.com/terraform/language/expressions/types#strings
    """
    for number, line in enumerate(text.split("\n"), 1):
        if not unicodedata.is_normalized("NFC", line):
            return (
                f"is not in Unicode's form NFC in line {number}, so that Terraform would change it"
            )
        if bad := refused and refused.search(line):
            return f"holds {show(bad[0])} in line {number}"
    return ""


def _extra_config(value: str, info: ValidationInfo) -> str:
    return _text_file(value, info, _EXTRA_CONFIG_BYTES, _CONTROL)


def _public_key(value: str, info: ValidationInfo) -> str:
    return _text_file(value, info, _PUBLIC_KEY_BYTES)


def _user_data(value: str, info: ValidationInfo) -> str:
    return _text_file(value, info, _USER_DATA_BYTES)


_ON_SERVER = described("an absolute path on the server", f"^{_SERVER_PATH.pattern}$")
_BESIDE = described("a file in the fleet file's folder")
ServerPath = Annotated[str, AfterValidator(_server_path), _ON_SERVER]
DocumentRoot = Annotated[str, AfterValidator(_document_root), _ON_SERVER]
KeyFile = Annotated[str, AfterValidator(_key_file), described("a file")]
StatePath = Annotated[str, AfterValidator(_inside), _BESIDE]
ExtraConfigFile = Annotated[str, AfterValidator(_extra_config), _BESIDE]
UserDataFile = Annotated[str, AfterValidator(_user_data), _BESIDE]
PublicKeyFile = Annotated[str, AfterValidator(_public_key), _BESIDE]
