"""The warning of a test by request of users who differ: its design effect, against simulation."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

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
    ],
    ids=["by request", "alike", "by user", "by means"],
)
def test_it_is_silent_where_users_are_no_matter(described: Scenario) -> None:
    """Requests are routed, users are alike, or the rule judges by user."""
    assert not [each for each in explain(described).warnings if "keeps users" in each]


def test_of_other_answers_nothing_is_known() -> None:
    """A segment whose answers are rewards has no share of successes."""
    quality = {
        "kind": "numeric_reward",
        "distribution": {"kind": "normal", "mean": 1, "standard_deviation": 1},
    }
    earning = scenario(
        {name: variant(quality=quality) for name in ("a", "b")},
        objective={"control": "a", "candidate": "b", "metric": "reward", "smallest_effect": 0.1},
    )
    assert math.isnan(effect_of_users(earning, 100))
