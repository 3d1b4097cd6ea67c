"""What a plan says and draws, against its record, over drawn plans."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import numpy as np
import pytest

from simab.report.plan_figure import draw_frontier
from simab.report.plan_page import plan_page
from simab.report.plan_table import candidates_table
from simab.report.plan_text import in_order_of_merit, plan_sentences
from simab.report.requirement_text import statement_text
from simab.result.estimates import Mean, Proportion
from simab.result.plan_result import FreshRuns, PlannedPolicy, PlanResult, candidate_rows
from simab.result.reader import Reader
from simab.result.requirement_result import (
    Compliance,
    JudgedRequirement,
    RequirementStatement,
    compliance_of,
)
from simab.result.study_result import PlayedScenario
from simab.study.plan_result import on_frontier
from tests.study.building import small

REQUIRED = (
    RequirementStatement(quantity="false_promotion", at_most=True, bound=0.1, unit="share"),
    RequirementStatement(quantity="power", at_most=False, bound=0.7, unit="share"),
    RequirementStatement(
        quantity="broken_gone_within", at_most=True, bound=600.0, unit="seconds", share_of_runs=0.9
    ),
)
PLAYED = PlayedScenario.from_reader(Reader(small().model_dump(mode="json")))
WORLDS = (("equal", "exchanged"), ("described",), ("broken",))
ORDER = list(map(str, (Compliance.PASSES, Compliance.OPEN, Compliance.FAILS)))


def drawn(seed: int) -> PlanResult:
    """A plan of one to six candidates whose estimates are above and below what is required."""
    numbers = np.random.default_rng(seed)
    most = int(numbers.integers(1, 7))
    kinds = numbers.random(3) * (0.2, 0.9, 1.0)  # how often something is missed differs by plan
    candidates = tuple(_candidate(numbers, f"rule: size {at}", kinds) for at in range(most))
    through = [each for each in candidates if each.compliance == Compliance.PASSES]
    through.sort(key=lambda each: each.score.mean)
    fresh, chosen = [], None
    for each in through[:3]:
        passes = bool(numbers.random() < 0.4)
        other = Compliance.OPEN if numbers.random() < 0.5 else Compliance.FAILS
        says = Compliance.PASSES if passes else other
        fresh.append(
            FreshRuns(policy=each.name, seed=2, runs=400, compliance=says, judged=each.judged)
        )
        if passes:
            chosen = each.name
            break
    return PlanResult(
        simab_version="1",
        command="simab plan FILE",
        scenario=PLAYED,
        scenario_yaml="",
        seed=1,
        most_runs=800,
        exhausted=bool(numbers.random() < 0.5),
        criterion=str(numbers.choice(["soonest", "least_exposure", "least_cost"])),
        requirements=REQUIRED,
        customary=False,
        worlds=dict.fromkeys(("described", "equal", "exchanged", "broken"), "title"),
        candidates=on_frontier(candidates),
        chosen=chosen,
        fresh=tuple(fresh),
    )


def _candidate(numbers: np.random.Generator, name: str, kinds: np.ndarray) -> PlannedPolicy:
    judged = [
        JudgedRequirement(
            requirement=place,
            policy=name,
            world=world,
            estimate=estimate,
            low=max(estimate - 0.02, 0.0),
            high=min(estimate + 0.02, 1.0),
            runs=200,
            compliance=says,
        )
        for place, worlds in enumerate(WORLDS)
        for world in worlds
        for estimate, says in [_estimate(numbers, place, kinds[place])]
    ]
    share = float(numbers.random())
    return PlannedPolicy(
        name=name,
        of="rule",
        settings={"size": int(name[-1])},
        runs=200,
        compliance=compliance_of(judged, name),
        judged=tuple(judged),
        score=Mean(float(numbers.integers(60, 9000)), 50.0, 9000.0),
        exposure=Mean(float(numbers.integers(1, 9000)), 0.0, 9000.0),
        power=Proportion(1, share, share, share),
        false_promotion=Proportion(1, 0.05, 0.04, 0.06),
    )


def _estimate(numbers: np.random.Generator, place: int, missed: float) -> tuple[float, str]:
    bad, unsure = numbers.random() < missed, numbers.random() < 0.2
    says = Compliance.OPEN if unsure else Compliance.FAILS if bad else Compliance.PASSES
    low = bool(bad) == (place > 0)  # the first asks for little, the others for much
    return float(numbers.uniform(0.0, 0.05) if low else numbers.uniform(0.95, 1.0)), says


PLANS = [drawn(seed) for seed in range(300)]


def test_the_drawn_plans_end_in_every_way() -> None:
    """Otherwise what follows would check little."""
    ends = {_end(result) for result in PLANS}
    assert ends == {"chosen", "second chosen", "failed again", "not known", "impossible"}


def _end(result: PlanResult) -> str:
    says = {each.compliance for each in result.candidates}
    if result.chosen is not None:
        return "chosen" if result.fresh[0].policy == result.chosen else "second chosen"
    if Compliance.PASSES in says:
        return "failed again"
    return "not known" if Compliance.OPEN in says else "impossible"


@pytest.mark.parametrize("end", ["chosen", "second chosen", "failed again", "not known"])
def test_the_answer_is_that_of_the_record(end: str) -> None:
    """Whom to use, of how many that are known to meet everything; or who may meet it."""
    for result in PLANS:
        if _end(result) != end:
            continue
        answer = plan_sentences(result)[1]
        passing = [e for e in result.candidates if e.compliance == Compliance.PASSES]
        undecided = [e.name for e in result.candidates if e.compliance == Compliance.OPEN]
        if result.chosen is not None:
            assert answer.startswith(f"Use “{result.chosen}”")
            counted = re.search(r"of the (\d+) that are known", answer)
            assert int(counted[1]) == len(passing) if counted else len(passing) == 1
            best = min(each.score.mean for each in passing)
            first = result.candidate(result.chosen).score.mean == best
            assert first == (end == "chosen")
        elif end == "not known":
            assert answer.startswith("No candidate is known to meet everything after 800")
            assert undecided[0] in answer
        else:
            unknown = any(each.compliance == Compliance.OPEN for each in result.fresh)
            assert answer.startswith("Fresh runs do not tell" if unknown else "On fresh runs the")
            count = f"first {len(result.fresh)} of the {len(passing)}"
            assert (count in answer) == (len(passing) > len(result.fresh))


def test_who_comes_next_is_said_and_who_may_be_better() -> None:
    """Others that passed and were not tested, the best first; of the undecided those ahead."""
    seen = set()
    for result in PLANS:
        said = " ".join(plan_sentences(result))
        if result.chosen is None:
            assert "Next come" not in said
            continue
        tested = {each.policy for each in result.fresh}
        others = [e for e in result.candidates if e in result.passing and e.name not in tested]
        if others:
            seen.add("next")
            best = min(others, key=lambda each: each.score.mean)
            assert re.search(rf"Next comes? “{best.name}” \(", said)
        else:
            assert "Next come" not in said
        ahead = result.candidate(result.chosen).score.mean
        better = [each.name for each in result.undecided if each.score.mean < ahead]
        assert ("may be better" in said) == (bool(better) and result.exhausted)
        if "may be better" in said:
            seen.add("better")
            assert better[0] in said
    assert seen == {"next", "better"}


def test_failed_runs_and_what_nobody_asks_are_said() -> None:
    """With how many, the first error, and the requirement."""
    result = next(result for result in PLANS if _end(result) == "not known")
    first, *rest = result.candidates
    failed = replace(first, failed_runs=3, first_error="ValueError: no")
    said = plan_sentences(replace(result, candidates=(failed, *rest)))
    assert said[-1] == f"3 runs of “{first.name}” failed, so that it is out: ValueError: no."
    nowhere = tuple(
        replace(
            each,
            compliance="cannot tell",
            judged=tuple(
                replace(one, world="", compliance="cannot tell") if one.requirement == 1 else one
                for one in each.judged
            ),
        )
        for each in result.candidates
    )
    answer = plan_sentences(replace(result, candidates=nowhere))[1]
    assert "meets power at least 70" in answer
    assert "no world that was played asks it" in answer


def test_what_is_impossible_is_said_with_what_binds_and_who_comes_nearest() -> None:
    """The requirement that most fail; those that keep it fail another; else the nearest value."""
    seen = set()
    for result in PLANS:
        if _end(result) != "impossible":
            continue
        answer = plan_sentences(result)[1]
        failing = [{one.requirement for one in each.failed} for each in result.candidates]
        counts = [sum(place in each for each in failing) for place in range(len(REQUIRED))]
        said = re.search(r"required: (.*?) fails (\d+) of (\d+)", answer)
        assert said is not None
        place = [statement_text(each) for each in REQUIRED].index(said[1])
        assert counts[place] == max(counts) == int(said[2])
        assert int(said[3]) == len(result.candidates)
        keeping = [at for at, each in enumerate(failing) if place not in each]
        if keeping:
            seen.add("kept")
            assert result.candidates[keeping[0]].name in answer
            others = set().union(*(failing[at] for at in keeping))
            assert others
            assert all(statement_text(REQUIRED[other]) in answer for other in others)
            continue
        seen.add(place)
        sign = -1 if place == 0 else 1  # the first asks for little, the others for much
        values = {
            each.name: min(sign * one.estimate for one in each.judged if one.requirement == place)
            for each in result.candidates
        }
        assert f"The nearest is “{max(values, key=lambda name: values[name])}”" in answer
    assert seen == {"kept", 0, 1, 2}


def test_fresh_runs_are_told_with_the_worst_of_the_worlds() -> None:
    """Of a share of runs that keep a bound the least, though the bound is a largest time."""
    for result in PLANS:
        for fresh, sentence in zip(result.fresh, plan_sentences(result)[2:], strict=False):
            assert f"“{fresh.policy}”" in sentence
            told = sentence.partition("at the worst of the worlds, ")[2]
            for place, part in enumerate(told.split("; ")):
                found = [each.estimate for each in fresh.judged if each.requirement == place]
                worst = max(found) if place == 0 else min(found)
                share = re.search(r": ([\d.]+)\s?%", part)
                assert share is not None
                assert float(share[1]) == pytest.approx(100 * worst, abs=0.51)


def test_the_frontier_is_of_those_that_no_other_beats_in_both() -> None:
    """Checked pair by pair."""
    for result in PLANS:
        points = [(e.power.share, e.exposure.mean) for e in result.candidates if e.power]
        for each in result.candidates:
            assert each.power is not None
            own = (each.power.share, each.exposure.mean)
            beaten = any(p >= own[0] and x <= own[1] and (p, x) != own for p, x in points)
            assert each.on_frontier == (not beaten)


def test_the_table_has_the_chosen_first_and_those_that_fail_last() -> None:
    """And a row each."""
    for result in PLANS:
        names = [row[0].text.partition(". ")[2] for row in candidates_table(result).rows]
        assert sorted(names) == sorted(each.name for each in result.candidates)
        says = [result.candidate(name).compliance for name in names]
        if result.chosen is not None:
            assert names[0] == result.chosen
            says = says[1:]
        assert says == sorted(says, key=ORDER.index)


@pytest.mark.parametrize("width", [720, 358])
def test_every_candidate_has_its_mark(width: int) -> None:
    """Inside of the paper; filled where it passes; those of the frontier are named beside."""
    for result in PLANS[:60]:
        drawing = draw_frontier(result, width)
        marks = re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)" r="4.5" fill="(.*?)"', drawing)
        named = {each.name for each in result.candidates if each.on_frontier} | {result.chosen}
        assert len(marks) == len(result.candidates) + len(named - {None})
        assert all(0 < float(x) < width for x, _, _ in marks)
        for name in named - {None}:
            assert (
                f"{in_order_of_merit(result).index(result.candidate(str(name))) + 1}. " in drawing
            )


def test_a_candidate_without_power_or_exposure_is_not_drawn() -> None:
    """No world asks for it, or some run does not have it."""
    result = next(result for result in PLANS if len(result.candidates) == 3)
    first, second, third = result.candidates
    unknown = replace(second, exposure=Mean(math.nan, math.nan, math.nan))
    some = replace(result, candidates=(replace(first, power=None), unknown, third))
    assert draw_frontier(some, 720)
    none = replace(result, candidates=(replace(first, power=None),), chosen=None, fresh=())
    assert "<svg" not in plan_page(none)
    assert [each["power"] for each in candidate_rows(none)] == [None]


def test_the_page_escapes_what_it_shows() -> None:
    """A name of a policy is a file's text."""
    result = next(result for result in PLANS if result.chosen is not None)
    evil = "<script>alert(1)</script>"
    named = replace(result.candidates[0], name=evil)
    page = plan_page(replace(result, candidates=(named, *result.candidates[1:])))
    assert evil not in page
