"""What `check` says of very few requests, of none, and of variants that are just full."""

from __future__ import annotations

import pytest

from simab.explain import explain, warnings
from simab.explain.forecast import size_of, size_sentence
from simab.policies.experiments.fixed_horizon import FixedHorizonTest
from simab.scenario import Scenario
from simab.stats.sample_size import exact_power_two_proportions
from tests.world.building import scenario, variant


def described(
    shares: tuple[float, float] = (0.9, 0.92),
    *,
    labelled: int = 100,
    rate: str = "1/s",
    weight: float = 1.0,
    value: str = "20ms",
    effect: float = 0.02,
) -> Scenario:
    """Two variants of constant latency, and a fixed-horizon test."""
    latency = {"kind": "constant", "value": value}
    quality = [{"kind": "success", "probability": share} for share in shares]
    return scenario(
        {
            "a": variant(quality=quality[0], latency=latency, workers=8, weight=weight),
            "b": variant(quality=quality[1], latency=latency, workers=8),
        },
        rate=rate,
        horizon="3h",
        objective={
            "control": "a",
            "candidate": "b",
            "metric": "success_rate",
            "smallest_effect": effect,
        },
        policies={"f": {"kind": "fixed_horizon", "labelled_requests": labelled}},
        study={"replications": 1},
    )


def said(it: Scenario) -> str:
    return "\n".join([*explain(it).sentences, *warnings(it)])


@pytest.mark.parametrize(("labelled", "effect"), [(10, 0.005), (50, 0.005), (100, 0.005)])
def test_the_power_of_few_labels_is_summed_over_outcomes(labelled: int, effect: float) -> None:
    """99 % against 99.5 %: with hardly a failure to expect the normal law says .05 and more."""
    power = exact_power_two_proportions(0.99, 0.995, labelled, labelled)
    assert power < 0.02
    text = said(described((0.99, 0.995), labelled=labelled, effect=effect))
    written = f"{power:.2f}" if power >= 0.01 else "below 0.01"
    assert f"with probability {written}." in text


def test_a_test_that_never_comes_has_no_power() -> None:
    assert "with probability" not in said(described(weight=0.0))


def test_a_weight_near_zero_is_explained() -> None:
    """The other variant's labels by the look would be more than a float holds."""
    assert "which do not come before the horizon" in said(described(weight=1e-320))


def test_one_of_a_thing_is_in_the_singular() -> None:
    alone = described(labelled=1, rate="1/h")
    text = said(alone) + size_sentence(size_of(alone))
    for words in ("1 request an hour", "1 labelled request of", "1 run:"):
        assert words in text, words


def test_a_pre_period_leaves_less_time_for_labels() -> None:
    """Of 3 h at one request a second half an hour is left: 900 a variant."""
    plain = described(labelled=1000)
    policies = {"f": FixedHorizonTest(labelled_requests=1000, pre_period="150min")}
    late = plain.model_copy(update={"policies": policies})
    assert "before the horizon" not in "".join(warnings(plain))
    assert "gets about 900 before the horizon, after pre_period," in said(late)


def test_less_than_one_label_is_not_said_to_be_none() -> None:
    """A third of a request an hour for 3 h, half of them each."""
    text = said(described(labelled=1, rate="0.3333333/h"))
    assert "waits for 1 labelled request a variant, but" in text
    assert "gets about 0.5 before" in text


def test_a_load_of_one_grows_without_a_rate() -> None:
    """8 s of 8 workers, one a second, half of the time alone: the queue has no drift."""
    text = said(described(value="16s"))
    assert "load 1.00, its waits grow without end" in text
    assert "by 0 requests" not in text


def test_a_test_beyond_the_horizon_sees_nothing() -> None:
    """3 h of half a request a second are 5,400 labels; 5,000 come, 6,000 do not."""
    assert "with probability" in said(described(labelled=5_000))
    text = said(described(labelled=6_000))
    assert "with probability" not in text
    assert "which do not come before the horizon" in text


@pytest.mark.parametrize("never", [0.0, 1.0])
def test_labels_that_never_come_are_a_warning_for_every_rule_that_waits_for_them(
    never: float,
) -> None:
    """With the remedy that helps: neither time nor traffic brings a label."""
    data = described().model_dump(mode="json", exclude_none=True)
    data["labels"]["never"] = never
    data["policies"]["bandit"] = {"kind": "thompson", "arms": ["a", "b"], "update_every": "10min"}
    waiting = [each for each in warnings(Scenario.model_validate(data)) if "label" in each]
    assert len(waiting) == (2 if never else 0)
    assert all("labels.never" in each and "Lengthen" not in each for each in waiting)


def test_the_largest_load_is_said_beside_the_smallest_that_is_too_much() -> None:
    """Services of 20 s where 20 ms were meant: a request a second needs 20 of 8 workers."""
    slow = described(value="20s", rate="1/s")
    (about,) = [each for each in warnings(slow) if "“a” cannot" in each]
    assert "load would be 1.25, and 2.50 with 100" in about
