"""What is said of clients who carry over what they met, or leave."""

from __future__ import annotations

from typing import Any

from simab.explain import explain
from simab.scenario.models import Scenario
from tests.world.building import scenario, variant


def described(routing: str, **users: Any) -> Scenario:
    """Two variants, one right in 60 % and failing in 10 %, one right in 80 %."""
    worse = {"quality": {"kind": "success", "probability": 0.6}, "error_rate": 0.1}
    better = {"quality": {"kind": "success", "probability": 0.8}}
    return scenario(
        {"old": variant(**worse), "new": variant(**better)},
        traffic={"users": {"rate": "20/s"} | users},
        endpoint={"variant_routing": routing},
    )


def said(texts: tuple[str, ...], word: str) -> list[str]:
    """The texts in which a word stands."""
    return [text for text in texts if word in text]


def test_what_is_carried_over_is_warned_of_where_each_request_is_drawn() -> None:
    """Under a hash a client never changes, so that there is nothing to warn of."""
    drawn = explain(described("weighted_random", carry_over="30%"))
    (warning,) = said(drawn.warnings, "carry over")
    assert "a true difference shows as 70 % of itself" in warning
    assert said(drawn.sentences, "30 % are as good as one of the variant")
    kept = explain(described("sticky_hash", carry_over="30%"))
    assert not said(kept.warnings, "carry over")
    assert said(kept.sentences, "30 % are as good as one of the variant")


def test_of_sessions_the_first_answers_alone_are_carried_over() -> None:
    """One of 4: at a share of .4 nine tenths of the difference are left."""
    sessions = {"requests": 4, "gap": {"kind": "exponential", "mean": "5s"}}
    found = explain(described("session_hash", carry_over="40%", sessions=sessions))
    (warning,) = said(found.warnings, "carry over")
    assert "session_hash draws a variant for each session" in warning
    assert "a true difference shows as 90 % of itself" in warning


def test_how_long_clients_stay_is_said_by_their_bad_answers() -> None:
    """1 / (.46 x .2) = 10.9 and 1 / (.2 x .2) = 25; not of clients who differ."""
    (sentence,) = said(explain(described("sticky_hash", opt_out="20%")).sentences, "leaves for")
    assert "on average after 10.9 with “old” and 25 with “new” requests" in sentence
    differing = {"probability": {"concentration": 5}}
    found = explain(described("sticky_hash", opt_out="20%", propensities=differing))
    (sentence,) = said(found.sentences, "leaves for")
    assert sentence.endswith("after 20 % of bad answers.")


def test_those_who_stay_are_warned_of_where_clients_keep_a_variant() -> None:
    """Where each request is drawn, those who stay are the same for both: only fewer come."""
    for routing, survivors in (("sticky_hash", True), ("weighted_random", False)):
        (warning,) = said(explain(described(routing, opt_out="20%")).warnings, "fewer come")
        assert ("user_mean" in warning) == survivors
    assert not said(explain(described("sticky_hash")).warnings, "fewer come")


def test_costs_of_nothing_are_bad_answers_and_said_to_be() -> None:
    """Where an answer may cost nothing and less is better; not of rewards, nor of costs above 0."""
    law = {"kind": "lognormal", "mean": 20, "cv": 0.5}
    effect = {"smallest_effect": 1}
    for metric, quality, warned in (
        ("cost", {"earning_share": 0.3, "distribution": law}, True),
        ("reward", {"earning_share": 0.3, "distribution": law}, False),
        ("cost", {"distribution": law}, False),
    ):
        earning = variant(quality={"kind": "numeric_reward"} | quality)
        world = scenario(
            {"old": earning, "new": earning},
            objective={"control": "old", "candidate": "new", "metric": metric} | effect,
            traffic={"users": {"rate": "20/s", "opt_out": "5%"}},
        )
        (warning,) = said(explain(world).warnings, "fewer come")
        assert ("costs nothing is a bad one" in warning) == warned


def test_nothing_is_said_by_theory_of_users_who_leave() -> None:
    """The design effect is one of users who all stay."""
    differing = {"probability": {"concentration": 1}}
    policies = {"test": {"kind": "fixed_horizon", "labelled_requests": 500}}
    for opt_out, warned in ((0, True), (0.2, False)):
        users = {"opt_out": opt_out, "propensities": differing, "clients": 20}
        world = described("sticky_hash", **users).model_copy()
        world = Scenario.model_validate(world.model_dump(mode="json") | {"policies": policies})
        assert bool(said(explain(world).warnings, "draw of its own")) == warned
