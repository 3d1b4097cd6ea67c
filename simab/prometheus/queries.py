"""Prometheus's HTTP interface for queries: parameters in, status and JSON out."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from simab.prometheus.binary import Element, distinct, key_of
from simab.prometheus.durations import duration_ms
from simab.prometheus.effort import Effort
from simab.prometheus.evaluation import LOOKBACK_MS, Ranged, Value, value_at
from simab.prometheus.expressions import Kind, number_text
from simab.prometheus.parsing import parsed
from simab.prometheus.refusals import QueryRefused, bad_data
from simab.prometheus.series import Labels, Source
from simab.text.lists import listed

__all__ = ["MOST_STEPS", "Answer", "answer_query", "refused_answer"]

MOST_STEPS: Final = 11_000
_LONGEST_TIMEOUT_MS: Final = 5_000
_LARGEST_S: Final = 2**53 // 1_000
_NUMBER: Final = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?", re.ASCII)
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[-+]\d\d:\d\d)", re.ASCII)
_NOT_READ: Final = ("lookback_delta", "limit")


class Answer(NamedTuple):
    """An HTTP status, and what is sent as JSON."""

    status: int
    body: dict[str, Any]


def answer_query(source: Source, path: str, parameters: Mapping[str, str]) -> Answer:
    """What the interface answers below /api/v1: to `/query` and `/query_range`."""
    try:
        answer = _PATHS.get(path)
        if answer is None:
            paths = listed([f"/api/v1{each}" for each in _PATHS])
            raise QueryRefused(f"simab has {paths} of this interface", status=404, kind="not_found")
        for name in _NOT_READ:
            if parameters.get(name, "0") != "0":
                raise bad_data(f'parameter "{name}" is not supported by simab')
        return answer(source, parameters)
    except QueryRefused as refused:
        return refused_answer(refused)


def refused_answer(refused: QueryRefused) -> Answer:
    """A refusal in the shape of the interface."""
    body = {"status": "error", "errorType": refused.kind, "error": str(refused)}
    return Answer(refused.status, body)


def _instant(source: Source, parameters: Mapping[str, str]) -> Answer:
    expression = parsed(parameters.get("query", ""))
    warnings: list[str] = []
    now_ms = at_ms = source.now_ms
    if parameters.get("time"):
        at_ms = _instant_ms(parameters, "time")
        if at_ms > now_ms:
            warnings.append(f"time is after the present of the simulation, {now_ms / 1_000:.3f}; "
                            "this is the answer for the present")  # fmt: skip
            at_ms = now_ms
        elif now_ms - at_ms > LOOKBACK_MS:
            warnings.append(f"time is {(now_ms - at_ms) / 1_000:,.0f} s before the present of the "
                            f"simulation, {now_ms / 1_000:.3f}; this is the answer for then, and "
                            "without time it would be for the present")  # fmt: skip
    effort = Effort(_ends_s(parameters))
    value = value_at(expression, source, at_ms, effort)
    if expression.kind is Kind.RANGE:
        return _answered("matrix", _rows(value, effort), warnings, effort)
    return _answered(*_shown(value, at_ms, effort), warnings, effort)


def _range(source: Source, parameters: Mapping[str, str]) -> Answer:
    start_ms, end_ms = (_instant_ms(parameters, name) for name in ("start", "end"))
    step_ms = _length_ms(parameters, "step")
    if end_ms < start_ms:
        raise bad_data('invalid parameter "end": end timestamp must not be before start time')
    if step_ms == 0:
        raise bad_data('invalid parameter "step": zero or negative query resolution step widths '
                       "are not accepted. Try a positive integer")  # fmt: skip
    if (end_ms - start_ms) // step_ms >= MOST_STEPS:
        raise bad_data(f"exceeded maximum resolution of {MOST_STEPS:,} points per timeseries. "
                       "Try decreasing the query resolution (?step=XX)")  # fmt: skip
    expression = parsed(parameters.get("query", ""))
    if expression.kind is Kind.RANGE:
        raise bad_data('invalid parameter "query": invalid expression type "range vector" for '
                       "range query, must be Scalar or instant Vector")  # fmt: skip
    effort = Effort(_ends_s(parameters))
    warnings = []
    if end_ms > source.now_ms:
        warnings.append("end is after the present of the simulation; steps after it are left out")
    found: dict[object, tuple[Labels, list[list[object]]]] = {}
    for at_ms in range(start_ms, min(end_ms, source.now_ms) + 1, step_ms):
        effort.spend(1)
        value = value_at(expression, source, at_ms, effort)
        elements = [Element({}, value)] if isinstance(value, float) else value
        vector = distinct([each for each in elements if isinstance(each, Element)])
        effort.give(len(vector))
        for labels, number in vector:
            points = found.setdefault(key_of(labels), (labels, []))[1]
            points.append(_point(at_ms, number))
    rows = [{"metric": dict(labels), "values": points} for labels, points in found.values()]
    return _answered("matrix", rows, warnings, effort)


_PATHS: Final[Mapping[str, Callable[[Source, Mapping[str, str]], Answer]]] = {
    "/query": _instant,
    "/query_range": _range,
}


def _answered(kind: str, result: object, warnings: list[str], effort: Effort) -> Answer:
    body: dict[str, Any] = {"status": "success", "data": {"resultType": kind, "result": result}}
    if warnings:
        body["warnings"] = warnings
    if effort.remarks:
        body["infos"] = sorted(set(effort.remarks))
    return Answer(200, body)


def _shown(value: Value, at_ms: int, effort: Effort) -> tuple[str, object]:
    """The type of a result and the result, for an instant."""
    if isinstance(value, float):
        return "scalar", _point(at_ms, value)
    elements = distinct([each for each in value if isinstance(each, Element)])
    effort.give(len(elements))
    return "vector", [
        {"metric": dict(labels), "value": _point(at_ms, number)} for labels, number in elements
    ]


def _rows(value: Value, effort: Effort) -> list[dict[str, object]]:
    """A range vector, with the times of its samples."""
    assert isinstance(value, list)
    rows: list[dict[str, object]] = []
    for each in value:
        assert isinstance(each, Ranged)
        effort.give(each.last - each.first)
        span = each.span
        samples = zip(span.times_ms, span.values, strict=True)
        points = [_point(at_ms, number) for at_ms, number in samples]
        rows.append({"metric": dict(each.labels), "values": points})
    return rows


def _point(at_ms: int, value: float) -> list[object]:
    """Seconds since 1970, and the value as text."""
    return [at_ms // 1_000 if at_ms % 1_000 == 0 else at_ms / 1_000, number_text(value)]


def _instant_ms(parameters: Mapping[str, str], name: str) -> int:
    """An instant, given as seconds since 1970 or as a date of RFC 3339."""
    text = parameters.get(name, "")
    seconds = _number(text)
    if seconds is None:
        try:
            if _DATE.fullmatch(text) is None:
                raise ValueError
            date = datetime.fromisoformat(text)
            seconds = (date - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()
        except (ValueError, OverflowError):
            raise _unreadable(name, text, "a valid timestamp") from None
    if abs(seconds) > _LARGEST_S:
        raise _unreadable(name, text, "a valid timestamp")
    return round(seconds * 1_000)


def _length_ms(parameters: Mapping[str, str], name: str) -> int:
    """A length of time, given as seconds or as a duration."""
    text = parameters.get(name, "")
    seconds = _number(text)
    length_ms = duration_ms(text) if seconds is None else round(seconds * 1_000)
    if length_ms is None or not 0 <= length_ms <= _LARGEST_S * 1_000:
        raise _unreadable(name, text, "a valid duration")
    return length_ms


def _number(text: str) -> float | None:
    value = float(text) if _NUMBER.fullmatch(text) else math.inf
    return value if abs(value) <= _LARGEST_S else None


def _unreadable(name: str, text: str, what: str) -> QueryRefused:
    return bad_data(f'invalid parameter "{name}": cannot parse "{text:.60}" to {what}')


def _ends_s(parameters: Mapping[str, str]) -> float:
    asked_ms = _length_ms(parameters, "timeout") if parameters.get("timeout") else math.inf
    return time.monotonic() + min(asked_ms, _LONGEST_TIMEOUT_MS) / 1_000
