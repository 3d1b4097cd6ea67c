"""The values that a field of a description takes, in words: what, in which unit, within what."""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

import annotated_types
from pydantic import WithJsonSchema
from pydantic.fields import FieldInfo

from simab import units
from simab.description import Description, Difference, Duration, Rate, Share
from simab.text.lists import listed
from simab.text.numbers import exact_text

__all__ = ["default_text", "descriptions_in", "values_text"]

_PLAIN: Final[dict[Any, str]] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
}
_UNITS: Final[dict[Any, str]] = {
    Duration: "a duration such as 62s",
    Rate: "a rate such as 2/s",
    Share: "a share such as 0.05 or 5%",
    Difference: "a difference such as 0.05 or 5%",
}
_BOUNDS: Final = (
    (annotated_types.Gt, "gt", "above"),
    (annotated_types.Ge, "ge", "at least"),
    (annotated_types.Lt, "lt", "below"),
    (annotated_types.Le, "le", "at most"),
)


def values_text(model: type[Description], name: str) -> str:
    """What may be written for a field: "a duration such as 62s, above 0"."""
    field = model.model_fields[name]
    return _words(field.annotation, list(field.metadata))


def default_text(model: type[Description], name: str) -> str:
    """The default as a file would have it; empty where the field is required."""
    field = model.model_fields[name]
    if field.is_required():
        return ""
    if field.default is None:
        return "absent"
    if isinstance(field.default, Description):
        return f"as of {type(field.default).__name__}"
    plain = model.model_construct().model_dump(mode="json", include={name}, warnings=False)
    return _as_in_a_file(plain.get(name, field.default))  # a file may leave it out for that


def descriptions_in(model: type[Description]) -> Iterator[type[Description]]:
    """The descriptions that stand in the fields of another, in their order."""
    for field in model.model_fields.values():
        yield from _descriptions(field.annotation)


def _descriptions(annotation: Any) -> Iterator[type[Description]]:
    if isinstance(annotation, type) and issubclass(annotation, Description):
        yield annotation
    for each in get_args(annotation):
        if not isinstance(each, str):
            yield from _descriptions(each)


def _words(annotation: Any, metadata: list[Any]) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _words(arguments[0], [*_flat(arguments[1:]), *metadata])
    if origin in (Union, types.UnionType):
        return _united([each for each in arguments if each is not type(None)], metadata)
    if origin is Literal:
        return listed([str(each) for each in arguments], "or")
    if origin is tuple:
        return f"a list, each {_words(arguments[0], [])}"
    if origin is dict:
        return f"by name, each {_words(arguments[1], [])}"
    if isinstance(annotation, type) and issubclass(annotation, Description):
        return _kind_or_name(annotation)
    quantity = _quantity(annotation, metadata)
    return quantity + _bounds(metadata, is_duration=quantity == _UNITS[Duration])


def _flat(metadata: tuple[Any, ...]) -> list[Any]:
    """Metadata with what stands within `Field(...)`."""
    found: list[Any] = []
    for each in metadata:
        found += each.metadata if isinstance(each, FieldInfo) else [each]
    return found


def _united(annotations: list[Any], metadata: list[Any]) -> str:
    """Alternatives, each once; names that are to be written come first, in one list."""
    literal = [each for each in annotations if get_origin(each) is Literal]
    named = [str(name) for each in literal for name in get_args(each)]
    others = [_words(each, metadata) for each in annotations if each not in literal]
    return listed(list(dict.fromkeys([*named, *others])), "or")


def _kind_or_name(model: type[Description]) -> str:
    """A kind that a file names by its `kind`; any other description by its name."""
    kind = model.model_fields.get("kind")
    return f"{{kind: {kind.default}}}" if kind is not None and kind.default else model.__name__


def _quantity(annotation: Any, metadata: list[Any]) -> str:
    for each in metadata:
        if isinstance(each, WithJsonSchema):
            for known, words in _UNITS.items():
                if _schema_of(known) == each.json_schema:
                    return words
    return _PLAIN.get(annotation, str(annotation))


def _schema_of(unit: Any) -> Any:
    return next(each.json_schema for each in get_args(unit) if isinstance(each, WithJsonSchema))


def _bounds(metadata: list[Any], *, is_duration: bool) -> str:
    found = [
        f"{words} {_number(getattr(each, field), is_duration=is_duration)}"
        for kind, field, words in _BOUNDS
        for each in metadata
        if isinstance(each, kind)
    ]
    return f", {listed(found)}" if found else ""


def _number(value: Any, *, is_duration: bool = False) -> str:
    if is_duration and value:
        return units.format_duration(value)
    return exact_text(value)


def _as_in_a_file(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list):
        return f"[{', '.join(map(_as_in_a_file, value))}]"
    return str(value)
