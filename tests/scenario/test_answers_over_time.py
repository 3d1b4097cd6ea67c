"""What is true of answers that change: by hand, and against numerical integration."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad

from simab.analyse import truth_of_scenario
from simab.profiles import truth_of
from simab.profiles.outcomes import OutcomeSampler
from simab.profiles.truth import mixed_truth
from simab.scenario.answers_over_time import AnswersOverTime, answers_change, variant_truths
from tests.world.building import SECOND, scenario, variant

HOUR = 3600 * SECOND


def success(probability):
    return {"kind": "success", "probability": probability}


def pair(a, b, **parts):
    return scenario(
        {"a": variant(quality=success(a)), "b": variant(quality=success(b))},
        **({"horizon": "10h"} | parts),
    )


def rates(truths):
    return {name: truth.success_rate for name, truth in truths.items()}


def test_a_scenario_whose_answers_stay_is_judged_as_before():
    made = pair(0.9, 0.8, timeline=[{"kind": "conditions", "error_rate": 0.5}])
    assert not answers_change(made)
    assert rates(variant_truths(made)) == {"a": 0.9, "b": 0.8}
    assert truth_of_scenario(made).over_time is None


def test_a_mean_over_requests_where_segments_differ():
    """Three quarters of the requests are of a segment to which a answers otherwise."""
    traffic = {"few": {"rate": "1/s"}, "many": {"rate": "3/s", "quality": {"a": success(0.5)}}}
    found = rates(variant_truths(pair(0.9, 0.8, traffic=traffic)))
    assert found == pytest.approx({"a": (0.9 + 3 * 0.5) / 4, "b": 0.8}, abs=1e-15)


def test_drift_is_judged_from_the_decision_on():
    """From 2 to 6 h b falls from 80 % to 40 %, and stays there to 10 h."""
    drift = {"kind": "conditions", "variants": ["b"], "at": "2h", "ramp": "4h"}
    answers = AnswersOverTime(pair(0.6, 0.8, timeline=[drift | {"quality": success(0.4)}]))
    assert answers.judged_from(0)["b"].success_rate == pytest.approx(
        (2 * 0.8 + 4 * 0.6 + 4 * 0.4) / 10, abs=1e-12
    )
    assert answers.judged_from(4 * HOUR)["b"].success_rate == pytest.approx(
        (2 * 0.5 + 4 * 0.4) / 6, abs=1e-12
    )
    spans = answers.between([0, 2 * HOUR, 4 * HOUR, 10 * HOUR])["b"]
    found = [truth.success_rate for truth in spans]
    assert found == pytest.approx([0.8, 0.7, (2 * 0.5 + 4 * 0.4) / 6], abs=1e-12)


def test_what_fades_counts_by_its_end():
    """A novelty of 90 % that is gone after 5 of 10 h: judged by the 50 % that stay."""
    novelty = {"kind": "conditions", "variants": ["b"], "lasts": "1h", "fade": "4h"}
    answers = AnswersOverTime(pair(0.6, 0.5, timeline=[novelty | {"quality": success(0.9)}]))
    assert answers.judged_from(0)["b"].success_rate == 0.5
    held = answers.between([0, HOUR, 5 * HOUR, 10 * HOUR])["b"]
    assert [each.success_rate for each in held] == pytest.approx([0.9, 0.7, 0.5], abs=1e-12)
    # Of one that is half gone at the end, half counts.
    long = novelty | {"fade": "18h", "quality": success(0.9)}
    answers = AnswersOverTime(pair(0.6, 0.5, timeline=[long]))
    assert answers.judged_from(0)["b"].success_rate == pytest.approx(0.7, abs=1e-9)


LASTS_TO_THE_END = [
    {"at": "9h"},
    {"at": "9h", "lasts": "1h"},
    {"at": "9h", "lasts": "5h"},
    {"strength": {"kind": "points", "points": {"0h": 0, "9h": 1}, "between": "constant"}},
]


@pytest.mark.parametrize("written", LASTS_TO_THE_END, ids="-".join)
def test_one_change_has_one_truth_however_it_is_written(written):
    """88 % in nine hours and 99 % in the last: 89.1 % from the start on."""
    better = {"kind": "conditions", "variants": ["b"], "quality": success(0.99)}
    found = AnswersOverTime(pair(0.89, 0.88, timeline=[better | written])).judged_from(0)
    assert found["b"].success_rate == pytest.approx(0.891, abs=1e-9)


def test_a_novelty_of_points_is_one_of_a_fade():
    """Half of it is left at the end, and was there all the time."""
    novelty = {"kind": "conditions", "variants": ["b"], "quality": success(0.9)}
    points = {"0h": 0, "1h": 1, "2h": 1, "10h": 0.5}
    strength = {"kind": "points", "points": points}
    same = {"ramp": "1h", "lasts": "1h", "fade": "16h"}
    for written in ({"strength": strength}, same):
        made = pair(0.6, 0.5, timeline=[novelty | written])
        # It rises to what is left within half an hour: a quarter of the hour is missing.
        share = 0.5 * (1 - 0.25 / 10)
        found = AnswersOverTime(made).judged_from(0)["b"].success_rate
        assert found == pytest.approx(0.5 + 0.4 * share, abs=1e-9)


def test_requests_that_name_their_variant_judge_no_ending():
    """Half of the requests name a and b is bad for them: no ending sends them to b."""
    pinned = {"rate": "1/s", "targets": {"a": 1.0}, "quality": {"b": success(0.5)}}
    made = pair(0.9, 0.95, traffic={"free": {"rate": "1/s"}, "pinned": pinned})
    assert AnswersOverTime(made).judged_from(0)["b"].success_rate == pytest.approx(0.95)
    (held,) = AnswersOverTime(made).between([0, HOUR])["b"]
    assert held.success_rate == pytest.approx(0.725)
    all_pinned = pair(0.9, 0.95, traffic={"pinned": pinned})
    assert AnswersOverTime(all_pinned).judged_from(0)["b"].success_rate == pytest.approx(0.5)


def test_a_season_by_the_rate_of_the_day():
    """Rate and quality rise and fall together: against SciPy's quadrature of both."""
    shape = {"kind": "points", "points": {"0h": 0.2, "5h": 2, "10h": 0.2}}
    points = {"0h": 0, "4h": 1, "9h": 0}
    strength = {"kind": "points", "points": points, "repeats_every": "10h"}
    season = {"kind": "conditions", "variants": ["b"], "strength": strength}
    traffic = {"users": {"rate": "1/s", "arrivals": {"shape": shape}}}
    made = pair(0.6, 0.5, traffic=traffic, timeline=[season | {"quality": success(0.9)}])

    def rate(hour):
        return np.interp(hour, [0, 5, 10], [0.2, 2, 0.2])

    def value(hour):
        return 0.5 + 0.4 * np.interp(hour, [0, 4, 9], [0, 1, 0])

    for since in (0, 3.5):
        weighted, _ = quad(lambda hour: rate(hour) * value(hour), since, 10, points=[4, 5, 9])
        whole, _ = quad(rate, since, 10, points=[5])
        found = AnswersOverTime(made).judged_from(round(since * HOUR))["b"].success_rate
        assert found == pytest.approx(weighted / whole, rel=1e-8)


def test_the_later_of_two_goes_first():
    """Half of the answers of the second entry, of the others half of the first."""
    half = {"kind": "conditions", "strength": {"kind": "points", "points": {"0s": 0.5}}}
    entries = [half | {"quality": success(each)} for each in (0.1, 0.9)]
    found = rates(variant_truths(pair(0.5, 0.5, timeline=entries)))
    assert found["a"] == pytest.approx(0.5 * 0.9 + 0.25 * 0.1 + 0.25 * 0.5, abs=1e-15)


def test_an_ending_is_judged_by_what_holds_after_the_decision():
    """B is better until 5 h and worse from then on: who promotes it at 6 h is wrong."""
    flip = {"kind": "conditions", "variants": ["b"], "at": "5h", "quality": success(0.5)}
    truth = truth_of_scenario(pair(0.6, 0.8, timeline=[flip]))
    assert truth.judgement("b") == "right"
    assert truth.judged_from(6 * HOUR).judgement("b") == "wrong"
    worse, shortfalls = truth.over_time.by_window(("a", "b"), HOUR, 10)
    assert worse.tolist() == [[True, False]] * 5 + [[False, True]] * 5
    assert shortfalls[0] == pytest.approx([0.2, 0])
    assert shortfalls[9] == pytest.approx([0, 0.1])


def test_a_mixture_of_classifiers_is_that_of_all_their_rows():
    """Two tables of labelled rows put together: every metric is that of the whole."""
    one = {"weights": [3, 1, 2], "labels": [1, 0, 0], "scores": [900, 100, 700]}
    two = {"weights": [1, 2, 1], "labels": [1, 0, 1], "scores": [200, 300, 700]}

    def of(rows):
        units = [score << 20 for score in rows["scores"]]
        return OutcomeSampler.of_rows(**(rows | {"scores": units}), threshold=0.5)

    samplers = of(one), of(two)
    parts = [(each, own, truth_of(own)) for each, own in zip((0.6, 0.4), samplers, strict=True)]
    found, whole = mixed_truth(parts), truth_of(of({name: one[name] + two[name] for name in one}))
    for metric in ("accuracy", "precision", "recall", "f1", "roc_auc", "brier"):
        assert found.metric(metric) == pytest.approx(whole.metric(metric), abs=1e-12), metric
