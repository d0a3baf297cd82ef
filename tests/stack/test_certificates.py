"""Certificates as Terraform is told of them, and as it reads the team's own from PEM files."""

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from modules.stack.expressions import interpolated, pem_certificates, pem_private_key
from tests.fleet.zoo import certificate, expand, key_of
from tests.stack.golden import Configuration, blocks, configuration_of, plainly
from tests.stack.graph import Graph
from tests.stack.terraform import terraform

LEAF, MIDDLE, ROOT = ("a.com", "Middle", "Root")


def normal(*labels: str) -> list[str]:
    """The certificates as RFC 7468 has them, no newline last."""
    return [certificate(each).public_bytes(Encoding.PEM).decode().strip() for each in labels]


def normal_key(label: str, form: PrivateFormat = PrivateFormat.PKCS8) -> str:
    return key_of(label).private_bytes(Encoding.PEM, form, NoEncryption()).decode().strip()


# --- PEM files, read by Terraform ------------------------------------------------------------

CHAINS = {
    "plain": (expand("%cert a.com\n"), [LEAF]),
    "crlf": (expand("%crlf\n%cert a.com\n"), [LEAF]),
    "bom": (expand("%bom\n%cert a.com\n"), [LEAF]),
    "bundle": (expand("%cert a.com\n%cert Middle\n%cert Root\n"), [LEAF, MIDDLE, ROOT]),
    "text": (
        expand("%crlf\nsubject=CN = a.com -- bought\n%cert a.com\n\nissuer:\n%cert Middle\nEnd."),
        [LEAF, MIDDLE],
    ),
    "no-newline": (expand("%cert a.com\n%cert Middle\n").rstrip(), [LEAF, MIDDLE]),
    "no-newline-between": ((normal(LEAF)[0] + normal(MIDDLE)[0]).encode(), [LEAF, MIDDLE]),
    "trailing-blanks": (normal(LEAF)[0].replace("\n", " \t\n").encode(), [LEAF]),
    "blank-lines": (normal(LEAF)[0].replace("\n", "\n\n").encode(), [LEAF]),
    "one-line": (
        normal(LEAF)[0].replace("\n", "").replace("E-----M", "E-----\nM").encode(),
        [LEAF],
    ),
}
KEYS = {
    "key": (expand("%key a.com\n"), normal_key(LEAF)),
    "key-crlf": (expand("%crlf\n%key a.com\n"), normal_key(LEAF)),
    "key-traditional": (
        expand("%crlf\n%key a.com traditional\n"),
        normal_key(LEAF, PrivateFormat.TraditionalOpenSSL),
    ),
    "key-in-bundle": (expand("%cert a.com\n%key a.com\n%cert Middle\n"), normal_key(LEAF)),
    "key-with-parameters": (
        b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
        + expand("%key a.com\n"),
        normal_key(LEAF),
    ),
}


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What Terraform makes of each file."""
    folder = tmp_path_factory.mktemp("pem")
    outputs = {}
    for name, (content, _) in {**CHAINS, **KEYS}.items():
        file = folder / name
        file.write_bytes(content)
        reading = pem_private_key if name in KEYS else pem_certificates
        outputs[name] = {"value": interpolated(reading(str(file)))}
    (folder / "main.tf.json").write_text(json.dumps({"output": outputs}))
    terraform(folder, "apply", "-auto-approve")
    found = json.loads(terraform(folder, "output", "-json"))
    return {name: output["value"] for name, output in found.items()}


@pytest.mark.parametrize("name", CHAINS)
def test_certificates_are_read_in_their_normal_form(name: str, read: dict[str, Any]) -> None:
    assert read[name] == normal(*CHAINS[name][1])


@pytest.mark.parametrize("name", KEYS)
def test_a_private_key_is_read_in_its_normal_form(name: str, read: dict[str, Any]) -> None:
    assert read[name] == KEYS[name][1]


# --- the team's own --------------------------------------------------------------------------

OWN = """\
sites:
  a.com: {load_balancer: classic, certificate: {iam: {certificate: a.pem, private_key: a.key}}}
  b.com: {certificate: {acm_import: {certificate: b.pem, private_key: b.key, chain: chain.pem}}}
"""


def own(folder: Path, until: str = "2100-01-01") -> Configuration:
    files = {
        "a.pem": f"%cert a.com until={until}\n%cert Middle\n%cert Root\n",
        "a.key": "%key a.com\n",
        "b.pem": f"%crlf\n%cert b.com until={until}\n",
        "b.key": "%key b.com\n",
        "chain.pem": "%cert Middle\n%cert Root\n",
    }
    for name, text in files.items():
        (folder / name).write_bytes(expand(text))
    return configuration_of(folder, OWN)


def test_terraform_alone_reads_the_files(tmp_path: Path) -> None:
    text = json.dumps(own(tmp_path))
    for file in tmp_path.glob("*.[pk]e[my]"):
        for line in file.read_text().splitlines():
            assert line.startswith("-----") or line not in text


def test_body_and_chain_are_apart_whichever_file_they_came_from(tmp_path: Path) -> None:
    found = blocks(own(tmp_path))
    (uploaded,) = (name for name in found if name.startswith("aws_iam_server_certificate.a_com__"))
    (imported,) = (name for name in found if name.startswith("aws_acm_certificate.b_com__"))
    locals_ = {
        name: found[f"local.{name}"] for name in ("a_com__certificates", "b_com__certificates")
    }
    for name, certificates in {
        "a_com": uploaded,
        "b_com": imported,
    }.items():
        block = found[certificates]
        outputs = {
            key: {"value": block[key]}
            for key in ("certificate_body", "certificate_chain", "private_key")
        }
        stack = tmp_path / name
        stack.mkdir()
        outputs["private_key"]["sensitive"] = True
        (stack / "main.tf.json").write_text(
            json.dumps(
                {
                    "variable": {"fleet_dir": {"default": str(tmp_path)}},
                    "locals": locals_,
                    "output": outputs,
                }
            )
        )
        terraform(stack, "apply", "-auto-approve")
        domain = name.replace("_", ".")
        told = json.loads(terraform(stack, "output", "-json"))
        assert told["certificate_body"]["value"] == (
            certificate(domain, until="2100-01-01").public_bytes(Encoding.PEM).decode().strip()
        )
        assert told["certificate_chain"]["value"] == "\n".join(normal(MIDDLE, ROOT))
        assert told["private_key"]["value"] == normal_key(domain)


def test_another_certificate_has_another_address(tmp_path: Path) -> None:
    """So that what an apply left half exchanged can be taken back; ACM's would change in place."""
    before, after = blocks(own(tmp_path)), blocks(own(tmp_path, until="2101-01-01"))
    kinds = {"aws_acm_certificate.b_com", "aws_iam_server_certificate.a_com"}
    for ones, others in ((before, after), (after, before)):
        gone = {each for each in ones.keys() - others.keys() if "_certificate." in each}
        assert {each.partition("__")[0] for each in gone} == kinds
        for each in gone:
            assert ones[each]["lifecycle"] == {"create_before_destroy": True}
    (old,), (new,) = (
        [block["name"] for name, block in found.items() if name.startswith("aws_iam")]
        for found in (before, after)
    )
    assert old != new


# --- requested -------------------------------------------------------------------------------


def test_a_certificate_of_other_names_has_another_address_wherever_it_is_presented(
    tmp_path: Path,
) -> None:
    """So that a listener that is live never waits for a third one, or loses the first."""
    text = """\
defaults: {{load_balancer: shared, document_root: /var/www/html}}
sites:
  a.com:
  b.com: {{aliases: [www.b.com{0}]}}
  c.com: {{load_balancer: classic, aliases: [www.c.com{1}]}}
"""
    before = configuration_of(tmp_path, text.format("", ""))
    after = configuration_of(tmp_path, text.format(", img.b.com", ", img.c.com"))
    kept, gone = blocks(before).keys() & blocks(after).keys(), blocks(before).keys() - blocks(after)
    changed = ("aws_acm_certificate", "aws_acm_certificate_validation")
    listed = {each for each in gone if each.startswith("aws_lb_listener_certificate.")}
    assert {each.rpartition("__")[0] for each in gone if each.startswith(changed)} == {
        f"{kind}.{site}" for kind in changed for site in ("b_com", "c_com")
    }
    assert len(listed) == 1
    assert "b_com__" in listed.pop()
    assert {each for each in kept if each.startswith(changed)}, "the first site's is the same"


def test_a_record_that_several_certificates_need_is_made_once(tmp_path: Path) -> None:
    text = """\
certificates: {wide: {acm: {names: [a.com, "*.a.com"]}}}
sites:
  a.com: {certificate: {use: wide}}
  www.a.com: {certificate: {acm: {names: ["*.a.com"]}}}
"""
    configuration = plainly(configuration_of(tmp_path, text))
    graph = Graph(configuration)
    records = {each for each in graph.of("aws_route53_record") if each.endswith("__validation")}
    assert records == {"aws_route53_record.a_com__validation"}
    for name in ("wide", "www_a_com"):
        assert records <= graph.needs(f"aws_acm_certificate_validation.{name}")


@pytest.mark.parametrize("wait", [True, False])
def test_validation_by_hand_tells_the_records_and_waits_or_not(wait: bool, tmp_path: Path) -> None:  # noqa: FBT001
    text = (
        "sites: {a.com: {zone: external, certificate: "
        f"{{acm: {{validation: manual, wait: {str(wait).lower()}}}}}}}}}\n"
    )
    found = blocks(plainly(configuration_of(tmp_path, text)))
    assert (
        "aws_acm_certificate.a_com.domain_validation_options"
        in (found["output.a_com__validation_records"]["value"])
    )
    assert "aws_route53_record.a_com__validation" not in found
    waiting = "aws_acm_certificate_validation.a_com"
    assert (waiting in found) == wait
    if wait:
        assert "validation_record_fqdns" not in found[waiting]
        arn = "${aws_acm_certificate_validation.a_com.certificate_arn}"
    else:
        arn = "${aws_acm_certificate.a_com.arn}"
    assert found["aws_lb_listener.a_com__https"]["certificate_arn"] == arn
