"""The CDKTF app: fleet file → Fleet → Plan → Terraform JSON in cdktf.out/.

`python main.py [FLEET]`, or `cdktf synth`; the fleet file is $PORTICO_FLEET, or fleet.yaml.
"""

from __future__ import annotations

import os
import sys

from modules.fleet import FleetError, load_fleet
from modules.plan import make_plan, warnings


def main(fleet_file: str) -> int:
    """Synthesize the fleet; return the exit status, 2 for a fleet that cannot be used."""
    try:
        fleet = load_fleet(fleet_file)
        plan = make_plan(fleet)
        found = warnings(fleet, plan, fleet_file)
    except FleetError as error:
        print(error, file=sys.stderr)  # noqa: T201 - a program
        return 2
    for warning in found:
        print(warning.as_warning, file=sys.stderr)  # noqa: T201 - a program
    # Here, so that a problem of the file is told before Node is started.
    from modules.stack import FleetStack  # noqa: PLC0415
    from modules.stack.bindings import App  # noqa: PLC0415

    app = App()
    FleetStack(app, plan)
    app.synth()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2] or [os.environ.get("PORTICO_FLEET") or "fleet.yaml"]))
