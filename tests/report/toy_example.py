"""An example run made by hand: half of the traffic for each variant, until it is decided."""

from __future__ import annotations

import math

import numpy as np

from simab.result import Example
from simab.result.example_run import (
    Decision,
    MetricPoint,
    Span,
    UntilDecision,
    VariantWindows,
    WeightsInForce,
)
from simab.stats.intervals import wilson_interval

HORIZON_S = 6 * 3600.0


def example(policy: str, replication: int, outcome: str, decided_min: float | None) -> Example:
    """A run at two requests a minute and half of the traffic for each, until it is decided."""
    draw = np.random.default_rng(replication)
    end = decided_min or 1e9
    winner = 1.0 if outcome == "promoted_candidate" else 0.0
    spans, series, seen = [], [], {"Variant1": [0, 0], "Variant2": [0, 0]}
    for minute in range(int(HORIZON_S / 60)):
        candidate = 0.5 if minute < end else winner
        total = int(draw.poisson(2.0))
        mine = int(draw.binomial(total, candidate))
        for name, many in (("Variant1", total - mine), ("Variant2", mine)):
            if not many:
                continue
            spans.append(
                Span(
                    start_s=60.0 * minute,
                    end_s=60.0 * minute + 60,
                    variant=name,
                    invocations=many,
                    realised_share=many / total,
                    error_rate=0.0,
                    latency_p50_ms=38.0 + float(draw.normal()),
                    latency_p99_ms=91.0 + 9 * float(draw.normal()),
                )
            )
            good = int(draw.binomial(many, 0.84 if name == "Variant1" else 0.82))
            seen[name] = [seen[name][0] + good, seen[name][1] + many]
            series.append(metric_point(60.0 * minute + 105, name, *seen[name]))
    decided_s = math.nan if decided_min is None else decided_min * 60
    weights = [WeightsInForce(at_s=0.0, weights={"Variant1": 0.5, "Variant2": 0.5})]
    ends = None
    if decided_min is not None:
        ends = "Variant2" if winner else "Variant1"
        after = {"Variant1": 1 - winner, "Variant2": winner}
        weights.append(WeightsInForce(at_s=decided_s + 62, weights=after))
    return Example(
        policy=policy,
        replication=replication,
        chosen_because="the run whose time to a decision is the median",
        verdict=outcome,
        weights=tuple(weights),
        decided_at_s=decided_s,
        decided_for=ends,
        ends_with=ends,
        ends_with_since_s=decided_s + 62,
        shown_until_s=min(HORIZON_S, 1.35 * 60 * end),
        until_decision=until_decision(spans, series, min(60.0 * end, HORIZON_S)),
        spans=tuple(spans),
        variants=tuple(variant_windows(spans, name) for name in seen),
        metric_series=tuple(series),
        decisions=() if decided_min is None else (decision(decided_s, outcome),),
        totals={
            "arrived": 722, "answered": 719, "failed": 1, "rejected": 0, "invalid": 0,
            "in_flight": 2, "labels_arrived": 704, "labels_outstanding": 11, "labels_never": 4,
        },
    )  # fmt: skip


def metric_point(at_s: float, variant: str, good: int, labelled: int) -> MetricPoint:
    band = wilson_interval(good, labelled)
    known = labelled > 3
    return MetricPoint(
        at_s=at_s,
        variant=variant,
        labelled=labelled,
        value=good / labelled if known else math.nan,
        low=band.low if known else math.nan,
        high=band.high if known else math.nan,
    )


def until_decision(spans: list[Span], series: list[MetricPoint], at_s: float) -> UntilDecision:
    """What the run's own counts say at its decision; two requests are in flight then."""
    before = [each for each in spans if each.end_s <= at_s]
    ended = {
        name: sum(each.invocations for each in before if each.variant == name)
        for name in ("Variant1", "Variant2")
    }
    seen = {each.variant: each for each in series if each.at_s <= at_s}
    return UntilDecision(
        at_s=at_s,
        arrived=sum(ended.values()) + 2,
        ended=ended,
        largest_shares={"Variant1": 0.5, "Variant2": 0.5},
        labels=tuple(seen.values()),
    )


def variant_windows(spans: list[Span], name: str) -> VariantWindows:
    own = [each for each in spans if each.variant == name]
    return VariantWindows(
        variant=name,
        requests=sum(each.invocations for each in own),
        windows=len(own),
        error_rate=0.0,
        median_latency_p50_ms=sorted(each.latency_p50_ms for each in own)[len(own) // 2],
        worst_latency_p99_ms=max(each.latency_p99_ms for each in own),
    )


def decision(at_s: float, outcome: str) -> Decision:
    promote = outcome == "promoted_candidate"
    winner = "Variant2" if promote else "Variant1"
    return Decision(
        at_s=at_s,
        action="Promote" if promote else "Conclude",
        detail=winner,
        accepted=True,
        because=f"after 61 and 59 labelled requests Variant1 is ahead on 2 of 5 metrics "
        f"(precision, accuracy), Variant2 on 3 (recall, f1, roc_auc_binary): {winner}",
    )
