"""The capped sequential ratio test of two variants: bounds by hand, its cap, errors and power."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from simab.policies import Promote
from simab.policies.experiments.capped_sprt import CappedRatioTest
from simab.stats.sample_size import pooled_trials
from tests.policies.experiments import Look, play, plays, share_of, standard_error
from tests.policies.fake_metrics import MINUTE


def capped(**fields: Any) -> CappedRatioTest:
    return CappedRatioTest.model_validate({"labelled_requests": 1000, "looks": 5} | fields)


def ending(policy: CappedRatioTest, right: int, new_right: int, labels: int) -> tuple[Any, str]:
    """Who is promoted at one look, and why; None while it is open."""
    counts = {"old": (right, labels), "new": (new_right, labels)}
    actions, _ = policy.decide(None, Look(MINUTE, counts).observation)
    if not actions:
        return None, ""
    (action,) = actions
    assert isinstance(action, Promote)
    return action.variant, action.because


def test_it_compares_the_ratio_of_z_with_walds_bounds() -> None:
    """The log ratio is d sqrt(t) z - d^2 t / 2 with d = z.95 + z.80, at t = 400 / 1,000."""
    drift, share = stats.norm.ppf(0.95) + stats.norm.ppf(0.8), 0.4
    found = set()
    for more in range(-40, 61):
        pooled = (200 + 200 + more) / 800
        z = more / 400 / math.sqrt(pooled * (1 - pooled) / 200)
        ratio = drift * math.sqrt(share) * z - drift**2 * share / 2.0
        wanted = "new" if ratio >= math.log(0.8 / 0.05) else None
        wanted = "old" if ratio <= math.log(0.2 / 0.95) else wanted
        assert ending(capped(), 200, 200 + more, 400)[0] == wanted, more
        found.add(wanted)
    assert found == {"new", None, "old"}
    assert "look 2 of 9 at most" in ending(capped(), 200, 260, 400)[1]


def test_the_cap_ends_an_open_test() -> None:
    """At 1.8 fixed samples with five looks in each: between the bounds nobody has won."""
    assert capped().most_looks == 9
    winner, because = ending(capped(), 900, 950, 1800)
    assert winner == "old"
    assert "look 9 of 9 at most" in because
    assert "over at the last look without a winner: keep" in because
    assert ending(capped(inconclusive="ship"), 900, 950, 1800)[0] == "new"
    assert ending(capped(), 800, 840, 1600)[0] is None
    assert capped().labels_needed(1.0) == 1800


def test_several_candidates_have_the_sample_of_their_part_of_alpha() -> None:
    """The same gain at alpha / 4 takes (z of .9875 + z of .8)^2 / (z of .95 + z of .8)^2 more."""
    one = capped().one_of(4)
    larger = np.square(stats.norm.ppf([0.9875, 0.95]) + stats.norm.ppf(0.8))
    assert one.alpha == 0.0125
    assert one.labelled_requests == math.ceil(1000 * larger[0] / larger[1])
    assert capped(correction="none").one_of(4) == capped(correction="none")


@pytest.mark.parametrize(
    ("fields", "message"),
    [({"alpha": 0.6, "beta": 0.5}, "must be below 1"), ({"looks": 101}, "less than or equal")],
)
def test_it_refuses_errors_of_a_coin_and_too_many_looks(fields: Any, message: str) -> None:
    """What no test can be made of."""
    with pytest.raises(ValueError, match=message):
        capped(**fields)


@pytest.mark.long
@pytest.mark.parametrize(("looks", "alpha", "beta"), [(5, 0.05, 0.2), (10, 0.05, 0.1)])
def test_errors_power_and_size_are_those_of_its_integrals(
    looks: int, alpha: float, beta: float
) -> None:
    """Of equal shares, and of those planned for; each within 3.9 binomial errors, 6e-5 in all.

    A share of a half, for 400 to 800 labels a look are then near normal: .004 is left for that.
    """
    runs, shares = 6000, (0.5, 0.53)
    sample = round(pooled_trials(*shares, alpha=2 * alpha, power=1 - beta))
    per_look = sample // looks
    policy = capped(labelled_requests=per_look * looks, looks=looks, alpha=alpha, beta=beta)
    design = policy.design
    for new, effect in ((shares[0], 0.0), (shares[1], 1.0)):
        endings = plays(
            policy,
            (shares[0], new),
            looks=policy.most_looks,
            labelled_per_look=per_look,
            runs=runs,
            seed=looks,
        )
        expected, won = design.power(effect), share_of(endings, "new")
        assert abs(won - expected) < 3.9 * standard_error(expected, runs) + 0.004
        lasted = np.array([each.look for each in endings]) / looks
        error = 3.9 * lasted.std() / math.sqrt(runs)
        assert abs(lasted.mean() - design.expected_size(effect)) < error + 0.004
        assert share_of(endings, None) == 0.0
    assert design.power(0.0) <= alpha
    assert design.power(1.0) >= 1 - beta
    assert design.expected_size(0.0) < 1.0


def test_ticks_that_skip_looks_still_end() -> None:
    """One look far beyond the cap."""
    assert play(capped(), [900], [910], [5000]).winner == "old"
