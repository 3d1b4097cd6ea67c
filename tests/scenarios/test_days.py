"""What the headers of scenarios/day_*.yaml say happens, in shares of runs that hold for any seed.

A share is compared by an interval of 99.9 %, so that another seed would pass as well.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
import pytest

import simab
from simab.explain import explain, warnings
from simab.stats.intervals import share_interval

REPLICATIONS = 40
LEVEL = 0.999
DAYS = ("canary", "burst", "novelty", "outage")


def file_of(repository: Path, name: str) -> Path:
    return repository / "scenarios" / f"day_{name}.yaml"


def played(repository: Path, name: str, *worlds: str, replications: int = REPLICATIONS):
    """The rows of some worlds, and whether each run promotes."""
    scenario = simab.load(file_of(repository, name))
    study = simab.compare(scenario, worlds=list(worlds), replications=replications, seed=1)
    return study.outcomes.assign(promotes=lambda rows: rows["verdict"] == "promoted_candidate")


def promotes(rows: pd.DataFrame, policy: str, world: str, share: str) -> bool:
    """Whether the interval of its share lies on the side of half that is meant, and holds it.

    `share` is what the header says: "nearly all" runs, "few" or "nearly none".
    """
    found = rows[(rows["policy"] == policy) & (rows["world"] == world)]["promotes"]
    interval = share_interval(int(found.sum()), len(found), level=LEVEL)
    if share == "nearly all":
        return bool(interval.low > 0.5 and interval.high >= 0.9)
    return bool(interval.high < 0.5 and interval.low <= (0.3 if share == "few" else 0.1))


@pytest.mark.parametrize("name", DAYS)
def test_each_is_sound_and_says_whence_its_figures_are(repository: Path, name: str) -> None:
    """No warning, an explanation, and a header with its parts."""
    scenario = simab.load(file_of(repository, name))
    header = file_of(repository, name).read_text(encoding="utf-8").partition("\ntitle:")[0]
    for part in ("Question", "Figures", "You see", "Remade by"):
        assert f"\n# {part} " in header
    assert scenario.question.endswith("?")
    assert warnings(scenario) == []
    assert explain(scenario).sentences


def test_the_hours_of_the_canary_are_those_of_the_recorded_requests(
    repository: Path, shared: Path
) -> None:
    """Each hour of the day over the mean of all, to two figures."""
    counts = [0] * 24
    file = shared / "data" / "traces" / "nasa_1995_jul01_14_per_minute.csv"
    with file.open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            counts[int(row["minute"]) // 60 % 24] += int(row["requests"])
    shape = simab.load(file_of(repository, "canary")).traffic["users"].arrivals.shape
    assert list(shape.hours) == [float(f"{24 * each / sum(counts):.2g}") for each in counts]


def test_the_bursts_are_those_of_the_recorded_requests(repository: Path, shared: Path) -> None:
    """Stretches of minutes at more than twice the mean rate, and what lies between them."""
    file = shared / "data" / "traces" / "nasa_1995_jul01_14_per_minute.csv"
    counts = pd.read_csv(file)["requests"]
    times = counts / counts.mean()
    high = times > 2
    stretches = (high != high.shift()).cumsum()
    lasting = high.groupby(stretches).agg(["first", "size"]).groupby("first")["size"].mean()
    (calm, burst) = (
        simab.load(file_of(repository, "burst")).traffic["users"].arrivals.modulation.states
    )
    assert (calm.times, burst.times) == pytest.approx(
        (times[~high].mean(), times[high].mean()), rel=0.03
    )
    assert (calm.lasts, burst.lasts) == pytest.approx(
        (lasting[False] * 60e9, lasting[True] * 60e9), rel=0.03
    )


@pytest.mark.long
def test_a_canary_that_needs_the_traffic_of_the_day(repository: Path) -> None:
    """Aborted at night, promoted at noon; who waits for requests promotes at either hour."""
    rows = played(repository, "canary", "described", "begun at night", replications=60)
    assert promotes(rows, "a measurement a minute", "described", "nearly all")
    assert promotes(rows, "a measurement a minute", "begun at night", "few")
    for world in ("described", "begun at night"):
        assert promotes(rows, "as many requests as it takes", world, "nearly all")


@pytest.mark.long
def test_a_burst_that_looks_like_a_slow_candidate(repository: Path) -> None:
    """One minute is too few, ten are better, and the control tells what it is."""
    rows = played(repository, "burst", "described")
    assert promotes(rows, "a minute above 1.5 s", "described", "nearly none")
    assert promotes(rows, "beside the control", "described", "nearly all")
    shares = rows.groupby("policy")["promotes"].mean()
    assert shares["a minute above 1.5 s"] < shares["ten minutes above 1.5 s"]
    slow = played(repository, "burst", "slow", replications=5)
    assert not slow["promotes"].any()


@pytest.mark.long
def test_a_novelty_that_fools_who_looks_early(repository: Path) -> None:
    """Promoted while it is new, kept out once it is not; better for good is promoted then, too."""
    rows = played(repository, "novelty", "described", replications=25)
    assert promotes(rows, "after two days", "described", "nearly all")
    assert promotes(rows, "a look a day", "described", "nearly all")
    assert promotes(rows, "after three weeks", "described", "nearly none")
    lasting = played(repository, "novelty", "lasting", replications=5)
    assert lasting[lasting["policy"] == "after three weeks"]["promotes"].all()


@pytest.mark.long
def test_an_outage_of_both_that_one_is_blamed_for(repository: Path) -> None:
    """A limit blames the candidate, the control clears it, and a broken one is stopped still."""
    rows = played(repository, "outage", "described")
    assert promotes(rows, "errors above 5 %", "described", "nearly none")
    assert promotes(rows, "errors beside the control's", "described", "nearly all")
    blamed = rows[rows["policy"] == "errors above 5 %"]["decided_s"] / 60
    assert blamed.between(42, 42 + 27).all()
    broken = played(repository, "outage", "broken", replications=5)
    gone = broken[broken["policy"] == "errors beside the control's"]
    assert not gone["promotes"].any()
    assert broken[broken["policy"] == "no alarm"]["promotes"].all()


def test_a_study_says_how_requests_come(repository: Path) -> None:
    """The section on what changes is there where nothing but the rate does."""
    scenario = simab.load(file_of(repository, "canary"))
    policy = "a measurement a minute"
    study = simab.compare(scenario, policies=[policy], worlds=["described"], replications=1)
    found = study.with_examples().timeline
    assert found is not None
    (sentence,) = found.sentences
    assert sentence.startswith("The busiest hour begins on Wed 5 Jul at 14:30, with 15 requests")
    assert found.epochs == ()
