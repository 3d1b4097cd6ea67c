"""What is said of a requirement that the runs do not tell yet: why, or how many would."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import pytest

import simab
from simab.report.requirement_text import why_no_runs_tell
from simab.result import StudyResult
from simab.result.requirement_result import Compliance, JudgedRequirement
from simab.result.saved_study import canonical_json, read_saved_study
from tests.study.building import small
from tests.world.building import ONE_WORLD, variant


@pytest.fixture(scope="module")
def study() -> StudyResult:
    """A share, and a mean of costs, which nothing limits."""
    variants = {name: variant(cost_per_request=1.0) for name in "ab"}
    asked = [
        {"quantity": "power", "at_least": 0.5},
        {"quantity": "cost_of_serving", "at_most": 1e9},
    ]
    plan = small(
        endpoint={"weight_update": "10s", "variants": variants},
        requirements=asked,
        worlds=ONE_WORLD,
    )
    return simab.compare(plan, replications=15).result


def test_a_mean_that_nothing_limits_is_not_said_to_be_near_its_bound(study: StudyResult) -> None:
    """It lies far below; yet a run that was not seen could cost anything. Also when read back."""
    again = read_saved_study(canonical_json(study).encode(), "study.json")
    for result in (study, again):
        found = next(each for each in result.judged if each.requirement == 1)
        assert found.compliance == Compliance.OPEN
        assert "nothing limits what a run may come to" in str(why_no_runs_tell(result, found))


@pytest.mark.parametrize(
    ("estimate", "runs_to_tell", "says"),
    [
        (0.5, None, "is the bound itself"),
        (0.5000001, None, "more than 100,000,000 runs would be needed"),
        (0.6, 700, None),
    ],
)
def test_why_no_runs_tell_is_said_apart(
    estimate: float, runs_to_tell: int | None, says: str | None, study: StudyResult
) -> None:
    found = JudgedRequirement(
        requirement=0,
        policy="test",
        world="described",
        estimate=estimate,
        low=0.4,
        high=0.6,
        runs=100,
        compliance=Compliance.OPEN,
        runs_to_tell=runs_to_tell,
    )
    why = why_no_runs_tell(study, found)
    assert (why is None) if says is None else (says in str(why))


def test_the_page_speaks_of_wider_intervals_only_where_something_was_judged(
    study: StudyResult,
) -> None:
    from simab.report.sections.worlds import SECTION

    several = replace(study, other_worlds=study.worlds)
    assert SECTION.content(several, count(1)).get("judged") is True
    nothing = replace(several, judged=())
    assert SECTION.content(nothing, count(1)).get("judged") is False
