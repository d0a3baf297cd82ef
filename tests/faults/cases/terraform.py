"""Terraform is interrupted (Ctrl-C) or killed, in each phase.

Interrupted, it lets what is on its way end and writes its state. Killed, it does neither: what AWS
was making then exists, and the state does not know of it.
"""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from sandbox import waiting
from sandbox.terraform import terraforms
from tests.faults import steps
from tests.faults.case import Case, Expect, Fault, Serves, finished, refused
from tests.faults.fleet import CHANGED, site, with_site, without
from tests.faults.joining import (
    BALANCER,
    NEW,
    RECORD,
    aws,
    joins,
    others_stay,
    take_in,
    zone_of,
)
from tests.faults.naive import CONFIGTEST, GRACEFUL
from tests.faults.rig import Applied, Rig
from tests.faults.steps import Step

_SECONDS = 60
"""In which an interrupted Terraform ends, whatever its provider waits for."""

_INTERRUPTED = "[Ii]nterrupt"


def signalled(words: str, number: signal.Signals) -> Fault:
    """Send Terraform a signal as soon as it says these words."""
    return lambda rig: rig.when_said(words, lambda: rig.signal_terraform(number))


def ended_at(step: Step, number: signal.Signals, naive: Step | None = None) -> Fault:
    """Send Terraform a signal at a step on the server, which waits for Terraform's end."""

    def fault(rig: Rig) -> AbstractContextManager[None]:
        def act() -> None:
            rig.signal_terraform(number)
            waiting.until(
                "Terraform's end", lambda: not [*terraforms(os.getpid())], seconds=_SECONDS
            )

        return steps.held(rig.machine, naive if rig.is_naive and naive else step, act)

    return fault


_IN_UPLOAD = steps.runs("scp *", nth=2)
_IN_ACTIVATION = steps.says("testing the configuration")
_AFTER_SWITCH = steps.says_then("switching to release", "curl *")

# --- while AWS is being changed -----------------------------------------------------------------

_APPLICATION, _CLASSIC = (site(4, kind=kind) for kind in ("application", "classic"))
_TERRAFORMS_OWN = "what is made in AWS is made the same way"


def taken_in(resource: str, identity: Callable[[Rig], str]) -> Callable[[Rig], None]:
    """Have the next apply converge, or say what AWS has already: that is imported then.

    Which of the two depends on the resource and on the provider.
    """

    def by_hand(rig: Rig) -> None:
        done = rig.apply()
        if not done.status:
            return
        assert re.search(rf"already exists.*with {resource}", done.said), done.output[-2000:]
        take_in(rig, resource, identity(rig))
        rig.notes.append(f"{resource.partition('.')[0]} imported")

    return by_hand


def balancer_id(rig: Rig) -> str:
    [name] = [each.name for each in rig.up.plan.balancers if each.key == NEW]
    found = aws(rig).client("elbv2").describe_load_balancers(Names=[name])["LoadBalancers"]
    return str(found[0]["LoadBalancerArn"])


def record_id(rig: Rig) -> str:
    return f"{zone_of(rig, NEW)}_{NEW}_A"


# --- state in S3 --------------------------------------------------------------------------------

_BUCKET = "faults-state"
_LENIENT = (
    *("skip_credentials_validation", "skip_metadata_api_check", "skip_region_validation"),
    *("skip_requesting_account_id", "use_path_style"),
)
"""Settings of Terraform's backend for an S3 that is not AWS's."""
_OVERRIDE = "zz_state_override.tf.json"


@contextmanager
def state_in_s3(rig: Rig) -> Iterator[None]:
    """Have the state in S3, locked there, until the end of the block."""
    rig.synthesize()
    api = aws(rig)
    api.client("s3").create_bucket(
        Bucket=_BUCKET, CreateBucketConfiguration={"LocationConstraint": api.region}
    )
    backend = {
        "bucket": _BUCKET,
        "key": "state",
        "region": api.region,
        "use_lockfile": True,
        "access_key": "portico",
        "secret_key": "sandbox",
        "endpoints": {"s3": api.url},
        **dict.fromkeys(_LENIENT, True),
    }
    file = rig.up.terraform.stack / _OVERRIDE
    file.write_text(json.dumps({"terraform": {"backend": {"s3": backend}}}))
    try:
        _move_state(rig)
        yield
    finally:
        file.unlink()
        _move_state(rig)


def _move_state(rig: Rig) -> None:
    status, output = rig.up.terraform.plain("init", "-input=false", "-migrate-state", "-force-copy")
    assert status == 0, output


def holding_lock(rig: Rig) -> Applied:
    """Apply, which is killed; the next apply meets its lock, which is then taken away."""
    before = rig.look()
    with ended_at(_IN_ACTIVATION, signal.SIGKILL)(rig):
        done = rig.apply()
    assert done.status, "the apply says success"
    rig.machine.rest()
    others_stay(rig, {name: seen for name, seen in before.items() if name != CHANGED})
    locked = rig.apply()
    found = re.search(r"Error acquiring the state lock.* ID: (\S+)", locked.said)
    assert locked.status, "the next apply does not see the lock"
    assert found, locked.output[-2000:]
    status, output = rig.up.terraform.plain("force-unlock", "-force", found[1])
    assert status == 0, output
    freed = rig.apply()
    assert freed.status == 0, freed.output[-2000:]
    return locked


def _killed(name: str, fault: Fault, serves: Serves, naive: str = "") -> Case:
    return Case(f"terraform-killed-{name}", Expect(True, serves), fault, naive=naive)  # noqa: FBT003


_NOTHING_IN_BETWEEN = "nothing runs on the server after its two commands"

CASES = (
    Case(
        "terraform-interrupted-in-plan",
        refused(_INTERRUPTED),
        signalled("Refreshing state", signal.SIGINT),
    ),
    Case(
        "terraform-interrupted-in-upload",
        refused(_INTERRUPTED),
        ended_at(_IN_UPLOAD, signal.SIGINT),
    ),
    Case(
        "terraform-interrupted-in-activation",
        finished(_INTERRUPTED),
        ended_at(_IN_ACTIVATION, signal.SIGINT, CONFIGTEST),
    ),
    Case(
        "terraform-interrupted-after-switch",
        finished(_INTERRUPTED),
        ended_at(_AFTER_SWITCH, signal.SIGINT, GRACEFUL),
    ),
    Case(
        "terraform-interrupted-in-balancers",
        Expect(fails=True, serves=Serves.AFTER, words=(_INTERRUPTED,)),
        signalled(f"{BALANCER}: Still creating", signal.SIGINT),
        with_site(NEW, *_APPLICATION),
        without(NEW),
        joins(),
        naive=_TERRAFORMS_OWN,
    ),
    Case(
        "terraform-interrupted-in-dns",
        Expect(fails=True, serves=Serves.AFTER, words=(_INTERRUPTED,)),
        signalled(f"{RECORD}: Still creating", signal.SIGINT),
        with_site(NEW, *_CLASSIC),
        without(NEW),
        joins(taken_in(RECORD, record_id)),
        naive=_TERRAFORMS_OWN,
    ),
    _killed("in-plan", signalled("Refreshing state", signal.SIGKILL), Serves.BEFORE),
    _killed("in-upload", ended_at(_IN_UPLOAD, signal.SIGKILL), Serves.BEFORE),
    _killed("in-activation", ended_at(_IN_ACTIVATION, signal.SIGKILL, CONFIGTEST), Serves.AFTER),
    _killed("after-switch", ended_at(_AFTER_SWITCH, signal.SIGKILL, GRACEFUL), Serves.AFTER),
    Case(
        "terraform-killed-in-balancers",
        Expect(fails=True, serves=Serves.AFTER),
        signalled(f"{BALANCER}: Still creating", signal.SIGKILL),
        with_site(NEW, *_APPLICATION),
        without(NEW),
        joins(taken_in(BALANCER, balancer_id)),
        naive=_TERRAFORMS_OWN,
    ),
    Case(
        "terraform-killed-in-dns",
        Expect(fails=True, serves=Serves.AFTER),
        signalled(f"{RECORD}: Still creating", signal.SIGKILL),
        with_site(NEW, *_CLASSIC),
        without(NEW),
        joins(taken_in(RECORD, record_id)),
        naive=_TERRAFORMS_OWN,
    ),
    Case(
        "terraform-killed-holding-lock",
        Expect(fails=True, serves=Serves.AFTER, words=("Error acquiring the state lock",)),
        state_in_s3,
        act=holding_lock,
        naive="the lock is Terraform's own",
    ),
)
