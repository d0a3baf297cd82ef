"""Terraform addresses: the plan's own, in place of those that cdktf makes from construct paths."""

from __future__ import annotations

from typing import TypeVar

from modules.stack.bindings import TerraformElement

Element = TypeVar("Element", bound=TerraformElement)


def at(address: str, element: Element) -> Element:
    """Return the element, its address set; before anything refers to it."""
    element.override_logical_id(address)
    return element
