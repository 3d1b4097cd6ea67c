"""A race by hand-made and drawn runs: who is out, who is through, who is played on, how surely."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeAlias

import numpy as np
import pytest

from simab.analyse import Verdict
from simab.analyse.race import Look, looked_at
from simab.analyse.requirements import PlayedWorld, statement_of
from simab.result.columns import RunLimits
from simab.result.requirement_result import Compliance
from simab.scenario import requirements
from tests.analyse.outcome_rows import rows
from tests.analyse.test_requirements import truth

CUSTOMARY = tuple(map(statement_of, requirements.CUSTOMARY))
HOUR = 3600.0
_VERDICTS = {"a": Verdict.KEPT_CONTROL, "b": Verdict.PROMOTED_CANDIDATE}


Promotions: TypeAlias = Mapping[str, tuple[list[bool], list[bool]]]


def worlds(promotions: Promotions, times: Mapping[str, float]) -> list[PlayedWorld]:
    """A better and an equal candidate; of each rule, which runs promote in either, and its time."""
    made = []
    for place, (name, gain) in enumerate((("better", 0.03), ("equal", 0.0))):
        at, own = truth(gain), {}
        for rule, promoted in promotions.items():
            ends = ["b" if each else "a" for each in promoted[place]]
            own[rule] = rows(
                decided_for=ends,
                ends_with=ends,
                verdict=[_VERDICTS[end] for end in ends],
                decided_s=[times[rule]] * len(ends),
            )
        everything = [row for each in own.values() for row in each]
        made.append(PlayedWorld(name, at, own, RunLimits.of(everything, 6 * HOUR)))
    return made


def look(promotions: Promotions, times: Mapping[str, float], began: int = 3) -> Look:
    """The customary requirements, and the soonest of those that meet them."""
    return looked_at(CUSTOMARY, worlds(promotions, times), [1.0, 1.0], "soonest", began=began)


def runs(promoted: int, of: int) -> list[bool]:
    """So many of the runs promote."""
    return [True] * promoted + [False] * (of - promoted)


def test_who_fails_is_out_and_the_soonest_of_those_that_are_through_is_the_best() -> None:
    """The blind rule is the soonest of all, and promotes equal candidates."""
    found = look(
        {
            "blind": (runs(400, 400), runs(400, 400)),
            "slow": (runs(380, 400), runs(0, 400)),
            "quick": (runs(370, 400), runs(1, 400)),
        },
        {"blind": 0.1 * HOUR, "slow": 3 * HOUR, "quick": 1 * HOUR},
    )
    assert found.compliance == {
        "blind": Compliance.FAILS, "slow": Compliance.PASSES, "quick": Compliance.PASSES
    }  # fmt: skip
    assert found.best == "quick"
    assert found.scores == {"blind": 0.1 * HOUR, "slow": 3 * HOUR, "quick": 1 * HOUR}
    assert found.play_on == ()


def test_who_may_still_pass_and_be_sooner_is_played_on_with_the_best() -> None:
    """20 runs tell nothing of 5 %; one that is later than the best is not waited for."""
    found = look(
        {
            "best": (runs(390, 400), runs(0, 400)),
            "sooner": (runs(19, 20), runs(0, 20)),
            "later": (runs(19, 20), runs(0, 20)),
        },
        {"best": HOUR, "sooner": 0.5 * HOUR, "later": 2 * HOUR},
    )
    assert found.best == "best"
    assert found.play_on == ("best", "sooner")


def test_without_one_that_is_through_all_that_may_pass_are_played_on() -> None:
    """And none where all fail."""
    times = {"a": HOUR, "b": HOUR, "c": HOUR}
    young, blind = (runs(19, 20), runs(0, 20)), (runs(100, 100), runs(100, 100))
    assert look({"a": young, "b": blind, "c": young}, times).play_on == ("a", "c")
    assert look({"a": blind, "b": blind, "c": blind}, times).play_on == ()


@pytest.mark.long
def test_no_rule_at_its_bound_gets_through_more_often_than_the_error_allows() -> None:
    """Four rules that promote an equal candidate in just 5 % of runs, looked at three times.

    Of 100 races at most 2.5 % may let one through: 9 or more would be seen once in 1,000 times.
    Plain intervals at each look and for each rule would let 20 through.
    """
    numbers = np.random.default_rng(1)
    times = dict.fromkeys("abcd", HOUR)
    never, always = (
        worlds({rule: (runs(1, 1), runs(n, 1)) for rule in times}, times) for n in (0, 1)
    )
    wrong = 0
    for _ in range(100):
        drawn = numbers.random((4, 400)) < 0.05
        through = False
        for count in (100, 200, 400):
            played = []
            for place in range(2):
                kept = never[place].rows
                both = always[place].rows
                own = {
                    rule: [(both if each else kept)[rule][0] for each in drawn[at, :count]]
                    for at, rule in enumerate(times)
                }
                played.append(replace(never[place], rows=own))
            through |= looked_at(CUSTOMARY, played, [1.0, 1.0], "soonest", began=4).best is not None
        wrong += through
    assert wrong < 9
