"""Requirements judged by hand-made runs: in which worlds they are asked, and what the runs say."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import pytest

from simab.analyse import Verdict
from simab.analyse.recommendation import recommended
from simab.analyse.requirements import PlayedWorld, judged, statement_of
from simab.result import TruthSummary
from simab.result.columns import RunLimits
from simab.result.requirement_result import (
    Compliance,
    Recommendation,
    RequirementStatement,
    compliance_of,
)
from simab.scenario import requirements
from simab.scenario.requirements import PowerRequirement, Preference, TimeRequirement
from tests.analyse.outcome_rows import rows

CUSTOMARY = tuple(map(statement_of, requirements.CUSTOMARY))


def truth(gain: float, *, breaks: bool = False, worse: bool = False) -> TruthSummary:
    """Control a and candidate b that is better by so much; 0.02 matters."""
    right = gain >= 0.02 and not breaks
    return TruthSummary(
        metric="accuracy",
        direction="higher",
        values={"a": {"accuracy": 0.8}, "b": {"accuracy": 0.8 + gain}},
        gains={"a": 0.0, "b": gain},
        breaks={"b": "errors"} if breaks else {},
        judgements={"a": "wrong" if right else "right", "b": "right" if right else "wrong"},
        contenders=("a", "b"),
        best="b" if right else "a",
        worse=("b",) if worse else (),
        smallest_effect=0.02,
        control="a",
        candidate="b",
    )


def world(name: str, promoted: int, runs: int, at: TruthSummary, **columns: list) -> PlayedWorld:
    """So many of the runs of `rule` promote the candidate; the rest keep the control."""
    ends = ["b"] * promoted + ["a"] * (runs - promoted)
    verdicts = [Verdict.PROMOTED_CANDIDATE if end == "b" else Verdict.KEPT_CONTROL for end in ends]
    correct = [at.judgements[end] == "right" for end in ends]
    made = rows(verdict=verdicts, ends_with=ends, decided_for=ends, correct=correct, **columns)
    return PlayedWorld(name, at, {"rule": made}, RunLimits.of(made, 7200.0))


FALSE = RequirementStatement(quantity="false_promotion", at_most=True, bound=0.05, unit="share")


@pytest.mark.parametrize(
    ("promoted", "runs", "says"),
    [(0, 105, "passes"), (0, 104, "cannot tell"), (40, 200, "fails"), (10, 200, "cannot tell")],
)
def test_a_share_is_judged_at_all_looks_together(promoted: int, runs: int, says: str) -> None:
    """105 runs without a promotion are the least that tell of 5 % (by hand in the statistics)."""
    (found,) = judged([FALSE], [world("equal", promoted, runs, truth(0.0))])
    assert (found.policy, found.world, found.requirement) == ("rule", "equal", 0)
    assert found.compliance == says
    assert found.estimate == promoted / runs
    assert found.low <= found.estimate <= found.high
    assert (found.runs_to_tell is None) == (says != "cannot tell" or found.estimate == 0.05)


def test_each_quantity_is_asked_where_it_means_something() -> None:
    """False promotion where the candidate is not better or broken, power where it is better."""
    worlds = [
        world("better", 90, 100, truth(0.03)),
        world("a little better", 50, 100, truth(0.01)),
        world("equal", 1, 100, truth(0.0)),
        world("worse", 1, 100, truth(-0.03)),
        world("broken", 1, 100, truth(0.03, breaks=True)),
    ]
    asked = {
        quantity: [
            each.world
            for each in judged(
                [
                    RequirementStatement(
                        quantity=quantity, at_most=True, bound=0.5, unit="share", share_of_runs=0.5
                    )
                ],
                worlds,
            )
        ]
        for quantity in ("false_promotion", "promotes_a_worse", "power", "broken_gone_within")
    }
    assert asked == {
        "false_promotion": ["equal", "worse", "broken"],
        "promotes_a_worse": ["worse", "broken"],
        "power": ["better"],
        "broken_gone_within": ["broken"],
    }


def test_a_run_that_promotes_and_goes_back_has_promoted() -> None:
    """It ends with the control, which is right; users had the candidate all the same."""
    made = rows(decided_for=["b"] * 200, ends_with=["a"] * 200)
    there = PlayedWorld("equal", truth(0.0), {"rule": made}, RunLimits.of(made))
    (found,) = judged([FALSE], [there])
    assert (found.estimate, found.compliance) == (1.0, Compliance.FAILS)


def test_a_time_is_asked_of_a_share_of_the_runs() -> None:
    """95 of 100 runs within ten minutes are more than half and not known to be 90 %."""
    times = [500.0] * 95 + [None] * 5
    there = world("equal", 0, 100, truth(0.0), decided_s=times)
    half, most = (
        statement_of(
            TimeRequirement(quantity="time_to_decision", at_most="10min", share_of_runs=share)
        )
        for share in (0.5, 0.9)
    )
    found = list(judged([half, most], [there]))
    assert [each.compliance for each in found] == [Compliance.PASSES, Compliance.OPEN]
    assert {each.estimate for each in found} == {0.95}
    assert (half.bound, half.unit) == (600.0, "seconds")


def test_a_broken_candidate_is_gone_when_it_takes_no_request_for_good() -> None:
    """After 5 min in 60 runs, whoever serves then; never in the 60 others."""
    since = [300.0] * 60 + [None] * 60
    there = world("broken", 60, 120, truth(0.0, breaks=True), candidate_gone_s=since)
    (found,) = judged(
        [
            RequirementStatement(
                quantity="broken_gone_within",
                at_most=True,
                bound=600.0,
                unit="seconds",
                share_of_runs=0.9,
            )
        ],
        [there],
    )
    assert (found.estimate, found.compliance) == (0.5, Compliance.FAILS)


@pytest.mark.parametrize(
    ("bound", "says"), [(600.0, "passes"), (400.0, "fails"), (500.0, "cannot tell")]
)
def test_a_mean_is_judged_by_a_sequence_of_intervals(bound: float, says: str) -> None:
    """500 on average, from 400 to 600 in turn over 400 runs."""
    at = truth(-0.03, worse=True)
    there = world("worse", 0, 400, at, requests_on_worse=[400, 600] * 200)
    asked = RequirementStatement(
        quantity="requests_on_worse", at_most=True, bound=bound, unit="requests"
    )
    (found,) = judged([asked], [there])
    assert found.estimate == 500.0
    assert found.compliance == says
    assert found.low < 500.0 < found.high


def test_runs_all_alike_do_not_prove_a_mean() -> None:
    """0 requests in 20 runs: the next run may have a thousand."""
    there = world("worse", 0, 20, truth(-0.03, worse=True), requests_on_worse=[0] * 20)
    asked = RequirementStatement(
        quantity="requests_on_worse", at_most=True, bound=10.0, unit="requests"
    )
    (found,) = judged([asked], [there])
    assert found.compliance == Compliance.OPEN
    assert found.high > 100


def test_where_no_variant_is_worse_nothing_can_go_to_one() -> None:
    """0 by what it is, after any number of runs; clients are not even counted there."""
    there = world("equal", 0, 3, truth(0.0), clients_on_worse=[None] * 3)
    for quantity in ("requests_on_worse", "clients_on_worse"):
        asked = RequirementStatement(quantity=quantity, at_most=True, bound=0.0, unit="requests")
        (found,) = judged([asked], [there])
        assert (found.estimate, found.high, found.compliance) == (0.0, 0.0, Compliance.PASSES)


def test_a_policy_whose_runs_failed_in_a_world_does_not_pass() -> None:
    """The runs that failed might be those that promote: 200 clean ones say nothing of them."""
    clean = world("equal", 0, 200, truth(0.0))
    some = replace(clean, failed={"rule": 3})
    none = replace(clean, name="broken", rows={"rule": ()}, failed={"rule": 203})
    assert [each.compliance for each in judged([FALSE], [clean])] == [Compliance.PASSES]
    found = list(judged([FALSE], [some, none]))
    assert [each.compliance for each in found] == [Compliance.OPEN, Compliance.OPEN]
    assert compliance_of(found, "rule") == Compliance.OPEN
    assert chosen([FALSE], [clean, none], [1.0, 1.0], "soonest").policy is None
    failing = replace(world("equal", 150, 200, truth(0.0)), failed={"rule": 3})
    assert [each.compliance for each in judged([FALSE], [failing])] == [Compliance.FAILS]


def test_a_requirement_that_no_world_asks_is_not_met() -> None:
    """Power where no candidate is better: a rule that never promotes has not shown any."""
    found = list(judged(CUSTOMARY, [world("equal", 0, 400, truth(0.0))]))
    assert [(each.world, each.compliance) for each in found] == [
        ("equal", Compliance.PASSES),
        ("", Compliance.OPEN),
    ]
    assert compliance_of(found, "rule") == Compliance.OPEN


def test_a_policy_that_nothing_is_asked_of_is_neither_met_nor_open() -> None:
    asked = replace(FALSE, policy="other")
    there = world("equal", 0, 400, truth(0.0))
    both = replace(there, rows={"rule": there.rows["rule"], "other": there.rows["rule"]})
    found = list(judged([asked], [both]))
    assert compliance_of(found, "rule") == Compliance.NOT_ASKED
    assert compliance_of(found, "other") == Compliance.PASSES


def test_a_false_fail_is_shared_among_all_verdicts() -> None:
    """What fails alone, barely, does not fail as one of twenty rules."""
    made = world("equal", 23, 200, truth(0.0))
    alone = [each.compliance for each in judged([FALSE], [made])]
    many = replace(made, rows={f"rule {at}": made.rows["rule"] for at in range(20)})
    among = {each.compliance for each in judged([FALSE], [many])}
    assert (alone, among) == ([Compliance.FAILS], {Compliance.OPEN})


def test_power_is_the_share_of_runs_that_end_with_the_candidate() -> None:
    """One that promotes and goes back has promoted, and has not ended there."""
    made = rows(decided_for=["b"] * 300, ends_with=["a"] * 300)
    there = PlayedWorld("better", truth(0.03), {"rule": made}, RunLimits.of(made))
    (found,) = judged([CUSTOMARY[1]], [there])
    assert (found.estimate, found.compliance) == (0.0, Compliance.FAILS)


def test_a_requirement_of_one_policy_is_asked_of_no_other() -> None:
    two = world("equal", 0, 200, truth(0.0))
    two = PlayedWorld(
        two.name, two.truth, {"rule": two.rows["rule"], "other": two.rows["rule"]}, two.limits
    )
    asked = statement_of(PowerRequirement(quantity="power", at_least=0.8, policy="other"))
    better = PlayedWorld("better", truth(0.03), two.rows, two.limits)
    assert [each.policy for each in judged([asked], [two, better])] == ["other"]


def two_rules(quick: float, slow: float, promoted: int = 0) -> list[PlayedWorld]:
    """Two rules with 400 runs in two worlds, right in all but `promoted` runs of the second."""
    worlds = []
    for name, at, count in (("equal", truth(0.0), 0), ("better", truth(0.03), 400)):
        first = world(name, count, 400, at, decided_s=[quick] * 400)
        second = world(
            name, promoted if name == "equal" else count, 400, at, decided_s=[slow] * 400
        )
        own = {"quick": first.rows["rule"], "slow": second.rows["rule"]}
        worlds.append(PlayedWorld(name, at, own, first.limits))
    return worlds


def chosen(
    statements: Sequence[RequirementStatement],
    worlds: Sequence[PlayedWorld],
    weights: Sequence[float],
    prefer: Preference,
) -> Recommendation:
    """The recommendation after all that is asked was judged, as a study does it."""
    found = list(judged(statements, worlds))
    return recommended(found, statements, worlds, weights, prefer)


def test_the_soonest_of_those_that_pass_is_recommended() -> None:
    """Both pass; by what the file prefers the quick one is first, and stays so among two."""
    found = chosen(CUSTOMARY, two_rules(60.0, 600.0), [1.0, 1.0], "soonest")
    assert (found.policy, found.certain) == ("quick", True)
    assert found.scores == {"quick": 60.0, "slow": 600.0}
    turned = chosen(CUSTOMARY, two_rules(600.0, 60.0), [1.0, 1.0], "soonest")
    assert turned.policy == "slow"


def test_a_rule_that_fails_is_not_recommended_however_soon_it_is() -> None:
    found = chosen(CUSTOMARY, two_rules(600.0, 60.0, promoted=200), [1.0, 1.0], "soonest")
    assert found.policy == "quick"


def test_where_none_passes_the_nearest_is_named() -> None:
    strict = RequirementStatement(quantity="time_to_decision", at_most=True, bound=1.0,
                                  unit="seconds", share_of_runs=0.5)  # fmt: skip
    asked = [*CUSTOMARY, strict]
    found = chosen(asked, two_rules(60.0, 600.0, promoted=200), [1.0, 1.0], "soonest")
    assert (found.policy, found.nearest, found.certain) == (None, "quick", False)


def test_a_recommendation_allows_for_the_rules_that_it_was_chosen_from() -> None:
    """105 clean runs tell of one rule, not of the best of two at half the error each."""
    made = world("equal", 0, 105, truth(0.0)).rows["rule"]
    limits = RunLimits.of(made, 7200.0)
    alone = PlayedWorld("equal", truth(0.0), {"one": made}, limits)
    both = PlayedWorld("equal", truth(0.0), {"one": made, "two": made}, limits)
    assert chosen([FALSE], [alone], [1.0], "soonest").certain
    found = chosen([FALSE], [both], [1.0], "soonest")
    assert (found.policy, found.certain) == ("one", False)


def test_worlds_count_by_their_weights() -> None:
    """60 s in one world and 600 s in the other, three to one."""
    first = world("equal", 0, 400, truth(0.0), decided_s=[60.0] * 400)
    second = world("better", 400, 400, truth(0.03), decided_s=[600.0] * 400)
    found = chosen(CUSTOMARY, [first, second], [3.0, 1.0], "soonest")
    assert found.scores["rule"] == pytest.approx(0.75 * 60.0 + 0.25 * 600.0)
    undecided = world("equal", 0, 400, truth(0.0))
    alone = chosen(CUSTOMARY, [undecided], [1.0], "soonest")
    assert alone.scores["rule"] == undecided.limits.horizon_s
    assert not math.isnan(alone.scores["rule"])
