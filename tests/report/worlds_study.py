"""Drawn results over several worlds: runs of stated endings, summed up by the code itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Final

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from simab.analyse.operating_characteristics import operating_characteristics
from simab.analyse.requirements import PlayedWorld, judged, statement_of
from simab.analyse.truth import ScenarioTruth
from simab.result import PolicyDescription, PolicyResult, StudyResult
from simab.result.columns import RunLimits
from simab.result.run_summary import RunSummary, Verdict
from simab.result.saved_study import read_result
from simab.result.world_result import WorldLabel, WorldResult
from simab.scenario.requirements import CUSTOMARY
from tests.analyse.outcome_rows import ROW
from tests.report.conftest import built
from tests.report.judging import truth_of

__all__ = ["DrawnStudy", "drawn_studies"]

CONTROL: Final = "Variant1"
CANDIDATE: Final = "Variant2"
# How right the candidate is in each world; the control is right in 90 %, and half a point is small.
WORLDS: Final = {"described": 0.93, "equal": 0.90, "exchanged": 0.87, "little": 0.902}
RUNS: Final = 12
HORIZON_S: Final = 600.0

_ENDS: Final = {
    Verdict.PROMOTED_CANDIDATE: CANDIDATE,
    Verdict.KEPT_CONTROL: CONTROL,
    Verdict.ROLLED_BACK: CONTROL,
    Verdict.UNDECIDED: None,
}

_VERDICTS: Final = st.lists(st.sampled_from(sorted(_ENDS)), min_size=1, max_size=4)
_TIMES: Final = st.lists(st.sampled_from([60.0, 120.0, 240.0, 480.0]), min_size=1, max_size=4)
_HARMS: Final = st.lists(st.sampled_from([0, 0, 40, 700, 2500]), min_size=1, max_size=5)
_ERRORS: Final = st.lists(st.sampled_from([-0.004, 0.002, 0.006, None]), min_size=1, max_size=3)
_NAMES: Final = st.lists(st.sampled_from(list(WORLDS)), min_size=2, max_size=4, unique=True)


@dataclass(frozen=True)
class DrawnStudy:
    """A result, and the rows that it was made of, by world and policy."""

    result: StudyResult
    rows: dict[str, dict[str, list[RunSummary]]]


@st.composite
def _runs(draw: DrawFn, policy: str, truth: ScenarioTruth) -> list[RunSummary]:
    # One verdict after the other, so that some policies end all runs alike.
    among = draw(_VERDICTS)
    times = draw(_TIMES)
    harms = draw(_HARMS)
    errors = draw(_ERRORS)
    any_worse = bool(truth.summary().worse)
    found = []
    for number in range(RUNS):
        verdict = among[number % len(among)]
        ends = _ENDS[verdict]
        decided_s = None if ends is None else times[number % len(times)]
        row = replace(
            ROW, policy=policy, replication=number, verdict=verdict, decided_for=ends,
            ends_with=ends, ends_with_since_s=decided_s, decided_s=decided_s,
            judgement=truth.judgement(ends), correct=truth.judgement(ends) == "right",
            requests_on_worse=harms[number % len(harms)] if any_worse else 0,
            gain_estimate_error=errors[number % len(errors)] if ends == CANDIDATE else None,
        )  # fmt: skip
        found.append(row)
    return found


@st.composite
def drawn_studies(draw: DrawFn) -> DrawnStudy:
    """One to three policies in two to four worlds; customary requirements, judged."""
    names = draw(_NAMES)
    policies = [f"rule {letter}" for letter in "abc"[: draw(st.integers(1, 3))]]
    truths = {
        name: truth_of(
            {CONTROL: {"f1": 0.90}, CANDIDATE: {"f1": WORLDS[name]}}, smallest_effect=0.005
        )
        for name in names
    }
    rows = {
        name: {policy: draw(_runs(policy, truths[name])) for policy in policies} for name in names
    }
    return DrawnStudy(_result(names, truths, rows), rows)


@cache
def _around() -> StudyResult:
    """What the drawn results share; to read it takes longer than to sum up what is drawn."""
    return read_result(built("churn"))


def _result(
    names: list[str],
    truths: dict[str, ScenarioTruth],
    rows: dict[str, dict[str, list[RunSummary]]],
) -> StudyResult:
    limits = RunLimits(HORIZON_S, 3000.0)
    first, *others = (
        WorldResult(
            label=WorldLabel(name=name, title=f"{name} world", made=f"By hand: {name}."),
            scenario_hash="0",
            truth=truths[name].summary(),
            policies=tuple(_policy(each, own, limits) for each, own in rows[name].items()),
        )
        for name in names
    )
    statements = tuple(map(statement_of, CUSTOMARY))
    played = [PlayedWorld(name, truths[name].summary(), rows[name], limits) for name in names]
    return replace(
        _around(),
        replications=RUNS,
        world=first.label,
        truth=first.truth,
        policies=first.policies,
        other_worlds=tuple(others),
        requirements=statements,
        customary=True,
        judged=tuple(judged(statements, played)),
        paired=(),
        examples=(),
    )


def _policy(name: str, rows: list[RunSummary], limits: RunLimits) -> PolicyResult:
    described = PolicyDescription(name=name, kind="rule", parameters={}, non_default=None)
    does = operating_characteristics(rows, limits, (CONTROL, CANDIDATE), candidates=(CANDIDATE,))
    return PolicyResult.of(described, does)
