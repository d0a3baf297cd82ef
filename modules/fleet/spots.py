"""Where an error of pydantic's lies: its path in the file, and what may stand there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import Tag

from modules.fleet.section import Section
from modules.fleet.sections import FleetFile
from modules.fleet.source import KeyPath


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in the model."""

    path: KeyPath
    """The path in the file: pydantic's location without the tags of unions."""
    annotation: Any
    at_key: bool = False
    """Whether a map's key is meant rather than its value."""
    tag: str | None = None
    """The chosen member of the union that stands here."""
    members: Mapping[str, Any] = field(default_factory=dict)
    """All members of that union by tag."""

    @property
    def model(self) -> type[Section] | None:
        """The section whose map stands here."""
        kind = self.annotation
        return kind if isinstance(kind, type) and issubclass(kind, Section) else None

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys that may stand in the map here."""
        return tuple(self.model.model_fields) if self.model else ()

    @property
    def words(self) -> tuple[str, ...]:
        """The words that may stand here."""
        kinds = self.members.values() or (self.annotation,)
        literals = [get_args(kind) for kind in kinds if get_origin(kind) is Literal]
        return tuple(str(word) for literal in literals for word in literal)

    @property
    def tags(self) -> tuple[str, ...]:
        """The keys by which the maps that may stand here are told apart."""
        maps = (tag for tag, kind in self.members.items() if get_origin(kind) is not Literal)
        return tuple(maps)

    @property
    def shapes(self) -> tuple[str, ...]:
        """The maps that may stand here, as `{arn: …}`, where a word may stand too."""
        return tuple(f"{{{tag}: …}}" for tag in self.tags)


def find_spot(location: tuple[str | int, ...]) -> Spot:
    """Follow `location`, an error's `loc`, from the whole file down."""
    spot = Spot((), FleetFile)
    for step in location:
        spot = _step(spot, step)
    return spot


def _step(spot: Spot, step: str | int) -> Spot:
    if step == "[key]":
        return Spot(spot.path, None, at_key=True)
    if spot.members and spot.tag is None:
        return Spot(spot.path, spot.members[str(step)], tag=str(step), members=spot.members)
    path = (*spot.path, step)
    origin, arguments = get_origin(spot.annotation), get_args(spot.annotation)
    if spot.model:
        known = spot.model.model_fields.get(str(step))
        return _at(path, known.annotation if known else None)
    if origin is tuple:
        return _at(path, arguments[0])
    return _at(path, arguments[1] if len(arguments) > 1 else None)


def _at(path: KeyPath, annotation: object) -> Spot:
    """A spot with `Annotated` and `| None` taken off, and a tagged union's members laid out."""
    while True:
        origin, arguments = get_origin(annotation), get_args(annotation)
        if origin is Annotated:
            annotation = arguments[0]
            continue
        members = [kind for kind in arguments if kind is not NoneType]
        if origin not in (Union, UnionType):
            return Spot(path, annotation)
        if len(members) > 1:
            tagged = {_tag(kind): get_args(kind)[0] for kind in members}
            return Spot(path, None, members=tagged)
        annotation = members[0]


def _tag(member: object) -> str:
    return next(mark.tag for mark in get_args(member) if isinstance(mark, Tag))
