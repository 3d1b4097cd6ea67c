"""Arithmetic, comparisons and set operators between numbers and vectors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from simab.prometheus.expressions import COMPARISONS, Binary, Matching
from simab.prometheus.refusals import not_executed
from simab.prometheus.series import NAME, Labels

__all__ = ["Element", "distinct", "key_of", "of_scalars", "of_vectors", "with_scalar"]

Key = tuple[tuple[str, str], ...]


class Element(NamedTuple):
    """One value of an instant vector."""

    labels: Labels
    value: float

    def unnamed(self, value: float) -> Element:
        """Another value, which is no longer that of a metric."""
        return Element({name: each for name, each in self.labels.items() if name != NAME}, value)


def key_of(labels: Labels) -> Key:
    """Labels in an order, to compare them by."""
    return tuple(sorted(labels.items()))


_ARITHMETIC: Final[Mapping[str, Callable[[np.float64, np.float64], float]]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": lambda left, right: left / right,
    "%": np.fmod,
    "^": np.power,
}
_COMPARED: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    ">": lambda left, right: left > right,
    "<=": lambda left, right: left <= right,
    ">=": lambda left, right: left >= right,
}


def of_scalars(operator: str, left: float, right: float) -> float:
    """An operator between numbers, as processors do it: no error, but infinities and NaN."""
    if operator in COMPARISONS:
        return float(_COMPARED[operator](left, right))
    with np.errstate(all="ignore"):
        return float(_ARITHMETIC[operator](np.float64(left), np.float64(right)))


def with_scalar(
    binary: Binary, vector: Iterable[Element], scalar: float, *, scalar_is_left: bool
) -> list[Element]:
    """An operator between each element and a number; a comparison keeps what it holds for."""
    found = []
    for each in vector:
        sides = (scalar, each.value) if scalar_is_left else (each.value, scalar)
        value = of_scalars(binary.operator, *sides)
        if binary.operator not in COMPARISONS or binary.as_number:
            found.append(each.unnamed(value))
        elif value:
            found.append(each)
    return distinct(found)


def of_vectors(binary: Binary, left: Sequence[Element], right: Sequence[Element]) -> list[Element]:
    """An operator between elements whose labels match.

    Raises:
        QueryRefused: several of one side match one of the other.
    """
    match binary.operator:
        case "and" | "unless":
            there = {_signature(each.labels, binary.matching) for each in right}
            wanted = binary.operator == "and"
            return [
                each
                for each in left
                if (_signature(each.labels, binary.matching) in there) is wanted
            ]
        case "or":
            there = {_signature(each.labels, binary.matching) for each in left}
            return [
                *left,
                *(each for each in right if _signature(each.labels, binary.matching) not in there),
            ]
        case _:
            return _one_to_one(binary, left, right)


def _one_to_one(binary: Binary, left: Sequence[Element], right: Sequence[Element]) -> list[Element]:
    others: dict[Key, Element] = {}
    for each in right:
        signature = _signature(each.labels, binary.matching)
        if signature in others:
            raise not_executed(
                f"found duplicate series for the match group {_shown(signature)} on the right "
                "hand-side of the operation; many-to-many matching not allowed: matching labels "
                "must be unique on one side"
            )
        others[signature] = each
    found, seen = [], set()
    for each in left:
        signature = _signature(each.labels, binary.matching)
        other = others.get(signature)
        if other is None:
            continue
        value = of_scalars(binary.operator, each.value, other.value)
        filters = binary.operator in COMPARISONS and not binary.as_number
        if filters and not value:
            continue
        if signature in seen:
            raise not_executed(
                f"multiple matches for labels {_shown(signature)}: many-to-one matching must be "
                "explicit (group_left/group_right), which simab does not support"
            )
        seen.add(signature)
        result = each if filters else each.unnamed(value)
        found.append(Element(_kept(result.labels, binary.matching), result.value))
    return found


def _signature(labels: Labels, matching: Matching) -> Key:
    """What two elements must have in common to match."""
    if matching.on:
        return tuple(sorted((name, labels.get(name, "")) for name in set(matching.labels)))
    ignored = {*matching.labels, NAME}
    return tuple(sorted(each for each in labels.items() if each[0] not in ignored))


def _kept(labels: Labels, matching: Matching) -> Labels:
    """The labels of a result: those that were matched by."""
    return {name: each for name, each in labels.items() if (name in matching.labels) is matching.on}


def distinct(elements: list[Element]) -> list[Element]:
    """The same elements.

    Raises:
        QueryRefused: two have the same labels.
    """
    if len({key_of(each.labels) for each in elements}) < len(elements):
        raise not_executed("vector cannot contain metrics with the same labelset")
    return elements


def _shown(signature: Key) -> str:
    return "{" + ", ".join(f'{name}="{value}"' for name, value in signature if value) + "}"
