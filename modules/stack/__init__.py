"""How Terraform is told: constructs, one a noun; the only part of Portico that knows cdktf."""

from modules.stack.certificates import Certificates
from modules.stack.fleet_stack import FleetStack
from modules.stack.site import Site
from modules.stack.surroundings import Surroundings

__all__ = ["Certificates", "FleetStack", "Site", "Surroundings"]
