"""Experiments that judge by user: what they count, when they look, and how often they err."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from simab.policies import Answers, EndpointStatus, Promote, SetWeights
from simab.policies.experiments.always_valid import AlwaysValid
from simab.policies.experiments.bayesian import BayesianExperiment
from simab.policies.experiments.by_user import UserEvidence
from simab.policies.experiments.experiment import Experiment, ExperimentState
from simab.policies.experiments.fixed_horizon import FixedHorizonTest
from simab.policies.experiments.group_sequential import GroupSequential
from simab.policies.experiments.naive_peeking import NaivePeeking
from simab.policies.experiments.unit import Start
from simab.stats.design_effect import (
    beta_intraclass_correlation,
    design_effect,
    naive_false_promotion,
)
from simab.stats.shared_users import adjusted_difference, user_table
from simab.stats.user_totals import UserTotals, ratio_test
from tests.policies.fake_metrics import MINUTE, observation
from tests.policies.one_by_one import OneByOne, answers

Floats = NDArray[np.float64]
HOUR = 60 * MINUTE
EACH_KIND: list[dict[str, Any]] = [
    {"kind": FixedHorizonTest, "labelled_requests": 50},
    {"kind": NaivePeeking, "labelled_requests": 50},
    {"kind": GroupSequential, "labelled_requests": 50, "looks": 2},
    {"kind": AlwaysValid, "labelled_requests": 50, "tight_at": 100},
    {"kind": AlwaysValid, "labelled_requests": 50, "method": "mixture", "typical_effect": 0.05},
    {"kind": BayesianExperiment, "labelled_requests": 50},
]


def drawn(seed: int, *, users: int = 80, gain: float = 0.0) -> dict[str, Answers]:
    """Users with Beta(2, 8) propensities and geometric activity of mean 20, half in each arm."""
    random = np.random.default_rng(seed)
    own = random.beta(2, 8, users)
    who = np.repeat(np.arange(users), random.geometric(1 / 20, users))
    new = who % 2 == 1
    values = (random.random(len(who)) < own[who] + gain * new).astype(float)
    return {"old": answers(who[~new], values[~new]), "new": answers(who[new], values[new])}


def seen(rule: Experiment, by_variant: Mapping[str, Answers], **fields: Any) -> UserEvidence:
    """What a rule sees of these answers."""
    metrics: Any = OneByOne(by_variant, fields.pop("earning", False))
    start = Start((), fields.pop("since_ns", None))
    found = rule.evidence(ExperimentState(start=start), observation(metrics, **fields))
    assert isinstance(found, UserEvidence)
    return found


def naive(**fields: Any) -> NaivePeeking:
    """One that looks from 50 labels on."""
    return NaivePeeking.model_validate({"labelled_requests": 50, **fields})


def test_by_user_it_is_the_delta_method() -> None:
    """The difference and variance of ratio_test, whose oracle is a clustered regression."""
    both = drawn(1)
    found = seen(naive(unit="user"), both)
    arms = []
    for each in both.values():
        numbers = np.unique(each.users)
        requests = [int((each.users == number).sum()) for number in numbers]
        arms.append(
            UserTotals.of(requests, [each.values[each.users == one].sum() for one in numbers])
        )
    expected = ratio_test(*arms)
    assert found.test().difference == pytest.approx(expected.difference)
    assert found.found.variance == pytest.approx(expected.variance)
    assert found.smaller == min(len(each) for each in both.values())
    assert found.pairs == pytest.approx(stats.hmean([len(each) for each in both.values()]))
    control, candidate = found.beliefs() or pytest.fail("known")
    assert candidate.mean - control.mean == pytest.approx(expected.difference)
    assert control.standard_deviation**2 * 2 == pytest.approx(expected.variance)


@pytest.mark.parametrize("unit", ["request", "user", "user_mean", "user_total"])
def test_triggered_segments_are_compared_alone(unit: str) -> None:
    """As if the others had never asked; looks count all labels, and a pre-period knows no others.

    By hand with a request each: 1 of 2 against 2 of 2 in `b`, whatever `a` does.
    """
    users, values = np.arange(4), np.array([0.0, 0.0, 0.0, 1.0])
    old = replace(answers(users, values), segments=users // 2, segment_names=("a", "b"))
    new = replace(old, users=users + 4, values=np.array([0.0, 0.0, 1.0, 1.0]))
    found = seen(naive(unit=unit, triggered=["b"]), {"old": old, "new": new})
    assert found.difference == pytest.approx(0.5)
    assert found.table.users == (2, 2)
    assert found.labelled == (4, 4)
    before = naive(unit=unit, triggered=["b"], pre_period="1s")
    adjusted = seen(before, {"old": old, "new": new}, since_ns=0)
    assert (adjusted.difference, adjusted.labelled) == (pytest.approx(0.5), (4, 4))
    assert "of b" in str(found)


def test_by_session_it_is_the_same_over_sessions() -> None:
    """Whoever they are of: all of one user here. Where nobody has sessions, over requests."""
    both = drawn(6)
    of_one = {
        name: replace(each, users=np.zeros_like(each.users), sessions=each.users)
        for name, each in both.items()
    }
    by_user, by_session = seen(naive(unit="user"), both), seen(naive(unit="session"), of_one)
    assert by_session.found == by_user.found
    assert str(by_session) == str(by_user).replace("users", "sessions")
    apart = seen(naive(unit="session"), both)
    assert apart.table.users == tuple(len(each) for each in both.values())
    assert apart.difference == pytest.approx(by_user.difference)


def test_a_session_is_adjusted_by_what_its_user_was_worth_before() -> None:
    """Three sessions each of 30 users, in both arms, against the adjustment of a table by hand."""
    random = np.random.default_rng(7)
    level = random.normal(10, 2, 30)
    sessions = random.permutation(90)
    users, new = sessions // 3, sessions % 2 == 1
    values = level[users] + random.normal(0, 0.5, 90)
    before = answers(np.arange(30), level)
    arms = {
        name: replace(answers(users[arm], values[arm], 5), sessions=sessions[arm])
        for name, arm in (("old", ~new), ("new", new))
    }
    old = Answers(
        *(
            np.concatenate([getattr(each, field) for each in (before, arms["old"])])
            for field in ("segments", "users", "values", "arrived_ns", "known_ns")
        ),
        sessions=np.concatenate([1000 + np.arange(30), arms["old"].sessions]),
    )
    rule = naive(unit="session", pre_period="1ns")
    found = seen(rule, {"old": old, "new": arms["new"]}, since_ns=1, earning=True)
    table = user_table((sessions[~new], sessions[new]), (values[~new], values[new]))
    assert found.found == adjusted_difference(table, level[np.arange(90) // 3])
    assert found.found.variance_factor < 0.3


def test_by_users_totals_it_is_welchs_test_of_them() -> None:
    """SciPy's, of what each user's answers were worth together."""
    both = drawn(4)
    totals = [
        [each.values[each.users == one].sum() for one in np.unique(each.users)]
        for each in both.values()
    ]
    welch = stats.ttest_ind(totals[1], totals[0], equal_var=False)
    found = seen(naive(unit="user_total"), both)
    assert found.test().p_value == pytest.approx(welch.pvalue)
    assert found.difference == pytest.approx(np.mean(totals[1]) - np.mean(totals[0]))
    assert f"old total {np.mean(totals[0]):.6g} of {len(totals[0])} users" in str(found)


def test_by_users_means_it_is_welchs_test_of_them() -> None:
    """SciPy's, of users' means; with ranks Brunner's and Munzel's."""
    both = drawn(2)
    means = [
        [each.values[each.users == number].mean() for number in np.unique(each.users)]
        for each in both.values()
    ]
    welch = stats.ttest_ind(means[1], means[0], equal_var=False)
    assert seen(naive(unit="user_mean"), both).test().p_value == pytest.approx(welch.pvalue)
    munzel = stats.brunnermunzel(means[0], means[1])
    by_ranks = seen(naive(unit="user_mean", ranks=True), both)
    assert by_ranks.test().p_value == pytest.approx(munzel.pvalue)
    assert "P(larger)" in str(by_ranks)


def test_a_cap_is_what_a_reward_counts_for_at_most() -> None:
    """SciPy's Welch test of rewards clipped by hand, and by the percentile of both arms."""
    random = np.random.default_rng(3)
    old, new = random.lognormal(0, 2, 300), random.lognormal(0, 2, 200)
    both = {"old": answers(np.arange(300), old), "new": answers(np.arange(200), new)}
    for fields, most in (
        ({"cap": 5.0}, 5.0),
        ({"cap_percentile": 90}, np.percentile(np.concatenate([old, new]), 90)),
    ):
        expected = stats.ttest_ind(new.clip(max=most), old.clip(max=most), equal_var=False)
        found = seen(naive(**fields), both, earning=True)
        assert found.test().p_value == pytest.approx(expected.pvalue)
        assert found.difference == pytest.approx(
            np.minimum(new, most).mean() - np.minimum(old, most).mean()
        )


@pytest.mark.parametrize("metric", ["reward", "cost"])
def test_logarithms_are_compared_after_the_cap(metric: str) -> None:
    """SciPy's Welch test of log1p of clipped rewards; of costs the other way round."""
    random = np.random.default_rng(3)
    old, new = random.lognormal(0, 2, 300), random.lognormal(0.2, 2, 200)
    both = {"old": answers(np.arange(300), old), "new": answers(np.arange(200), new)}
    sign = -1 if metric == "cost" else 1
    for fields, most in (({}, math.inf), ({"cap": 5.0}, 5.0)):
        logs = [np.log1p(each.clip(max=most)) for each in (old, new)]
        expected = stats.ttest_ind(logs[1], logs[0], equal_var=False)
        rule = naive(transform="log1p", **fields)
        found = seen(rule, both, earning=True, metric=metric)
        assert found.test().p_value == pytest.approx(expected.pvalue)
        assert found.difference == pytest.approx(sign * (logs[1].mean() - logs[0].mean()))
        assert f"ratio of log(1 + x) {logs[0].mean():.6g} of 300 requests" in str(found)
    assert found.ends == pytest.approx(sorted([0.0, sign * math.log(6.0)]))


def test_equal_logarithms_are_told_apart_as_often_as_alpha_says() -> None:
    """One answer in five earns, lognormally: 5 % of 1,500 tests, within three binomial errors."""
    random = np.random.default_rng(8)
    rule, runs, found = naive(transform="log1p"), 1500, 0
    for _ in range(runs):
        earned = random.lognormal(2, 1.5, (2, 200)) * (random.random((2, 200)) < 0.2)
        both = {
            name: answers(np.arange(200) + 200 * place, earned[place])
            for place, name in enumerate(("old", "new"))
        }
        found += seen(rule, both, earning=True).test().p_value < 0.05
    assert abs(found / runs - 0.05) < 3.0 * math.sqrt(0.05 * 0.95 / runs)


def test_a_pre_period_adjusts_by_what_users_were_worth_before() -> None:
    """The regression of users' means on what they had before, by NumPy's least squares by arm."""
    random = np.random.default_rng(4)
    level = random.normal(10, 2, 60)
    before = level + random.normal(0, 0.5, 60)
    after = level + random.normal(0, 0.5, 60)
    users = np.arange(60)
    known = before[:50]  # ten came later: they count as the mean of the others
    earlier, old = answers(users[:50], known, HOUR // 2), answers(users[::2], after[::2], 3 * HOUR)
    both = {
        "old": Answers(
            *(np.concatenate(pair) for pair in zip(arrays(earlier), arrays(old), strict=True))
        ),
        "new": answers(users[1::2], after[1::2], 3 * HOUR),
    }
    rule = naive(unit="user_mean", pre_period="1h")
    found = seen(rule, both, earning=True, since_ns=2 * HOUR, now_ns=4 * HOUR)
    covariate = np.append(known, [known.mean()] * 10)
    within = [after[part] - after[part].mean() for part in (slice(0, None, 2), slice(1, None, 2))]
    then = [
        covariate[part] - covariate[part].mean() for part in (slice(0, None, 2), slice(1, None, 2))
    ]
    theta = np.dot(np.concatenate(then), np.concatenate(within)) / np.sum(np.square(then))
    adjusted = after - theta * covariate
    assert found.found.theta == pytest.approx(theta)
    assert found.difference == pytest.approx(adjusted[1::2].mean() - adjusted[::2].mean())
    assert found.found.variance_factor < 0.5
    assert found.labelled == (30, 30)
    assert "of the variance" in str(found)


def arrays(each: Answers) -> tuple[Any, ...]:
    """In the order of the fields."""
    return each.segments, each.users, each.values, each.arrived_ns, each.known_ns


def test_a_pre_period_keeps_the_control_and_then_splits() -> None:
    """Course by hand: control alone, split asked for again where refused, then answers count."""
    rule = naive(unit="user", pre_period="30min", maximum_duration="2h")
    nobody: Any = OneByOne({"old": answers([], []), "new": answers([], [])})

    def at(now_ns: int, weights: dict[str, float], state: Any, **fields: Any) -> Any:
        shown = observation(nobody, now_ns=now_ns, weights=weights, **fields)
        actions, after = rule.decide(state, shown)
        return [getattr(each, "weights", None) for each in actions], after

    even, alone = {"old": 1.0, "new": 1.0}, {"old": 1.0, "new": 0.0}
    asked, state = at(MINUTE, even, None)
    assert asked == [alone]
    asked, state = at(2 * MINUTE, even, state, status=EndpointStatus.UPDATING)
    assert asked == []
    asked, state = at(3 * MINUTE, even, state)  # refused, or undone by somebody
    assert asked == [alone]
    asked, state = at(4 * MINUTE, alone, state)
    assert asked == []
    asked, state = at(30 * MINUTE, alone, state)
    assert asked == [even]
    assert state.start.since_ns is None
    asked, state = at(32 * MINUTE, even, state)
    assert asked == []
    assert state.start.since_ns == 32 * MINUTE
    actions, state = rule.decide(state, observation(nobody, now_ns=120 * MINUTE))
    assert isinstance(actions[0], Promote)
    assert actions[0].variant == "old"
    assert rule.shortest_promotion_ns(62 * 10**9) == 30 * MINUTE + 62 * 10**9
    assert list(rule.waits_ns()) == [30 * MINUTE]


def test_where_all_traffic_is_the_controls_the_split_is_even() -> None:
    """There are no other weights that anybody has named."""
    rule = naive(pre_period="1min")
    nobody: Any = OneByOne({"old": answers([], []), "new": answers([], [])})
    shown = observation(nobody, weights={"old": 1.0, "new": 0.0}, now_ns=2 * MINUTE)
    actions, _ = rule.decide(None, shown)
    assert isinstance(actions[0], SetWeights)
    assert actions[0].weights == {"old": 1.0, "new": 1.0}


@pytest.mark.parametrize(
    "fields", EACH_KIND, ids=lambda each: f"{each['kind'].__name__} {each.get('method', '')}"
)
@pytest.mark.parametrize("unit", ["user", "user_mean"])
def test_every_experiment_judges_by_user(fields: dict[str, Any], unit: str) -> None:
    """A gain of a half is promoted by each; users are read only when a look is due."""
    rule = fields["kind"].model_validate(
        {**{k: v for k, v in fields.items() if k != "kind"}, "unit": unit}
    )
    assert rule.reads_answers()
    many, few = drawn(5, gain=0.5), drawn(5, users=4)
    early: Any = OneByOne(
        {name: answers(each.users[:9], each.values[:9]) for name, each in few.items()}
    )
    actions, state = rule.decide(None, observation(early))
    assert (list(actions), early.asked) == ([], [])
    late: Any = OneByOne(many)
    actions, state = rule.decide(state, observation(late))
    assert isinstance(actions[0], Promote)
    assert actions[0].variant == "new"
    assert "users" in actions[0].because
    reading = rule.readings(None, state, observation(late))
    assert reading[0].passed


def test_the_default_is_by_request_and_is_not_written() -> None:
    """Files and keys of rows stay what they were."""
    plain = naive()
    assert not plain.reads_answers()
    written = plain.model_dump(mode="json")
    assert (
        not {"unit", "pre_period", "cap", "cap_percentile", "transform", "triggered", "ranks"}
        & written.keys()
    )
    assert naive(unit="user").model_dump(mode="json")["unit"] == "user"


@pytest.mark.parametrize(
    "fields",
    [
        {"cap": 1, "cap_percentile": 99},
        {"ranks": True},
        {"ranks": True, "unit": "user"},
        {"ranks": True, "unit": "user_mean", "pre_period": "1h"},
        {"ranks": True, "unit": "user_mean", "transform": "log1p"},
    ],
    ids=str,
)
def test_what_excludes_each_other_is_refused(fields: dict[str, Any]) -> None:
    """With what to write in its place."""
    with pytest.raises(ValueError, match=r"leave out|give one of them"):
        naive(**fields)


def test_a_planned_test_by_user_is_not_the_single_test_of_theory() -> None:
    """What theory knows of shares of requests is not said of users."""
    fields = {"labelled_requests": 100}
    assert FixedHorizonTest.model_validate(fields).single_test(1.0) is not None
    assert FixedHorizonTest.model_validate({**fields, "unit": "user"}).single_test(1.0) is None


@pytest.mark.long
def test_how_often_equal_variants_are_told_apart() -> None:
    """By simulation: the nominal level by user, and the design effect's by request.

    400 users by hash, Beta(2, 8), geometric activity of mean 20; 3,000 runs, 3.9 standard errors.
    """
    runs, level = 3_000, 0.05
    rules = {
        unit: FixedHorizonTest.model_validate({"labelled_requests": 50, "unit": unit, **more})
        for unit, more in (
            ("request", {}),
            ("user", {}),
            ("user_mean", {}),
        )
    }
    rules["ranks"] = FixedHorizonTest.model_validate(
        {"labelled_requests": 50, "unit": "user_mean", "ranks": True}
    )
    promoted = dict.fromkeys(rules, 0)
    for run in range(runs):
        metrics: Any = OneByOne(drawn(run, users=400))
        for name, rule in rules.items():
            actions, _ = rule.decide(None, observation(metrics))
            promoted[name] += any(getattr(each, "variant", "") == "new" for each in actions)
    mean, mean_square = 20.0, 20.0**2 + 380.0  # geometric: variance (1 - p) / p^2
    effect = design_effect(mean, mean_square, beta_intraclass_correlation(2, 8))
    wanted = dict.fromkeys(rules, level / 2)
    wanted["request"] = naive_false_promotion(effect, alpha=level)
    for name, count in promoted.items():
        band = 3.9 * math.sqrt(wanted[name] * (1 - wanted[name]) / runs)
        assert count / runs == pytest.approx(wanted[name], abs=band), name


@pytest.mark.parametrize(
    ("unit", "runs"),
    [
        *(pytest.param(unit, 300) for unit in ("request", "session")),
        *(
            pytest.param(unit, 6000, marks=pytest.mark.long)
            for unit in ("request", "session", "user")
        ),
    ],
)
def test_how_often_drawn_sessions_of_equal_variants_are_told_apart(unit: str, runs: int) -> None:
    """Of 200 users with Beta(2, 8), in 400 sessions of eight requests on average, each drawn.

    Two-sided at 5 %: by session and by user so often, by request as the design effect says.
    """
    random, rule, found = np.random.default_rng(5), naive(unit=unit), 0
    for _ in range(runs):
        own = random.beta(2, 8, 200)
        users = random.integers(0, 200, 400)
        requests = random.geometric(1 / 8, 400)
        of = np.repeat(np.arange(400), requests)
        values = (random.random(len(of)) < own[users[of]]).astype(float)
        new = (random.random(400) < 0.5)[of]
        both = {
            name: replace(answers(users[of[arm]], values[arm]), sessions=of[arm])
            for name, arm in (("old", ~new), ("new", new))
        }
        metrics: Any = OneByOne(both)
        found += rule.evidence(ExperimentState(), observation(metrics)).test().p_value < 0.05
    effect = 1.0 + 2.0 * 7.0 / 11.0 if unit == "request" else 1.0
    wanted = 2.0 * naive_false_promotion(effect, alpha=0.05)
    band = 4.0 * math.sqrt(wanted * (1.0 - wanted) / runs)
    assert found / runs == pytest.approx(wanted, abs=band)


def test_sprt_takes_no_users() -> None:
    """It has no variance that users could be in."""
    from simab.policies.experiments.sprt import SequentialProbabilityRatio

    with pytest.raises(ValueError, match="takes each labelled request"):
        SequentialProbabilityRatio.model_validate(
            {"labelled_requests": 5, "p0": 0.5, "p1": 0.6, "unit": "user"}
        )
