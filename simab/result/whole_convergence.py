"""A saved convergence whose series all have the length of its times, and its variants' names."""

from __future__ import annotations

from simab.result.reader import Reader
from simab.result.studied_convergence import (
    Fan,
    LabelledPoint,
    Leader,
    MetricConvergence,
    StudiedConvergence,
    VariantConvergence,
)
from simab.result.whole import require_length, require_names, require_one_of

__all__ = ["require_whole_convergence"]

_KINDS = ("labels", "errors", "latency")
_PURPOSES = ("true difference", "smallest effect", "half-width", "ranking")


def require_whole_convergence(found: StudiedConvergence, reader: Reader) -> None:
    """What pages and tables take for granted.

    Raises:
        InvalidInput: a series is longer or shorter than the times, or a variant is missing, with
            the place.
    """
    if not found.metrics:
        raise reader.child("metrics").invalid("holds no metric")
    if len(found.times_s) < 2:
        raise reader.child("times_s").invalid("a convergence has two times at least")
    if any(early >= late for early, late in zip(found.times_s, found.times_s[1:], strict=False)):
        raise reader.child("times_s").invalid("the times must rise")
    names = (found.control, found.candidate)
    for metric, at in zip(found.metrics, reader.child("metrics").items(), strict=True):
        _metric(metric, at, names, len(found.times_s))
    if found.latency:
        for each, at in zip(found.latency, reader.child("latency").items(), strict=True):
            if not each.methods:
                raise at.child("methods").invalid("holds no way to make an interval")


def _metric(metric: MetricConvergence, reader: Reader, names: tuple[str, str], times: int) -> None:
    require_one_of(reader, "kind", metric.kind, _KINDS)
    require_one_of(reader, "better", metric.better, (*names, ""))
    require_names(reader, "truth", metric.truth, names)
    require_names(reader, "variants", metric.variants, names)
    require_length(reader, "samples", metric.samples, times)
    variants = reader.child("variants")
    for name, each in metric.variants.items():
        _variant(each, variants.child(name), times)
    _variant(metric.difference, reader.child("difference"), times)
    _leader(metric.leader, reader.child("leader"), times)
    sizes = reader.optional("sizes").items()
    for size, at in zip(metric.sizes, sizes, strict=True):
        require_one_of(at, "purpose", size.purpose, _PURPOSES)
    for point, at in zip(metric.by_labels, reader.optional("by_labels").items(), strict=True):
        _point(point, at)


def _variant(each: VariantConvergence, reader: Reader, times: int) -> None:
    _fan(each.fan, reader.child("fan"), times)
    example = reader.child("example")
    for key in ("value", "low", "high"):
        require_length(example, key, getattr(each.example, key), times)
    require_length(reader, "half_width", each.half_width, times)
    require_length(reader, "coverage", each.coverage, times)


def _fan(fan: Fan, reader: Reader, times: int) -> None:
    for key in ("p5", "p25", "p50", "p75", "p95"):
        require_length(reader, key, getattr(fan, key), times)


def _leader(leader: Leader, reader: Reader, times: int) -> None:
    for key in ("leads", "ties", "declared", "declared_wrong"):
        require_length(reader, key, getattr(leader, key), times)
    if leader.behind:
        require_length(reader, "behind", leader.behind, times)


def _point(point: LabelledPoint, reader: Reader) -> None:
    if point.labelled < 1:
        raise reader.child("labelled").invalid("must be 1 or more")
    for key in ("control", "candidate", "difference"):
        _fan(getattr(point, key), reader.child(key), 1)
