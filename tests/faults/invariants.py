"""The eight invariants of the campaign, each a function that tells what breaks it."""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tests.faults.case import Case, Expect, Serves
from tests.faults.fleet import CHANGED
from tests.faults.machine import Seen
from tests.faults.rig import Applied, Rig

BEGIN = "-----" + "BEGIN "
_PRIVATE = re.compile(rf"{BEGIN}[A-Z ]*PRIVATE KEY-----\n?(\S{{20,}})?")


@dataclass(frozen=True, slots=True)
class Broken:
    """An invariant that does not hold."""

    number: int
    """1 to 8, as in `docs/faults.md`; 0: the case's own expectation."""
    why: str

    def __str__(self) -> str:
        return f"({self.number}) {self.why}"


def others_are_served(before: Mapping[str, Seen], after: Mapping[str, Seen]) -> Iterator[Broken]:
    """1. A failed apply never changes what any other site serves."""
    for domain, seen in before.items():
        found = after.get(domain, Seen(0))
        if domain != CHANGED and found != seen:
            yield Broken(1, f"{domain} was {seen}, is {found} after the failed apply")


def starts_cold(rig: Rig, wanted: Mapping[str, Seen]) -> Iterator[Broken]:
    """2. What is on disk always starts a cold Apache, which serves the last good release."""
    found = cold(rig)
    for domain, seen in wanted.items():
        if found.get(domain) != seen:
            yield Broken(2, f"{domain} after a cold start is {found.get(domain)}, not {seen}")


def cold(rig: Rig) -> dict[str, Seen]:
    """Return what a machine serves that boots with the server's disk as it is now."""
    folder = rig.folder / "cold"
    shutil.rmtree(folder, ignore_errors=True)
    rig.machine.save(folder)
    return rig.machine.cold(folder, rig.ports)


def is_told(expect: Expect, done: Applied) -> Iterator[Broken]:
    """3. Every failure gives a non-zero exit and the reason in the apply's output."""
    if bool(done.status) is not expect.fails:
        tail = " | ".join(done.output.strip().splitlines()[-6:])
        yield Broken(3, f"exit status {done.status}: {tail}")
    for words in expect.words:
        if not re.search(words, done.said):
            tail = " | ".join(done.output.strip().splitlines()[-12:])
            yield Broken(3, f"the output lacks {words!r}: {tail}")


def converges(rig: Rig, mark: str = "") -> Iterator[Broken]:
    """3. The next apply converges: what Terraform says is live is, with its `mark` if any."""
    done = rig.apply()
    if done.status:
        tail = " | ".join(done.output.strip().splitlines()[-12:])
        yield Broken(3, f"the next apply fails: {tail}")
    if rig.machine.journal():
        yield Broken(3, f"the next apply leaves a journal: {rig.machine.journal()!r}")
    if (live := rig.machine.current()) != (applied := rig.applied_release()):
        yield Broken(3, f"the next apply leaves {live} live, its release is {applied}")
    if mark and (seen := rig.look(CHANGED)[CHANGED]).changed != mark:
        yield Broken(3, f"the next apply does not serve the change: {seen}")


def is_not_reloaded(rig: Rig) -> Iterator[Broken]:
    """4. An unchanged rendering means no reload: not for Terraform, nor for Apache."""
    before = rig.machine.generation()
    if not rig.says_no_changes():
        yield Broken(4, "a second apply of the same file finds something to do")
    after = rig.machine.generation()
    if before != after:
        yield Broken(4, f"Apache was {before}, is {after} after an apply without changes")


def is_secret(rig: Rig, *outputs: str) -> Iterator[Broken]:
    """5. No key or secret in /tmp, logs, state of the shipping resource, plan or JSON."""
    secrets = _secrets(rig)
    stack = rig.up.terraform.stack
    texts = {
        "the output": "\n".join(outputs),
        "the state": json.dumps(rig.shipped()),
        "the JSON": (stack / "cdk.tf.json").read_text(),
    }
    for plan in rig.saved_plans():
        with zipfile.ZipFile(plan) as parts:
            for name in parts.namelist():
                texts[f"the saved plan's {name}"] = parts.read(name).decode(errors="replace")
    root = rig.machine.root
    for folder in ("tmp", "var/log", "var/lib/portico", "home"):
        for file in (root / folder).rglob("*"):
            if file.is_file() and not file.is_symlink() and ".ssh" not in file.parts:
                texts[f"/{file.relative_to(root)}"] = file.read_text(errors="replace")
    for place, text in texts.items():
        found = next((each for each in secrets if each in text), None)
        if found or _PRIVATE.search(text):
            yield Broken(5, f"a private key stands in {place}")


def no_request_failed(rig: Rig) -> Iterator[Broken]:
    """6. No failed request on existing sites across any change."""
    failed = rig.tallies.failed
    if failed:
        yield Broken(6, f"{len(failed)} of {rig.tallies.sent} requests failed: {failed[:3]}")


def ports_stay(rig: Rig, before: Mapping[str, int]) -> Iterator[Broken]:
    """7. A site's port never moves: that of the lock is the one that it had, and is served."""
    locked = json.loads((rig.good.folder / "fleet.lock.json").read_text())["ports"]
    for domain, port in rig.ports.items():
        if not before.get(domain, port) == port == locked.get(domain):
            yield Broken(7, f"{domain} was on {before.get(domain)}, is on {port}; lock: {locked}")


def each_has_its_own(rig: Rig, seen: Mapping[str, Seen]) -> Iterator[Broken]:
    """8. Each port presents its own certificate without SNI, and serves this release."""
    release, own = rig.machine.current(), rig.machine.certificates()
    for domain, found in seen.items():
        if (found.status, found.release) != (200, release) or domain not in found.sites.split():
            yield Broken(8, f"{domain} does not serve release {release}: {found}")
        if found.certificate != own.get(domain):
            yield Broken(8, f"{domain} presents {found.certificate}, its own is {own.get(domain)}")
    shown = {each.certificate for each in seen.values()}
    if len(shown) != len(seen):
        yield Broken(8, f"{len(shown)} certificates on {len(seen)} ports")


def serves(case: Case, before: Seen, after: Seen, rig: Rig) -> Iterator[Broken]:
    """Tell whether the changed site serves what the case expects of it (0)."""
    changed = after.release != before.release
    wanted = {Serves.BEFORE: {False}, Serves.AFTER: {True}, Serves.EITHER: {True, False}}
    mark = case.mark if changed else before.changed
    is_marked = after.changed == mark or (changed and not mark)
    if after.status != 200 or changed not in wanted[case.expect.serves] or not is_marked:
        yield Broken(0, f"{CHANGED} was {before}, is {after}; journal {rig.machine.journal()!r}")


def _secrets(rig: Rig) -> list[str]:
    """Return a line of each private key: of the server's, of balancers', and of who logs in."""
    root = rig.machine.root
    files = [
        *(root / "etc/portico/tls").rglob("key.pem"),
        *(root / "etc/ssl/private").glob("*.key"),
        *rig.fleet.folder.rglob("private_key.pem"),
        rig.up.place.folder / "login",
    ]
    return [file.read_text().splitlines()[1] for file in files]
