"""The order of a replacement."""

from __future__ import annotations

from modules.stack.bindings import TerraformResourceLifecycle

FIRST_MADE = TerraformResourceLifecycle(create_before_destroy=True)
"""The new one is made, and what refers to it changed, before the old one goes.

It spreads to all that the resource needs. The state remembers it, so that a resource that is gone
from the configuration is destroyed as late.
"""
