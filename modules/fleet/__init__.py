"""The fleet file: typed, checked, with a port for each domain. Pure: no cdktf, no network."""

from modules.fleet.load import LockMode, load_fleet, release_port
from modules.fleet.model import Fleet
from modules.fleet.problems import FleetError, Problem

__all__ = ["Fleet", "FleetError", "LockMode", "Problem", "load_fleet", "release_port"]
