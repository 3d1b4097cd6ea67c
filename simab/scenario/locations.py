"""Where a location in the models' validation leads: the path in the file and the type expected.

Pydantic's locations hold more than people wrote: the tag of a union ("lognormal" after `latency`)
and marks such as `[key]`. They are followed through the annotations of the models, and left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from simab.description import Description
from simab.documents.violations import Path

__all__ = ["Location", "location_in", "members_of", "plain_annotation", "tags_of"]


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a scenario: its path, what the models expect there, and in which model.

    `annotation` is None where the models know nothing; `constraints` are the annotation's own.
    """

    path: Path
    annotation: Any
    constraints: tuple[Any, ...] = ()
    owner: type[Description] | None = None
    on_key: bool = False


def location_in(location: Iterable[str | int], model: type[Description]) -> Location:
    """Follow a location from a model."""
    here = Location((), model)
    for part in location:
        here = _step(here, part)
    return here


def members_of(annotation: Any) -> tuple[type[Description], ...]:
    """The models of a union of models; the model itself where there is only one."""
    options = get_args(annotation) if _is_union(annotation) else (annotation,)
    models = [plain_annotation(option)[0] for option in options if option is not NoneType]
    if all(isinstance(each, type) and issubclass(each, Description) for each in models):
        return tuple(models)
    return ()


def tags_of(model: type[Description]) -> Iterator[str]:
    """The tags that choose a model within a union: the values of its first field."""
    field = next(iter(model.model_fields.values()))
    yield from get_args(field.annotation) if get_origin(field.annotation) is Literal else ()


def _step(here: Location, part: str | int) -> Location:
    annotation = here.annotation
    members = members_of(annotation)
    if part == "[key]":
        return Location(here.path, str, owner=here.owner, on_key=True)
    if len(members) > 1:
        chosen = [member for member in members if part in tuple(tags_of(member))]
        return Location(here.path, chosen[0] if chosen else None, owner=here.owner)
    path = (*here.path, part)
    if members:
        field = members[0].model_fields.get(str(part))
        inner, constraints = plain_annotation(field) if field is not None else (None, ())
        return Location(path, inner, constraints, members[0])
    arguments = get_args(annotation)
    if get_origin(annotation) in (dict, tuple) and arguments:
        # dict[key, value] or tuple[item, ...]
        inner, constraints = plain_annotation(arguments[get_origin(annotation) is dict])
        return Location(path, inner, constraints, here.owner)
    return Location(path, None)


def plain_annotation(annotation: Any) -> tuple[Any, tuple[Any, ...]]:
    """An annotation without `Annotated` and `| None`, and the constraints that these carried."""
    if isinstance(annotation, FieldInfo):
        inner, constraints = plain_annotation(annotation.annotation)
        return inner, (*constraints, *annotation.metadata)
    if get_origin(annotation) is Annotated:
        inner, *extra = get_args(annotation)
        plain, constraints = plain_annotation(inner)
        for each in extra:
            constraints += tuple(each.metadata) if isinstance(each, FieldInfo) else (each,)
        return plain, constraints
    if _is_union(annotation):
        options = [option for option in get_args(annotation) if option is not NoneType]
        if len(options) == 1:
            return plain_annotation(options[0])
    return annotation, ()


def _is_union(annotation: Any) -> bool:
    return get_origin(annotation) in (Union, UnionType)
