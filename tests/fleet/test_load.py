import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

import modules.fleet
from modules.fleet import FleetError, LockMode, load_fleet
from tests.fleet.fleets import loaded, write_fleet
from tests.fleet.golden import complete


def test_public_names() -> None:
    assert modules.fleet.__all__ == [
        "Fleet",
        "FleetError",
        "LockMode",
        "Problem",
        "load_fleet",
        "release_port",
    ]


def test_a_missing_file() -> None:
    with pytest.raises(FleetError) as raised:
        load_fleet("missing.yaml")
    assert str(raised.value) == (
        "missing.yaml:1:1: the file cannot be read: no such file or directory; "
        "name one in the call or in PORTICO_FLEET [F101]"
    )


def test_a_folder(tmp_path: Path) -> None:
    assert "is a directory" in str(loaded(tmp_path)[1])


def test_bytes_that_are_no_utf8(tmp_path: Path) -> None:
    path = tmp_path / "fleet.yaml"
    path.write_bytes("name: shop\ntags: {a: bücher}\n".encode("latin-1"))
    assert str(loaded(path)[1]).endswith(
        ":2:12: byte 0xfc is no UTF-8; save the file as UTF-8 [F102]"
    )


@pytest.mark.parametrize(
    "encode", [lambda text: "\ufeff" + text, lambda text: text.replace("\n", "\r\n")]
)
def test_byte_order_mark_and_windows_line_ends(tmp_path: Path, encode: object) -> None:
    assert callable(encode)
    path = write_fleet(tmp_path, "domain-a.com")
    path.write_bytes(encode(path.read_text("utf-8")).encode())
    assert load_fleet(path, LockMode.READ).sites.keys() == {"domain-a.com"}


def test_a_control_character(tmp_path: Path) -> None:
    path = tmp_path / "fleet.yaml"
    path.write_text("name: shop\ntags: {a: '\x01'}\n")
    assert str(loaded(path)[1]).endswith(r":2:12: character '\x01' is not allowed in YAML [F103]")


def test_deep_nesting(tmp_path: Path) -> None:
    path = tmp_path / "fleet.yaml"
    path.write_text("[" * 1_000)
    assert "[F103]" in str(loaded(path)[1])


def test_key_text_is_never_repeated(tmp_path: Path) -> None:
    marker = "-----BEGIN OPENSSH " + "PRIVATE KEY-----"
    path = tmp_path / "fleet.yaml"
    for key in ("private_key", "host_key", "user", "host"):
        ssh = {"private_key": "key", "host_key": "x", "user": "a", "host": "b"}
        ssh[key] = f"{marker}\\nc2VjcmV0"
        body = ", ".join(f'{name}: "{value}"' for name, value in ssh.items())
        path.write_text(complete(f"servers: {{a: {{instance: i-0123abcd, ssh: {{{body}}}}}}}\n"))
        assert "c2VjcmV0" not in str(loaded(path)[1])
        assert "BEGIN" not in str(loaded(path)[1])


def test_extra_configuration_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "latin.conf").write_bytes(b"# \xfc\n")
    (tmp_path / "large.conf").write_bytes(b"#" * 262_145)
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / "link.conf").symlink_to("../outside.conf")
    (tmp_path / "outside.conf").touch()
    (tmp_path / "inside" / "loop.conf").symlink_to("loop.conf")
    os.mkfifo(tmp_path / "inside" / "pipe.conf")
    path = tmp_path / "inside" / "fleet.yaml"
    for name, reason in {
        "latin.conf": "is not UTF-8 text",
        "large.conf": "has more than 262144 bytes",
        "link.conf": "is a link out of the fleet file's folder",
        "loop.conf": "cannot be read: too many levels of symbolic links",
        "pipe.conf": "cannot be read: not a regular file",
    }.items():
        if (tmp_path / name).exists():
            (tmp_path / name).rename(tmp_path / "inside" / name)
        path.write_text(complete(f"sites: {{domain-a.com: {{extra_config: {name}}}}}\n"))
        assert f"file '{name}' {reason}" in str(loaded(path)[1])


def test_order_never_matters(tmp_path: Path) -> None:
    one = load_fleet(write_fleet(tmp_path, "a.com", "b.com", "c.com"), LockMode.READ)
    other = load_fleet(write_fleet(tmp_path, "c.com", "a.com", "b.com"), LockMode.READ)
    assert one == other
    assert list(one.sites) == list(other.sites)


def test_paths_are_named_as_the_person_named_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "live").mkdir()
    write_fleet(tmp_path / "live", "a")
    assert str(loaded(Path("live/fleet.yaml"))[1]).startswith("live/fleet.yaml:2:3: ")


def test_a_thousand_sites(tmp_path: Path) -> None:
    path = write_fleet(tmp_path, *(f"d{i}.com" for i in range(1000)))
    started = time.process_time()
    assert len(load_fleet(path, LockMode.READ).ports) == 1000
    assert time.process_time() - started < 5


def test_loading_is_light(tmp_path: Path) -> None:
    """Commands that only read the fleet start within half a second, with room to spare."""
    program = (
        "import sys; from modules.fleet import LockMode, load_fleet\n"
        f"load_fleet({str(write_fleet(tmp_path, 'a.com', 'b.com', 'c.com'))!r}, LockMode.READ)\n"
        "print(sorted({name.partition('.')[0] for name in sys.modules}))\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    for heavy in ("cdktf", "jsii", "cryptography", "idna", "jinja2", "asyncio", "rich"):
        assert f"'{heavy}'" not in run.stdout
