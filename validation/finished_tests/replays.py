"""Finished tests played again by rules, with the recorded rates as if they were true.

Writes replays.csv and three_arms.csv in reports/finished_tests: sums over runs, and no record.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import astuple, dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np

from simab.analyse import Verdict
from simab.comparison import compare
from simab.scenario.models import Scenario
from simab.scenario.world_names import DESCRIBED
from simab.stats.intervals import quantile_interval
from validation.csv_rows import csv_text
from validation.finished_tests.day_of_requests import HOURS, LOOKS, day_of_requests
from validation.finished_tests.records import (
    FinishedTest,
    hillstrom_tests,
    open_bandit_tests,
    records_in,
    upworthy_tests,
)
from validation.finished_tests.three_arms import ThreeArms, play_three_arms
from validation.places import REPOSITORY, say

__all__ = ["PLACE", "RULES", "Replay", "play_finished_tests", "replay", "shared_folder"]

PLACE: Final = "reports/finished_tests"
_DRAWN: Final = 1000  # of Upworthy's tests
_RUNS_OF_DRAWN: Final = 1
_RUNS: Final = 100
_TESTS_A_TASK: Final = 5


def _rules(sample: int, control: float, metric: str) -> dict[str, dict[str, Any]]:
    """Each rule, planned for as many requests of each variant as the smaller one had."""
    looking = {
        "labelled_requests": max(sample // LOOKS, 1),
        "labelled_requests_per_look": max(sample // LOOKS, 1),
        "maximum_duration": f"{HOURS}h",
    }
    planned = {"labelled_requests": sample, "maximum_duration": f"{HOURS + 3}h"}
    return {
        "whichever is ahead": {
            "kind": "metric_majority",
            "labelled_requests": sample,
            "metrics": [metric],
        },
        "fixed horizon": {"kind": "fixed_horizon", **planned},
        "naive peeking": {"kind": "naive_peeking", **looking},
        "group sequential": {"kind": "group_sequential", **planned},
        "always valid": {"kind": "always_valid", "tight_at": sample, **looking},
        "Bayesian": {"kind": "bayesian", **looking},
        "Bayesian, ROPE": {
            "kind": "bayesian_rope",
            "rope": max(0.1 * control, 1e-6),
            **looking,
        },
    }


RULES: Final = tuple(_rules(100, 0.5, "success_rate"))


@dataclass(frozen=True, slots=True)
class Replay:
    """How the runs of a rule ended, over all tests of a source with one record.

    `part` is the median of the requests until the decision, as a part of those that the finished
    test had; None where half of the runs or more decided nothing.
    """

    source: str
    name: str
    recorded: str
    tests: int
    of_tests: int
    rule: str
    runs: int
    promoted: int
    kept: int
    undecided: int
    part: float | None


_Ends = Mapping[str, Sequence[tuple[str, float]]]


def shared_folder() -> Path:
    """Where the records are: SIMAB_SHARED, or beside the repository."""
    named = os.environ.get("SIMAB_SHARED")
    return Path(named) if named else REPOSITORY.parent / "shared"


def replayed(test: FinishedTest) -> Scenario:
    """Two variants with the recorded rates, and as many requests in 24 hours as were recorded."""
    sample = min(test.requests)
    control, candidate = zip(test.requests, test.qualities, strict=True)
    objective = {
        "control": "control",
        "candidate": "candidate",
        "metric": test.metric,
        "smallest_effect": max(abs(test.difference), 1e-6),
    }
    rules = _rules(sample, test.level_of_control, test.metric)
    arms = {"control": control, "candidate": candidate}
    return day_of_requests("A finished test", arms, objective, rules)


def replay(test: FinishedTest, seed: int, runs: int) -> _Ends:
    """How each run of each rule ends, and the part of the recorded requests that it took."""
    study = compare(replayed(test), worlds=[DESCRIBED], replications=runs, seed=seed, store={})
    whole_s = 3600.0 * HOURS
    return {
        rule: [(row.verdict.name, row.time_to_decision_s / whole_s) for row in rows]
        for rule, rows in study.rows.items()
    }


def play_finished_tests(
    folder: Path,
    executor: Executor | None = None,
    drawn: int = _DRAWN,
    runs_of_drawn: int = _RUNS_OF_DRAWN,
    runs: int = _RUNS,
    records: Path | None = None,
) -> None:
    """Replay so many of Upworthy's tests, drawn if not all, and all others; write replays.csv."""
    records = records_in(shared_folder()) if records is None else records
    every = upworthy_tests(records)
    chosen = np.random.default_rng(1).choice(len(every), min(drawn, len(every)), replace=False)
    sample = [every[place] for place in sorted(chosen.tolist())]
    say(f"finished tests: {len(sample)} of {len(every):,} of Upworthy, {runs_of_drawn} runs each")
    seeds = range(1, len(sample) + 1)  # one each: tests that are summed do not share their luck
    ends = _play(sample, seeds, runs_of_drawn, executor)
    rows = [*_summed(sample, ends, len(every))]
    others = [*hillstrom_tests(records), *open_bandit_tests(records)]
    say(f"finished tests: {len(others)} others, {runs} runs each")
    ends = _play(others, [1] * len(others), runs, executor)
    for test, own in zip(others, ends, strict=True):
        rows += _of_ends((test.source, test.name, test.recorded, 1, 1), [own])
    say(f"finished tests: Hillstrom's with all three arms, {runs} runs a metric")
    arms = [*play_three_arms(records, runs, executor)]
    target = folder / PLACE
    target.mkdir(parents=True, exist_ok=True)
    (target / "replays.csv").write_text(_csv(Replay, rows), encoding="utf-8")
    (target / "three_arms.csv").write_text(_csv(ThreeArms, arms), encoding="utf-8")


def _csv(kind: type[Replay] | type[ThreeArms], rows: Sequence[Replay | ThreeArms]) -> str:
    """What is not known is left empty."""
    written = [["" if each is None else each for each in astuple(row)] for row in rows]
    return csv_text([field.name for field in fields(kind)], written)


def _play(
    tests: Sequence[FinishedTest], seeds: Sequence[int], runs: int, executor: Executor | None
) -> Sequence[_Ends]:
    play = partial(replay, runs=runs)
    if executor is None:
        return [play(*each) for each in zip(tests, seeds, strict=True)]
    return [*executor.map(play, tests, seeds, chunksize=_TESTS_A_TASK if len(tests) > 50 else 1)]


def _summed(
    tests: Sequence[FinishedTest], ends: Sequence[_Ends], of_tests: int
) -> Iterator[Replay]:
    """The runs of all tests together that have one record."""
    for recorded in dict.fromkeys(test.recorded for test in tests):
        own = [each for test, each in zip(tests, ends, strict=True) if test.recorded == recorded]
        of = (tests[0].source, "first two variants", recorded, len(own), of_tests)
        yield from _of_ends(of, own)


def _of_ends(of: tuple[str, str, str, int, int], ends: Sequence[_Ends]) -> Iterator[Replay]:
    for rule in RULES:
        runs = [each for one in ends for each in one[rule]]
        verdicts = [verdict for verdict, _ in runs]
        part = quantile_interval([part for _, part in runs], 0.5).estimate
        yield Replay(
            *of,
            rule=rule,
            runs=len(runs),
            promoted=verdicts.count(Verdict.PROMOTED_CANDIDATE.name),
            kept=verdicts.count(Verdict.KEPT_CONTROL.name),
            undecided=verdicts.count(Verdict.UNDECIDED.name),
            part=round(part, 4) if part < float("inf") else None,
        )
