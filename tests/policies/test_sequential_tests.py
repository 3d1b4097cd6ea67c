"""Each sequential rule on hand-made counts, and its published error, power and duration by play.

The runs draw labels only; published values are for normal data, so that shares of one half and
some hundred labels a look come close. Every comparison states its Monte Carlo error.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from simab.policies.experiments.always_valid import AlwaysValid
from simab.policies.experiments.bayesian import BayesianExperiment
from simab.policies.experiments.group_sequential import GroupSequential
from simab.policies.experiments.naive_peeking import NaivePeeking
from simab.policies.experiments.sprt import SequentialProbabilityRatio
from simab.stats.boundary_families import inflation_factor, obrien_fleming_bounds, pocock_bounds
from simab.stats.futility import futility_design
from simab.stats.sample_size import pooled_trials
from simab.stats.spending import obrien_fleming_spending, pocock_spending, spending_bounds
from simab.stats.sprt import sprt_bounds
from tests.oracles.sprt_characteristic import exact_characteristic
from tests.policies.experiments import Look, play, plays, share_of, standard_error
from tests.policies.fake_metrics import MINUTE

EVEN = (0.5, 0.5)


def reason(policy: Any, old: tuple[int, int], new: tuple[int, int]) -> tuple[str | None, str]:
    """Who wins at one look at these counts, and why; None and nothing while nobody does."""
    actions, _ = policy.decide(None, Look(MINUTE, {"old": old, "new": new}).observation)
    return (actions[0].variant, actions[0].because) if actions else (None, "")


# ---- naive peeking


def test_peeking_tests_as_the_fixed_test_does() -> None:
    """SciPy's chi-square without correction gives the p-value; both sides decide."""
    policy = NaivePeeking(labelled_requests=100)
    p_value = stats.chi2_contingency([[80, 20], [92, 8]], correction=False).pvalue
    winner, because = reason(policy, (80, 100), (92, 100))
    assert winner == "new"
    assert f"p = {p_value:.3g} (alpha 0.05 at every look)" in because
    assert reason(policy, (92, 100), (80, 100))[0] == "old"
    assert reason(policy, (90, 100), (92, 100))[0] is None
    assert reason(policy, (100, 100), (100, 100))[0] is None


@pytest.mark.parametrize(("looks", "published"), [(5, 0.142), (10, 0.193), (20, 0.248)])
def test_peeking_costs_what_armitage_mcpherson_and_rowe_say(looks: int, published: float) -> None:
    """Equal variants are found different in .142, .193 and .248 of the runs, not in .05."""
    runs = 1500  # three standard errors are .03 at most, and the next published value is .05 away
    policy = NaivePeeking(labelled_requests=1)
    endings = plays(policy, EVEN, looks=looks, labelled_per_look=200, runs=runs, seed=looks)
    found = 1.0 - share_of(endings, None)
    # .004 beside three Monte Carlo errors, for counts are whole numbers.
    assert abs(found - published) < 3.0 * standard_error(published, runs) + 0.004


# ---- group sequential


def group_sequential(boundary: Any, **fields: Any) -> GroupSequential:
    return GroupSequential(labelled_requests=1000, boundary=boundary, **fields)


BOUNDARIES = {
    "pocock": pocock_bounds(5),
    "obrien_fleming": obrien_fleming_bounds(5),
    "pocock_spending": spending_bounds(np.arange(1, 6) / 5, pocock_spending(0.025)),
    "obrien_fleming_spending": spending_bounds(np.arange(1, 6) / 5, obrien_fleming_spending(0.025)),
}
every_boundary = pytest.mark.parametrize("boundary", list(BOUNDARIES))


@every_boundary
@pytest.mark.parametrize("winner", ["new", "old"])
def test_a_planned_look_rejects_from_its_bound_on(boundary: Any, winner: str) -> None:
    """At the fourth look, the smallest difference whose z is over the bound ends the test."""
    policy, bound = group_sequential(boundary), BOUNDARIES[boundary][3]
    state: Any = None
    for look in (1, 2, 3):
        counts = {"old": (100 * look, 200 * look), "new": (100 * look, 200 * look)}
        actions, state = policy.decide(state, Look(look * MINUTE, counts).observation)
        assert not actions
    spread = np.sqrt(0.25 * 2 / 800)
    for gain in range(1, 120):
        pair = [(400 - gain // 2, 800), (400 + gain - gain // 2, 800)]
        share = (pair[0][0] + pair[1][0]) / 1600
        z = gain / 800 / (spread * np.sqrt(share * (1 - share) / 0.25))
        old, new = pair if winner == "new" else pair[::-1]
        seen = Look(4 * MINUTE, {"old": old, "new": new}).observation
        actions, _ = policy.decide(state, seen)
        assert bool(actions) == bool(z >= bound), (gain, z, bound)
        if actions:
            assert actions[0].variant == winner
            assert "look 4 of 5" in actions[0].because
            assert f"{bound:.3f} ({boundary}, alpha 0.05)" in actions[0].because


@every_boundary
def test_the_last_look_keeps_the_control(boundary: Any) -> None:
    """Equal shares at the planned information end the test; `ship` turns the outcome round."""
    winner, because = reason(group_sequential(boundary), (500, 1000), (500, 1000))
    assert winner == "old"
    assert "over at the last look without a winner: keep" in because
    ships = group_sequential(boundary, inconclusive="ship")
    assert reason(ships, (500, 1000), (500, 1000))[0] == "new"


def test_looks_are_counted_by_information() -> None:
    """1,500 and 150 labels are worth 2 x 1,500 x 150 / 1,650 = 273 each: the first look of five."""
    state: Any = None
    policy = group_sequential("obrien_fleming_spending")
    for minute, (old, new, look) in enumerate([(100, 900, 0), (1500, 150, 1), (1000, 500, 3)], 1):
        counts = {"old": (old // 2, old), "new": (new // 2, new)}
        _, state = policy.decide(state, Look(minute * MINUTE, counts).observation)
        assert state.look == look
    assert state.memories["new"] == ((0.27, 0.27), (0.67, 0.67))  # 2 x 1,000 x 500 / 1,500 = 667


def test_unequal_information_spends_as_much_as_it_has_reached() -> None:
    """Looks at .27 and .67 of the plan have the bounds of those fractions, not of .2 and .6."""
    policy = group_sequential("obrien_fleming_spending")
    _, state = policy.decide(None, Look(MINUTE, {"old": (750, 1500), "new": (75, 150)}).observation)
    bound = spending_bounds([0.27, 0.67], obrien_fleming_spending(0.025))[1]
    seen = Look(2 * MINUTE, {"old": (500, 1000), "new": (325, 500)}).observation
    actions, _ = policy.decide(state, seen)
    assert f"bounds {-bound:.3f} and {bound:.3f}" in actions[0].because


@every_boundary
@pytest.mark.parametrize("runs", [1500, pytest.param(4000, marks=pytest.mark.long)])
def test_equal_variants_are_told_apart_in_alpha_of_the_runs(boundary: Any, runs: int) -> None:
    """5 % over five looks, two-sided, for all four boundaries; twice as much would be noticed."""
    endings = plays(
        group_sequential(boundary), EVEN, looks=5, labelled_per_look=200, runs=runs, seed=3
    )
    assert {ending.look for ending in endings} <= set(range(1, 6))
    early = [e for e in endings if e.look < 5 and e.winner == "old"]
    promoted = share_of(endings, "new")
    # Promotions are one side of alpha; the other side and the inconclusive end keep the control.
    assert abs(promoted - 0.025) < 3.0 * standard_error(0.025, runs) + 0.003
    assert len(early) / runs < 0.025 + 3.0 * standard_error(0.025, runs)


@pytest.mark.parametrize(("boundary", "published"), [("pocock", 1.229), ("obrien_fleming", 1.028)])
def test_the_power_is_that_of_the_inflated_sample(boundary: Any, published: float) -> None:
    """With R times the fixed sample (Jennison and Turnbull 2000, table 2.2) the power is .8."""
    inflation = inflation_factor(BOUNDARIES[boundary], alpha=0.05, power=0.8)
    assert abs(inflation - published) < 0.001
    runs, shares = 1500, (0.5, 0.56)
    each = round(inflation * pooled_trials(*shares) / 5)
    policy = GroupSequential(labelled_requests=5 * each, boundary=boundary)
    endings = plays(policy, shares, looks=5, labelled_per_look=each, runs=runs, seed=4)
    assert abs(share_of(endings, "new") - 0.8) < 3.0 * standard_error(0.8, runs) + 0.004


def test_futility_gives_up_early_and_keeps_alpha_and_power() -> None:
    """Equal variants end early mostly; the error is alpha / 2 at most and the power 1 - beta."""
    runs, shares, times = 1500, (0.5, 0.56), np.arange(1, 6) / 5
    spending = obrien_fleming_spending(0.025), obrien_fleming_spending(0.2)
    each = round(futility_design(times, *spending).inflation * pooled_trials(*shares) / 5)
    policy = GroupSequential(
        labelled_requests=5 * each, boundary="obrien_fleming_spending", beta=0.2
    )
    equal = plays(policy, EVEN, looks=5, labelled_per_look=each, runs=runs, seed=5)
    assert share_of(equal, "new") < 0.025 + 3.0 * standard_error(0.025, runs)
    assert sum(ending.look < 5 for ending in equal) / runs > 0.75
    better = plays(policy, shares, looks=5, labelled_per_look=each, runs=runs, seed=6)
    assert abs(share_of(better, "new") - 0.8) < 3.0 * standard_error(0.8, runs) + 0.004


def test_futility_needs_a_spending_boundary() -> None:
    """The classic bounds know of no futility."""
    with pytest.raises(ValueError, match="use pocock_spending or obrien_fleming_spending"):
        group_sequential("pocock", beta=0.2)


# ---- Wald's test


def test_walds_bounds_decide_and_the_control_is_not_looked_at() -> None:
    """p0 .5, p1 .6: 30 right more than a line of 5 % bounds promote, as many fewer keep."""
    policy = SequentialProbabilityRatio(labelled_requests=1, p0=0.5, p1=0.6, alpha=0.05, beta=0.05)
    per_right, per_wrong = np.log(0.6 / 0.5), np.log(0.4 / 0.5)
    for right in range(101):
        ratio = right * per_right + (100 - right) * per_wrong
        expected = {True: "new", False: None}[ratio >= np.log(19)]
        if ratio <= -np.log(19):
            expected = "old"
        winner, because = reason(policy, (0, 0), (right, 100))
        assert winner == expected, right
        if winner:
            assert f"new {right}/100 correct" in because
            assert f"is {ratio:.3f}, bounds -2.944 and 2.944" in because


def test_walds_test_can_be_truncated() -> None:
    """At the maximum an undecided test keeps the control, or ships."""
    fields = {"labelled_requests": 1, "p0": 0.5, "p1": 0.6, "maximum_labelled_requests": 100}
    assert reason(SequentialProbabilityRatio(**fields), (0, 0), (54, 99))[0] is None
    winner, because = reason(SequentialProbabilityRatio(**fields), (0, 0), (55, 100))
    assert winner == "old"
    assert "over at the last look" in because
    ships = SequentialProbabilityRatio(**fields, inconclusive="ship")
    assert reason(ships, (0, 0), (55, 100))[0] == "new"


@pytest.mark.parametrize(
    ("fields", "message"),
    [({"p0": 0.6, "p1": 0.5}, "is not below"), ({"alpha": 0.5, "beta": 0.5}, "must be below 1")],
)
def test_walds_test_needs_two_shares_and_small_errors(fields: Any, message: str) -> None:
    """p1 must be the better share, and the errors below those of a coin."""
    with pytest.raises(ValueError, match=message):
        SequentialProbabilityRatio(**({"labelled_requests": 1, "p0": 0.5, "p1": 0.6} | fields))


SPRT_ENTRIES = [  # p0, p1, beta, exact E0[N], exact alpha, exact E1[N], exact power
    (0.1, 0.2, 0.05, 74.951, 0.03917, 65.466, 0.95173),
    (0.5, 0.6, 0.05, 135.149, 0.04628, 136.579, 0.95424),
    (0.05, 0.07, 0.2, 404.139, 0.0446, 532.174, 0.80096),
]


def sprt_plays(p0: float, p1: float, beta: float, share: float, runs: int) -> tuple[Any, Any]:
    """Trials until the end, and whether the candidate won, of runs that look after each label."""
    policy = SequentialProbabilityRatio(labelled_requests=1, p0=p0, p1=p1, beta=beta)
    random = np.random.default_rng(7)
    trials, won = np.empty(runs), np.empty(runs, dtype=bool)
    for run in range(runs):
        right = np.cumsum(random.random(6000) < share).tolist()
        ending = play(policy, right, right, range(1, 6001))
        trials[run], won[run] = ending.look, ending.winner == "new"
        assert ending.winner is not None
    return trials, won


@pytest.mark.parametrize(
    ("entry", "runs"),
    [
        (SPRT_ENTRIES[0], 400),
        *(pytest.param(entry, 2000, marks=pytest.mark.long) for entry in SPRT_ENTRIES),
    ],
)
def test_walds_test_lasts_as_long_and_errs_as_often_as_computed(
    entry: tuple[float, ...], runs: int
) -> None:
    """Expected trials and errors at p0 and p1, exact for Bernoulli trials."""
    p0, p1, beta, e0, alpha, e1, power = entry
    for share, expected, chance in ((p0, e0, alpha), (p1, e1, power)):
        exact = exact_characteristic(p0, p1, sprt_bounds(0.05, beta), share=share)
        assert abs(exact.expected_trials / expected - 1.0) < 1e-3
        trials, won = sprt_plays(p0, p1, beta, share, runs)
        assert abs(trials.mean() - expected) < 3.0 * trials.std() / np.sqrt(runs)
        assert abs(won.mean() - chance) < 3.0 * standard_error(chance, runs)


# ---- always valid


def test_the_mixture_keeps_its_smallest_p_value() -> None:
    """A look that is significant decides by the p-value so far, and says it."""
    policy = AlwaysValid(labelled_requests=100, method="mixture", typical_effect=0.05)
    variance = 0.8 * 0.2 / 1000 + 0.9 * 0.1 / 1000
    total = variance + 0.0025
    ratio = np.sqrt(variance / total) * np.exp(0.01 * 0.0025 / (2 * variance * total))
    winner, because = reason(policy, (800, 1000), (900, 1000))
    assert winner == "new"
    assert f"always-valid p = {1 / ratio:.3g} (alpha 0.05)" in because
    assert reason(policy, (900, 1000), (800, 1000))[0] == "old"
    assert reason(policy, (800, 1000), (810, 1000))[0] is None


def test_the_confidence_sequence_decides_when_it_leaves_out_zero() -> None:
    """Ends by hand: half width s sqrt((n t + 1) / (n^2 t) (log(n t + 1) + 2 log 20))."""
    policy = AlwaysValid(labelled_requests=100, tight_at=1000)
    winner, because = reason(policy, (800, 1000), (900, 1000))
    shares = np.array([801 / 1002, 901 / 1002])
    spread = np.sqrt((shares * (1 - shares)).sum())
    tuned = (2 * np.log(20) + np.log(1 + 2 * np.log(20))) / 1000
    inside = np.log(1000 * tuned + 1) + 2 * np.log(20)
    half = spread * np.sqrt((1000 * tuned + 1) / (1000**2 * tuned) * inside)
    assert winner == "new"
    assert f"0.95 confidence sequence {0.1 - half:+.4f} to {0.1 + half:+.4f}" in because
    assert reason(policy, (900, 1000), (800, 1000))[0] == "old"
    assert reason(policy, (800, 1000), (810, 1000))[0] is None


@pytest.mark.parametrize(
    "fields", [{"method": "mixture"}, {"typical_effect": 0.1}], ids=["missing", "unused"]
)
def test_the_mixture_alone_has_a_typical_effect(fields: Any) -> None:
    """The field belongs to one method and is needed there."""
    with pytest.raises(ValueError, match="typical_effect belongs to the methods mixture"):
        AlwaysValid(labelled_requests=100, **fields)


# The truth is for N = 500 pairs of variance 2; here 7,000 pairs of variance 1/2 (shares near one
# half), so that an effect of d there is d x sqrt(500 / 2) x sqrt(.5 / 7000) here.
SCALE = float(np.sqrt(250.0) * np.sqrt(0.5 / 7000.0))
MIXTURE = AlwaysValid(labelled_requests=1, method="mixture", typical_effect=0.1 * SCALE)
SEQUENCE = AlwaysValid(labelled_requests=1, tight_at=7000)


@pytest.mark.parametrize("runs", [500, pytest.param(4000, marks=pytest.mark.long)])
@pytest.mark.parametrize(
    ("policy", "looks", "computed"),
    [
        (MIXTURE, 14, 0.00353),
        (MIXTURE, 28, 0.00414),
        (SEQUENCE, 14, 0.00979),
        (SEQUENCE, 28, 0.01179),
    ],
)
def test_looking_often_keeps_alpha(
    policy: AlwaysValid, looks: int, computed: float, runs: int
) -> None:
    """False positives over 14 and 28 looks are far below .05, as recursion computes them."""
    endings = plays(policy, EVEN, looks=looks, labelled_per_look=7000 // looks, runs=runs, seed=8)
    found = 1.0 - share_of(endings, None)
    assert abs(found - computed) < 3.0 * standard_error(computed, runs) + 0.001


@pytest.mark.parametrize(
    ("policy", "power"),
    [(MIXTURE, [0.07604, 0.54001, 0.95089]), (SEQUENCE, [0.11686, 0.62005, 0.96725])],
    ids=["mixture", "sequence"],
)
def test_always_valid_power_over_fourteen_looks(policy: AlwaysValid, power: list[float]) -> None:
    """Effects of .1, .2 and .3 standard units, against the recursion's power."""
    runs = 1000
    for effect, expected in zip((0.1, 0.2, 0.3), power, strict=True):
        shares = (0.5 - effect * SCALE / 2, 0.5 + effect * SCALE / 2)
        endings = plays(policy, shares, looks=14, labelled_per_look=500, runs=runs, seed=9)
        found = share_of(endings, "new")
        assert abs(found - expected) < 3.0 * standard_error(expected, runs) + 0.004


# ---- Bayesian


def test_a_posterior_by_hand_decides() -> None:
    """One wrong answer against one right: Beta(1, 2) and Beta(2, 1), P = 5/6 and loss 1/30.

    P is the integral of 2 x (2 x - x^2) over 0 to 1, the loss that of P(right < t < wrong) =
    t^2 (1 - t)^2.
    """
    fields: dict[str, Any] = {"labelled_requests": 1, "expected_loss": 0.09}
    patient = BayesianExperiment(**fields, probability_better=0.9)
    policy = BayesianExperiment(**fields, probability_better=0.8)
    winner, because = reason(policy, (0, 1), (1, 1))
    assert winner == "new"
    assert "P(new better) = 0.8333 (asked 0.8 for either)" in because
    assert "expected loss of new 0.033 (at most 0.09)" in because
    assert reason(policy, (1, 1), (0, 1))[0] == "old"
    assert reason(patient, (0, 1), (1, 1))[0] is None
    careful = BayesianExperiment(labelled_requests=1, probability_better=0.8, expected_loss=0.03)
    assert reason(careful, (0, 1), (1, 1))[0] is None


def test_the_loss_may_decide_alone() -> None:
    """Equal variants with thousands of labels cost little either way: a tie keeps the control."""
    policy = BayesianExperiment(labelled_requests=1, probability_better=None, expected_loss=0.005)
    assert reason(policy, (50, 100), (50, 100))[0] is None
    assert reason(policy, (5000, 10_000), (5000, 10_000))[0] == "old"
    assert reason(policy, (5000, 10_000), (5100, 10_000))[0] == "new"


def test_the_prior_counts() -> None:
    """A prior of a thousand requests is not moved by ten."""
    sure = BayesianExperiment(labelled_requests=1, prior_successes=500, prior_failures=500)
    assert reason(sure, (2, 10), (9, 10))[0] is None
    assert reason(BayesianExperiment(labelled_requests=1), (2, 10), (9, 10))[0] == "new"


def test_without_a_threshold_nothing_would_ever_stop() -> None:
    """One of the two is needed."""
    with pytest.raises(ValueError, match="no threshold would ever stop it"):
        BayesianExperiment(labelled_requests=1, probability_better=None)


def test_a_posterior_does_not_allow_for_looking() -> None:
    """Between equal variants 95 % is reached in far more than 10 % of the runs with ten looks.

    With flat priors and many labels 95 % is abs(z) > 1.645: ten looks at .1 two-sided, .318 of the
    runs (Armitage, McPherson and Rowe 1969).
    """
    runs = 1000
    policy = BayesianExperiment(labelled_requests=1)
    endings = plays(policy, EVEN, looks=10, labelled_per_look=200, runs=runs, seed=10)
    found = 1.0 - share_of(endings, None)
    assert abs(found - 0.318) < 3.0 * standard_error(0.318, runs) + 0.004
