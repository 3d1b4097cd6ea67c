"""Where answers drift, what is right depends on when a run decides, and every sentence says so."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simab.analyse.operating_characteristics import operating_characteristics
from simab.analyse.requirements import PlayedWorld, judged, statement_of
from simab.analyse.truth import ScenarioTruth, truth_of_scenario
from simab.report import captions
from simab.report.answer import answer
from simab.report.tables import summary
from simab.report.verdict_columns import decisions, endings
from simab.report.verdict_figure import ending_order
from simab.result import PolicyDescription, PolicyResult, StudyResult
from simab.result.columns import RunLimits
from simab.result.requirement_result import Compliance
from simab.result.run_summary import Judgement, RunSummary, Verdict
from simab.result.saved_study import read_result
from simab.result.truth_summary import DEPENDS, KEEP
from simab.scenario.requirements import PromotionRequirement
from tests.analyse.outcome_rows import ROW
from tests.effort import examples
from tests.report.conftest import built
from tests.world.building import scenario, variant

HOUR_S = 3600.0
SUCCESS = {"kind": "success"}


def drift(effect: float = 0.001) -> ScenarioTruth:
    """The control falls below the candidate: promoting is right of late decisions alone."""
    falls = {"kind": "conditions", "at": "6h", "ramp": "12h", "variants": ["Variant1"]}
    variants = {"Variant1": 0.10, "Variant2": 0.09}
    objective = {"metric": "success_rate", "smallest_effect": effect}
    made = scenario(
        {name: variant(quality=SUCCESS | {"probability": p}) for name, p in variants.items()},
        rate="1/s",
        horizon="24h",
        timeline=[falls | {"quality": SUCCESS | {"probability": 0.082}}],
        objective=objective | {"control": "Variant1", "candidate": "Variant2"},
    )
    return truth_of_scenario(made)


TRUTH = drift()
FACTS = TRUTH.summary()


def row(hours: float | None, ends: str | None, place: int) -> RunSummary:
    """A run that decides for a variant after so many hours, and ends with it."""
    decided = hours is not None and ends is not None
    at_s = hours * HOUR_S if hours is not None and decided else None
    promoted = ends == "Variant2"
    judgement = TRUTH.judged_from(round((at_s or 0.0) * 1e9)).judgement(ends)
    verdict = Verdict.PROMOTED_CANDIDATE if promoted else Verdict.KEPT_CONTROL
    return replace(
        ROW,
        policy="rule",
        replication=place,
        verdict=verdict if decided else Verdict.UNDECIDED,
        decided_for=ends if decided else None,
        ends_with=ends,
        ends_with_since_s=at_s,
        judgement=judgement,
        correct=judgement is Judgement.RIGHT,
        decided_s=at_s,
    )


def study(policies: dict[str, list[RunSummary]]) -> StudyResult:
    """A toy study with these rows and the truth of the drift."""
    base = _around()
    limits = RunLimits(24 * HOUR_S, 1e6, 0.02)
    names = ("Variant1", "Variant2")
    played = [
        PolicyResult.of(
            PolicyDescription(name=name, kind="manual_schedule", parameters={}, non_default=None),
            operating_characteristics(rows, limits, names, candidates=("Variant2",)),
        )
        for name, rows in policies.items()
    ]
    return replace(
        base,
        truth=FACTS,
        policies=tuple(played),
        replications=max(map(len, policies.values())),
        paired=(),
        examples=(),
    )


@cache
def _around() -> StudyResult:
    return read_result(built("churn"))


def test_spans_are_those_of_the_judgements_of_decisions():
    """From each instant on, until the next, a decision is judged as its span says."""
    facts = FACTS
    assert facts.over_time is not None
    assert facts.asks == DEPENDS
    assert [round(each.since_s / 60) for each in facts.over_time.spans] == [0, 144, 262]
    for hour in range(24):
        judged_by = TRUTH.judged_from(round(hour * HOUR_S * 1e9))
        for name in ("Variant1", "Variant2"):
            assert facts.judgement(name, hour * HOUR_S) == judged_by.judgement(name), (name, hour)


def test_a_difference_that_never_matters_still_depends_on_when():
    """Keeping is right at first, and later neither of the two is right or wrong."""
    facts = drift(0.02).summary()
    assert facts.judgement("Variant2", 1 * HOUR_S) == "wrong"
    assert facts.judgement("Variant2", 6.1 * HOUR_S) == "neither"
    assert facts.judgement("Variant1", 6.1 * HOUR_S) == "neither"


_ROWS = st.lists(
    st.tuples(st.sampled_from([None, 1.0, 3.0, 6.1, 20.0]), st.sampled_from([
        "Variant1", "Variant2", "Variant2", None])), min_size=1, max_size=12,
)  # fmt: skip


@examples(0.5)
@given(st.lists(_ROWS, min_size=1, max_size=3))
def test_no_sentence_judges_a_variant_without_its_time(drawn):
    """The first sentence has the shares of the table, and no heading says right or wrong here."""
    rows = {
        f"rule {at}": [row(*each, place) for place, each in enumerate(some)]
        for at, some in enumerate(drawn)
    }
    result = study(rows)
    said = answer(result)
    assert not re.search(
        r"which (is|would be) (right|wrong)|, although|is worse than", said.verdict
    )
    assert "from 4 h 22 min on it is right to end with" in re.sub("\\s", " ", said.truth)
    headings = [each.note for each in (*decisions(result), *endings(result))]
    assert not any("here" in each for each in headings)
    assert not any("here" in each.note for each in summary(result).columns)
    assert "depends" not in captions.endings(result)
    for policy in result.policies:
        shown = sum(each.column.share(policy).count for each in ending_order(result))
        assert shown == policy.runs
        wrong = sum(each.judgement is Judgement.WRONG for each in rows[policy.name])
        assert policy.wrong.count == wrong


@pytest.mark.parametrize(("hours", "false"), [(1.0, True), (3.0, False), (6.1, False)])
def test_only_promotions_that_are_wrong_when_they_fall_are_false(hours, false):
    """Who promotes when the candidate is better from then on is not blamed for an earlier time."""
    facts = FACTS
    rows = {"rule": [row(hours, "Variant2", place) for place in range(400)]}
    asked = [
        statement_of(PromotionRequirement(quantity=quantity, at_most=0.05))
        for quantity in ("false_promotion", "promotes_a_worse")
    ]
    world = PlayedWorld("described", facts, rows, RunLimits())
    expected = Compliance.FAILS if false else Compliance.PASSES
    assert [each.compliance for each in judged(asked, [world])] == [expected] * 2
    assert facts.asks_at(hours * HOUR_S) == KEEP or not false


def test_requests_on_worse_variants_name_whoever_is_worse_at_some_time():
    """Both are, each for a while."""
    assert FACTS.exposed == ("Variant1", "Variant2")
