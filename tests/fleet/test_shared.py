"""Which site is on which shared balancer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modules.fleet import FleetError, LockMode, load_fleet, release_port
from modules.fleet.lock import FILE_NAME
from modules.fleet.shared import Limits, Needs, assign, overfull
from tests.fleet.fleets import git_branch, git_merge, git_repository, problems
from tests.fleet.golden import complete


@pytest.fixture(autouse=True)
def _no_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)


def write_shared(folder: Path, *domains: str, more: str = "", quota: int = 1) -> Path:
    """Write a fleet of `domains`, on shared balancers of `quota` certificates and one more."""
    sites = "".join(f"  {domain}:\n" for domain in domains)
    path = folder / "fleet.yaml"
    text = (
        f"quotas: {{certificates_per_load_balancer: {quota}}}\n"
        "defaults: {document_root: /var/www/html, load_balancer: shared}\n"
        f"sites:\n{sites}{more}"
    )
    path.write_text(complete(text), "utf-8")
    return path


def lock_of(folder: Path) -> dict[str, dict[str, int]]:
    """The lock of `folder`, as it is."""
    document: dict[str, dict[str, int]] = json.loads((folder / FILE_NAME).read_text("utf-8"))
    return document


# --- the lock --------------------------------------------------------------------------------


def test_the_lock_has_a_domain_a_line(tmp_path: Path) -> None:
    load_fleet(write_shared(tmp_path, "b.com", "a.com"))
    assert (tmp_path / FILE_NAME).read_text("utf-8") == (
        '{\n  "version": 1,\n  "ports": {\n    "a.com": 443,\n    "b.com": 8443\n  },\n'
        '  "shared": {\n    "a.com": 1,\n    "b.com": 1\n  }\n}\n'
    )


def test_a_new_site_moves_no_other(tmp_path: Path) -> None:
    load_fleet(write_shared(tmp_path, "b.com", "c.com", "d.com"))
    fleet = load_fleet(write_shared(tmp_path, "a.com", "b.com", "c.com", "d.com", "e.com"))
    assert fleet.shared == {"a.com": 2, "b.com": 1, "c.com": 1, "d.com": 2, "e.com": 3}
    assert fleet.shared == lock_of(tmp_path)["shared"]


def test_a_site_that_leaves_makes_room(tmp_path: Path) -> None:
    load_fleet(write_shared(tmp_path, "a.com", "b.com", "c.com"))
    load_fleet(write_shared(tmp_path, "b.com", "c.com"))
    assert lock_of(tmp_path)["shared"] == {"b.com": 1, "c.com": 2}
    own = "  b.com: {load_balancer: network}\n"
    fleet = load_fleet(write_shared(tmp_path, "a.com", "c.com", "d.com", more=own))
    assert fleet.shared == {"a.com": 1, "c.com": 2, "d.com": 1}


def test_a_lock_without_shared_balancers_says_nothing_of_them(tmp_path: Path) -> None:
    load_fleet(write_shared(tmp_path, "a.com"))
    load_fleet(write_shared(tmp_path, more="  a.com: {load_balancer: classic}\n"))
    assert lock_of(tmp_path).keys() == {"version", "ports"}


def test_read_assigns_in_memory_only(tmp_path: Path) -> None:
    assert load_fleet(write_shared(tmp_path, "a.com"), LockMode.READ).shared == {"a.com": 1}
    assert not (tmp_path / FILE_NAME).exists()


def test_releasing_a_port_leaves_shared_balancers_alone(tmp_path: Path) -> None:
    load_fleet(write_shared(tmp_path, "a.com", "b.com"))
    fleet_file = write_shared(tmp_path, "b.com")
    load_fleet(fleet_file)
    release_port(fleet_file, "a.com")
    assert lock_of(tmp_path)["shared"] == {"b.com": 1}
    assert lock_of(tmp_path)["ports"] == {"b.com": 8443}


def test_ci_refuses_a_site_without_its_balancer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_fleet(write_shared(tmp_path, more="  a.com: {load_balancer: application}\n"))
    monkeypatch.setenv("CI", "true")
    with pytest.raises(FleetError, match=r"out of date: a\.com → shared balancer 1; .*\[F508\]"):
        load_fleet(write_shared(tmp_path, "a.com"))


def test_ci_takes_a_number_too_many_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_fleet(write_shared(tmp_path, "a.com", "b.com"))
    before = (tmp_path / FILE_NAME).read_bytes()
    monkeypatch.setenv("CI", "true")
    assert load_fleet(write_shared(tmp_path, "b.com")).shared == {"b.com": 1}
    assert (tmp_path / FILE_NAME).read_bytes() == before


def test_branches_that_give_the_last_place_away_are_told(tmp_path: Path) -> None:
    common = [f"{letter}.com" for letter in "cdefghijklmnopqrstuvw"]
    load_fleet(write_shared(tmp_path, *common, quota=len(common)))
    git_repository(tmp_path)
    for branch, domains in (("one", ["a.com", *common]), ("two", [*common, "x.com"])):
        git_branch(tmp_path, branch)
        load_fleet(write_shared(tmp_path, *domains, quota=len(common)))
        git_branch(tmp_path, branch, commit=True)
    git_merge(tmp_path, "one")

    fleet_file = write_shared(tmp_path, "a.com", *common, "x.com", quota=len(common))
    assert problems(fleet_file) == ["F505"]
    _delete(tmp_path, "ports", "x.com")
    assert problems(fleet_file) == ["F512"]
    _delete(tmp_path, "shared", "x.com")
    shared = load_fleet(fleet_file).shared
    assert shared == {"a.com": 1, **dict.fromkeys(common, 1), "x.com": 2}


def _delete(folder: Path, section: str, domain: str) -> None:
    lock = lock_of(folder)
    del lock[section][domain]
    (folder / FILE_NAME).write_text(json.dumps(lock, indent=2), "utf-8")


# --- packing ---------------------------------------------------------------------------------

MOST = Limits(certificates=3, rules=5, target_groups=4)
sites = st.dictionaries(
    st.integers(0, 40).map(lambda i: f"d{i:02}.com"),
    st.builds(Needs, st.sampled_from("abcdefgh"), st.integers(1, MOST.rules)),
    max_size=30,
)


@given(sites)
def test_no_balancer_is_overfull_and_none_is_missing(needs: dict[str, Needs]) -> None:
    numbers = assign({}, needs, MOST)
    assert numbers.keys() == needs.keys()
    assert list(overfull(numbers, needs, MOST)) == []
    assert set(numbers.values()) == set(range(1, len(set(numbers.values())) + 1))
    assert numbers == assign({}, dict(reversed(needs.items())), MOST)


@given(sites, sites)
def test_who_is_there_stays_there(before: dict[str, Needs], more: dict[str, Needs]) -> None:
    held = assign({}, before, MOST)
    numbers = assign(held, {**more, **before}, MOST)
    assert numbers.items() >= held.items()
    assert list(overfull(numbers, {**more, **before}, MOST)) == []


def test_each_limit_is_one() -> None:
    def crowd(count: int, certificate: str, rules: int) -> set[int]:
        names = {f"d{i}.com": Needs(certificate.format(i), rules) for i in range(count)}
        return set(assign({}, names, Limits(certificates=3, rules=10, target_groups=5)).values())

    assert crowd(3, "{}", 1) == {1}
    assert crowd(4, "{}", 1) == {1, 2}
    assert crowd(5, "one", 2) == {1}
    assert crowd(6, "one", 1) == {1, 2}
    assert crowd(4, "one", 3) == {1, 2}
