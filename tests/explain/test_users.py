"""The warning of a test by request of users who differ: its design effect, against simulation."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

import simab
from simab.explain.explanation import explain
from simab.explain.users import effect_of_users
from simab.scenario.models import Scenario
from tests.world.building import scenario, variant

QUICK = {"kind": "constant", "value": "1ms"}


def of(routing: str = "sticky_hash", *, good: float = 0.6, **rule: Any) -> Scenario:
    """Those of `of_alone`, and a rule of 1,000 labels."""
    return of_alone({"kind": "fixed_horizon", "labelled_requests": 1000} | rule, routing, good)


def of_alone(rule: dict[str, Any], routing: str = "sticky_hash", good: float = 0.6) -> Scenario:
    """20 users who succeed with `good` of their requests and 20 who do with .2, in an hour."""
    quality = {"kind": "success", "probability": good}
    both = {name: variant(latency=QUICK, quality=quality) for name in ("a", "b")}
    users = {"rate": "1/s", "clients": 20}
    worse = {name: {"kind": "success", "probability": 0.2} for name in ("a", "b")}
    return scenario(
        both,
        endpoint={"variant_routing": routing},
        traffic={"good": users, "bad": {**users, "quality": worse}},
        policies={"test": rule},
        horizon="1h",
    )


EARNING = {
    "kind": "numeric_reward",
    "earning_share": 0.3,
    "distribution": {"kind": "lognormal", "mean": 20, "cv": 0.8},
}


def of_rewards(rule: dict[str, Any], *, horizon: str = "1h", clients: int = 100) -> Scenario:
    """Users who differ in how often they earn and in how much, and as many who earn nothing."""
    both = {name: variant(latency=QUICK, quality=EARNING) for name in ("a", "b")}
    differ = {
        "probability": {"concentration": 4},
        "rewards": {"kind": "gamma", "cv": 0.7},
    }
    idle = EARNING | {"earning_share": 1e-9}
    return scenario(
        both,
        endpoint={"variant_routing": "sticky_hash"},
        traffic={
            "buyers": {"rate": "1/s", "clients": clients, "propensities": differ},
            "idle": {"rate": "1/s", "clients": clients, "quality": dict.fromkeys("ab", idle)},
        },
        objective={"control": "a", "candidate": "b", "metric": "reward", "smallest_effect": 0.1},
        policies={"test": rule},
        horizon=horizon,
    )


REWARD_TEST = {"kind": "fixed_horizon", "labelled_requests": 1000}


def test_the_effect_is_that_of_drawn_users() -> None:
    """Plain NumPy: variance of a share over that of as many independent requests, 20,000 draws."""
    random, requests = np.random.default_rng(1), 2000
    zipf = 1.0 / np.arange(1, 21)
    means = np.concatenate([zipf / zipf.sum(), np.full(20, 1 / 20)]) * requests / 2
    own = np.repeat([0.6, 0.2], 20)
    described = of()
    unequal = {"kind": "zipf", "exponent": 1}
    traffic = described.model_dump(mode="json")["traffic"]
    traffic["good"]["activity"] = unequal
    changed = Scenario.model_validate({**described.model_dump(mode="json"), "traffic": traffic})
    asked = random.poisson(means, (20_000, 40))
    new = random.random((20_000, 40)) < 0.5
    right = random.binomial(asked, own)
    shares = [(right * arm).sum(axis=1) / (asked * arm).sum(axis=1) for arm in (new, ~new)]
    share = 0.4
    naive = share * (1 - share) * sum(1 / (asked * arm).sum(axis=1) for arm in (new, ~new))
    found = np.mean((shares[1] - shares[0]) ** 2) / np.mean(naive)
    assert effect_of_users(changed, requests) == pytest.approx(found, rel=0.15)


def test_it_says_what_follows() -> None:
    """By hand: 1 + 2,000 x .001 / .24 = 9.3, and P(Z > 1.96 / its root) = 26 %."""
    between = 2 * 0.25 * (1 / 20) * 0.2**2
    effect = 1 + 2000 * between / (0.4 * 0.6)
    assert effect_of_users(of(), 2000) == pytest.approx(effect)
    (said,) = [each for each in explain(of()).warnings if "keeps users" in each]
    assert f"about {float(f'{effect:.2g}'):g} times" in said
    assert "calls an equal candidate better in 26 % of the runs, at one look, not in 2.5 %" in said
    assert "With 2,000 labelled requests of both, at the only look," in said
    assert "`unit: user`" in said


SESSIONS = {"requests": 4, "gap": {"kind": "constant", "value": "1s"}}


def in_sessions(routing: str, **rule: Any) -> Scenario:
    """The same users, whose requests come in sessions of four on average."""
    described = of("sticky_hash").model_dump(mode="json")
    for segment in described["traffic"].values():
        segment["sessions"] = SESSIONS
    described["endpoint"]["variant_routing"] = routing
    described["policies"]["test"] |= rule
    return Scenario.model_validate(described)


@pytest.mark.parametrize(
    ("drawn", "unit"), [("session", "request"), ("user", "request"), ("user", "session")]
)
def test_the_effect_of_sessions_is_that_of_drawn_ones(drawn: str, unit: str) -> None:
    """Plain NumPy, 4,000 draws of 300 sessions: variance over what the test takes it for."""
    random, runs, sessions = np.random.default_rng(2), 4000, 300
    users = random.integers(0, 40, (runs, sessions))
    asked = random.geometric(1 / 4, (runs, sessions))
    right = random.binomial(asked, np.where(users < 20, 0.6, 0.2))
    new = random.random((runs, sessions)) < 0.5
    if drawn == "user":
        new = np.take_along_axis(random.random((runs, 40)) < 0.5, users, axis=1)
    shares, naive = [], 0.0
    for arm in (new, ~new):
        n = (asked * arm).sum(axis=1, keepdims=True)
        share = (right * arm).sum(axis=1, keepdims=True) / n
        shares.append(share[:, 0])
        of_sessions = (((right - share * asked) * arm / n) ** 2).sum(axis=1)
        naive += np.mean(0.4 * 0.6 / n) if unit == "request" else np.mean(of_sessions)
    found = np.mean((shares[1] - shares[0]) ** 2) / naive
    described = in_sessions("session_hash" if drawn == "session" else "sticky_hash")
    expected = effect_of_users(described, 4 * sessions, unit=unit, drawn=drawn)
    assert expected == pytest.approx(found, rel=0.1)


@pytest.mark.parametrize(
    ("routing", "unit", "effect"),
    [
        ("session_hash", "request", 1 + 6 / 6),
        ("sticky_hash", "request", 1 + 6 / 6 + 2000 / 240),
        ("sticky_hash", "session", 1 + 2000 / 240 / 2),
    ],
)
def test_what_is_finer_than_drawn_is_warned_of(routing: str, unit: str, effect: float) -> None:
    """By hand: 2 (4 - 1) others in a request's session, and a variance of .04 of .24 between."""
    described = in_sessions(routing, unit=unit)
    (said,) = [each for each in explain(described).warnings if "as a draw of its own" in each]
    drawn = "session" if routing == "session_hash" else "user"
    assert f"tests each {unit} as a draw of its own, and {routing} keeps {drawn}s with" in said
    assert f"about {float(f'{effect:.2g}'):g} times" in said
    assert f"Write `unit: {drawn}`" in said


@pytest.mark.parametrize(
    ("routing", "unit"),
    [("session_hash", "session"), ("session_hash", "user"), ("weighted_random", "session")],
)
def test_what_is_as_coarse_as_drawn_is_not(routing: str, unit: str) -> None:
    """Nor where requests are drawn one by one."""
    found = explain(in_sessions(routing, unit=unit)).warnings
    assert not [each for each in found if "as a draw of its own" in each]


GAIN = [{"metric": "success_rate", "role": "success"}]
ROUND = {"kind": "fixed_horizon", "labelled_requests": 500}
RULES: dict[str, tuple[dict[str, Any], int, str, float]] = {
    "capped": ({"kind": "capped_sprt", "labelled_requests": 250}, 850, "at the last look", 0.05),
    "group": (
        {"kind": "group_sequential", "labelled_requests": 1000},
        2000,
        "at the last look",
        0.025,
    ),
    "open": (
        {"kind": "naive_peeking", "labelled_requests": 1000, "alpha": 0.1},
        2000,
        "at the first look",
        0.05,
    ),
    "ship": (
        {"kind": "ship_decision", "labelled_requests": 1000, "metrics": GAIN},
        2000,
        "at the only look",
        0.05,
    ),
    "timed": (
        {"kind": "ship_decision", "metrics": GAIN, "duration": "20min"},
        2400,
        "after 20 min",
        0.05,
    ),
    "rounds": (
        {"kind": "rounds", "experiment": ROUND},
        1000,
        "at the only look",
        0.025,
    ),
    "uneven": (
        {"kind": "rounds", "experiment": ROUND, "candidate_share": 0.2},
        2500,
        "at the only look",
        0.025,
    ),
    "never": (ROUND | {"labelled_requests": 10**6}, 7200, "by the horizon", 0.025),
}


@pytest.mark.parametrize("name", RULES)
def test_each_rule_by_its_own_sample_and_level(name: str) -> None:
    """2 requests a second; one-sided alpha is that of a promotion, two-sided twice that."""
    rule, labels, when, level = RULES[name]
    described = of_alone(rule)
    effect = effect_of_users(described, labels)
    errs = stats.norm.sf(stats.norm.isf(level) / math.sqrt(effect))
    (said,) = [each for each in explain(described).warnings if "keeps users" in each]
    assert f"With {labels:,} labelled requests of both, {when}, the variance" in said
    assert f"in {float(f'{100 * errs:.2g}'):g} % of the runs, at one look, " in said
    assert f"not in {100 * level:g} %." in said
    assert ("one-sided" in said) == (name in ("capped", "ship", "timed"))


def test_two_of_a_round_have_the_traffic_of_all() -> None:
    """Of 7,200 labels of three variants in the hour, 6,000 are there for a round."""
    rule = {"kind": "rounds", "experiment": ROUND | {"labelled_requests": 3000}}
    described = of_alone(rule).model_dump(mode="json")
    described["endpoint"]["variants"]["c"] = described["endpoint"]["variants"]["b"]
    described["traffic"]["bad"]["quality"]["c"] = {"kind": "success", "probability": 0.2}
    described["objective"] |= {"candidates": ["b", "c"]}
    described["objective"].pop("candidate", None)
    (said,) = [
        each
        for each in explain(Scenario.model_validate(described)).warnings
        if "keeps users" in each
    ]
    assert "With 6,000 labelled requests of both, at the only look," in said
    assert "a z-test at alpha 0.025" in said


def test_rounds_see_labels_between_windows_as_their_experiment_does() -> None:
    """Looks every 30 s at windows of 60."""
    for rule in (ROUND, {"kind": "rounds", "experiment": ROUND}):
        described = scenario(
            {name: variant(latency=QUICK) for name in ("a", "b")},
            controller={"interval": "30s"},
            policies={"test": rule},
        )
        assert not [each for each in explain(described).warnings if "nothing new" in each]


@pytest.mark.parametrize(
    "described",
    [
        of("weighted_random"),
        of(good=0.2),
        of(unit="user"),
        of(kind="bayesian", unit="user_mean"),
        of_rewards(REWARD_TEST | {"cap": 50}),
        of_rewards(REWARD_TEST | {"transform": "log1p"}),
        of_rewards(
            {
                "kind": "ship_decision",
                "labelled_requests": 1000,
                "metrics": [{"metric": "reward_p99", "role": "success", "unit": "request"}],
            }
        ),
    ],
    ids=["by request", "alike", "by user", "by means", "capped", "logarithms", "percentile"],
)
def test_it_is_silent_where_users_are_no_matter(described: Scenario) -> None:
    """Requests are routed, users are alike, or the rule judges by user."""
    assert not [each for each in explain(described).warnings if "keeps users" in each]


def test_of_scores_nothing_is_known() -> None:
    """A classifier's users have no propensities, and a trace may say who asks."""
    scores = {"kind": "beta", "alpha": 2, "beta": 2}
    quality = {"kind": "classifier", "positive_scores": scores, "negative_scores": scores}
    judged = scenario(
        {name: variant(quality=quality) for name in ("a", "b")},
        labels={"positive_share": 0.5},
    )
    assert math.isnan(effect_of_users(judged, 100))


def drawn_rewards(
    random: np.random.Generator, users: int, runs: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The probability and the factor of each user, shape (runs, users)."""
    return random.beta(1.2, 2.8, (runs, users)), random.gamma(0.7**-2, 0.7**2, (runs, users))


@pytest.mark.parametrize("triggered", [(), ("buyers",)], ids=["all", "triggered"])
def test_the_effect_of_rewards_is_that_of_drawn_users(triggered: tuple[str, ...]) -> None:
    """Plain NumPy: sums of rewards of 100 buyers by a gamma and a beta law, and of 100 others."""
    random, users, runs, requests = np.random.default_rng(2), 100, 4_000, 2_000
    each = requests / users / (1 if triggered else 2)
    asked = random.poisson(each, (runs, users))
    own, factor = drawn_rewards(random, users, runs)
    earned = random.binomial(asked, own)
    variance = math.log1p(0.8**2)
    owner = np.repeat(np.arange(earned.size), earned.ravel())
    single = random.lognormal(math.log(20) - variance / 2, math.sqrt(variance), owner.size)
    single *= factor.ravel()[owner]
    sums = np.bincount(owner, single, minlength=earned.size).reshape(earned.shape)
    more = 0 if triggered else random.poisson(each, (runs, users))
    mean = 0.3 * 20 / (1 if triggered else 2)
    count = asked.sum() + np.sum(more)
    square = np.sum(np.square(single)) / count
    clusters = np.square(sums - mean * asked).sum() + np.square(mean * np.asarray(more)).sum()
    found = clusters / count / (square - mean**2)
    expected = effect_of_users(of_rewards(REWARD_TEST), requests, triggered)
    assert expected == pytest.approx(found, rel=0.02)
    assert expected > (4 if triggered else 2)


def test_rewards_and_triggered_segments_are_spoken_of() -> None:
    """Of 2,000 labels at the only look, half are of buyers."""
    (said,) = [each for each in explain(of_rewards(REWARD_TEST)).warnings if "keeps users" in each]
    assert "With 2,000 labelled requests of both, at the only look," in said
    triggered = of_rewards(REWARD_TEST | {"triggered": ["buyers"]})
    (said,) = [each for each in explain(triggered).warnings if "keeps users" in each]
    assert "With 1,000 labelled requests of both of “buyers”, at the only look," in said
    effect = effect_of_users(triggered, 1000, ("buyers",))
    assert f"about {float(f'{effect:.2g}'):g} times" in said
    rounds = {"kind": "rounds", "experiment": REWARD_TEST | {"triggered": ["buyers"]}}
    (of_a_round,) = [each for each in explain(of_rewards(rounds)).warnings if "users" in each]
    assert of_a_round == said


STAGES = [{"share": "10%", "lasts": "30min"}, {"share": "50%", "lasts": "30min"}]
ROLLOUTS: dict[str, tuple[dict[str, Any], str]] = {
    "guarded": (
        {"kind": "guarded_release", "stages": STAGES, "metrics": [{"metric": "success_rate"}]},
        "With 7,200 labelled requests of both, after 1 h",
    ),
    "alerts": (
        {"kind": "sequential_alerts", "stages": STAGES, "metrics": [{"metric": "success_rate"}]},
        "With 7,200 labelled requests of both, after 1 h",
    ),
    "safe": (
        {"kind": "safe_rollout", "stages": ["10%", "50%"], "bake": "20min"},
        "With 2,400 labelled requests of both, after 20 min",
    ),
    "power": (
        {
            "kind": "ramp_by_power",
            "degradation": 0.05,
            "spread": 0.5,
            "risk": 0.005,
            "first_share": 0.2,
        },
        "With 3,865 labelled requests of both, at the end of the first stage",
    ),
    "budget": (
        {
            "kind": "risk_budgeted_ramp",
            "budget": 20,
            "typical_loss": 0.05,
            "spread": 0.5,
            "every": "5min",
            "steps": 5,
        },
        "With 3,000 labelled requests of both, after 25 min",
    ),
}


@pytest.mark.parametrize("name", ROLLOUTS)
def test_rollouts_by_request_are_warned_of(name: str) -> None:
    """No rate is stated of a rule that looks again and again.

    A stage by power ends at ((1.645 + .842) x .5 / .05)^2 = 618.3, which at a share of .2 are
    618.3 / .16 = 3,865 requests of both.
    """
    rule, words = ROLLOUTS[name]
    (said,) = [each for each in explain(of_alone(rule)).warnings if "keeps users" in each]
    assert words in said
    assert "calls an equal" not in said
    by_user = explain(of_alone(rule | {"unit": "user"})).warnings
    assert not [each for each in by_user if "keeps users" in each]


def test_rollouts_that_read_no_labels_are_not() -> None:
    """Errors and latencies do not depend on who asks."""
    for kind in ("guarded_release", "sequential_alerts"):
        rule = {"kind": kind, "stages": STAGES, "metrics": [{"metric": "error_rate"}]}
        assert not [each for each in explain(of_alone(rule)).warnings if "keeps users" in each]


def test_of_more_variants_each_user_sends_all_to_one() -> None:
    """Two of four variants have half of the labels, and users as many each as with two."""
    described = of().model_dump(mode="json")
    bad = {"kind": "success", "probability": 0.2}
    for name in ("c", "d"):
        described["endpoint"]["variants"][name] = described["endpoint"]["variants"]["b"]
        described["traffic"]["bad"]["quality"][name] = bad
    (said,) = [
        each
        for each in explain(Scenario.model_validate(described)).warnings
        if "keeps users" in each
    ]
    assert "With 2,000 labelled requests of both" in said
    assert f"about {float(f'{effect_of_users(of(), 4000):.2g}'):g} times" in said


@pytest.mark.long
@pytest.mark.parametrize("kind", ["two", "four"])
def test_runs_err_as_often_as_the_warning_says(kind: str) -> None:
    """250 runs of a test of rewards by request: how often an equal candidate is promoted.

    With the normal law of sums over hundreds of users; the band is 3.9 binomial errors, and a
    tenth for the law.
    """
    described = of_rewards({"kind": "fixed_horizon", "labelled_requests": 4000}, clients=1000)
    effect = effect_of_users(described, 8000)
    if kind == "four":
        fields = described.model_dump(mode="json")
        for name in ("c", "d"):
            fields["endpoint"]["variants"][name] = fields["endpoint"]["variants"]["b"]
            idle = fields["traffic"]["idle"]["quality"]
            idle[name] = idle["b"]
        fields["horizon"] = "5h"
        described = Scenario.model_validate(fields)
        effect = effect_of_users(described, 16000)
    else:
        described = described.model_copy(update={"horizon": 3 * 3600 * 10**9})
    expected = stats.norm.sf(stats.norm.isf(0.025) / math.sqrt(effect))
    study = simab.compare(described, worlds=["described"], replications=250, seed=3)
    found = float((study.outcomes.decided_for == "b").mean())
    error = math.sqrt(expected * (1 - expected) / 250)
    assert found == pytest.approx(expected, abs=3.9 * error + 0.1 * expected)
    assert expected > 0.06
