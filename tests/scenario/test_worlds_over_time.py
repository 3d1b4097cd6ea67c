"""Worlds of a scenario whose timeline changes answers: equal and exchanged at every time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simab.analyse import truth_of_scenario
from simab.scenario import worlds_of
from simab.scenario.worlds.derived import with_equal, with_exchanged
from tests.effort import examples
from tests.world.building import SECOND, scenario, variant

HOUR = 3600 * SECOND


def success(probability):
    return {"kind": "success", "probability": probability}


_ENTRIES = st.lists(
    st.fixed_dictionaries(
        {
            "kind": st.just("conditions"),
            "at": st.sampled_from(["0s", "1h", "4h"]),
            "ramp": st.sampled_from(["0s", "3h"]),
            "quality": st.sampled_from([0.1, 0.5, 0.95]).map(success),
        },
        optional={
            "variants": st.sampled_from([["a"], ["b"], ["c"], ["a", "c"], ["a", "b"]]),
            "segments": st.just(["few"]),
            "error_rate": st.just(0.2),
            "lasts": st.sampled_from(["1h", "3h", "8h"]),
        },
    ),
    min_size=1,
    max_size=4,
)


def of(timeline):
    """Three variants, two segments, ten hours."""
    return scenario(
        {name: variant(quality=success(p)) for name, p in zip("abc", (0.6, 0.7, 0.8), strict=True)},
        horizon="10h",
        traffic={"few": {"rate": "1/s"}, "many": {"rate": "3/s", "quality": {"b": success(0.9)}}},
        timeline=timeline,
    )


@examples(0.5)
@given(_ENTRIES)
def test_equal_is_equal_and_exchanged_exchanged_of_decisions_at_any_time(timeline):
    """By what they are judged by; what hits c stays."""
    made = of(timeline)
    before = truth_of_scenario(made, by_runs=False)
    equal = truth_of_scenario(with_equal(made, ["b"]), by_runs=False)
    exchanged = truth_of_scenario(with_exchanged(made, "b"), by_runs=False)
    for hour in (0, 2, 5, 9):
        was, same, other = (each.judged_from(hour * HOUR) for each in (before, equal, exchanged))
        assert same.gains["b"] == 0
        for name, taken in {"a": "b", "b": "a", "c": "c"}.items():
            found = other.values[name]["success_rate"]
            known = was.values[taken]["success_rate"]
            assert found == pytest.approx(known, abs=1e-12)
        kept = same.values["a"]["success_rate"], same.values["c"]["success_rate"]
        assert kept == pytest.approx([was.values[name]["success_rate"] for name in "ac"])


def test_a_novelty_stays_a_novelty_and_errors_stay_where_they_are():
    """What is gone by the horizon is not judged; what is no answer belongs to the place."""
    novelty = {"kind": "conditions", "variants": ["b"], "lasts": "1h", "quality": success(0.95)}
    fault = {"kind": "conditions", "variants": ["a"], "error_rate": 0.2, "quality": success(0.1)}
    made = of([novelty, fault])
    (kept, errors, answers) = with_equal(made, ["b"]).timeline
    assert kept == made.timeline[0]
    assert (errors.variants, errors.error_rate, errors.quality) == (("a",), 0.2, None)
    assert (answers.variants, answers.error_rate) == (("a", "b"), 0.0)
    assert answers.quality == made.timeline[1].quality


def test_the_world_says_so():
    lasting = {"kind": "conditions", "variants": ["a"], "at": "2h", "quality": success(0.1)}
    data = of([lasting]).model_dump(mode="json") | {"worlds": {}}
    made = type(of([])).model_validate(data)
    said = {world.name: world.made for world in worlds_of(made)}
    assert said["equal"].endswith("changes of answers for good is the same for all of them.")
    assert said["exchanged"].endswith("So is what the timeline changes of their answers for good.")
