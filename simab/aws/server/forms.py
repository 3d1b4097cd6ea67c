"""The query protocol: parameters out of a form's flat names, such as `Dimensions.member.1.Name`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qsl

from simab.aws.errors import ServiceError
from simab.aws.server.wire_values import value_of_text

__all__ = ["form_values", "structure_of_form"]

_MOST_VALUES: Final = 10_000
_DEEPEST: Final = 32
_LONGEST_NUMBER: Final = 9  # digits of a place in a list

Tree: TypeAlias = "dict[str, Tree | str]"


def form_values(body: bytes) -> dict[str, str]:
    """The values of a form by name; of a name that is there twice, the last.

    Raises:
        ServiceError: it cannot be read.
    """
    try:
        pairs = parse_qsl(
            body.decode("utf-8"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_MOST_VALUES,
        )
    except ValueError:  # UnicodeDecodeError as well
        raise ServiceError("MalformedQueryString", "The form cannot be read.") from None
    return dict(pairs)


def structure_of_form(shape: Any, values: Mapping[str, str]) -> dict[str, Any]:
    """The parameters of an operation; what its service does not know is passed over.

    Raises:
        ServiceError: the names contradict each other, or a value has not its type.
    """
    return _structure(shape, _tree(values))


def _tree(values: Mapping[str, str]) -> Tree:
    """The values by the parts of their names."""
    root: Tree = {}
    for name, text in values.items():
        *parts, last = name.split(".")
        if len(parts) >= _DEEPEST:
            raise ServiceError("MalformedInput", f"The name {name!r:.60} has too many parts.")
        node = root
        for part in parts:
            inner = node.setdefault(part, {})
            if isinstance(inner, str):
                raise _contradiction(name)
            node = inner
        if node.setdefault(last, text) is not text:
            raise _contradiction(name)
    return root


def _contradiction(name: str) -> ServiceError:
    return ServiceError(
        "MalformedInput", f"The name {name!r:.60} contradicts another: one holds the other."
    )


def _value(shape: Any, node: Tree | str) -> Any:
    if shape.type_name not in ("structure", "list", "map"):
        if isinstance(node, str):
            return value_of_text(shape.type_name, node)
        raise ServiceError("MalformedInput", f"A {shape.type_name} has no members.")
    if isinstance(node, str):
        if node == "" and shape.type_name == "list":  # how an empty list is written
            return []
        raise ServiceError("MalformedInput", f"{node!r:.60} is not a {shape.type_name}.")
    if shape.type_name == "structure":
        return _structure(shape, node)
    if shape.type_name == "list":
        items = node if shape.serialization.get("flattened") else _inner(node, "member")
        return [_value(shape.member, each) for each in _in_order(items)]
    entries = node if shape.serialization.get("flattened") else _inner(node, "entry")
    return dict(_entry(shape, each) for each in _in_order(entries))


def _structure(shape: Any, node: Tree) -> dict[str, Any]:
    named = {member.serialization.get("name", name): name for name, member in shape.members.items()}
    return {
        named[written]: _value(shape.members[named[written]], inner)
        for written, inner in node.items()
        if written in named
    }


def _inner(node: Tree, name: str) -> Tree:
    inner = node.get(name, {})
    if isinstance(inner, str) or set(node) - {name}:
        raise ServiceError("MalformedInput", f"A list is written NAME.{name}.1, NAME.{name}.2.")
    return inner


def _in_order(node: Tree) -> Iterator[Tree | str]:
    """Items by their places, which count from 1 and may have gaps."""
    for place in node:
        if not (place.isascii() and place.isdigit() and len(place) <= _LONGEST_NUMBER):
            raise ServiceError("MalformedInput", f"{place!r:.60} is not a place in a list.")
    yield from (node[place] for place in sorted(node, key=int))


def _entry(shape: Any, node: Tree | str) -> tuple[Any, Any]:
    if isinstance(node, str) or set(node) != {"key", "value"}:
        raise ServiceError("MalformedInput", "An entry of a map is written with .key and .value.")
    return _value(shape.key, node["key"]), _value(shape.value, node["value"])
