"""The value of a query at an instant."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

from simab.prometheus.binary import Element, distinct, key_of, of_scalars, of_vectors, with_scalar
from simab.prometheus.effort import Effort
from simab.prometheus.expressions import (
    Aggregation,
    Binary,
    Call,
    Expression,
    Kind,
    Matcher,
    Negative,
    Number,
    Selector,
)
from simab.prometheus.over_time import OVER_TIME, Span, largest, smallest, total
from simab.prometheus.quantiles import bucket_quantile
from simab.prometheus.refusals import not_executed
from simab.prometheus.series import NAME, Family, Labels, Series, Source
from simab.text.lists import listed

__all__ = ["LOOKBACK_MS", "Ranged", "Value", "value_at"]

LOOKBACK_MS: Final = 5 * 60_000
_BOUND: Final = "le"
_SHOWN: Final = 10


class Ranged(NamedTuple):
    """The samples of one series in a range vector, from `first` up to, not including, `last`."""

    labels: Labels
    start_ms: int
    end_ms: int
    series: Series
    first: int
    last: int

    @property
    def span(self) -> Span:
        """The samples; they are read out when they are asked for, as there may be many."""
        return Span(self.start_ms, self.end_ms, *self.series.samples(self.first, self.last))


Value: TypeAlias = float | list[Element] | list[Ranged]


def value_at(expression: Expression, source: Source, at_ms: int, effort: Effort) -> Value:
    """What an expression gives at an instant, in ms since 1970.

    Raises:
        QueryRefused: there is no such metric or label, labels do not match one to one, or it costs
            too much.
    """
    return _Evaluation(source, at_ms, effort).value(expression)


@dataclass(frozen=True, slots=True)
class _Evaluation:
    source: Source
    at_ms: int
    effort: Effort

    def value(self, expression: Expression) -> Value:
        """Of any kind."""
        match expression:
            case Number():
                return expression.value
            case Selector():
                is_range = expression.kind is Kind.RANGE
                return self._ranged(expression) if is_range else self._instant(expression)
            case Negative():
                return self._negative(expression)
            case Binary():
                return self._binary(expression)
            case Aggregation():
                return self._aggregated(expression)
            case Call():
                return self._called(expression)

    def scalar(self, expression: Expression) -> float:
        """Of an expression that is a scalar."""
        found = self.value(expression)
        assert isinstance(found, float)
        return found

    def vector(self, expression: Expression) -> list[Element]:
        """Of an expression that is an instant vector."""
        found = self.value(expression)
        assert isinstance(found, list)
        return [each for each in found if isinstance(each, Element)]

    # ------------------------------------------------------------------------------- selectors

    def _chosen(self, selector: Selector) -> list[Series]:
        chosen = self.effort.chosen
        if selector not in chosen:
            chosen[selector] = list(self._choose(selector))
        return chosen[selector]

    def _choose(self, selector: Selector) -> Sequence[Series]:
        if selector.name not in self.source.names:
            raise not_executed(
                f"simab has no metric {selector.name!r}; it has {listed(sorted(self.source.names))}"
            )
        family = self.source.family(selector.name, self.effort.look_at_time)
        found = family.series
        for matcher in selector.matchers:
            if matcher.label not in family.labels:
                raise not_executed(
                    f"{selector.name} of simab has no label {matcher.label!r}; it has "
                    f"{listed(sorted(family.labels))}"
                )
            holding = self._holding(selector.name, matcher, family)
            found = [each for each in found if each.labels.get(matcher.label, "") in holding]
        return found

    def _holding(self, name: str, matcher: Matcher, family: Family) -> set[str]:
        """The values of a label that fulfil a matcher."""
        values = {each.labels.get(matcher.label, "") for each in family.series}
        holding = set()
        for value in values:
            self.effort.spend(1)
            if matcher.holds(value):
                holding.add(value)
        if values and not holding:
            there = sorted(values)
            shown = ", ".join(there[:_SHOWN] + ["..."] * (len(there) > _SHOWN))
            self.effort.remarks.append(f"no series of {name} has {matcher.text}; there are {shown}")
        return holding

    def _instant(self, selector: Selector) -> list[Element]:
        series = self._chosen(selector)
        self.effort.spend(len(series))
        until_ms = self.at_ms - selector.offset_ms
        return [
            Element({NAME: selector.name, **each.labels}, value)
            for each in series
            if (value := each.newest(until_ms - LOOKBACK_MS, until_ms)) is not None
        ]

    def _ranged(self, selector: Selector) -> list[Ranged]:
        end_ms = self.at_ms - selector.offset_ms
        start_ms = end_ms - selector.range_ms
        found = []
        for each in self._chosen(selector):
            first, last = each.places(start_ms, end_ms)
            self.effort.spend(last - first + 1)
            if first < last:
                labels = {NAME: selector.name, **each.labels}
                found.append(Ranged(labels, start_ms, end_ms, each, first, last))
        return found

    # ------------------------------------------------------------------------------- operators

    def _negative(self, negative: Negative) -> Value:
        if negative.kind is Kind.SCALAR:
            return -self.scalar(negative.expression)
        inner = self.vector(negative.expression)
        return distinct([each.unnamed(-each.value) for each in inner])

    def _binary(self, binary: Binary) -> Value:
        left, right = self.value(binary.left), self.value(binary.right)
        if isinstance(left, float) and isinstance(right, float):
            return of_scalars(binary.operator, left, right)
        if isinstance(left, float):
            vector = self._elements(right)
            return with_scalar(binary, vector, left, scalar_is_left=True)
        if isinstance(right, float):
            return with_scalar(binary, self._elements(left), right, scalar_is_left=False)
        return of_vectors(binary, self._elements(left), self._elements(right))

    def _elements(self, value: Value) -> list[Element]:
        assert isinstance(value, list)
        self.effort.spend(len(value))
        return [each for each in value if isinstance(each, Element)]

    def _aggregated(self, aggregation: Aggregation) -> list[Element]:
        groups: dict[object, tuple[Labels, list[float]]] = {}
        for each in self.vector(aggregation.expression):
            kept = {
                name: value
                for name, value in each.labels.items()
                if (name in aggregation.labels) is not aggregation.without
                and not (aggregation.without and name == NAME)
            }
            groups.setdefault(key_of(kept), (kept, []))[1].append(each.value)
        combined = _AGGREGATED[aggregation.operator]
        return [Element(labels, combined(values)) for labels, values in groups.values()]

    # ------------------------------------------------------------------------------- functions

    def _called(self, call: Call) -> Value:
        over_time = OVER_TIME.get(call.function)
        if over_time is not None:
            found = []
            ranged = self.value(call.arguments[0])
            assert isinstance(ranged, list)
            for each in ranged:
                assert isinstance(each, Ranged)
                self.effort.look_at_time()
                result = over_time(each.span)
                if result is not None:
                    element = Element(each.labels, result)
                    keeps = call.function == "last_over_time"
                    found.append(element if keeps else element.unnamed(result))
            return distinct(found)
        match call.function:
            case "time":
                return self.at_ms / 1_000
            case "vector":
                return [Element({}, self.scalar(call.arguments[0]))]
            case "scalar":
                inner = self.vector(call.arguments[0])
                return inner[0].value if len(inner) == 1 else math.nan
            case _:
                share, buckets = call.arguments
                return self._quantiles(self.scalar(share), self.vector(buckets))

    def _quantiles(self, share: float, buckets: Sequence[Element]) -> list[Element]:
        groups: dict[object, tuple[Labels, list[tuple[float, float]]]] = {}
        for each in buckets:
            try:
                bound = float(each.labels.get(_BOUND, ""))
            except ValueError:
                continue  # as Prometheus does with what is no bucket
            labels = {
                name: value for name, value in each.labels.items() if name not in (_BOUND, NAME)
            }
            groups.setdefault(key_of(labels), (labels, []))[1].append((bound, each.value))
        return [Element(labels, bucket_quantile(share, found)) for labels, found in groups.values()]


_AGGREGATED: Final[Mapping[str, Callable[[Sequence[float]], float]]] = {
    "sum": total,
    "avg": lambda values: total(values) / len(values),
    "min": smallest,
    "max": largest,
    "count": lambda values: float(len(values)),
}
