"""What a study found, as the page needs it: frozen records read from the result's JSON form.

NaN stands for what is not known (null in JSON).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from simab.errors import InvalidInput
from simab.report.example_run import Example, read_example
from simab.report.reader import Reader
from simab.report.truth_record import TruthSummary, read_truth
from simab.units import parse_duration, parse_share, seconds

__all__ = [
    "FORMAT",
    "VERDICTS",
    "Ecdf",
    "Ending",
    "Failed",
    "Mean",
    "Paired",
    "PolicyResult",
    "Proportion",
    "Quantiles",
    "Refused",
    "StudyResult",
    "TruthSummary",
    "read_result",
]

FORMAT: Final = "simab-study/1"
VERDICTS: Final = (
    "promoted_candidate",
    "promoted_other",
    "kept_control",
    "rolled_back",
    "undecided",
)


@dataclass(frozen=True, slots=True)
class Proportion:
    """A share of the replications with its 95 % interval."""

    count: int
    share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Quantiles over all replications, NaN beyond the horizon, and the median's 95 % interval."""

    decided: int
    p10: float
    p50: float
    p90: float
    p50_low: float
    p50_high: float


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean over replications with its 95 % interval, and what is to be said of that.

    `approximate`: the interval may be too short, for the reason given.
    """

    mean: float
    low: float
    high: float
    approximate: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Ecdf:
    """Share of all replications that have decided by each time."""

    time_s: tuple[float, ...]
    share: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Ending:
    """How often a variant has all traffic at the end, and since when at the median of these."""

    share: Proportion
    since_s: float


@dataclass(frozen=True, slots=True)
class Refused:
    """Actions that the endpoint refused, over all runs, and the reason in most of these runs."""

    actions: int
    runs: int
    reason: str


@dataclass(frozen=True, slots=True)
class PolicyResult:
    """A policy and its operating characteristics; of its parameters those that are not as usual.

    `outcomes` and `decides_for` are decisions; `ends_with` and `still_split` are who has the
    traffic at the horizon, which `correct`, `wrong` and `neither` judge. `overturned` runs end
    elsewhere than with the variant decided for.
    """

    name: str
    kind: str
    parameters: tuple[tuple[str, str], ...]
    rule: str
    misleads: str
    outcomes: Mapping[str, Proportion]
    decides_for: Mapping[str, Proportion]
    ends_with: Mapping[str, Ending]
    still_split: Proportion
    overturned: int
    correct: Proportion
    wrong: Proportion
    neither: Proportion
    decision_time_s: Quantiles
    requests_to_decision: Quantiles
    decided_by: Ecdf
    requests_on_worse: Mean
    requests_total: Mean
    failed_share: Mean
    rejected_share: Mean
    error_share: Mean
    error_share_excess: Mean
    regret: Mean
    guardrail_breach_s: Mean
    guardrail_breach_excess_s: Mean
    weight_changes: Mean
    in_flight_at_horizon: Mean
    labels_outstanding: Mean
    actions_refused: Mean
    refused: Refused
    held: Mapping[str, int]
    failed: int

    @property
    def runs(self) -> int:
        """How many replications finished: those that the characteristics are computed over."""
        return sum(share.count for share in self.outcomes.values())


@dataclass(frozen=True, slots=True)
class Failed:
    """Replications of one policy that failed, the first of them and how to play it again."""

    policy: str
    failed: int
    replications: int
    error: str
    replay: str


@dataclass(frozen=True, slots=True)
class Paired:
    """The difference second - first of a quantity, run by run on the same traffic.

    The interval is of this pair alone; `differs` and the adjusted p-value take all pairs of the
    study together. Times are restricted to `restricted_to_s`: an undecided run has waited that
    long; `undecided` counts them, of the first policy and of the second.
    """

    first: str
    second: str
    quantity: str
    difference: float
    low: float
    high: float
    variance_reduction: float
    pairs: int
    reason: str
    approximate: bool = False
    p_value: float = math.nan
    adjusted_p_value: float = math.nan
    differs: bool = False
    restricted_to_s: float = math.nan
    undecided: tuple[int, ...] = ()

    @property
    def undecided_first(self) -> float:
        """Runs of the first policy without a decision; NaN where no time is compared."""
        return self.undecided[0] if self.undecided else math.nan

    @property
    def undecided_second(self) -> float:
        """Runs of the second policy without a decision; NaN where no time is compared."""
        return self.undecided[1] if self.undecided else math.nan

    @property
    def drawable(self) -> bool:
        """Whether there are a difference and an interval to draw."""
        return math.isfinite(self.difference + self.low + self.high)


@dataclass(frozen=True, slots=True)
class StudyResult:
    """Everything that the page shows.

    `targeted`: some requests name their variant; `control_errors`: the share
    of its requests that the control fails by itself.
    """

    title: str
    question: str
    simab_version: str
    command: str
    scenario_yaml: str
    scenario_hash: str
    seed: int
    replications: int
    horizon_s: float
    targeted: bool
    control_errors: float
    truth: TruthSummary
    policies: tuple[PolicyResult, ...]
    paired: tuple[Paired, ...]
    examples: tuple[Example, ...]
    warnings: tuple[str, ...]
    failures: tuple[Failed, ...]


def read_result(result: Mapping[str, Any]) -> StudyResult:
    """The result as records.

    Raises:
        InvalidInput: another format, a missing key or a value of the wrong type; names the place.
    """
    reader = Reader(result)
    if (found := reader.text("format")) != FORMAT:
        raise InvalidInput(
            f"result.format = {found!r}: this simab reads {FORMAT}. Make the result anew with it"
        )
    scenario = reader.child("scenario")
    policies = tuple(_policy(each) for each in reader.items("policies"))
    if not policies:
        raise InvalidInput("result.policies: a study compares at least one policy. Add one")
    truth = read_truth(reader.child("truth"))
    return StudyResult(
        title=scenario.text("title"),
        question=scenario.text("question", ""),
        simab_version=reader.text("simab_version"),
        command=reader.text("command"),
        scenario_yaml=reader.text("scenario_yaml"),
        scenario_hash=reader.text("scenario_hash"),
        seed=reader.whole("seed"),
        replications=reader.whole("replications"),
        horizon_s=_horizon(scenario, policies),
        targeted=_targeted(scenario),
        control_errors=_own_errors(scenario, truth.control),
        truth=truth,
        policies=policies,
        paired=tuple(_paired(each) for each in reader.items("paired")),
        examples=tuple(read_example(each) for each in reader.items("examples")),
        warnings=tuple(each.as_text() for each in reader.items("warnings")),
        failures=tuple(_failed(each) for each in reader.items("failures")),
    )


def _horizon(scenario: Reader, policies: tuple[PolicyResult, ...]) -> float:
    if scenario.has("horizon"):
        return seconds(parse_duration(scenario.child("horizon").value))
    return max((max(each.decided_by.time_s, default=0.0) for each in policies), default=0.0)


def _own_errors(scenario: Reader, variant: str) -> float:
    """The error rate that the scenario gives a variant; NaN where it does not describe it."""
    here = scenario
    for key in ("endpoint", "variants", variant, "error_rate"):
        if not here.has(key):
            return math.nan
        here = here.child(key)
    return parse_share(here.value)


def _targeted(scenario: Reader) -> bool:
    """Whether some requests name their variant, past the weights."""
    return any(
        bool(segment.value.get("targets") or segment.value.get("paired_targets"))
        for _, segment in scenario.entries("traffic")
        if isinstance(segment.value, Mapping)
    )


def _shown_parameters(reader: Reader) -> tuple[tuple[str, str], ...]:
    unusual = {each.as_text() for each in reader.items("not_as_usual")}
    return tuple(
        (name, _plain(value))
        for name, value in reader.entries("parameters")
        if name in unusual or not isinstance(reader.value.get("not_as_usual"), list)
    )


def _policy(reader: Reader) -> PolicyResult:
    ecdf = reader.child("decision_time_ecdf")
    outcomes = reader.child("outcomes")
    return PolicyResult(
        name=reader.text("name"),
        kind=reader.text("kind"),
        parameters=_shown_parameters(reader),
        rule=reader.text("rule", ""),
        misleads=reader.text("misleads", ""),
        outcomes={name: _proportion(outcomes.child(name)) for name in VERDICTS},
        decides_for={name: _proportion(each) for name, each in reader.entries("decides_for")},
        ends_with={
            name: Ending(_proportion(each), each.number("since_s"))
            for name, each in reader.entries("ends_with")
        },
        still_split=_proportion(reader.child("still_split")),
        overturned=reader.whole("overturned"),
        correct=_proportion(reader.child("correct")),
        wrong=_proportion(reader.child("wrong")),
        neither=_proportion(reader.child("neither")),
        decision_time_s=_quantiles(reader.child("decision_time_s")),
        requests_to_decision=_quantiles(reader.child("requests_to_decision")),
        decided_by=Ecdf(
            tuple(each.as_number() for each in ecdf.items("time_s")),
            tuple(each.as_number() for each in ecdf.items("share")),
        ),
        requests_on_worse=_mean(reader, "requests_on_worse"),
        requests_total=_mean(reader, "requests_total"),
        failed_share=_mean(reader, "failed_share"),
        rejected_share=_mean(reader, "rejected_share"),
        error_share=_mean(reader, "error_share"),
        error_share_excess=_mean(reader, "error_share_excess"),
        regret=_mean(reader, "regret"),
        guardrail_breach_s=_mean(reader, "guardrail_breach_s"),
        guardrail_breach_excess_s=_mean(reader, "guardrail_breach_excess_s"),
        weight_changes=_mean(reader, "weight_changes"),
        in_flight_at_horizon=_mean(reader, "in_flight_at_horizon"),
        labels_outstanding=_mean(reader, "labels_outstanding"),
        actions_refused=_mean(reader, "actions_refused"),
        refused=_refused(reader),
        held=_held(reader),
        failed=reader.whole("failed") if reader.has("failed") else 0,
    )


def _refused(reader: Reader) -> Refused:
    if not reader.has("refused"):
        return Refused(0, 0, "")
    child = reader.child("refused")
    return Refused(child.whole("actions"), child.whole("runs"), child.text("reason", ""))


def _held(reader: Reader) -> Mapping[str, int]:
    """Runs in which the candidate was held, by reason."""
    if not reader.has("held"):
        return {}
    child = reader.child("held")
    reasons = ("sample ratio", "guardrail", "too few requests")
    return {reason: child.whole(reason) for reason in reasons if child.has(reason)}


def _failed(reader: Reader) -> Failed:
    return Failed(
        policy=reader.text("policy"),
        failed=reader.whole("failed"),
        replications=reader.whole("replications"),
        error=reader.text("error"),
        replay=reader.text("replay"),
    )


def _plain(reader: Reader) -> str:
    if isinstance(reader.value, str):
        return reader.as_text()
    return json.dumps(_given(reader.value), ensure_ascii=False, sort_keys=True)


def _given(value: Any) -> Any:
    """The value without what it leaves open: null."""
    if isinstance(value, Mapping):
        return {key: _given(each) for key, each in value.items() if each is not None}
    return [_given(each) for each in value] if isinstance(value, list | tuple) else value


def _proportion(reader: Reader) -> Proportion:
    low, high = reader.number("low"), reader.number("high")
    return Proportion(reader.whole("count"), reader.number("share"), low, high)


def _quantiles(reader: Reader) -> Quantiles:
    return Quantiles(
        reader.whole("decided"),
        *(reader.number(key) for key in ("p10", "p50", "p90", "p50_low", "p50_high")),
    )


def _mean(reader: Reader, key: str) -> Mean:
    if not reader.has(key):
        return Mean(math.nan, math.nan, math.nan)
    child = reader.child(key)
    return Mean(
        child.number("mean"),
        child.number("low"),
        child.number("high"),
        approximate=child.flag("approximate"),
        reason=child.text("reason", ""),
    )


def _paired(reader: Reader) -> Paired:
    return Paired(
        first=reader.text("first"),
        second=reader.text("second"),
        quantity=reader.text("quantity"),
        difference=reader.number("difference"),
        low=reader.number("low"),
        high=reader.number("high"),
        variance_reduction=reader.number("variance_reduction"),
        pairs=reader.whole("pairs"),
        reason=reader.text("reason", ""),
        approximate=reader.flag("approximate"),
        p_value=reader.number("p_value"),
        adjusted_p_value=reader.number("adjusted_p_value"),
        differs=reader.flag("differs"),
        restricted_to_s=reader.number("restricted_to_s"),
        undecided=tuple(int(each.as_number()) for each in reader.items("undecided"))[:2],
    )
