"""Releases that are kept: what is listed, what comes back, what goes."""

import re
from dataclasses import replace

import pytest

from tests.apache.releases import THREE, Release, render
from tests.apache.server import ADDRESS, HOME, Machine
from tests.apache.watching import (
    LOCKED,
    REFUSED,
    ROLLED_BACK,
    SILENT,
    command,
    fourth,
    live,
    now,
    reason,
    unharmed,
    visited,
)

pytestmark = pytest.mark.sandbox


def kept(machine: Machine) -> dict[str, list[str]]:
    """What `releases` prints, by the release's id, in its order."""
    lines = [line.split("\t") for line in command(machine, "releases").stdout.splitlines()]
    return {release: rest for release, *rest in lines}


def keeping(release: Release, count: int) -> Release:
    """The release, from a fleet that keeps that many."""
    manifest = re.sub(r"^keep .*$", f"keep {count}", release.manifest, flags=re.MULTILINE)
    return replace(release, manifest=manifest)


def test_the_release_before_comes_back_and_forth(serving: Machine) -> None:
    added = fourth("")
    assert added.activate(serving).returncode == 0
    with visited(serving) as failed:
        done = command(serving, "rollback")
        assert (done.returncode, live(serving, render(THREE))) == (0, True), done.stdout
        assert reason(done) == f"portico: web-1: release {render(THREE).id} is live on 4 ports"
        assert command(serving, "rollback").returncode == 0
        assert live(serving, added)
        assert command(serving, "rollback", render(THREE).id).returncode == 0
    assert failed == []
    generation = serving.generation()
    again = command(serving, "rollback", render(THREE).id)
    assert (again.returncode, serving.generation()) == (0, generation)
    assert reason(again) == f"portico: web-1: release {render(THREE).id} is live already"


def test_what_is_kept_is_listed_the_last_live_first(serving: Machine) -> None:
    added = fourth("# listed\n")
    assert added.activate(serving).returncode == 0
    file = serving.path(f"/etc/portico/releases/{render(THREE).id}/portico.conf")
    file.write_text(file.read_text() + "# by hand\n")
    listed = kept(serving)
    assert list(listed)[:2] == [added.id, render(THREE).id]
    planned, went_live, sites, flags = listed[added.id]
    assert (planned, sites, flags) == ("2036-01-01T00:00:00Z", "4", "current")
    assert went_live <= now(serving)
    assert listed[render(THREE).id][2:] == ["3", "previous,edited"]
    assert command(serving, "rollback").returncode == 0
    assert kept(serving)[render(THREE).id][3] == "current"
    assert live(serving, render(THREE))


def test_a_plan_from_before_a_rollback_is_refused(serving: Machine) -> None:
    assert fourth("").activate(serving).returncode == 0
    planned = now(serving)
    serving.run("sleep", "1.1")
    assert command(serving, "rollback", render(THREE).id).returncode == 0
    with unharmed(serving):
        done = fourth("# waited\n").planned(planned).activate(serving)
    assert (done.returncode, "plan again" in reason(done)) == (REFUSED, True), done.stdout


def test_an_unknown_release_is_refused_and_the_known_ones_told(serving: Machine) -> None:
    with unharmed(serving):
        done = command(serving, "rollback", "0123456789ab")
    assert done.returncode == REFUSED
    assert "release 0123456789ab is not kept; kept: " in reason(done)
    assert all(release in reason(done) for release in kept(serving))


@pytest.mark.parametrize("file", ["uploaded.conf", "manifest"])
def test_an_upload_that_was_changed_by_hand_does_not_come_back(serving: Machine, file: str) -> None:
    assert fourth("").activate(serving).returncode == 0
    assert command(serving, "rollback", render(THREE).id).returncode == 0
    path = serving.path(f"/etc/portico/releases/{fourth('').id}/{file}")
    path.write_text(path.read_text().replace("site_d", "site_a") + "\n")
    with unharmed(serving):
        done = command(serving, "rollback")
    assert done.returncode == REFUSED
    assert f"edited /etc/portico/releases/{fourth('').id}/{file}" in reason(done)


def test_a_target_that_cannot_serve_any_more_is_refused(serving: Machine) -> None:
    file = serving.path("/etc/own.conf")
    file.write_text("# nothing\n")
    target = fourth("Include /etc/own.conf\n")
    assert target.activate(serving).returncode == 0
    assert command(serving, "rollback", render(THREE).id).returncode == 0
    file.unlink()
    with unharmed(serving):
        done = command(serving, "rollback", target.id)
    assert (done.returncode, "/etc/own.conf" in reason(done)) == (REFUSED, True), done.stdout


def test_another_fleets_release_does_not_come_back(serving: Machine) -> None:
    kept_manifest = serving.path(f"/etc/portico/releases/{render(THREE).id}/manifest").read_text()
    assert fourth("").activate(serving).returncode == 0
    current = serving.path("/etc/portico/current/manifest")
    assert current.read_text() != kept_manifest
    current.write_text(current.read_text().replace("fleet shop", "fleet blog"))
    done = command(serving, "rollback", render(THREE).id)
    assert done.returncode == REFUSED
    assert "fleet 'blog' owns this machine, not 'shop'" in reason(done)
    current.write_text(current.read_text().replace("fleet blog", "fleet shop"))
    assert command(serving, "rollback", render(THREE).id).returncode == 0


def test_as_many_are_kept_as_the_fleet_says(distribution: Machine) -> None:
    assert command(distribution, "releases").returncode != 0
    first = render(THREE)
    assert first.activate(distribution).returncode == 0
    done = command(distribution, "rollback")
    assert done.returncode == REFUSED
    assert f"no release was live before this one; kept: {first.id}" in reason(done)
    others = [fourth(f"# {number}\n") for number in range(3)]
    for release in others:
        assert keeping(release, 3).activate(distribution).returncode == 0
    # Releases that never went live keep nobody's place.
    assert fourth(SILENT).activate(distribution).returncode == ROLLED_BACK
    assert fourth("Bogus on\n").activate(distribution).returncode == REFUSED
    assert list(kept(distribution)) == [release.id for release in reversed(others)]
    assert kept(distribution)[others[1].id][3] == "previous"
    assert keeping(first, 2).later().activate(distribution).returncode == 0
    assert list(kept(distribution)) == [first.id, others[2].id]
    folders = {path.name for path in distribution.path("/etc/portico/releases").iterdir()}
    assert folders == {first.id, others[2].id}
    assert list(distribution.path("/var/lib/portico/runs").glob("*/upload")) == []
    uploads = {path.name for path in distribution.path(f"{HOME}/.portico").iterdir()}
    assert uploads == {fourth(SILENT).id, fourth("Bogus on\n").id}


# --- what was changed by hand ----------------------------------------------------------------


def test_hand_edits_are_told_and_kept(distribution: Machine) -> None:
    first = fourth("Header always set X-Own yes\n")
    assert first.activate(distribution).returncode == 0
    folder = f"/etc/portico/releases/{first.id}"
    texts = {
        f"{folder}/sites/domain-d.com.conf": "Header always set X-Own no\n",
        f"{folder}/listen/9999": "",
        "/etc/apache2/conf-enabled/portico.conf": "# nothing\n",
        "/etc/apache2/ports.conf": "Listen 80\n",
    }
    for path, text in texts.items():
        distribution.path(path).write_text(text)
    distribution.path(f"{folder}/health").unlink()
    status = command(distribution, "status").stdout.splitlines()
    assert {f"edited {path}" for path in texts} == {
        line for line in status if line.startswith("edited ")
    }
    assert f"missing {folder}/health" in status
    done = render(THREE).later().activate(distribution)
    assert (done.returncode, live(distribution, render(THREE))) == (0, True), done.stdout
    assert f"portico: {folder}/health was removed by hand" in done.stdout
    copies = dict(re.findall(r"portico: (\S+) was changed by hand; kept in (\S+)", done.stdout))
    assert copies.keys() == texts.keys()
    for path, text in texts.items():
        assert copies[path].startswith("/var/lib/portico/edited/")
        assert distribution.path(copies[path]).read_text() == text
    assert not re.search("^(edited|missing)", command(distribution, "status").stdout, re.MULTILINE)


def test_a_rollback_to_the_current_release_takes_hand_edits_back(serving: Machine) -> None:
    file = f"/etc/portico/releases/{render(THREE).id}/portico.conf"
    text = serving.path(file).read_text()
    serving.path(file).write_text(text.replace("/var/www/site_a", "/var/www/site_b"))
    done = command(serving, "rollback", render(THREE).id)
    assert (done.returncode, f"{file} was changed by hand" in done.stdout) == (0, True), done.stdout
    assert serving.get(f"https://{ADDRESS}:443/").body == "site a\n"
    assert command(serving, "rollback").returncode == 0
    assert command(serving, "rollback").returncode == 0
    assert live(serving, render(THREE))


def test_the_way_back_is_free_where_a_hand_edit_would_not_start(serving: Machine) -> None:
    file = f"/etc/portico/releases/{render(THREE).id}/portico.conf"
    with serving.path(file).open("a") as text:
        text.write("NoSuchDirective on\n")
    with visited(serving) as failed:
        done = fourth(LOCKED).activate(serving)
    assert failed == []
    assert (done.returncode, live(serving, render(THREE))) == (ROLLED_BACK, True), done.stdout
    assert f"{file} was changed by hand; kept in " in done.stdout
    assert serving.run("apachectl", "-t").returncode == 0
    assert next(iter(kept(serving))) == render(THREE).id
    assert fourth("").activate(serving).returncode == 0
    folders = serving.path("/etc/portico/releases").iterdir()
    names = [folder.name.removesuffix(".again") for folder in folders]
    assert len(set(names)) == len(names)


def test_a_refused_release_leaves_a_hand_edit_that_starts(serving: Machine) -> None:
    live_now = serving.path("/etc/portico/current").readlink()
    file = serving.path(f"/etc/portico/{live_now}/portico.conf")
    with file.open("a") as text:
        text.write("# by hand\n")
    assert fourth("Bogus on\n").activate(serving).returncode == REFUSED
    assert file.read_text().endswith("# by hand\n")
    assert serving.path("/etc/portico/current").readlink() == live_now
