"""The walk-through in boto3, which knows nothing of simab, against what was recorded of it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("boto3")
pytest.importorskip("time_machine")

FOLDER = Path(__file__).resolve().parents[2] / "scenarios" / "boto3"


@contextmanager
def importable() -> Iterator[None]:
    """The folder of the scripts, as if Python had been started on one of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(FOLDER))
        yield
        for name in ("walk_through", "churn_answers"):
            sys.modules.pop(name, None)


def walked(seed: int) -> dict[str, Any]:
    """What the script saw."""
    from simab.aws import Account, FunctionAnswers, simulated
    from simab.scenario import load

    with importable():
        import churn_answers  # type: ignore[import-not-found]
        import walk_through  # type: ignore[import-not-found]

        answers = FunctionAnswers(churn_answers.answer)
        with simulated(Account(load(FOLDER / "churn.yaml"), seed=seed, answers=answers)):
            seen: dict[str, Any] = walk_through.main()
    return seen


@pytest.fixture(scope="module")
def seen() -> dict[str, Any]:
    """Of one seed."""
    return walked(1)


def test_delays_are_those_that_were_recorded(seen: dict[str, Any]) -> None:
    """Creation about 390 s, to the full minute next to it; 62 s a change of weights."""
    assert seen["created in"] in range(360, 421)
    assert seen["25:75 in force in"] == seen["0:1 in force in"] == 62
    assert seen["next candidate in"] == 390


@pytest.mark.long
@pytest.mark.parametrize(
    ("step", "count", "share", "recorded"),
    [("1:1", 120, 0.5, 69), ("25:75", 334, 0.75, 257), ("0:1", 334, 1.0, 334)],
)
def test_splits_scatter_as_the_recorded_ones(
    step: str, count: int, share: float, recorded: int
) -> None:
    """Over 30 seeds: the mean within its error, and the recorded split within the range."""
    of_second = [walked_splits()[number][step]["Variant2"] for number in range(SEEDS)]
    deviation = (count * share * (1 - share)) ** 0.5
    assert abs(sum(of_second) / SEEDS - count * share) <= 4 * deviation / SEEDS**0.5
    assert min(of_second) - 1 <= recorded <= max(of_second) + 1
    assert {sum(each[step].values()) for each in walked_splits()} == {count}


SEEDS = 30
SPLITS: list[dict[str, Any]] = []


def walked_splits() -> list[dict[str, Any]]:
    """What the script saw with each of the seeds, played once."""
    if not SPLITS:
        SPLITS.extend(walked(seed) for seed in range(SEEDS))
    return SPLITS


def test_the_newest_seconds_are_missing_after_20_s_and_there_after_a_minute_more(
    seen: dict[str, Any],
) -> None:
    """Of 120 requests in cycles of .5145 s, recorded: the newest 31 to 51 s were not visible."""
    at_once, later = (
        sum(sum(minutes.values()) for minutes in seen[f"CloudWatch {when}"].values())
        for when in ("at once", "later")
    )
    missing_s = (120 - at_once) * 0.5145 + 20
    assert later == 120
    assert 31 <= missing_s <= 51


def test_each_variant_is_measured_on_the_same_rows(seen: dict[str, Any]) -> None:
    """F1 of the 334 published rows: .818 for the second model (docs and scenarios/churn.yaml)."""
    assert seen["F1 of 334 rows"]["Variant2"] == pytest.approx(0.818, abs=5e-4)
    assert set(seen["F1 of 120 rows"]) == {"Variant1", "Variant2"}


def test_weights_are_kept(seen: dict[str, Any]) -> None:
    """Of one seed: within four deviations at 1:1 and 25:75, and exactly at 0:1."""
    for step, count, share in (("1:1", 120, 0.5), ("25:75", 334, 0.75), ("0:1", 334, 1.0)):
        deviation = (count * share * (1 - share)) ** 0.5
        assert abs(seen[step]["Variant2"] - count * share) <= 4 * deviation


def test_the_next_candidate_takes_the_place_of_the_loser(seen: dict[str, Any]) -> None:
    """Nothing goes to the first variant any more."""
    assert set(seen["next candidate, 1:1"]) == {"Variant2", "Variant3"}


def test_the_same_seed_sees_the_same(seen: dict[str, Any]) -> None:
    """And another seed something else."""
    assert walked(1) == seen
    assert walked(2) != seen
