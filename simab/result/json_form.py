"""Records to the plain values of JSON and back, by the types of their fields.

NaN is null, for JSON has neither NaN nor infinity. A field that is absent or null takes its
default, or is NaN, None or empty, where its type has that; else it is an error that names it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import MISSING, Field, fields
from functools import cache, partial
from math import isfinite, isinf, nan
from types import NoneType, UnionType
from typing import Any, Final, TypeVar, Union, get_args, get_origin, get_type_hints

from simab.result.json_metadata import ABSENT, REQUIRED, SPREAD
from simab.result.reader import Reader

__all__ = ["dumped", "loaded"]

Record = TypeVar("Record")
_SIMPLE: Final[Mapping[Any, Callable[[Reader], Any]]] = {
    str: Reader.as_text,
    bool: Reader.as_flag,
    int: Reader.as_whole,
    float: Reader.as_number,
}
_LARGE: Final = 1e15
"""Smaller numbers are what they are, whole ones too; others are checked one by one."""
_NUMBERS: Final = {float, NoneType}
"""What most lists hold and nothing else; a list of it is written and read as a whole."""


def dumped(value: Any) -> Any:
    """The value as dictionaries, lists, texts, numbers and None."""
    kind: Any = type(value)
    if kind is float:  # first, as most values are numbers
        return value if isfinite(value) else None
    if kind is str:
        return value
    if isinstance(value, float):  # of NumPy's
        return value if isfinite(value) else None
    if value is None or isinstance(value, int):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, list | tuple):
        if set(map(type, value)) <= _NUMBERS:
            return [each if each is None or isfinite(each) else None for each in value]
        return [dumped(each) for each in value]
    if isinstance(value, Mapping):
        return {str(key): dumped(each) for key, each in value.items()}
    if hasattr(value, "as_plain"):
        return dumped(value.as_plain())
    plain: dict[str, Any] = {}
    for name, is_spread, is_absent in _names_of(kind):
        inner = dumped(getattr(value, name))
        if is_absent and inner is None:
            continue
        if is_spread:
            plain |= inner
        else:
            plain[name] = inner
    return plain


@cache
def _names_of(kind: Hashable) -> tuple[tuple[str, bool, bool], ...]:
    """The fields of a record, whether JSON holds their entries at the level of the others, and
    whether it has none where they are None.
    """
    owner: Any = kind
    return tuple(
        (each.name, SPREAD in each.metadata, ABSENT in each.metadata) for each in fields(owner)
    )


def loaded(kind: type[Record], reader: Reader) -> Record:
    """The record of that kind that JSON holds here.

    Raises:
        InvalidInput: a key is missing or a value is of the wrong type; names the place.
    """
    if (own := getattr(kind, "from_reader", None)) is not None:
        record: Record = own(reader)
        return record
    reader.require_object()
    owner: Any = kind
    plain: Mapping[str, Any] = reader.value
    values = {}
    for each, hint, exact in _fields_of(owner):
        value = plain.get(each.name)
        if type(value) is exact and _is_plain(value):
            values[each.name] = value
        else:
            values[each.name] = _field(each, hint, reader)
    return kind(**values)


def _is_plain(value: Any) -> bool:
    """Whether a text or a number is what it is, and needs no check."""
    return type(value) is str or abs(value) < _LARGE


@cache
def _fields_of(kind: Hashable) -> tuple[tuple[Field[Any], Any, type | None], ...]:
    """The fields of a record, their types, and the type of values that need no reading."""
    owner: Any = kind
    hints = get_type_hints(owner)
    return tuple(
        (each, hints[each.name], hints[each.name] if hints[each.name] in _SIMPLE else None)
        for each in fields(owner)
    )


def _field(field: Field[Any], hint: Any, reader: Reader) -> Any:
    if SPREAD in field.metadata:
        inner = get_args(hint)[1]
        return {key: _of_key(inner, key, reader) for key in field.metadata[SPREAD]}
    if not reader.has(field.name):
        if field.default is not MISSING:
            return field.default
        if field.default_factory is not MISSING:
            return field.default_factory()
        if field.name not in reader.value and not _may_be_absent(hint):
            raise reader.missing(field.name)
    child = reader.optional(field.name)
    for key in field.metadata.get(REQUIRED, ()):
        child.child(key)
    return _reading(hint)(child)


def _of_key(hint: Any, key: str, reader: Reader) -> Any:
    """A value under a key; one that an older file lacks has nothing that is known."""
    child = reader.child(key) if reader.has(key) else Reader({}, f"{reader.path}.{key}")
    return _reading(hint)(child)


def _may_be_absent(hint: Any) -> bool:
    return hint is float or NoneType in get_args(hint) or get_origin(hint) in (tuple, Mapping)


@cache
def _reading(hint: Any) -> Callable[[Reader], Any]:
    """How a value of this type is read, found out once a type."""
    kind, inner = get_origin(hint), get_args(hint)
    if kind in (Union, UnionType):
        (present,) = (_reading(each) for each in inner if each is not NoneType)
        return lambda reader: None if reader.value is None else present(reader)
    if kind is tuple:
        return partial(_items, _reading(inner[0]), inner[0] is float)
    if kind is not None and issubclass(kind, Mapping):
        entry = _reading(inner[1])
        return lambda reader: {name: entry(each) for name, each in reader.entries()}
    if hint is Any:
        return lambda reader: reader.value
    return _SIMPLE.get(hint, partial(loaded, hint))


def _items(item: Callable[[Reader], Any], of_numbers: bool, reader: Reader) -> tuple[Any, ...]:
    """The items of a list, each as `item` reads it; those of a list of finite numbers at once."""
    values = reader.value
    if of_numbers and type(values) is list and set(map(type, values)) <= _NUMBERS:
        known = tuple(nan if each is None else each for each in values)
        if not any(map(isinf, known)):
            return known
    return tuple(item(each) for each in reader.items())
