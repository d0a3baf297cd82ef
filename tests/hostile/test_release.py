"""What was accepted, all the way to the server: one word each, and nothing else is said of it."""

import functools
import subprocess
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from modules.plan import apache
from modules.plan.records import Site
from tests.apache.releases import SCRIPT, Release, render
from tests.hostile.drawing import Count, drawn
from tests.hostile.httpd import Node, parse
from tests.hostile.sites import Batch, batch, hostile_sites, twin_of

AT_ONCE = 60
SHELLS = ("dash", "bash")


def fuzz(sites: int) -> Count:
    count = Count()
    waiting = drawn(hostile_sites(), sites)
    for at in range(0, len(waiting), AT_ONCE):
        some = waiting[at : at + AT_ONCE]
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            made = batch(folder, some)
            release = render(made.text, made.files)
            the_configuration_says_of_each_site_what_it_says_of_its_twin(made, release)
            a_shell_reads_what_was_planned(folder, made, release)
        tried = sum(site.texts for site in some)
        count.add(tried, tried - sum(site.texts for site in made.sites.values()))
    return count


def test_a_batch_of_hostile_sites() -> None:
    count = fuzz(30)
    assert count.refused > 5
    assert count.accepted > 50


@pytest.mark.soak
def test_many_batches_of_hostile_sites(capfd: pytest.CaptureFixture[str]) -> None:
    count = fuzz(3_000)
    assert count.tried > 10_000
    count.tell(capfd, "texts of sites, rendered")


# --- the configuration -----------------------------------------------------------------------


def the_configuration_says_of_each_site_what_it_says_of_its_twin(
    made: Batch, release: Release
) -> None:
    found = parsed(release)
    hosts = {node.words[1]: node for node in found if node.words[0] == "VirtualHost"}
    assert Counter(node.words[1] for node in found if node.words[0] == "VirtualHost") == Counter(
        ["*:80", "*:80", *(f"*:{site.port}" for site in made.plan.sites)]
    )
    planned = {site.domain: site for site in made.plan.sites}
    for domain, site in made.sites.items():
        plain = planned[twin_of(site).domain]
        expected = told(hosts[f"*:{plain.port}"], words_of(plain, planned[domain]))
        assert hosts[f"*:{planned[domain].port}"] == expected
    assert plainly(found) == plainly(baseline())
    listened = [node.words[1:] for node in found if node.words[0] == "Listen"]
    assert listened == [("80",), *((str(site.port), "https") for site in made.plan.sites)]
    names, redirects = of_port_80(found)
    assert names == [
        ("ServerName" if i == 0 else "ServerAlias", name)
        for i, name in enumerate(
            n for site in made.plan.sites for n in (site.domain, *site.aliases)
        )
    ]
    assert redirects == [
        (f"^(?:{'|'.join(map(escaped, site.aliases))})$", f"https://{site.domain}/%1")
        for site in made.plan.sites
        if site.canonical and site.aliases and not site.hsts
    ]


def escaped(text: str) -> str:
    return text.replace(".", "\\.")


def words_of(plain: Site, site: Site) -> Mapping[str, str]:
    """What stands for each text of the twin's."""
    names = dict(zip((plain.domain, *plain.aliases), (site.domain, *site.aliases), strict=True))
    mapping = {
        **{escaped(old): escaped(new) for old, new in names.items()},
        **names,
        str(plain.port): str(site.port),
        str(plain.document_root): str(site.document_root),
    }
    if plain.backend_tls and site.backend_tls:
        mapping[str(plain.backend_tls.certificate)] = str(site.backend_tls.certificate)
        mapping[str(plain.backend_tls.private_key)] = str(site.backend_tls.private_key)
    return mapping


def told(node: Node, mapping: Mapping[str, str]) -> Node:
    """Return the node with its words said of another site."""

    def word(text: str) -> str:
        # An alias of the twin's holds its domain.
        for old in sorted(mapping, key=len, reverse=True):
            if old in text:
                return mapping[old].join(word(part) for part in text.split(old))
        return text

    inside = node.inside and tuple(told(each, mapping) for each in node.inside)
    return Node(tuple(map(word, node.words)), inside)


def plainly(nodes: tuple[Node, ...]) -> list[Node]:
    """Return what a release says of no site."""
    of_all = [node for node in nodes if node.words[0] not in {"Listen", "VirtualHost"}]
    first, second = (node for node in nodes if node.words == ("VirtualHost", "*:80"))
    assert second.inside
    rest = [node for node in second.inside if node.words[0] not in {"ServerName", "ServerAlias"}]
    while at := next((i for i, n in enumerate(rest) if n.words[1] == "%{SERVER_NAME}"), None):
        assert [node.words[0] for node in rest[at : at + 3]] == [
            *2 * ["RewriteCond"],
            "RewriteRule",
        ]
        rest[at : at + 3] = []
    return [*of_all, first, *rest]


def of_port_80(nodes: tuple[Node, ...]) -> tuple[list[tuple[str, ...]], list[tuple[str, str]]]:
    """Return the names that port 80 knows, and the aliases that it leads to their domain."""
    second = [node for node in nodes if node.words == ("VirtualHost", "*:80")][1].inside or ()
    names = [node.words for node in second if node.words[0] in {"ServerName", "ServerAlias"}]
    redirects = [
        (node.words[2], second[i + 2].words[2])
        for i, node in enumerate(second)
        if node.words[1] == "%{SERVER_NAME}"
    ]
    return names, redirects


def parsed(release: Release) -> tuple[Node, ...]:
    return parse(release.conf.replace(release.id, "RELEASE"))


@functools.cache
def baseline() -> tuple[Node, ...]:
    """Return the configuration of twins alone."""
    with tempfile.TemporaryDirectory() as name:
        made = batch(Path(name), [])
    return parsed(render(made.text, made.files))


# --- the manifest, and extra_config ----------------------------------------------------------

READ = """
trap - EXIT
upload=$1
load "$upload/manifest"
unpack "$upload" "$2" /candidate
for word in fleet server release site; do values "$word"; done
values site | while read -r domain port backend certificate key; do
    printf '%s|%s|%s|%s|%s\\n' "$domain" "$port" "$backend" "$certificate" "$key"
done
"""


def a_shell_reads_what_was_planned(folder: Path, made: Batch, release: Release) -> None:
    upload = folder / "upload"
    upload.mkdir()
    for name, text in (
        *(("portico.conf", release.conf), ("manifest", release.manifest)),
        ("activate.sh", SCRIPT.rpartition('main "$@"')[0] + READ),
    ):
        (upload / name).write_bytes(text.encode())
    rows = [words_of_site(site) for site in made.plan.sites]
    expected = [
        *(made.plan.fleet, made.plan.servers[0].name, release.id),
        *(" ".join(row) for row in rows),
        *("|".join(row) for row in rows),
    ]
    contents = {
        **{d: s.content for d, s in made.sites.items() if s.extra_config},
        **{d: s.content for d, s in made.twins.items() if s.extra_config},
    }
    for shell in SHELLS:
        unpacked = folder / shell
        done = subprocess.run(
            [shell, str(upload / "activate.sh"), str(upload), str(unpacked)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout.split("\n")[:-1] == expected, done.stderr
        assert (done.returncode, done.stderr) == (0, "")
        files = {file.name: file.read_bytes() for file in (unpacked / "sites").iterdir()}
        assert files == {
            f"{domain}.conf": f"{content.removesuffix(chr(10))}\n".encode("utf-8", "replace")
            for domain, content in contents.items()
            if content
        }
        assert {file.name for file in (unpacked / "listen").iterdir()} == {
            "80",
            *(str(site.port) for site in made.plan.sites),
        }


def words_of_site(site: Site) -> tuple[str, ...]:
    said = apache.site_variables(site, str)
    words = ("domain", "port", "backend", "certificate_file", "private_key_file")
    return tuple(str(said[word]) for word in words)
