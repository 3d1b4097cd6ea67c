"""A ramp under drift: all requests together say the opposite of every phase, and it is named."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simab.analyse.pooled import Gains, gains_of, pooled_metric
from simab.comparison import compare
from simab.profiles.truth import Truth
from simab.report.sections.timeline import pooled_sentences
from simab.run.simulation import simulate
from simab.stats.classification import METRICS, ConfusionCounts
from simab.study.playing import truth_of_world
from tests.world.building import scenario, variant

SUCCESS = {"kind": "success"}


def ramp(falls=True):
    """From 10 to 90 % of the traffic while both variants fall by half, and one is better."""
    rates = {"a": (0.12, 0.06), "b": (0.13, 0.07)}
    drift = [
        {
            "kind": "conditions",
            "at": "20min",
            "ramp": "40min",
            "variants": [name],
            "quality": SUCCESS | {"probability": low},
        }
        for name, (_, low) in rates.items()
    ]
    steps = [
        {"at": "30min", "weights": {"a": 1, "b": 1}},
        {"at": "50min", "weights": {"a": 1, "b": 9}},
        {"at": "80min", "weights": {"a": 0, "b": 1}},
    ]
    return scenario(
        {
            name: variant(weight=9 if name == "a" else 1, quality=SUCCESS | {"probability": high})
            for name, (high, _) in rates.items()
        },
        rate="10/s",
        horizon="90min",
        timeline=drift if falls else drift[:1],
        policies={"ramp": {"kind": "manual_schedule", "steps": steps}},
        metrics={"period": "60s", "publication_delay": "0s"},
        controller={"interval": "60s"},
    )


def test_totals_mislead_where_weights_move_while_answers_do():
    """B is better by a point at all times, and by all requests together worse."""
    run = simulate(ramp(), policy="ramp", seed=3)
    gains = gains_of(run, truth_of_world(run.scenario))
    assert gains is not None
    assert gains.mislead
    assert gains.pooled < -0.01
    assert gains.phases == pytest.approx([0.01] * 3, abs=5e-4)


def test_the_study_names_it():
    """Its page says so in words, for every run that was looked at."""
    study = compare(ramp(), replications=3, worlds=["described"])
    assert "_shown" not in vars(study)
    shown = study.with_examples()
    assert [(each.misled, each.runs) for each in shown.timeline.pooled] == [(3, 3)]
    (sentence,) = pooled_sentences(shown)
    assert sentence.startswith(
        "In 3 of 3 runs of “ramp” with two phases or more, all requests together say that “a” is "
        "better, by 0.0"
    )
    assert "every phase of the weights says “b”, by 0.0" in sentence
    assert "(Simpson's paradox)" in sentence


@pytest.mark.parametrize(
    ("pooled", "phases", "mislead"),
    [
        (-1.0, (0.5, 0.1), True),
        (1.0, (-0.5, -0.1), True),
        (1.0, (0.5, 0.1), False),
        (-1.0, (0.5, -0.1), False),
        (0.0, (0.5, 0.1), False),
        (-1.0, (0.0, 0.0), False),
    ],
)
def test_what_misleads(pooled, phases, mislead):
    """Only what all phases deny, and none leaves open."""
    assert Gains(pooled, phases).mislead is mislead


def test_a_run_whose_answers_stay_has_no_gains_to_compare():
    run = simulate(scenario(), seed=1)
    assert gains_of(run, truth_of_world(run.scenario)) is None


_CELLS = st.tuples(*[st.integers(0, 60)] * 4).filter(sum)


@given(st.lists(_CELLS, min_size=1, max_size=5), st.sampled_from(sorted(METRICS)))
def test_the_metric_of_windows_together_is_that_of_all_their_answers(windows, metric):
    """Precision and its like are no mean of those of windows: 40/50 and 0/2 are 40/52."""
    truths = [
        Truth((cells[0] + cells[3]) / sum(cells), ConfusionCounts(*cells), math.nan, math.nan)
        for cells in windows
    ]
    found = pooled_metric(metric, truths, [sum(cells) for cells in windows])
    together = METRICS[metric](ConfusionCounts(*map(sum, zip(*windows, strict=True))))
    assert found == pytest.approx(together, abs=1e-9, nan_ok=True)


def test_windows_without_an_answer_say_nothing():
    """Even where their metric does not exist."""
    truths = [Truth(0.8, None, math.nan, math.nan), Truth(math.nan, None, math.nan, math.nan)]
    assert pooled_metric("success_rate", truths, [10, 0]) == 0.8
    assert math.isnan(pooled_metric("precision", truths, [10, 0]))
    assert math.isnan(pooled_metric("success_rate", truths, [0, 0]))
