"""Rounds: who meets whom, by which labels, at which level, and what is said of the winner."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from simab.comparison import compare
from simab.draws import Draws
from simab.explain import explain, warnings
from simab.explain.capacity import splits
from simab.policies import Deploy, EndpointStatus, NextLook, Promote
from simab.policies.experiments.fixed_horizon import FixedHorizonTest
from simab.policies.experiments.rounds import Rounds, RoundsState
from simab.run.simulation import play_run, simulate
from simab.scenario import load
from simab.scenario.models import Scenario
from simab.stats.winners_curse import excess_where_significant
from simab.world import Blueprint
from simab.world.run_counts import ARRAYS
from tests.policies.fake_metrics import MINUTE
from tests.policies.rounds_endpoint import played, seen
from tests.policies.test_next_look import Asked
from tests.world.building import assert_same, scenario, variant

TEST = {"kind": "fixed_horizon", "labelled_requests": 1000}
THREE = ("new1", "new2", "new3")
BOTH = {"old": 0.5, "new1": 0.5}


def rounds(experiment: dict[str, Any] | None = None, **fields: Any) -> Rounds:
    return Rounds.model_validate({"experiment": experiment or TEST, **fields})


def test_a_winner_reigns_and_meets_the_next_by_labels_of_their_own_round() -> None:
    """140 of 1,000 against 100; then 100 more of 1,000 more, against 150 of the next.

    Of all labels new1 has 240 of 2,000: as good as 150 of 1,000 is not significantly better.
    """
    policy = rounds(correction="none")
    first = {"old": (100, 1000), "new1": (140, 1000)}
    (deploy,), state = policy.decide(None, seen([{}, first], BOTH, ("new1", "new2")))
    assert isinstance(deploy, Deploy)
    assert deploy.weights == {"new1": 0.5, "new2": 0.5}
    assert deploy.because.startswith("round 1 of 2: old 100/1000 correct, new1 140/1000")
    assert deploy.because.endswith("new1 goes on against new2")
    pair = deploy.weights
    none, state = policy.decide(state, seen([{}, first, first], pair, ("new1", "new2")))
    assert none == ()
    second = {**first, "new1": (240, 2000), "new2": (150, 1000)}
    (promote,), state = policy.decide(
        state, seen([{}, first, first, second], pair, ("new1", "new2"))
    )
    assert isinstance(promote, Promote)
    assert promote.variant == "new2"
    assert "new1 100/1000 correct, new2 150/1000: difference +0.0500" in promote.because
    assert promote.estimate == pytest.approx(0.04 + 0.05)
    assert promote.corrected is not None
    assert 0.02 < promote.corrected < 0.09
    assert policy.has_ended(state)


def test_a_control_that_wins_every_round_is_kept_without_an_estimate() -> None:
    policy = rounds()
    counts = {"old": (100, 1000), "new1": (90, 1000)}
    (promote,), _ = policy.decide(None, seen([{}, counts], BOTH, ("new1",)))
    assert promote == Promote("old", because=promote.because)
    assert "rounds: bonferroni" not in promote.because  # one round has no other to share with


def test_rounds_share_alpha_by_bonferroni_unless_told_otherwise() -> None:
    """A p-value of .0077: below .05 and above .05 / 9."""
    counts = {"old": (100, 1000), "new1": (138, 1000)}
    nine = tuple(f"new{number}" for number in range(1, 10))
    for correction, winner in (("none", "new1"), ("bonferroni", "old")):
        (deploy,), _ = rounds(correction=correction).decide(None, seen([{}, counts], BOTH, nine))
        assert isinstance(deploy, Deploy)
        assert set(deploy.weights) == {winner, "new2"}
    peeking = rounds({"kind": "naive_peeking", "labelled_requests": 100})
    assert getattr(peeking.of_a_round(5), "alpha", None) == pytest.approx(0.01)
    bayes = rounds({"kind": "bayesian", "labelled_requests": 100})
    assert bayes.of_a_round(5).one_of(5) == bayes.of_a_round(5)


def test_others_leave_the_endpoint_before_the_first_round_and_bystanders_stay() -> None:
    """Seven tenths of the traffic are the roles', and are divided between the two that meet."""
    weights = {"old": 3.0, "new1": 2.0, "new2": 2.0, "third": 3.0}
    (deploy,), state = rounds(candidate_share=0.2).decide(None, seen([{}], weights, THREE[:2]))
    assert isinstance(deploy, Deploy)
    assert deploy.weights == pytest.approx({"third": 3.0, "old": 5.6, "new1": 1.4})
    assert state.started_ns is None
    again = rounds(candidate_share=0.2).decide(state, seen([{}, {}], weights, THREE[:2]))
    assert again[0] == (deploy,)  # it was refused, so it is asked for again


def test_labels_that_arrive_while_both_settle_count_in_no_round() -> None:
    """Two minutes: 500 of 500 right of new1 come in them, and 0 of the 1,000 that count."""
    policy = rounds(settle="2min")
    early = {"old": (250, 500), "new1": (500, 500)}
    _, state = policy.decide(None, seen([{}], BOTH, THREE))
    assert policy.next_look(state, seen([{}], BOTH, THREE)) == NextLook(at_ns=2 * MINUTE)
    _, state = policy.decide(state, seen([{}, {}, early], BOTH, THREE))
    assert state.started_ns == 2 * MINUTE
    awaited = policy.next_look(state, seen([{}, {}, early], BOTH, THREE))
    assert awaited == NextLook.once_labelled(("old", "new1"), 1500)
    late = {"old": (750, 1500), "new1": (500, 1500)}
    (deploy,), _ = policy.decide(state, seen([{}, {}, early, late], BOTH, THREE))
    assert "old 500/1000 correct, new1 0/1000" in deploy.because


def test_time_counts_from_the_start_of_a_round_for_its_experiment() -> None:
    """Five minutes a round, without enough labels in any; and eight for all."""
    policy = rounds(TEST | {"maximum_duration": "5min"}, maximum_duration="8min")
    (deploy,), state = policy.decide(None, seen([{}] * 6, BOTH, THREE))
    assert isinstance(deploy, Deploy)
    assert "over after 5min" in deploy.because
    pair = deploy.weights
    _, state = policy.decide(state, seen([{}] * 7, pair, THREE))
    assert policy.next_look(state, seen([{}] * 7, pair, THREE)) == NextLook(
        at_ns=8 * MINUTE, labelled=((("old",), 1000), (("new2",), 1000))
    )
    (promote,), state = policy.decide(state, seen([{}] * 9, pair, THREE))
    assert isinstance(promote, Promote)
    assert promote.variant == "old"
    assert promote.because == "over after 8min in round 2 of 3: old reigns"
    assert policy.longest_ns() == 8 * MINUTE


def test_nothing_is_asked_for_during_an_update() -> None:
    updating = seen([{}], BOTH, THREE, status=EndpointStatus.UPDATING)
    actions, state = rounds().decide(None, updating)
    assert actions == ()
    assert rounds().next_look(state, updating) == NextLook()


def test_a_guardrail_of_a_round_reads_windows_of_that_round() -> None:
    """Begun at the third minute: the windows before it are of another pair."""
    guard = [{"metric": "error_rate", "margin": "20%", "alpha": 0.01}]
    policy = rounds(TEST | {"guardrails": guard}, correction="none")
    state = RoundsState(2, "old", serving_since_ns=3 * MINUTE, started_ns=3 * MINUTE)
    pair = {"old": 0.5, "new2": 0.5}
    good = {"old": (100, 1000), "new2": (160, 1000)}
    four = seen([{}, {}, {}, {}, good], pair, THREE)
    (hold, deploy), _ = policy.decide(state, four)
    assert "0/1 against 0/1" in hold.because  # one window, not four
    assert isinstance(deploy, Deploy)
    assert set(deploy.weights) == {"old", "new3"}


def test_readings_name_the_round() -> None:
    policy = rounds(correction="none")
    counts = {"old": (100, 1000), "new1": (140, 1000)}
    shown = seen([{}, counts], BOTH, THREE)
    _, after = policy.decide(None, shown)
    (reading,) = policy.readings(None, after, shown)
    assert (reading.name, reading.passed) == ("round 1, look 1", True)
    assert "old 100/1000" in reading.reading
    waiting = after._replace(started_ns=None)
    assert policy.readings(waiting, waiting, shown) == ()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"pre_period": "1h"}, "write settle for time before a round"),
        ({"correction": "holm"}, "write correction beside experiment"),
        ({"immature": {"kind": "so_far"}}, "those of a round cannot be told from those before"),
        ({"kind": "rounds"}, "does not match any of the expected tags"),
        ({"kind": "thompson"}, "does not match any of the expected tags"),
    ],
)
def test_an_experiment_that_fits_no_round_is_refused(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        rounds(TEST | fields)


def four_pages(**fields: Any) -> Scenario:
    """A control and three candidates of which the last two come later; the third is best."""
    variants = {
        name: variant(
            workers=8, deployed=late, quality={"kind": "success", "probability": probability}
        )
        for name, probability, late in (
            ("old", 0.5, True), ("one", 0.5, True), ("two", 0.5, False), ("three", 0.8, False)
        )
    }  # fmt: skip
    policy = {"kind": "rounds", "experiment": TEST | {"labelled_requests": 300}} | fields
    return scenario(
        variants,
        horizon="6min",
        endpoint={"weight_update": "15s", "provisioning": "20s"},
        objective={
            "control": "old",
            "candidates": ["one", "two", "three"],
            "metric": "success_rate",
            "smallest_effect": 0.1,
        },
        labels={"delay": {"kind": "exponential", "mean": "10s"}},
        policies={"rounds": policy},
    )


def test_candidates_come_and_go_in_a_played_run_and_the_best_is_promoted() -> None:
    """Both engines: the reference and the kernel give the same rounds."""
    runs = [simulate(four_pages(), seed=2, engine=each) for each in ("reference", "compiled")]
    assert_same(*runs, records=False)
    actions = [entry.action for entry in runs[0].decision_log.decisions]
    pairs = [set(each.weights) for each in actions if isinstance(each, Deploy)]
    assert pairs == [{"old", "two"}, {"old", "three"}]
    assert actions[-1] == Promote(
        "three",
        pytest.approx(0.3, abs=0.12),
        pytest.approx(0.3, abs=0.12),
        because=actions[-1].because,
    )


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"settle": "25s", "candidate_share": 0.3},
        {"experiment": {"kind": "group_sequential", "labelled_requests": 200, "looks": 3}},
        {
            "experiment": {"kind": "always_valid", "labelled_requests": 50, "looks_every": "20s"},
            "maximum_duration": "5min",
        },
    ],
    ids=["fixed", "settled", "stages", "always valid"],
)
def test_asked_only_when_it_wants_to_be_it_does_the_same(fields: dict[str, Any]) -> None:
    """Decisions and counts to the last bit; each tick left out would have said nothing."""
    described = four_pages(**fields)
    policy = described.policies["rounds"]
    blueprint, asked = Blueprint.of(described), Asked(policy)
    whole = play_run(blueprint, ("it", asked), Draws(5, 1))
    quick = play_run(blueprint, ("it", policy), Draws(5, 1))
    assert quick.decision_log == whole.decision_log
    assert asked.skipped
    for array in ARRAYS:
        first, second = (getattr(run.data.run_counts, array) for run in (quick, whole))
        np.testing.assert_array_equal(first, second, err_msg=array)


@pytest.mark.parametrize("metric", ["f1", "roc_auc", "brier", "recall"])
def test_with_one_candidate_it_decides_as_its_experiment_does(
    repository: Path, metric: str
) -> None:
    """At the same look by the same numbers; settled first, by those that have come since."""
    described = load(repository / "scenarios" / "churn.yaml").model_dump(mode="json")
    described["objective"]["metric"] = metric
    described["endpoint"]["variants"] = {
        name: each | {"weight": 1} for name, each in described["endpoint"]["variants"].items()
    }
    test = TEST | {"labelled_requests": 60}
    described["policies"] = {
        "plain": test,
        "rounds": {"kind": "rounds", "experiment": test},
        "settled": {"kind": "rounds", "experiment": test, "settle": "2min"},
    }
    whole = Scenario.model_validate(described)
    plain, alone, settled = (
        simulate(whole, policy=name, seed=1).decision_log.decisions[-1]
        for name in described["policies"]
    )
    assert isinstance(plain.action, Promote)
    assert isinstance(alone.action, Promote)
    said = f"round 1 of 1: {plain.action.because}: {plain.action.variant} goes on"
    assert (alone.at_ns, alone.action.because) == (plain.at_ns, said)
    assert alone.action.estimate == plain.action.estimate
    assert settled.at_ns > plain.at_ns


def test_by_user_a_round_reads_answers_to_requests_that_came_in_it() -> None:
    """Its counts are below those of the labels that arrived meanwhile."""
    described = four_pages(experiment=TEST | {"labelled_requests": 300, "unit": "user"})
    run = simulate(described, seed=2)
    assert [type(entry.action) for entry in run.decision_log.decisions][-1] is Promote
    assert "users" in run.decision_log.decisions[1].action.because


def test_splits_hold_every_pair_that_may_meet() -> None:
    """Three candidates: one, two and three that may reign; and all traffic to each of four."""
    found = [
        {name for name, weight in each.weights.items() if weight > 0}
        for each in splits(four_pages())
    ]
    pairs = [each for each in found if len(each) == 2]
    assert sorted(map(sorted, pairs)) == [
        ["old", "one"], ["old", "three"], ["old", "two"],
        ["one", "three"], ["one", "two"], ["three", "two"],
    ]  # fmt: skip
    assert len([each for each in found if len(each) == 1]) == 4


def test_it_is_said_who_meets_whom_how_often_equal_ones_end_and_what_does_not_fit() -> None:
    """Three at .05: 1 - .975^3 = 7.3 %; of 20 requests a second 20 min hold three of 6,000."""
    said = " ".join(explain(four_pages(correction="none")).sentences)
    assert "compares “old” with “one”, and the winner with “two” and “three” in turn" in said
    assert "all are equally good, and requests independent of each other, about" in said
    assert "about 7.3 % of the runs end with a candidate" in said.replace("\u202f", " ")
    assert not any("has its turn" in each for each in warnings(four_pages()))
    (warning,) = (
        each
        for each in warnings(four_pages(experiment=TEST | {"labelled_requests": 3000}))
        if "its turn in a run" in each
    )
    assert "3 rounds of at least 5 min 15 s each, and 6 min hold 1" in warning


def test_a_round_lasts_from_its_first_look_to_its_last() -> None:
    """10 a second each: five looks at 2,000 labels, the first after 40 s; 200 s where none ends it.

    The other rounds wait 15 s more for the update. The clock and `maximum_duration` cut them short.
    """
    looks = {"kind": "group_sequential", "labelled_requests": 2000, "boundary": "pocock"}

    def turns(experiment: dict[str, Any]) -> list[str]:
        found = warnings(four_pages(experiment=experiment))
        return [each for each in found if "has its turn in a run" in each]

    (warning,) = turns(looks)
    assert "3 rounds of 3 min 35 s each where none ends early, and 6 min hold 1: then" in warning
    (warning,) = turns(looks | {"labelled_requests": 8000})
    assert "3 rounds of at least 2 min 55 s each, and 6 min hold 2: not every" in warning
    assert not turns(looks | {"maximum_duration": "1min"})
    timed = {"look_times": ["3min", "5min"], "boundary": "pocock_spending"}
    (warning,) = turns(looks | timed)
    assert "3 rounds of at least 3 min 15 s each, and 6 min hold 1: not every" in warning


@pytest.mark.long
@pytest.mark.parametrize("correction", ["none", "bonferroni"])
def test_how_often_equal_candidates_end_as_promoted_and_how_good_they_seem(
    correction: str,
) -> None:
    """Three rounds at alpha: 1 - (1 - alpha / 2)^3, as each label counts in one round alone.

    And by how much the gain of a promoted one errs: a won round's is that of a normal law cut off,
    and there are 3 alpha / 2 of these a run.
    """
    runs, labelled = 6000, 2000
    policy = rounds(TEST | {"labelled_requests": labelled, "alpha": 0.2}, correction=correction)
    rng = np.random.default_rng(11)
    shares = dict.fromkeys(("old", *THREE), 0.4)
    ends = [played(policy, shares, labelled, rng)[0] for _ in range(runs)]
    promoted = [each for each in ends if each is not None and each.variant != "old"]
    alpha = policy.of_a_round(3).alpha  # type: ignore[attr-defined]
    expected = 1.0 - (1.0 - alpha / 2.0) ** 3
    error = math.sqrt(expected * (1.0 - expected) / runs)
    assert abs(len(promoted) / runs - expected) < 3.9 * error + 0.002
    standard_error = math.sqrt(2 * 0.4 * 0.6 / labelled)
    critical = 1.2815516 if correction == "none" else 1.8338
    each_win = excess_where_significant(0.0, standard_error, critical, two_sided=False)
    estimates = np.array([each.estimate for each in promoted])
    mean = each_win * 3 * alpha / 2 / expected
    assert abs(estimates.mean() - mean) < 3.9 * estimates.std() / math.sqrt(len(estimates)) + 5e-4


@pytest.mark.long
def test_the_best_of_three_is_found_whatever_its_place() -> None:
    """At 2,000 labels 5 points are 3.3 standard errors: the power of each of its tests.

    A best one that comes early is tested again by each that comes later, which is worse.
    """
    rng = np.random.default_rng(3)
    policy = rounds(TEST | {"labelled_requests": 2000}, correction="none")
    for place in range(3):
        shares = {"old": 0.3} | {
            name: 0.35 if number == place else 0.3 for number, name in enumerate(THREE)
        }
        found = [played(policy, shares, 2000, rng)[0] for _ in range(300)]
        right = np.mean([each is not None and each.variant == THREE[place] for each in found])
        assert right > 0.85
    assert FixedHorizonTest.model_validate(TEST).sample == 1000


@pytest.mark.long
@pytest.mark.parametrize(("settle", "low", "high"), [("0s", 0.99, 1.0), ("2min", 0.0494, 0.0494)])
def test_failures_that_come_late_speak_for_who_is_new_unless_all_have_settled(
    settle: str, low: float, high: float
) -> None:
    """Successes are known after a second, failures after two minutes; two equal candidates.

    The reigning variant has failures arriving of requests before the round. Once those of the new
    one arrive too it is two tests at .05: 1 - .975^2 promotions.
    """
    runs = 150
    equal = {"quality": {"kind": "success", "probability": 0.5}, "workers": 8}
    described = scenario(
        {"old": variant(**equal), "one": variant(**equal), "two": variant(**equal, deployed=False)},
        horizon="20min",
        endpoint={"weight_update": "15s", "provisioning": "20s"},
        objective={
            "control": "old",
            "candidates": ["one", "two"],
            "metric": "success_rate",
            "smallest_effect": 0.1,
        },
        labels={
            "delay": {"kind": "constant", "value": "1s"},
            "negative": {"delay": {"kind": "constant", "value": "2min"}},
        },
        policies={
            "rounds": {
                "kind": "rounds",
                "experiment": TEST | {"labelled_requests": 400},
                "correction": "none",
                "settle": settle,
            }
        },
    )
    study = compare(described, replications=runs, worlds=["described"], seed=3)
    share = float((study.outcomes["ends_with"] != "old").mean())
    assert share >= low - 3.9 * math.sqrt(low * (1 - low) / runs)
    assert share <= high + 3.9 * math.sqrt(high * (1 - high) / runs)
