"""An example of every field that a scenario must have, for messages that ask for it."""

from __future__ import annotations

from typing import Final

from simab.description import Description

__all__ = ["example_of"]

_EXAMPLES: Final = {
    "title": "Is the new model better?",
    "endpoint": "{variants: {current: ..., new: ...}}",
    "variants": "{current: {weight: 9, ...}, new: {weight: 1, ...}}",
    "traffic": "{users: {rate: 2/s}}",
    "rate": "2/s",
    "objective": "{control: current, candidate: new, metric: accuracy, smallest_effect: 0.01}",
    "control": "current",
    "candidate": "new",
    "metric": "accuracy",
    "smallest_effect": "0.01",
    "horizon": "6h",
    "policies": "{test: {kind: fixed_horizon, labelled_requests: 5000}}",
    "labels": "{delay: {kind: constant, value: 10min}, never: 5%}",
    "metrics": "{period: 60s}",
    "MetricMajority.metrics": "[accuracy, precision, recall]",
    "controller": "{interval: 60s}",
    "study": "{replications: 200}",
    "outcome_tables": "{validation: {rows: [...]}}",
    "targets": "{new: 5%}",
    "latency": "{kind: lognormal, median: 40ms, p99: 200ms}",
    "delay": "{kind: constant, value: 10min}",
    "quality": "{kind: success, probability: 92%}",
    "value": "40ms",
    "mean": "40ms",
    "cv": "1.5",
    "quantiles": "{p0: 5ms, p50: 40ms, p99: 200ms, p100: 900ms}",
    "values": "[31ms, 38ms, 44ms]",
    "QuantileScores.values": "[0.0, 0.2, 0.6, 1.0]",
    "table": "validation",
    "column": "new",
    "probability": "92%",
    "distribution": "{kind: lognormal, mean: 40, cv: 1.5}",
    "NormalRewards.mean": "40",
    "LognormalRewards.mean": "40",
    "QuantileRewards.values": "[0, 12.5, 30, 200]",
    "standard_deviation": "15",
    "positive_scores": "{kind: beta, alpha: 4, beta: 2}",
    "negative_scores": "{kind: beta, alpha: 2, beta: 6}",
    "alpha": "4",
    "beta": "2",
    "rows": "[{label: 1, scores: {current: 0.8, new: 0.9}, count: 40}]",
    "label": "1",
    "scores": "{current: 0.8, new: 0.9}",
    "labelled_requests": "5000",
    "bake": "30min",
    "alarms": "[{metric: latency_p99, at_most: 300ms}]",
    "at_most": "300ms",
    "ErrorRateLimit.at_most": "1%",
    "steps": "[{at: 1h, weights: {current: 1, new: 1}}]",
    "at": "1h",
    "Alarm.metric": "Invocation5XXErrors",
    "threshold": "0.01",
    "ArgoRollouts.steps": "[{set_weight: 20}, {pause: {duration: 10min}}]",
    "ArgoMetric.metric": "error_rate",
    "MetricMeaning.metric": "error_rate",
    "BackgroundAnalysis.metrics": "{errors: {metric: error_rate, interval: 60s}}",
    "margin": "1%",
    "at_most_times": "1.2",
    "p0": "92%",
    "p1": "94%",
    "update_every": "30min",
    "name": "request-success-rate",
    "threshold_range": "{min: 99}",
    "KayentaMetric.name": "latency",
    "measures": "latency_p99",
    "groups": "[speed]",
    "KayentaCanary.metrics": "[{name: latency, measures: latency_p99, groups: [speed]}]",
    "lifetime": "3h",
}


def example_of(owner: type[Description] | None, field: str) -> str:
    """A value that fits the field, as it is written in a file; empty if there is none."""
    own = _EXAMPLES.get(f"{owner.__name__}.{field}") if owner is not None else None
    return own or _EXAMPLES.get(field, "")
