"""The sandbox that cases share, with a wire before its sshd and clients before its sites."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sandbox
from modules.fleet import FleetError, LockMode, load_fleet
from modules.plan import Plan, make_plan
from modules.plan.names import address
from sandbox import Sandbox, SandboxError, addresses, life, waiting
from sandbox.terraform import terraforms
from tests.faults import clients, naive
from tests.faults.clients import Lookup, Tallies, Target
from tests.faults.fleet import Fleet
from tests.faults.machine import Machine, Seen, unverified, vpc
from tests.faults.wire import Wire, wire

SAVED_PLAN = "saved.tfplan"


@dataclass(frozen=True, slots=True)
class Applied:
    """What an apply came to."""

    status: int
    output: str

    @property
    def said(self) -> str:
        """The output with its whitespace made single, and without Terraform's frames."""
        return re.sub(r"[\s│╷╵]+", " ", self.output)


@dataclass(slots=True)
class Rig:
    """A sandbox that is up; all of a case goes through it."""

    up: Sandbox
    fleet: Fleet
    """What is written now."""
    good: Fleet
    """What is live."""
    machine: Machine
    wire: Wire
    folder: Path
    """For what cases leave; it goes with the rig."""
    is_naive: bool = False
    tallies: Tallies = field(default_factory=Tallies)
    hearers: list[Callable[[str], None]] = field(default_factory=list)
    """Each gets every line of Terraform's as it comes."""
    notes: list[str] = field(default_factory=list)
    """What a case has to tell beside its outcome."""
    _synthesized: str = ""

    # --- applies ---------------------------------------------------------------------------------

    def write(self, fleet: Fleet) -> None:
        """Make this the fleet that the next apply applies."""
        self.fleet = fleet
        fleet.write()

    def apply(self) -> Applied:
        """Apply what is written: `python main.py` where it has changed, then `terraform apply`."""
        try:
            self.synthesize()
        except FleetError as error:
            return Applied(2, str(error))
        self.up, status, output = life.apply(self.up, self._hear)
        return Applied(status, output)

    def synthesize(self) -> None:
        text = self.fleet.file.read_text()
        if text == self._synthesized:
            return
        self.up = life.arrange(self.fleet.file, {self.machine.name: self.wire.address[1]})
        self.machine.sandbox = self.up
        if self.is_naive:
            naive.override(self.up)
        self._synthesized = text

    def release(self, hear: Callable[[str], None] | None = None) -> Applied:
        """Apply the server's release alone, with what Terraform has it depend on."""
        self.synthesize()
        target = f"-target={self._shipping}"
        return Applied(*self.up.terraform.plain("apply", "-auto-approve", target, hear=hear))

    def shipped(self) -> Mapping[str, Any]:
        """Return what the state says of the server's release; nothing where it does not lie here.

        That is while a case has it in S3.
        """
        text = self.up.place.terraform_state.read_text()
        for resource in json.loads(text)["resources"] if text else ():
            if f"{resource['type']}.{resource['name']}" == self._shipping:
                return dict(resource["instances"][0]["attributes"])
        return {}

    def applied_release(self) -> str:
        """Return the release of the last apply that Terraform takes for done; "" without one."""
        triggers = self.shipped().get("triggers_replace")
        return str(triggers["value"][0]) if triggers else ""

    def saved_plans(self) -> list[Path]:
        """Return the plan files that the case has had Terraform save."""
        return [*self.folder.rglob(SAVED_PLAN)]

    @property
    def _shipping(self) -> str:
        return f"terraform_data.{address(self.machine.name)}"

    def says_no_changes(self) -> bool:
        """Whether a further apply finds nothing to do."""
        done = self.apply()
        return done.status == 0 and "No changes." in done.output

    def _hear(self, line: str) -> None:
        for each in tuple(self.hearers):
            each(line)

    @contextmanager
    def when_said(self, words: str, act: Callable[[], object]) -> Iterator[None]:
        """Call `act` once when Terraform says these words.

        :raises AssertionError: it never did.
        """
        done: list[str] = []

        def hear(line: str) -> None:
            if words in line and not done:
                done.append(line)
                act()

        self.hearers.append(hear)
        try:
            yield
        finally:
            self.hearers.remove(hear)
        assert done, f"Terraform never said {words!r}"

    @staticmethod
    def signal_terraform(number: signal.Signals) -> None:
        """Send a signal to the Terraform that applies."""
        for pid in terraforms(os.getpid()):
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    # --- what is served --------------------------------------------------------------------------

    @property
    def plan(self) -> Plan:
        """Of the fleet that is live."""
        return make_plan(load_fleet(self.good.file, LockMode.READ))

    @property
    def ports(self) -> dict[str, int]:
        return {site.domain: site.port for site in self.up.plan.sites}

    def look(self, *domains: str) -> dict[str, Seen]:
        """Look at sites' ports on the server; without names at all of them."""
        wanted = {name: port for name, port in self.ports.items() if not domains or name in domains}
        return self.machine.look(wanted)

    @contextmanager
    def outage(self) -> Iterator[None]:
        """Excuse what fails meanwhile, and until the balancers reach every site again."""
        with self.tallies.outage():
            yield
            # What the naive way leaves is for its case to tell.
            with suppress(SandboxError) if self.is_naive else nullcontext():
                self.wait_served()

    def power_cut(self) -> None:
        """Kill everything on the server, and boot it."""
        with self.outage():
            self.machine.power_off()
            self.machine.boot()

    def wait_served(self, seconds: float = 60) -> None:
        """Wait until every site that is live answers through its balancer."""
        targets = [each for each in self.targets(self.good.sites) if each.namespace is None]
        waiting.until(
            "every site through its balancer",
            lambda: all(clients.answers(each) for each in targets if not each.kept),
            seconds=seconds,
            pause=0.3,
        )

    def targets(self, domains: Mapping[str, object]) -> list[Target]:
        """Return ways to sites: through balancers and straight at the ports, new and kept."""
        trusting = ssl.create_default_context(cadata=sandbox.view_of(self.up).roots)
        trusting.check_hostname = False
        link = self.up.state.links[self.machine.name]
        taking = unverified()
        found = []
        for domain, port in self.ports.items():
            if domain not in domains:
                continue
            for kept in (False, True):
                find = Lookup(domain, self.up.nameserver, remembers=True)
                found += [
                    Target(domain, find, 443, trusting, kept=kept),
                    Target(domain, lambda: link, port, taking, vpc(self.up), kept=kept),
                ]
        return found

    @contextmanager
    def visited(self, domains: Mapping[str, object]) -> Iterator[Tallies]:
        """Have sites fetched all the while."""
        with clients.fetching(self.targets(domains)) as self.tallies:
            yield self.tallies

    # --- the way back ----------------------------------------------------------------------------

    def keep(self) -> None:
        """Keep the server as it is now, for `reset`."""
        kept = self.folder / "kept"
        shutil.rmtree(kept, ignore_errors=True)
        self.machine.save(kept)

    def reset(self) -> None:
        """Bring the server back as it was kept, and AWS in line with the fleet that was live.

        :raises SandboxError: they can't be.
        """
        self.machine.power_off()
        self.machine.load(self.folder / "kept")
        self.machine.boot()
        self.write(self.good)
        done = self.apply()
        if done.status:
            raise SandboxError(f"the sandbox can't be brought back: {done.output[-2000:]}")
        self.wait_served(120)


@contextmanager
def rig(
    folder: Path, *, servers: int = 1, is_naive: bool = False, keep: bool = False
) -> Iterator[Rig]:
    """Bring a sandbox up that lies in `folder`, and take it down at the end, unless to `keep`."""
    fleet = Fleet(folder / f"fleet-{servers}", servers=servers)
    file = fleet.write()
    with ExitStack() as undo:
        if not keep:
            undo.callback(sandbox.down, file)
        up = _kept(file) if keep else sandbox.up(file)
        machine = Machine(up, up.plan.servers[-1].name)
        target = up.login(machine.name)
        link = undo.enter_context(
            wire(addresses.control(up.state.block), (target.address, target.port))
        )
        made = Rig(up, fleet, fleet, machine, link, folder, is_naive)
        if is_naive:
            for server in up.plan.servers:
                naive.convert(Machine(up, server.name))
        # Here rather than in the first case's apply, which a fault may be in the way of.
        made.synthesize()
        made.wait_served()
        made.keep()
        yield made


def _kept(file: Path) -> Sandbox:
    """Find the sandbox that an earlier run has left up, or bring one up."""
    try:
        return sandbox.find(file)
    except SandboxError:
        return sandbox.up(file)
