"""scenarios/what_breaks: what the headers say against closed forms, and against plain NumPy.

The worlds of this module are written anew from the headers and share no code with simab.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

import simab
from simab.explain import explain
from tests.scenarios.plain_tests import CRITICAL, z_values

FOLDER = Path(__file__).resolve().parents[2] / "scenarios" / "what_breaks"
FILES = sorted(FOLDER.glob("*.yaml"))
BAND = 3.9  # standard errors
LEVEL = 0.025
Found = dict[tuple[str, str], float]


def played(name: str, replications: int, **chosen: list[str]) -> Found:
    """The share of runs that promote the new page, by policy and world."""
    scenario = simab.load(FOLDER / f"{name}.yaml")
    rows = simab.compare(scenario, replications=replications, seed=1, **chosen).outcomes
    promotes = rows["verdict"] == "promoted_candidate"
    return promotes.groupby([rows["policy"], rows["world"]]).mean().to_dict()


def agree(found: float, expected: float, runs: int, theirs: float = math.inf) -> bool:
    """Whether a share of runs is the expected one, by its binomial error and that of the other."""
    error = math.sqrt(max(expected * (1 - expected), 1e-4) * (1 / runs + 1 / theirs))
    return abs(found - expected) <= BAND * error


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_each_is_sound_and_says_whence_its_figures_are(file: Path) -> None:
    """A header with its parts, a question, an explanation."""
    header = file.read_text(encoding="utf-8").partition("\ntitle:")[0]
    for part in ("Question", "Figures", "You see", "Remade by"):
        assert f"\n# {part} " in header
    assert f"scenarios/what_breaks/{file.name}" in header
    scenario = simab.load(file)
    assert scenario.question.endswith("?")
    assert explain(scenario).sentences


def promoted(shares: tuple[float, float], asked: tuple[float, float]) -> float:
    """How often the pooled test promotes new over old, shown these shares of so many requests."""
    pooled = np.dot(shares, asked) / sum(asked)
    critical = CRITICAL * math.sqrt(pooled * (1 - pooled) * (1 / asked[0] + 1 / asked[1]))
    error = math.sqrt(sum(p * (1 - p) / n for p, n in zip(shares, asked, strict=True)))
    return float(stats.norm.sf((critical - (shares[1] - shares[0])) / error))


LOSSES = {  # the share that buys on the new page, and that of purchases and of others lost
    "described": (0.20, 0.0, 0.0),
    "at random": (0.20, 0.1, 0.1),
    "without purchase lost": (0.20, 0.0, 0.05),
    "purchases lost": (0.20, 0.05, 0.0),
    "better": (0.21, 0.0, 0.0),
    "better, purchases lost": (0.21, 0.05, 0.0),
}


def after_losses(policy: str, world: str) -> float:
    """How often a policy promotes, at 15,000 records or visits."""
    share, of_purchases, of_others = LOSSES[world]
    purchases, others = share * (1 - of_purchases), (1 - share) * (1 - of_others)
    recorded, sample = purchases + others, 15_000
    if policy == "over visits":
        return promoted((0.20, purchases), (sample, sample))
    return promoted((0.20, purchases / recorded), (sample / recorded, sample))


@pytest.mark.long
def test_lost_records_mislead_as_the_closed_form_says() -> None:
    """Two ways to count, six worlds; the figures of the header among them."""
    runs = 60
    for (policy, world), share in played("lost_labels", runs).items():
        assert agree(share, after_losses(policy, world), runs), (policy, world)
    assert after_losses("over records", "without purchase lost") == pytest.approx(0.44, abs=0.005)
    assert after_losses("over records", "better, purchases lost") == pytest.approx(0.05, abs=0.005)
    assert after_losses("over visits", "better, purchases lost") == pytest.approx(0.02, abs=0.005)
    assert after_losses("over records", "better") == pytest.approx(0.57, abs=0.005)


@pytest.mark.long
def test_a_leak_is_promoted_and_no_check_of_the_split_sees_it() -> None:
    """By the mixture of guests and members on both pages."""
    visits = np.array([[0.45 * 2000, 0.04 * 2000], [0.45 * 2000, 0.06 * 2000]])  # old and new
    bought = visits @ [0.05, 0.30] / visits.sum(axis=1)
    assert bought == pytest.approx([0.070, 0.079], abs=5e-4)
    sizes = 15_000, 15_000 * 51 / 49
    runs, expected = 100, promoted((bought[0], bought[1]), sizes)
    assert expected == pytest.approx(0.85, abs=0.005)
    found = played("leak", runs)
    for policy in ("test", "test with a ratio check"):
        assert agree(found[policy, "described"], expected, runs)
        assert agree(found[policy, "leak left out"], LEVEL, runs)


@pytest.mark.long
def test_a_shared_queue_hides_how_slow_the_candidate_is() -> None:
    """Waits of Pollaczek and Khinchine: together within 1.5 times the control's, apart beyond."""
    rate, work = 8.0, (0.05, 0.1)
    load, squares = rate * sum(work) / 2, sum(2 * each**2 for each in work) / 2
    together = [each + rate * squares / (2 * (1 - load)) for each in work]
    apart = [each / (1 - rate / 2 * each) for each in work]
    with_all = [each / (1 - rate * each) for each in work]
    assert together[1] < 1.5 * together[0]
    assert apart[1] > 1.5 * apart[0]
    assert with_all == pytest.approx([0.083, 0.5], abs=5e-4)
    found = played("shared_queue", 40)
    assert found["beside the control", "described"] > 0.8
    assert found["beside the control", "apart"] < 0.2
    assert found["a limit", "described"] < 0.2


@pytest.mark.long
def test_a_diluted_difference_is_found_where_it_can_be_met() -> None:
    """By the mixture of one visit in ten, and by these visits alone."""
    runs, visits = 60, 30_000
    expected = {
        "all visits": promoted((0.075, 0.078), (visits, visits)),
        "checkout alone": promoted((0.30, 0.33), (visits / 10, visits / 10)),
    }
    assert list(expected.values()) == pytest.approx([0.28, 0.71], abs=0.005)
    found = played("diluted", runs)
    for policy, share in expected.items():
        assert agree(found[policy, "described"], share, runs), policy
        assert agree(found[policy, "no better"], LEVEL, runs), policy


@pytest.mark.long
def test_what_is_carried_over_hides_a_difference_where_each_visit_is_drawn() -> None:
    """Half of all visits but the first of a visitor buy as on the page met before: 50:50 either."""
    runs, visits, visitors, carried = 100, 8_700, 1_000, 0.5
    first = visitors * (1 - (1 - 1 / visitors) ** (2 * visits)) / (2 * visits)
    mixed = carried * (1 - first) / 2
    drawn = (1 - mixed) * 0.20 + mixed * 0.22, (1 - mixed) * 0.22 + mixed * 0.20
    sizes = visits, visits
    hidden, whole = promoted(drawn, sizes), promoted((0.20, 0.22), sizes)
    assert [drawn[1] - drawn[0], hidden, whole] == pytest.approx([0.0106, 0.40, 0.90], abs=0.005)
    found = played("carry_over", runs)
    assert agree(found["test", "described"], hidden, runs)
    assert agree(found["test", "no better"], LEVEL, runs)
    for world in ("kept by a hash", "nothing is carried over"):
        assert agree(found["test", world], whole, runs), world


PAGES = {  # the share of visits that buy, of regulars and of newcomers, on the old and the new page
    "described": ((0.60, 0.40), (0.64, 0.20)),
    "nobody leaves": ((0.60, 0.40), (0.64, 0.20)),
    "no worse": ((0.60, 0.40), (0.60, 0.40)),
}


class Shown(NamedTuple):
    """Which tests promote the new page, and what a user assigned to each page has bought."""

    promotes: tuple[bool, bool, bool, bool]
    bought: tuple[float, float]


def those_who_stay(random: np.random.Generator, world: str) -> Shown:
    """One run: visits every 50 s on average, and the look after 20,000 on each page."""
    users, needed, until = 4_000, 20_000, 1_200.0
    new, newcomer = random.random(users) < 0.5, np.arange(users) >= users // 2
    buys = np.array(PAGES[world])[new.astype(int), newcomer.astype(int)]
    counts = random.poisson(until / 50, users)
    user = np.repeat(np.arange(users), counts)
    at = random.random(user.size) * until
    order = np.lexsort((at, user))
    at, bought = at[order], random.random(user.size) < buys[user]
    leaves = (
        ~bought & newcomer[user] & (random.random(user.size) < 0.5 * (world != "nobody leaves"))
    )
    left_before = np.append(leaves.cumsum() - leaves, 0)
    came = left_before[:-1] == left_before[(counts.cumsum() - counts)][user]
    slower = max(np.sort(at[came & (new[user] == page)])[needed - 1] for page in (False, True))
    seen = came & (at < math.ceil(slower / 20) * 20)
    asked, hits = (np.bincount(user[seen], each[seen], users) for each in (seen, bought))
    z = z_values((hits * ~new, hits * new), (asked * ~new, asked * new))
    by_sums = stats.ttest_ind(hits[new & (asked > 0)], hits[~new & (asked > 0)], equal_var=False)
    better = by_sums.pvalue < 0.05 and by_sums.statistic > 0
    promotes = z.request > CRITICAL, z.user > CRITICAL, z.users_mean > CRITICAL, better
    return Shown(promotes, (hits[~new].sum() / (~new).sum(), hits[new].sum() / new.sum()))


@pytest.mark.long
@pytest.mark.parametrize("world", PAGES)
def test_those_who_stay_mislead_as_in_plain_numpy(world: str) -> None:
    """Four tests; a worse page is promoted for those who stay, unless all who came count."""
    random, ours, theirs = np.random.default_rng(7), 30, 100
    runs = [those_who_stay(random, world) for _ in range(theirs)]
    expected = np.mean([each.promotes for each in runs], axis=0)
    found = played("opt_outs", ours, worlds=[world])
    policies = "by request", "by user", "mean of users", "sum of users"
    for policy, share in zip(policies, expected, strict=True):
        assert agree(found[policy, world], share, ours, theirs), policy
    if world == "described":
        assert min(expected[:2]) > 0.8
        old, new = np.mean([each.bought for each in runs], axis=0)
        assert [old, new] == pytest.approx([6.0, 5.9], abs=0.1)
        assert new < old
    else:
        assert max(expected) < 0.1
    assert max(expected[2:]) < 0.1


def with_bots(
    random: np.random.Generator, people_new: float, *, bots: int
) -> tuple[bool, bool, bool]:
    """Which tests promote the new page in one run: by request, by user, by the mean of users."""
    rates = np.concatenate([np.full(1_000, 0.014), np.full(bots, 0.6)])
    new = random.random(rates.size) < 0.5
    slower = min(rates[new].sum(), rates[~new].sum())
    counts = random.poisson(rates * math.ceil(7_000 / slower / 25) * 25)
    buys = np.where(new, people_new, 0.10) * (np.arange(rates.size) < 1_000)
    hits = random.binomial(counts, buys)
    found = z_values((hits * ~new, hits * new), (counts * ~new, counts * new))
    return found.request > CRITICAL, found.user > CRITICAL, found.users_mean > CRITICAL


@pytest.mark.long
@pytest.mark.parametrize("world", ["described", "better"])
def test_bots_mislead_as_in_plain_numpy(world: str) -> None:
    """All three tests; with the bots left out they keep their level."""
    random, ours, theirs = np.random.default_rng(5), 100, 2_000
    share = 0.12 if world == "better" else 0.10
    expected = np.mean([with_bots(random, share, bots=10) for _ in range(theirs)], axis=0)
    found = played("bots", ours, worlds=[world])
    for policy, each in zip(("by request", "by user", "mean of users"), expected, strict=True):
        assert agree(found[policy, world], each, ours, theirs), policy
    if world == "described":
        assert expected[0] > 0.2
        without = np.mean([with_bots(random, share, bots=0) for _ in range(theirs)], axis=0)
        assert all(agree(each, LEVEL, theirs) for each in without)
        assert expected[1] < 2 * LEVEL  # too few bots for a normal law
        assert agree(expected[2], LEVEL, theirs)


def stopped_at(visits: NDArray[np.float64], runs: int) -> float:
    """How often Brownian motion, seen after so many visits, is significant and up at first."""
    random = np.random.default_rng(8)
    steps = random.standard_normal((runs, visits.size)) * np.sqrt(np.diff(visits, prepend=0.0))
    z = steps.cumsum(axis=1) / np.sqrt(visits)
    beyond = np.abs(z) > CRITICAL
    first = beyond.argmax(axis=1)
    return float((beyond.any(axis=1) & (z[np.arange(runs), first] > 0)).mean())


@pytest.mark.long
def test_who_looks_more_often_promotes_more_equal_pages() -> None:
    """Against Brownian motion at the visits of each look; valid bounds keep the level."""
    days, theirs, ours = np.arange(28), 20_000, 120
    by_day, by_night = 1_440 * 1.335 / 2, 1_440 * 0.665 / 2
    evenings, mornings = days * 1_440 + by_day, (days + 1) * 1_440.0
    looks = {
        "twice a day": np.sort(np.concatenate([evenings, mornings])),
        "daily": np.concatenate([[by_day], evenings[1:]]),
        "on Mondays": mornings[6::7],
        "at the end": mornings[-1:],
    }
    assert by_day + by_night == 1_440
    found = played("peeking", ours, worlds=["described"])
    shares = [stopped_at(visits, theirs) for visits in looks.values()]
    assert shares == sorted(shares, reverse=True)
    for policy, expected in zip(looks, shares, strict=True):
        assert agree(found[policy, "described"], expected, ours, theirs), policy
    for policy in ("four planned looks", "any looks, valid"):
        assert found[policy, "described"] <= LEVEL + BAND * math.sqrt(LEVEL / ours)
