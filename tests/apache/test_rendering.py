"""Fleet → portico.conf and manifest, by Terraform. Cases are text files: a fleet file, the files
beside it, then after a line of dashes what is rendered."""

import re
from pathlib import Path

import pytest

from tests.apache.releases import THREE, Release, render

CASES = sorted((Path(__file__).parent / "cases").glob("*.apachetest"))
DASHES = "\n----------\n"


def written(release: Release) -> str:
    """The release as cases show it: without what changes with each plan and each script."""
    manifest = re.sub(r"^(serial|conf-sha256) .*$", r"\1 …", release.manifest, flags=re.MULTILINE)
    return f"{release.conf}---- manifest\n{manifest}".replace(release.id, "RELEASE")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_case(case: Path) -> None:
    given, _, expected = case.read_text("utf-8").partition(DASHES)
    fleet, *others = re.split(r"^---- (.+)\n", given + "\n", flags=re.MULTILINE)
    beside = tuple(zip(others[::2], others[1::2], strict=True))
    assert written(render(fleet, beside)) == expected


def test_a_site_more_changes_no_line_of_the_others() -> None:
    before = render(THREE)
    after = render(f"{THREE}  zzz.com: {{document_root: /var/www/zzz}}\n")
    old = before.conf.replace(before.id, "").splitlines()
    new = after.conf.replace(after.id, "").splitlines()
    assert set(old) <= set(new)
    assert {line for line in set(new) - set(old) if "zzz.com" not in line.replace("\\", "")} == {
        "Listen 8445 https",
        "<VirtualHost *:8445>",
        '  DocumentRoot "/var/www/zzz"',
        '  <Directory "/var/www/zzz">',
    }


def test_the_release_follows_what_is_rendered_and_nothing_else() -> None:
    one = render(THREE)
    again = render(THREE + "\n# a comment\n")
    assert (one.id, one.conf) == (again.id, again.conf)
    assert render(THREE, proxies=("10.9.0.0/24",)).id != one.id


def test_no_port_has_two_virtual_hosts() -> None:
    release = render(THREE)
    tls = re.findall(r"^<VirtualHost \*:(\d+)>", release.conf, re.MULTILINE)
    assert [port for port in tls if port != "80"] == ["443", "8443", "8444"]


def test_without_balancers_nobody_says_who_the_client_is() -> None:
    # mod_remoteip trusts everybody where it is given a header and no ranges.
    assert "\n  RemoteIPHeader" in render(THREE).conf
    assert "RemoteIP" not in render(THREE, proxies=()).conf.replace("mod_remoteip", "")


def test_extra_config_cannot_end_its_comment() -> None:
    text = "sites: {domain-a.com: {document_root: /var/www/a, extra_config: a.conf}}\n"
    release = render(text, (("a.conf", "#end\n</VirtualHost>\nListen 1\\\n"),))
    lines = [line.strip() for line in release.conf.splitlines()]
    assert lines.count("</VirtualHost>") == lines.count("<VirtualHost *:80>") + 1
    assert "Listen 1\\" not in lines
