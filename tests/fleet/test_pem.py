import base64
import datetime as dt
import hashlib
import os
import re
import shlex
import subprocess
from pathlib import Path

import certifi
import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from modules.fleet import LockMode, load_fleet
from modules.fleet.certificate_names import covers
from modules.fleet.certificate_sections import Pem
from modules.fleet.pem import PemFacts, Reading
from modules.fleet.server_certificates import read_pem
from tests.fleet.fleets import loaded
from tests.fleet.golden import Case, all_cases, complete
from tests.fleet.zoo import certificate, expand, key_of

NOW = dt.datetime(2050, 1, 1, tzinfo=dt.UTC)
FULL = "%cert a.com\n%cert Middle\n%cert Root\n"


def read(folder: Path, crt: str, chain: str | None = None, key: str = "%key a.com\n") -> Reading:
    """Read a certificate in files of these texts, each as in a golden case."""
    for name, text in {"crt": crt, "key": key, "chain": chain or ""}.items():
        (folder / name).write_bytes(expand(text))
    pem = Pem(certificate="crt", private_key="key", chain="chain" if chain else None)
    return read_pem(pem, folder, NOW)


def test_facts(tmp_path: Path) -> None:
    leaf, *chain = (
        certificate(name).public_bytes(Encoding.DER) for name in ("a.com", "Middle", "Root")
    )
    assert read(tmp_path, FULL) == Reading(
        PemFacts(
            fingerprint=hashlib.sha256(leaf).hexdigest(),
            chain=hashlib.sha256(b"".join(chain)).hexdigest(),
            names=("a.com",),
            not_after=dt.datetime(2120, 1, 1, tzinfo=dt.UTC),
            key_type="EC_prime256v1",
        ),
        (),
    )


@pytest.mark.parametrize(
    ("crt", "chain"),
    [
        ("%crlf\n" + FULL, None),
        ("%bom\n" + FULL, None),
        ("Certificate:\n" + FULL + "the end", None),
        ("%cert a.com\n", "%crlf\n%cert Middle\n%cert Root\n"),
        (FULL, "%cert Middle\n%cert Root\n"),
    ],
)
def test_what_changes_no_fact(tmp_path: Path, crt: str, chain: str | None) -> None:
    assert read(tmp_path, crt, chain) == read(tmp_path, FULL)


def test_white_space_within_a_block_changes_no_fact(tmp_path: Path) -> None:
    fine = read(tmp_path, FULL)
    path = tmp_path / "crt"
    path.write_text(path.read_text().replace("\n", "  \n  "))
    assert read_pem(Pem(certificate="crt", private_key="key"), tmp_path, NOW) == fine


ENDS = (
    "fleet.yaml:2:50: the certificate 'a.com' in 'a.crt' ends on {}; AWS does not renew it: get "
    "its successor [F701]"
)


@pytest.mark.parametrize(("days", "warnings"), [(29, [ENDS]), (31, [])])
def test_a_certificate_that_ends_soon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: int, warnings: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    until = (dt.datetime.now(dt.UTC) + dt.timedelta(days=days)).date()
    (tmp_path / "a.crt").write_bytes(
        expand(f"%cert a.com until={until}\n%cert Middle\n%cert Root\n")
    )
    (tmp_path / "a.key").write_bytes(expand("%key a.com\n"))
    site = "{certificate: {iam: {certificate: a.crt, private_key: a.key}}}"
    (tmp_path / "fleet.yaml").write_text(complete(f"state: cloud\nsites: {{a.com: {site}}}\n"))
    fleet = load_fleet("fleet.yaml", LockMode.READ)
    assert [str(each) for each in fleet.warnings] == [each.format(until) for each in warnings]


def test_a_chain_may_end_below_a_root_that_browsers_know(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [fault.code.id for fault in read(tmp_path, "%cert a.com\n%cert Middle\n").faults] == [
        "F615"
    ]
    roots = tmp_path / "roots.pem"
    roots.write_bytes(expand("%cert Other\n%cert Root\n"))
    monkeypatch.setattr(certifi, "where", lambda: str(roots))
    assert read(tmp_path, "%cert a.com\n%cert Middle\n").faults == ()


def test_files_of_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    fine = read(tmp_path, FULL)
    assert read_pem(Pem(certificate="~/crt", private_key="~/key"), Path("/"), NOW) == fine


def test_public_keys(tmp_path: Path) -> None:
    (tmp_path / "a.pub").write_bytes(expand("%public a.com\n"))
    (tmp_path / "b.crt").write_bytes(expand("%cert b.com:RSA_2048\n"))
    site = (
        "{load_balancer: classic, backend_tls: {certificate: /etc/ssl/a, private_key: /etc/ssl/b}, "
        "backend_auth: {public_keys: [a.pub, b.crt]}}"
    )
    path = tmp_path / "fleet.yaml"
    path.write_text(complete(f"sites: {{a.com: {site}}}\n"))
    assert load_fleet(path, LockMode.READ).public_keys == {
        name: base64.b64encode(
            key_of(label).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        ).decode()
        for name, label in {"a.pub": "a.com", "b.crt": "b.com:RSA_2048"}.items()
    }


ZOO = {case.path.stem: case for case in all_cases() if case.path.stem.startswith("certificate-")}


@pytest.mark.parametrize("case", ZOO.values(), ids=list(ZOO))
def test_no_message_shows_a_key(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = "".join(case.outcome(tmp_path))
    labels = {label for text in case.files.values() for label in re.findall(r"%key (\S+)", text)}
    for label in labels:
        for form in (PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL):
            if label.endswith("Ed25519") and form is PrivateFormat.TraditionalOpenSSL:
                continue
            der = key_of(label).private_bytes(Encoding.DER, form, NoEncryption())
            text = base64.b64encode(der).decode()
            assert not any(text[i : i + 16] in said for i in range(16, len(text) - 16))


@pytest.mark.parametrize(
    ("slot", "content"),
    [
        ("certificate", "%der cert a.com\n"),
        ("certificate", "%der p7 a.com\n"),
        ("certificate", "%p7 a.com\n"),
        ("certificate", "%der p12 a.com\n"),
        ("chain", "%der p12 a.com\n"),
        ("private_key", "%der key a.com\n"),
        ("private_key", "%der p12 a.com\n"),
        ("private_key", "%key a.com encrypted\n"),
        ("private_key", "%key a.com traditional encrypted\n"),
    ],
)
def test_the_command_that_a_message_names_cures(tmp_path: Path, slot: str, content: str) -> None:
    files = {"certificate": "crt", "private_key": "key", "chain": "chain"}
    read(tmp_path, "%cert a.com\n", "%cert Middle\n%cert Root\n")
    (tmp_path / "my file").write_bytes(expand(content))
    files[slot] = "my file"
    (fault,) = read_pem(Pem(**files), tmp_path, NOW).faults
    command = re.search(r"with (openssl [^,]*)", fault.message)
    assert command
    words = shlex.split(command[1])
    if "p12" in content or "encrypted" in content:
        words += ["-passin", "pass:secret"]
    run = subprocess.run(words, cwd=tmp_path, check=True, capture_output=True)
    assert run.stdout == b""
    files[slot] = words[words.index("-out") + 1]
    cured = read_pem(Pem(**files), tmp_path, NOW).faults
    # PKCS#12 of the zoo lacks the root.
    assert [each.code.id for each in cured] == (["F615"] if slot == "chain" else [])


def test_what_is_no_file_of_pem(tmp_path: Path) -> None:
    (tmp_path / "a.crt").mkdir()
    (tmp_path / "a.key").write_bytes(b"x" * 1_048_577)
    os.mkfifo(tmp_path / "chain.pem")
    site = "{certificate: {iam: {certificate: a.crt, private_key: a.key, chain: chain.pem}}}"
    path = tmp_path / "fleet.yaml"
    path.write_text(complete(f"sites: {{a.com: {site}}}\n"))
    start = "relative paths start from the fleet file's folder"
    assert [problem.message for problem in loaded(path)[1].problems] == [
        f"file 'a.crt' cannot be read: is a directory; {start}",
        f"file 'a.key' has more than 1048576 bytes; {start}",
        f"file 'chain.pem' cannot be read: not a regular file; {start}",
    ]


# --- names -----------------------------------------------------------------------------------

LABELS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)
NAMES = st.lists(LABELS, min_size=1, max_size=5).map(".".join)


@given(NAMES, NAMES)
def test_a_name_covers_itself_alone(pattern: str, name: str) -> None:
    assert covers(pattern, name) == (pattern == name)


@given(NAMES, st.lists(LABELS, max_size=3))
def test_a_wildcard_covers_one_label(parent: str, labels: list[str]) -> None:
    assert covers(f"*.{parent}", ".".join([*labels, parent])) == (len(labels) == 1)
