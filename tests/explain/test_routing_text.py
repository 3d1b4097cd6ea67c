"""What is said of routing rules before a run: their shares in figures, and what is faulty."""

from __future__ import annotations

import math
from typing import Any

import pytest

from simab.explain import explain
from simab.explain.capacity import capacity_rows
from simab.explain.given_shares import given_shares
from simab.scenario import Scenario
from tests.world.building import scenario, variant


def described(weights: tuple[float, float] = (9, 1), **endpoint: Any) -> Scenario:
    old, new = weights
    variants = {"old": variant(weight=old, instances=3), "new": variant(weight=new)}
    return scenario(variants, endpoint=endpoint, rate="1/s")


def warned(scenario: Scenario, word: str) -> str:
    """The one warning that holds a word; empty where there is none."""
    (found,) = [each for each in explain(scenario).warnings if word in each] or [""]
    return found


def test_a_linear_hash_is_warned_of_with_its_figure() -> None:
    """5.56 % where the weights say 10 %; of equal weights nothing is wrong."""
    text = warned(described(variant_routing="linear_rendezvous"), "linear_rendezvous")
    assert "5.56 %" in text
    assert "10 %" in text
    assert "consistent_hash" in text
    assert warned(described((1, 1), variant_routing="linear_rendezvous"), "linear") == ""


@pytest.mark.parametrize(
    ("weights", "split", "figures"),
    [
        ((199, 1), "truncated_percentages", ("“new” 0 %", "0.5 %")),
        ((9, 1), "instance_ratio", ("“new” 25 %", "10 %")),
    ],
)
def test_a_faulty_split_is_warned_of_with_its_figure(
    weights: tuple[float, float], split: str, figures: tuple[str, str]
) -> None:
    """What a variant gets, and what was asked for it."""
    text = warned(described(weights, split=split), split)
    assert all(figure in text for figure in figures)


def test_whole_percents_are_not_warned_of() -> None:
    """90 % and 10 % stay what they are."""
    assert warned(described(split="truncated_percentages"), "truncated") == ""


def test_open_connections_are_warned_of_by_how_few_requests_open_one() -> None:
    """1,000 clients at 1/s ask every 1,000 s: after 500 s of idling e^-0.5, 61 %, are drawn."""
    endpoint = {"variant_routing": "keep_alive", "affinity": "500s"}
    assert f"{math.exp(-0.5):.0%}".replace("%", " %") in warned(described(**endpoint), "keep_alive")


def test_routers_out_of_step_are_warned_of() -> None:
    """The last of three takes a change 40 s late; the fourth never does: 25 % stay."""
    plain = described(routers={"count": 4, "lag": "20s", "stale": 1})
    assert "40 s" in warned(plain, "lag")
    assert "25 %" in warned(plain, "stale")
    in_step = described(routers={"count": 4})
    assert warned(in_step, "router") == ""


@pytest.mark.parametrize(
    ("rule", "word"),
    [
        ("sticky_hash", "sticky_hash keeps"),
        ("consistent_hash", "consistent_hash keeps"),
        ("session_cookie", "drawn for it, for 1 h"),
        ("smooth_weighted_round_robin", "take turns"),
    ],
)
def test_sound_rules_are_explained(rule: str, word: str) -> None:
    """In one sentence, and without a warning."""
    affinity = {"affinity": "1h"} if rule == "session_cookie" else {}
    explained = explain(described(variant_routing=rule, **affinity))
    assert sum(word in each for each in explained.sentences) == 1
    assert not [each for each in explained.warnings if rule in each]


def test_capacity_knows_what_a_variant_really_gets() -> None:
    """A split by three instances and one gives new 25 % of 1/s at any weights."""
    rows = capacity_rows(described(split="instance_ratio"))
    (row,) = [each for each in rows if each.variant == "new"]
    assert row.share == pytest.approx(0.1)
    assert row.rate_per_s == pytest.approx(0.25)


def test_stale_routers_keep_the_start() -> None:
    """One of four holds 9:1 when all is asked for new: a quarter of .1 and three of 1, 77.5 %."""
    plain = described(routers={"count": 4, "stale": 1})
    given = given_shares(plain, {"old": 0.0, "new": 1.0})
    assert given == pytest.approx({"old": 0.225, "new": 0.775})
    assert given_shares(plain, {"old": 0.0, "new": 0.0}) == {"old": 0.0, "new": 0.0}
