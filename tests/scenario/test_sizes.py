"""What a run and a study take is known beforehand, and refused where it does not fit."""

from __future__ import annotations

import pytest

from simab.errors import InvalidInput, InvalidScenario
from simab.explain.forecast import size_of, size_sentence
from simab.scenario import Scenario
from simab.scenario.loading import loads
from simab.scenario.memory import MOST_STUDY_ROWS
from simab.study.plan import StudyPlan
from simab.world import Blueprint
from simab.world.run_counts import RunCounts

QUALITY = "{kind: success, probability: 90%}"


def text(
    *,
    variants: int = 2,
    horizon: str = "8h",
    period: str = "1min",
    replications: int = 200,
    clients: str = "1000",
    count_clients: str = "false",
) -> str:
    """A scenario of so many variants, of which two are deployed."""
    each = f"{{latency: {{kind: constant, value: 20ms}}, quality: {QUALITY}"
    described = ", ".join(
        f"v{number}: {each}, deployed: {'true' if number < 2 else 'false'}}}"
        for number in range(variants)
    )
    return f"""
title: sizes
endpoint: {{variants: {{{described}}}}}
traffic: {{u: {{rate: 1/h, clients: {clients}}}}}
metrics: {{period: {period}}}
labels: {{positive_share: 50%}}
controller: {{interval: 1min}}
objective: {{control: v0, candidate: v1, metric: success_rate, smallest_effect: 0.02,
  count_clients: {count_clients}}}
horizon: {horizon}
study: {{replications: {replications}}}
policies: {{m: {{kind: manual_schedule, steps: [{{at: 1h, promote: v1}}]}}}}
"""


def scenario(**sizes: object) -> Scenario:
    """The same, read."""
    return loads(text(**sizes))  # type: ignore[arg-type]


@pytest.mark.parametrize("variants", [2, 7])
@pytest.mark.parametrize("period", ["1min", "7s"])
def test_the_forecast_of_memory_is_what_the_arrays_take(variants: int, period: str) -> None:
    """Within a fifth above, and never below: what is said to fit must fit."""
    described = scenario(variants=variants, period=period)
    run_counts = RunCounts.open(Blueprint.of(described))
    taken = sum(array.nbytes for array in run_counts.arrays)
    assert taken <= size_of(described).run_bytes < 1.2 * taken


def test_clients_that_are_counted_are_in_the_forecast() -> None:
    """A bit each: 400 million take 48 MiB, which are there only where a file asks for them."""
    described = scenario(variants=2, clients="400000000", count_clients="true")
    taken = RunCounts.open(Blueprint.of(described, ["v1"])).clients.nbytes
    without = size_of(scenario(variants=2, clients="400000000")).run_bytes
    assert taken == pytest.approx(size_of(described).run_bytes - without, abs=8)
    assert taken == pytest.approx(50_000_000, abs=8)
    assert RunCounts.open(Blueprint.of(described)).clients.nbytes == 0


@pytest.mark.parametrize(
    ("sizes", "field"),
    [
        ({"horizon": "200d", "variants": 80}, "horizon"),
        ({"horizon": "300d", "variants": 1000}, "horizon"),
        ({"horizon": "10d", "period": "1s", "variants": 30}, "horizon"),
        ({"replications": 2_000_001}, "study.replications"),
        ({"replications": 10_000_000}, "study.replications"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_field_to_change(
    sizes: dict[str, object], field: str
) -> None:
    """Before anything is allocated, as a violation of the file with its place."""
    with pytest.raises(InvalidScenario) as refused:
        scenario(**sizes)
    assert [problem.field for problem in refused.value.problems] == [field]
    assert refused.value.problems[0].line is not None


def test_more_runs_than_are_kept_are_refused_in_python_too() -> None:
    """`-n` and `replications=` are not the scenario's, and have the same bound."""
    described = scenario()
    with pytest.raises(InvalidInput, match="at most 2,000,000 are kept"):
        StudyPlan.of_scenario(described, described.policies, MOST_STUDY_ROWS + 1, 1, "compiled")


def test_check_says_what_the_study_takes() -> None:
    """200 runs a world of 8 h at 1/h and 479 looks: each 5 ms + 8 x 0.2 us + 479 x 50 us.

    The candidate is the control's equal as described, so that the broken one is the only other.
    """
    described = scenario()
    assert size_of(described).seconds == pytest.approx(400 * (5e-3 + 8 * 0.2e-6 + 479 * 50e-6))
    assert "400 runs in 2 worlds: about 12 s" in size_sentence(size_of(described))
