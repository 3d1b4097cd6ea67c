"""Scenario data with faults, as models of all that is well formed in it.

What is wrong in itself has its message already. Rules across fields still look at the rest: they
are written for whole models, and one that comes to a part that could not be read ends there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Annotated, Any, Final, get_args, get_origin

from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from simab.description import Description
from simab.documents.violations import Violation
from simab.profiles import DurationProfile
from simab.profiles.rate_curve import RateTooHigh
from simab.scenario.arrivals import Shape
from simab.scenario.locations import members_of, plain_annotation, tags_of
from simab.scenario.parts import UncheckedScenario, tell_traces_the_zone
from simab.scenario.trace import Sessions, Trace

__all__ = ["json_text", "partial_scenario", "until_unread"]

# A distribution is asked for its quantiles, a shape for its curve and a trace for its rows, which
# have no meaning while a part of it is missing.
_WHOLE_OR_NOT: Final = (
    *members_of(get_args(DurationProfile)[0]),
    *members_of(get_args(Shape)[0]),
    Trace,
    Sessions,
)


def partial_scenario(data: dict[str, Any]) -> UncheckedScenario:
    """The well formed parts of scenario data as a file holds it.

    A field that is faulty or missing is not an attribute of its model; a faulty entry keeps its key
    or index, and cannot be used. `until_unread` takes what a rule finds before either.
    """
    scenario: UncheckedScenario = _model(UncheckedScenario, data)
    with suppress(AttributeError):  # one that could not be read has its message
        tell_traces_the_zone(scenario)
    return scenario


def until_unread(found: Iterator[Violation]) -> Iterator[Violation]:
    """What a rule finds, up to the first part that it needs and that could not be read.

    That a rate is too high to be gone through is for one rule to say, `some_requests_come`.
    """
    try:
        yield from found
    except RateTooHigh:
        return
    except AttributeError as error:
        missing = isinstance(error.obj, Description) and error.name in type(error.obj).model_fields
        if not missing and error.obj is not _UNREAD:
            raise


def json_text(data: Any) -> str:
    """Data as JSON, which models read strictly: true is not a number then, and "5" no count.

    Pairs of halves become characters; half of one, which has its violation already, a question
    mark.
    """
    halves = json.dumps(data, ensure_ascii=False).encode("utf-16", "surrogatepass")
    return halves.decode("utf-16", "replace")


class _Unread:
    """Stands for an entry that could not be read; no use of it gives a value."""

    def _refuse(self, *_: object) -> Any:
        raise AttributeError("could not be read", name="value", obj=self)

    __getattr__ = __eq__ = __hash__ = __bool__ = __iter__ = __len__ = __str__ = __format__ = _refuse
    __lt__ = __le__ = __gt__ = __ge__ = __float__ = __add__ = __radd__ = _refuse


_UNREAD: Final = _Unread()
_READERS: Final[dict[int, tuple[Any, TypeAdapter[Any]]]] = {}


def _read(annotation: Any, data: Any) -> Any:
    """The value of an annotation or of a field, or what is well formed in it."""
    try:
        return _reader(annotation).validate_json(json_text(data), strict=True)
    except ValidationError:
        plain, _ = plain_annotation(annotation)
        return _parts(plain, data)


def _reader(annotation: Any) -> TypeAdapter[Any]:
    """What validates it; kept by its identity, for annotations cannot all be hashed."""
    if id(annotation) not in _READERS:
        kept: Any = annotation
        if isinstance(annotation, FieldInfo):
            kept = Annotated[annotation.annotation, annotation]
        _READERS[id(annotation)] = annotation, TypeAdapter(kept)
    return _READERS[id(annotation)][1]


def _parts(annotation: Any, data: Any) -> Any:
    """What is well formed in a value that is not."""
    members = members_of(annotation)
    if len(members) > 1 and isinstance(data, dict):
        tag = data.get(next(iter(members[0].model_fields)))
        members = tuple(each for each in members if tag in tuple(tags_of(each)))
    if len(members) == 1 and isinstance(data, dict) and members[0] not in _WHOLE_OR_NOT:
        return _model(members[0], data)
    if get_origin(annotation) is dict and isinstance(data, dict):
        return {key: _read(get_args(annotation)[1], value) for key, value in data.items()}
    if get_origin(annotation) is tuple and isinstance(data, list):
        return tuple(_read(get_args(annotation)[0], value) for value in data)
    return _UNREAD


def _model(model: type[Description], data: dict[str, Any]) -> Any:
    """A model without the fields that are faulty or missing, and without its own rules."""
    given = {
        name: _read(field, data[name]) for name, field in model.model_fields.items() if name in data
    }
    made = model.model_construct(**given)
    for name, value in given.items():
        if value is _UNREAD:
            del made.__dict__[name]
    return made
