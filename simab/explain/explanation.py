"""What can be said of a scenario before it is played: traffic, capacity, truth, sample sizes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from simab import units
from simab.explain.arrivals_text import arrival_sentences, minute_sentences, surge_sentences
from simab.explain.autoscaling_text import autoscaling_sentences
from simab.explain.calendar import calendar_of
from simab.explain.capacity import CapacityRow, capacity_rows, capacity_sentences
from simab.explain.clients_text import client_sentences
from simab.explain.evidence import Evidence, Need, TruthRow, evidence_of
from simab.explain.evidence_text import evidence_sentences
from simab.explain.hashed_shares import hashed_share_sentences
from simab.explain.labels_text import label_sentences
from simab.explain.remembering_text import remembering_sentences
from simab.explain.routing_text import routing_sentences
from simab.explain.scenario_warnings import warnings
from simab.explain.session_requests import at_rate_within_the_run
from simab.explain.setting import setting_of
from simab.explain.shared_instances import shared_instance_sentences
from simab.explain.timeline_text import overload_sentences, timeline_sentences
from simab.explain.user_power import user_power_sentences
from simab.policies.explainers import explainer_of
from simab.scenario.answers_over_time import variant_truths
from simab.scenario.models import Scenario
from simab.scenario.rates import at_busiest_hour
from simab.text.durations import duration_text
from simab.text.numbers import number_text, rate_text

__all__ = ["Explanation", "explain"]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Plain sentences computed from a scenario, and the numbers behind them.

    `smallest_effect` and `true_difference` say how many labelled requests an arm each takes at 5 %
    two-sided and 80 % power, and how long these take at the split of the start. They compare the
    candidate with the control; `other_differences` holds the same of every other variant.
    """

    title: str
    question: str
    sentences: tuple[str, ...]
    warnings: tuple[str, ...]
    capacity: tuple[CapacityRow, ...]
    metric: str
    truth: tuple[TruthRow, ...]
    smallest_effect: Need
    true_difference: Need
    other_differences: Mapping[str, Need]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; None stands for what is undefined or endless."""
        plain: dict[str, Any] = _finite(asdict(self))
        return plain


def explain(scenario: Scenario) -> Explanation:
    """What is known of a scenario without playing it."""
    played, scenario, busiest = (
        scenario,
        at_rate_within_the_run(scenario),
        at_busiest_hour(scenario),
    )
    rows = capacity_rows(busiest)
    for_a_while = (
        *minute_sentences(played, busiest),
        *surge_sentences(played, busiest),
        *overload_sentences(played, busiest),
    )
    evidence = evidence_of(scenario, variant_truths(played), calendar_of(played))
    return Explanation(
        title=scenario.title,
        question=scenario.question,
        sentences=(
            _traffic_sentence(scenario),
            *arrival_sentences(played),
            *client_sentences(scenario),
            *remembering_sentences(scenario),
            *timeline_sentences(played),
            *capacity_sentences(rows, for_a_while=bool(for_a_while)),
            *for_a_while,
            *shared_instance_sentences(scenario),
            *autoscaling_sentences(busiest),
            *routing_sentences(scenario),
            *hashed_share_sentences(scenario),
            *_of_policies(scenario),
            *label_sentences(scenario),
            *evidence_sentences(played, scenario, evidence),
            *_of_users(scenario, evidence),
        ),
        warnings=tuple(warnings(played)),
        capacity=rows,
        metric=scenario.objective.metric,
        truth=evidence.rows,
        smallest_effect=evidence.smallest_effect,
        true_difference=evidence.true_difference,
        other_differences=evidence.others,
    )


def _of_users(scenario: Scenario, evidence: Evidence) -> Iterator[str]:
    if evidence.smallest_effect.labelled_requests is not None:
        control = evidence.row(scenario.objective.control)
        yield from user_power_sentences(scenario, control.truth, evidence)


def _of_policies(scenario: Scenario) -> Iterator[str]:
    setting = setting_of(scenario)
    for name, policy in scenario.policies.items():
        yield from explainer_of(policy, name).sentences(setting)


def _traffic_sentence(scenario: Scenario) -> str:
    rate = math.fsum(segment.rate for segment in scenario.traffic.values())
    horizon_s = units.seconds(scenario.horizon)
    looks = (scenario.horizon - 1) // scenario.controller.interval
    arriving = rate_text(rate)
    verb = "arrives" if arriving.startswith("1 request ") else "arrive"
    return (
        f"{arriving} {verb} on average, {number_text(rate * horizon_s)} in "
        f"{duration_text(horizon_s)}; the policies look "
        f"{'once' if looks == 1 else f'{number_text(looks)} times'}."
    )


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
