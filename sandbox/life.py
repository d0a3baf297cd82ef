"""A sandbox from its start to its end."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from contextlib import ExitStack, nullcontext, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from modules.fleet import LockMode, load_fleet
from modules.plan import Plan, make_plan
from sandbox import (
    addresses,
    authority,
    balancing,
    emulator,
    enclosure,
    haproxy,
    naming,
    network,
    presented,
    server,
    state,
    targets,
    waiting,
    world,
)
from sandbox.emulator import Emulator
from sandbox.errors import SandboxError
from sandbox.following import following
from sandbox.interrupting import interruptible
from sandbox.override import check_provider
from sandbox.progress import Progress, silent
from sandbox.state import CHECKOUT, Place, State
from sandbox.terraform import Hear, Terraform

_PROGRAMS = ("unshare", "nsenter", "setsid", "ip", "bwrap", "sshd", "ssh", "haproxy", "dnsmasq")


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A fleet's sandbox that is up."""

    place: Place
    plan: Plan
    state: State

    @property
    def emulator(self) -> Emulator:
        return Emulator(addresses.control(self.state.block))

    @property
    def nameserver(self) -> tuple[str, int]:
        """Address and port of the DNS server that knows the fleet's names."""
        return addresses.control(self.state.block), addresses.DNS_PORT

    @property
    def root_certificate(self) -> Path:
        return authority.root_file(self.place.authority)

    def login(self, name: str) -> server.Login:
        """Return how to reach a server's sshd."""
        position = [each.name for each in self.plan.servers].index(name)
        return server.login(
            self.place,
            self.state.block,
            self.plan.servers[position],
            server.doors(self.plan.servers, self.state.links)[position],
        )

    @property
    def terraform(self) -> Terraform:
        return Terraform(self.place, self.state.enclosure, self.plan, worth_saving=self.state.ready)


def up(fleet_file: Path, progress: Progress = silent) -> Sandbox:
    """Bring a fleet's sandbox up, or bring one that is up in line with the file.

    A first `up` that fails or is interrupted leaves nothing but its logs; a later one leaves the
    sandbox up, in the state that AWS would be in.

    :raises FleetError: the file can't be used.
    :raises SandboxError: the file asks for more than the sandbox's provider knows, or something
        else failed.
    """
    _check_machine()
    place = Place.of(fleet_file)
    plan = make_plan(load_fleet(fleet_file))
    check_provider(plan)
    with interruptible(), state.locked(place), ExitStack() as undo:
        kept = state.load(place)
        if kept is None or not kept.ready or not kept.enclosure.alive:
            _end(place)
            place.clear()
            place.create()
            undo.callback(_give_up, place)
            progress("starting the emulator")
            kept = _begin(place, plan)
        sandbox = _bring_in_line(Sandbox(place, plan, kept), progress)
        undo.pop_all()
    return sandbox


def find(fleet_file: Path) -> Sandbox:
    """Return the sandbox of a fleet file.

    :raises SandboxError: it is not up.
    """
    place = Place.of(fleet_file)
    kept = state.running(place)
    return Sandbox(place, make_plan(load_fleet(fleet_file, LockMode.READ)), kept)


def down(fleet_file: Path) -> None:
    """End a fleet's sandbox and remove its files; none being there is as good."""
    place = Place.of(fleet_file)
    with state.locked(place):
        _end(place)
        place.clear()


def refresh(sandbox: Sandbox) -> Sandbox:
    """Rebuild data path and DNS from what the emulator holds now."""
    with state.locked(sandbox.place):
        return _refresh(sandbox)


def arrange(fleet_file: Path, ssh_ports: Mapping[str, int] | None = None) -> Sandbox:
    """Make all ready for an apply of a sandbox that is up, in the stack's folder.

    `ssh_ports` has, by server, where on the way to sshd Terraform is to connect to.

    :raises SandboxError: it is not up, or synthesis failed.
    """
    place = Place.of(fleet_file)
    kept = state.running(place)
    with state.locked(place):
        sandbox = Sandbox(place, make_plan(load_fleet(fleet_file)), kept)
        return _arrange(sandbox, silent, ssh_ports or {})[0]


def apply(sandbox: Sandbox, hear: Hear | None = None) -> tuple[Sandbox, int, str]:
    """Apply what was arranged with plain `terraform apply`; data path and DNS follow.

    Return Terraform's exit status and all that it said; `hear` gets each line as it comes.
    """
    with state.locked(sandbox.place):
        current = _Current(sandbox)
        with following(sandbox.emulator, current.refresh):
            status, output = sandbox.terraform.apply(hear)
        return _refresh(current.sandbox), status, output


def destroy(sandbox: Sandbox, progress: Progress = silent) -> Sandbox:
    """Have Terraform destroy what it made; the sandbox stays up."""
    with interruptible(), state.locked(sandbox.place):
        current = _Current(sandbox)
        with following(sandbox.emulator, current.refresh):
            sandbox.terraform.destroy(progress)
        return _refresh(current.sandbox)


# --- steps -------------------------------------------------------------------------------------


def _begin(place: Place, plan: Plan) -> State:
    """Start the enclosure with the emulator in it, and dnsmasq with nothing to tell."""
    authority.create(place.authority)
    block = addresses.free_network(place.id)
    address = addresses.control(block)
    over = CHECKOUT / "cdktf.out"
    over.mkdir(exist_ok=True)
    opening = enclosure.prepare(
        emulator.command(address, plan.region, place.folder),
        binds={place.cdktf_out: over},
        log=place.log("emulator"),
        environment={**_without_moto(), **emulator.ENVIRONMENT, "PYTHONPATH": str(CHECKOUT)},
    )
    kept = State(opening.enclosure.first, block)
    state.save(place, kept)
    opening.go()
    inside, moto = opening.enclosure, Emulator(address)
    try:
        waiting.until(
            "the emulator",
            lambda: moto.ready,
            seconds=60,
            gone=lambda: None if inside.alive else "it ended",
        )
    except SandboxError as error:
        raise SandboxError(str(error), place.log("emulator")) from error
    network.create(inside)
    naming.start(place, inside, block, naming.Answers("", ()))
    return kept


def _arrange(
    sandbox: Sandbox, progress: Progress, ssh_ports: Mapping[str, int]
) -> tuple[Sandbox, bytes]:
    """Start servers, synthesize and override; return the Terraform JSON too."""
    place, plan, inside = sandbox.place, sandbox.plan, sandbox.state.enclosure
    progress("starting the servers")
    links = addresses.give(network.LINKS, sandbox.state.links, (each.name for each in plan.servers))
    sandbox = _keep(sandbox, replace(sandbox.state, links=links))
    server.prepare(place, plan)
    for name, link in links.items():
        server.start(place, inside, name, link)
    sandbox.emulator.plant(emulator.make_seed(plan))
    sandbox = _refresh(sandbox)
    logins = {each.name: sandbox.login(each.name) for each in plan.servers}
    server.wait(logins.values())
    progress("synthesizing the Terraform JSON")
    produced = sandbox.terraform.synthesize()
    ways = {
        name: replace(each, port=ssh_ports.get(name, each.port)) for name, each in logins.items()
    }
    sandbox.terraform.override(sandbox.emulator, ways)
    return sandbox, produced


def _bring_in_line(sandbox: Sandbox, progress: Progress) -> Sandbox:
    sandbox, produced = _arrange(sandbox, progress, {})
    current = _Current(sandbox)
    # Nobody visits what has not been up yet.
    follows = following(sandbox.emulator, current.refresh) if sandbox.state.ready else nullcontext()
    try:
        with follows:
            sandbox.terraform.deploy(produced, progress)
    except (SandboxError, KeyboardInterrupt):
        # AWS's balancers and DNS follow what was applied, also when the rest failed.
        with suppress(SandboxError):
            current.refresh()
        raise
    sandbox = _refresh(current.sandbox)
    server.stop_others(sandbox.place, sandbox.state.enclosure, sandbox.plan.servers)
    return _keep(sandbox, replace(sandbox.state, ready=True))


@dataclass(slots=True)
class _Current:
    """A sandbox that changes while it is followed."""

    sandbox: Sandbox

    def refresh(self) -> None:
        self.sandbox = _refresh(self.sandbox)


def _refresh(sandbox: Sandbox) -> Sandbox:
    place, inside = sandbox.place, sandbox.state.enclosure
    found, answers = world.read(sandbox.plan, sandbox.state, sandbox.emulator)
    sandbox = _keep(sandbox, replace(sandbox.state, addresses=found.loopback))
    network.arrange(
        inside,
        instances={each.server: each.address for each in found.instances.values()},
        nodes=haproxy.node_addresses(found),
        subnets={found.subnets[name].cidr for each in found.balancers for name in each.subnets},
    )
    seen = presented.certificates(inside, targets.pinned(found))
    balancing.follow(place, inside, haproxy.configure(found, seen))
    naming.change(place, inside, found.block, answers)
    return sandbox


def _keep(sandbox: Sandbox, changed: State) -> Sandbox:
    state.save(sandbox.place, changed)
    return replace(sandbox, state=changed)


def _end(place: Place) -> None:
    kept = state.load(place)
    if kept:
        kept.enclosure.close()


def _give_up(place: Place) -> None:
    _end(place)
    place.clear_all_but_logs()


def _without_moto() -> dict[str, str]:
    """Return this process's environment, with nothing in it that tells moto who calls."""
    return {name: value for name, value in os.environ.items() if not name.startswith("MOTO_")}


def _check_machine() -> None:
    if os.geteuid() != 0:
        raise SandboxError(
            "the sandbox needs root, for namespaces and ports 80 and 443: run it with sudo"
        )
    missing = [program for program in _PROGRAMS if shutil.which(program) is None]
    if missing:
        raise SandboxError(f"the sandbox needs {', '.join(missing)}: run make setup")
