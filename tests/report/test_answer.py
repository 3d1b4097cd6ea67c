"""The sentences say what the table says, and claim no difference that is not shown."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import compress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simab.report import captions, formatting, summary_table_html
from simab.report.answer import answer, verdict
from simab.report.ranking import most_often_right
from simab.report.tables import pairs, summary
from simab.report.truth_text import truth_sentence
from simab.result.example_run import MetricPoint
from simab.result.saved_study import read_result
from tests.effort import examples
from tests.report.conftest import built
from tests.report.judging import judged, share_of
from tests.report.toy_study import CHURN, build

Result = dict[str, Any]
Of = Callable[[str], Result]


def plain(text: str) -> str:
    """With ordinary spaces and without the quotes around names."""
    return re.sub("[“”]", "", text.replace("\u202f", " ").replace("\u00a0", " "))


def test_every_name_in_a_sentence_is_quoted(result: Of) -> None:
    """Any word may be the name of a policy: “test” takes an hour; of one word or of many."""
    said = answer(read_result(result("churn")))
    text = " ".join((said.verdict, said.truth, *said.remarks))
    for name in ("fixed_horizon", "Variant1", "promote on 120 rows"):
        assert text.count(name) == text.count(f"“{name}”") > 0


def at(mean: float, around: float = 0.0) -> dict[str, float]:
    return {"mean": mean, "low": mean - around, "high": mean + around}


def calm(study: Result) -> Result:
    """Errors and breaches everywhere, and none of them the candidate's doing."""
    for policy in study["policies"]:
        policy |= {"error_share": at(0.30, 0.01), "guardrail_breach_s": at(7200.0, 200.0)}
        policy |= {"error_share_excess": at(0.0), "guardrail_breach_excess_s": at(0.0)}
    return study


def test_what_users_suffer_under_a_right_policy_is_said_with_its_numbers(result: Of) -> None:
    """In excess of a candidate like the control: errors, or a broken guardrail; right policies."""
    study = calm(result("churn"))
    right, wrong_one = study["policies"][3], study["policies"][1]
    right |= {"error_share": at(0.12, 0.01), "error_share_excess": at(0.119, 0.01)}
    right["guardrail_breach_excess_s"] = at(7200.0, 200.0)
    wrong_one["error_share_excess"] = right["error_share_excess"]
    (sentence,) = (each for each in answer(read_result(study)).remarks if "users" in each)
    assert "fixed_horizon" in sentence
    assert "manual_schedule" not in sentence
    like = "with a candidate that answers as Variant1 does"
    assert f"12 % of the requests failed or refused (0.10 % {like})" in plain(sentence)
    assert "breaks a guardrail for 2 h of a run longer" in plain(sentence)


def test_what_chance_alone_breaks_is_no_harm(result: Of) -> None:
    """Two hours of breach and errors in every third request, but as many with equal variants."""
    assert not any("users" in each for each in answer(read_result(calm(result("churn")))).remarks)


def test_an_excess_within_chance_is_no_harm(result: Of) -> None:
    """An hour of six at the mean, with an interval over zero: it may be none."""
    study = calm(result("churn"))
    for policy in study["policies"]:
        policy["guardrail_breach_excess_s"] = at(3600.0, 3700.0)
        policy["error_share_excess"] = at(0.3, 0.31)
    assert not any("users" in each for each in answer(read_result(study)).remarks)


def test_refused_actions_are_a_remark(result: Of) -> None:
    """How many, in how many runs, and why; none where nothing was refused."""
    study = result("churn")
    assert not any("refused to" in each for each in answer(read_result(study)).remarks)
    study["policies"][1]["refused"] = {"actions": 1234, "runs": 390, "reason": "it is Updating."}
    assert (
        "1,234 actions were refused to manual_schedule, in 390 of 400 runs, mostly because: "
        "it is Updating." in [plain(each) for each in answer(read_result(study)).remarks]
    )


def test_a_held_candidate_is_a_remark(result: Of) -> None:
    """For what and in how many runs; none where none was held."""
    study = result("churn")
    assert not any(" held " in each for each in answer(read_result(study)).remarks)
    study["policies"][1]["held"]["sample ratio"] = 7
    assert "manual_schedule held the candidate for a sample ratio mismatch in 7 of 400 runs." in [
        plain(each) for each in answer(read_result(study)).remarks
    ]


def test_a_reason_that_begins_a_sentence_begins_with_a_capital(result: Of) -> None:
    """Of three variants, and of a control that keeping is not blamed for."""
    study, slow = result("churn"), "in a run with all traffic it takes 2 s at p99"
    values = study["truth"]["values"]
    judged(study, {**values, "Third": values["Variant2"]}, breaks={"Variant2": slow})
    assert f". I{slow[1:]}." in answer(read_result(study)).truth
    study = result("churn")
    judged(study, values, breaks={"Variant1": slow})
    assert f". I{slow[1:]}, which keeping" in answer(read_result(study)).truth


def test_a_candidate_that_breaks_a_guardrail_is_not_called_worse(result: Of) -> None:
    """Its answers are better; the sentence says what outweighs them, and what promoting it is."""
    study = result("candidate_better")
    breaks = "Variant2 fails 5 % of its requests, over the guardrail of 1 %"
    judged(study, study["truth"]["values"], breaks={"Variant2": breaks})
    said = answer(read_result(study))
    assert f"but {breaks}, so the right decision is to keep Variant1" in plain(said.truth)
    assert "ends with Variant2, which breaks a guardrail, in" in plain(said.verdict)
    judged(study, result("churn")["truth"]["values"], breaks={"Variant2": breaks})
    assert f". Besides, {breaks}." in answer(read_result(study)).truth


def set_correct(result: Result, counts: dict[str, int]) -> Result:
    """Give policies other counts of right decisions, and no comparison of them."""
    runs = result["replications"]
    result["paired"] = []
    for policy in result["policies"]:
        count = counts[policy["name"]]
        share = count / runs
        low, high = max(0.0, share - 0.05), min(1.0, share + 0.05)
        policy["correct"] = {"count": count, "share": share, "low": low, "high": high}
    return result


def compared(first: str, second: str, difference: float, *, differs: bool) -> Result:
    """A comparison of right decisions as the analysis writes it."""
    return {
        "first": first, "second": second, "quantity": "correct", "difference": difference,
        "low": difference - 0.01, "high": difference + 0.01, "variance_reduction": 3.0,
        "pairs": 400, "approximate": False, "p_value": 0.01, "adjusted_p_value": 0.02,
        "differs": differs, "restricted_to_s": None, "undecided": None, "reason": "",
    }  # fmt: skip


def test_the_verdict_names_the_harm_and_the_best(result: Of) -> None:
    text = plain(verdict(read_result(result("churn"))))
    assert text.startswith("manual_schedule ends with Variant2, which is worse than Variant1, in")
    assert "fixed_horizon is right most often: it ends with Variant1 in" in text


def test_every_percentage_of_the_sentences_stands_in_the_table(any_result: Result) -> None:
    """A reader who looks a number up finds it, for all results with a harm in one column."""
    study = read_result(any_result)
    table = plain(html.unescape(re.sub(r"<[^>]+>", " ", summary_table_html(study))))
    table = table.split("Policy", 1)[1]  # the sentences above it do not count
    sentences = answer(study)
    for sentence in (sentences.verdict, *sentences.remarks):
        for number in re.findall(r"(?:<1|[\d.]+) %", plain(sentence).replace("middle 80 %", "")):
            assert number in table, sentence


def test_the_verdict_changes_with_the_table(result: Of) -> None:
    """Swap the numbers of two policies, and the sentence names the other one."""
    changed = result("churn")
    first, second = changed["policies"][0], changed["policies"][3]
    swap = {first["name"]: second["name"], second["name"]: first["name"]}
    for policy in (first, second):
        policy["name"] = swap[policy["name"]]
    for pair in changed["paired"]:
        pair |= {end: swap.get(pair[end], pair[end]) for end in ("first", "second")}
    text = verdict(read_result(changed))
    assert "“promote on 120 rows” is right most often" in text


def test_policies_that_were_not_compared_cannot_be_told_apart(result: Of) -> None:
    """However far their intervals are from each other: no test of the pair, no statement."""
    counts = {"staged_canary": 200, "fixed_horizon": 212}
    text = plain(verdict(read_result(set_correct(result("two_policies"), counts))))
    assert (
        "which of fixed_horizon and staged_canary is right most often is not known "
        "(53 % down to 50 % of" in text
    )
    assert "most often:" not in text


@pytest.mark.parametrize("differs", [True, False])
@pytest.mark.parametrize("turned", [True, False])
def test_the_adjusted_test_of_the_pair_decides(result: Of, differs: bool, turned: bool) -> None:
    """In whichever order it was made, and whether or not the interval of the pair excludes 0."""
    counts = {"staged_canary": 200, "fixed_horizon": 210}
    study = set_correct(result("two_policies"), counts)
    names = ("fixed_horizon", "staged_canary") if turned else ("staged_canary", "fixed_horizon")
    study["paired"] = [compared(*names, -0.025 if turned else 0.025, differs=differs)]
    assert (len(most_often_right(read_result(study))) == 1) is differs
    assert ("fixed_horizon is right most often" in plain(verdict(read_result(study)))) is differs


def test_three_policies_that_tie_are_counted(result: Of) -> None:
    names = [policy["name"] for policy in result("churn")["policies"]]
    study = read_result(set_correct(result("churn"), dict.fromkeys(names, 300)))
    assert "which of all 5 policies is right most often is not known" in verdict(study)


def test_no_right_decision_is_said_plainly(result: Of) -> None:
    names = [policy["name"] for policy in result("churn")["policies"]]
    study = read_result(set_correct(result("churn"), dict.fromkeys(names, 0)))
    assert "no policy ends with Variant1, which would be right, in any run" in plain(verdict(study))


def test_one_policy_is_compared_with_nobody(result: Of) -> None:
    text = plain(verdict(read_result(result("one_policy"))))
    assert text.startswith("promote on 120 rows ends with Variant1, which is right, in")
    assert "most often" not in text


def test_nobody_decides(result: Of) -> None:
    said = answer(read_result(result("nobody_decides")))
    assert plain(said.verdict).startswith(
        "None of the 2 policies decides within the horizon of 6 h"
    )
    assert said.remarks == ()


def test_a_better_candidate_turns_the_harm_round(result: Of) -> None:
    """If the candidate is better, keeping it out is the harm, by a rollback too."""
    study = read_result(result("candidate_better"))
    assert "ends with Variant1, although Variant2 is better, in" in plain(verdict(study))
    canary = next(each for each in study.policies if each.name == "staged_canary")
    kept, back = canary.verdicts["kept_control"].count, canary.verdicts["rolled_back"].count
    assert canary.wrong.count == kept + back > 0


def test_equal_variants_make_every_promotion_false(result: Of) -> None:
    study = read_result(result("equal_variants"))
    assert "every promotion is a false one" in truth_sentence(study.truth)
    assert "which is no better" in verdict(study)


@pytest.mark.parametrize(
    ("smallest", "words"),
    [(0.01, "more than the 0.010"), (0.05, "less than the 0.050"), (0.023, "just the 0.023")],
)
def test_the_truth_is_held_against_what_matters(result: Of, smallest: float, words: str) -> None:
    study = result("churn")
    judged(study, study["truth"]["values"], smallest_effect=smallest)
    text = plain(truth_sentence(read_result(study).truth))
    assert "Variant1 is better than Variant2: F1 is 0.841 against 0.818" in text
    assert words in text
    assert text.endswith("the right decision is to keep Variant1.")


def test_two_that_are_equally_good_are_both_the_best(result: Of) -> None:
    study = result("churn")
    judged(study, {f"Variant{number}": {"f1": f1} for number, f1 in ((1, 0.8), (2, 0.9), (3, 0.9))})
    text = plain(truth_sentence(read_result(study).truth))
    assert "Variant2 and Variant3 are the best, better than the control Variant1 by 0.100" in text
    assert "right to end with Variant2 or Variant3" in text


def test_what_comes_after_the_horizon_was_not_played(result: Of) -> None:
    """A schedule that has ended decides nothing later; a test may. Neither was looked at."""
    remarks = plain(" ".join(answer(read_result(result("churn"))).remarks))
    assert "of the runs; what comes after it was not played." in remarks


def test_undecided_runs_are_spoken_of_where_there_are_any() -> None:
    """In the caption of times, and beside each paired difference of times."""
    for specs, some in ((CHURN[:2], False), (CHURN, True)):
        study = read_result(build(specs))
        assert any(each.verdicts["undecided"].count for each in study.policies) == some
        assert ("undecided" in captions.timing(study)) == some
        remarks = [row[-1].text for row in pairs(study).rows]
        times = [
            (each, remark)
            for each, remark in zip(study.paired, remarks, strict=True)
            if each.undecided
        ]
        assert times
        for each, remark in times:
            assert ("undecided run counts" in remark) == any(each.undecided)


def test_lines_that_coincide_are_said_to(result: Of) -> None:
    study = result("churn")
    assert "coincide" not in captions.timing(read_result(study))
    first, second = study["policies"][:2]
    second["decision_time_ecdf"] = first["decision_time_ecdf"]
    names = f"{first['name']} and {second['name']}"
    assert f"The lines of {names} coincide." in plain(captions.timing(read_result(study)))


def test_lower_may_be_better(result: Of) -> None:
    study = result("churn")
    values = {"Variant1": {"brier": 0.05}, "Variant2": {"brier": 0.073}}
    judged(study, values, metric="brier")
    text = truth_sentence(read_result(study).truth)
    assert "Brier score (lower is better) is 0.050 against 0.073" in text


def test_a_median_beyond_the_horizon_is_no_median(result: Of) -> None:
    study = result("two_policies")
    for policy in study["policies"]:
        policy["decision_time_s"] |= dict.fromkeys(("p50", "p90", "p50_low", "p50_high"))
    remarks = plain(" ".join(answer(read_result(study)).remarks))
    assert "fixed_horizon leaves half of its runs or more undecided" in remarks


def test_captions_are_computed(result: Of) -> None:
    """A caption's numbers are those of the policies that it names."""
    study = read_result(result("churn"))
    text = plain(captions.endings(study))
    for name in ("manual_schedule", "fixed_horizon"):
        policy = next(each for each in study.policies if each.name == name)
        assert plain(formatting.proportion(policy.correct).value) in text
        assert name in text


def test_the_caption_of_the_metric_compares_the_intervals(result: Of) -> None:
    study = read_result(result("churn"))
    text = captions.metric(study, study.examples[0])
    assert "; true values 0.841 and 0.818." in text
    assert "overlap" not in text
    assert "fixed beforehand" in text


@pytest.mark.parametrize(("low", "cut"), [(0.0, True), (0.75, False)])
def test_what_the_scale_of_the_metric_leaves_out_is_said(result: Of, low: float, cut: bool) -> None:
    """The later two thirds fix the scale; an early band that leaves it is cut off."""
    study = read_result(result("churn"))
    example, end_s = study.examples[0], study.examples[0].shown_until_s
    known = {"variant": "Variant1", "value": 0.8}
    later = MetricPoint(at_s=end_s / 2, labelled=90, low=0.7, high=0.9, **known)
    early = MetricPoint(at_s=end_s / 9, labelled=9, low=low, high=0.85, **known)
    shown = replace(example, metric_series=(early, later))
    assert ("cut off" in captions.metric(study, shown)) == cut


@dataclass(frozen=True)
class Drawn:
    """How many runs of each policy end with each variant, the last still split; and the truth."""

    ends: tuple[tuple[int, ...], ...]
    gains: tuple[float, ...]
    broken: tuple[bool, ...]

    def result(self) -> Result:
        """A result whose policies end as drawn, judged by the truth drawn."""
        base = built({1: "one_policy", 2: "two_policies"}.get(len(self.ends), "churn"))
        base["policies"] = base["policies"][: len(self.ends)]
        names = [f"Variant{at + 1}" for at in range(len(self.gains) + 1)]
        values = {
            name: {"f1": 0.6 + gain} for name, gain in zip(names, (0, *self.gains), strict=True)
        }
        for policy, counts in zip(base["policies"], self.ends, strict=True):
            _end(policy, names, counts)
        base["paired"] = []
        broken = compress(names[1:], self.broken)
        breaks = {name: f"“{name}” is slow" for name in broken}
        return judged(base, values, smallest_effect=0.02, breaks=breaks)


def _end(policy: dict[str, Any], names: list[str], counts: tuple[int, ...]) -> None:
    """Let a policy decide for, and end with, these variants so often; the last count is split."""
    runs, split = sum(counts), counts[-1]
    for name, count in zip(names, counts, strict=False):
        policy["ends_with"][name] = share_of(count, runs) | {"since_s": 600.0 if count else None}
        policy["decides_for"][name] = share_of(count, runs)
    policy["still_split"] = share_of(split, runs)
    other = sum(counts[2:-1])
    decided = {
        "kept_control": counts[0], "promoted_candidate": counts[1], "promoted_other": other,
        "rolled_back": 0, "undecided": split,
    }  # fmt: skip
    policy["verdicts"] = {name: share_of(count, runs) for name, count in decided.items()}


@st.composite
def drawings(draw: st.DrawFn) -> Drawn:
    """One to three policies, two or three variants, gains around what matters, runs that end."""
    variants = draw(st.integers(2, 3))
    gain = st.sampled_from([-0.1, -0.005, 0.0, 0.005, 0.02, 0.1])
    count = st.tuples(*[st.integers(0, 9)] * (variants + 1)).filter(any)
    return Drawn(
        tuple(draw(st.lists(count, min_size=1, max_size=3))),
        tuple(draw(gain) for _ in range(variants - 1)),
        tuple(draw(st.booleans()) for _ in range(variants - 1)),
    )


@examples(1 / 2)
@given(drawings())
def test_sentence_table_and_rows_agree_whatever_the_truth(drawn: Drawn) -> None:
    """Who is called wrong or right is so by the truth, with the share that the table shows."""
    study = read_result(drawn.result())
    truth, said = study.truth, answer(study)
    for policy in study.policies:
        counts = {"right": 0, "wrong": 0, "neither": policy.still_split.count}
        for name, ending in policy.ends_with.items():
            counts[truth.judgements[name]] += ending.count
        shares = (policy.correct, policy.wrong, policy.neither)
        assert [counts[name] for name in ("right", "wrong", "neither")] == [s.count for s in shares]
    shown = [plain(cell.text) for row in summary(study).rows for cell in row]
    worst = max(study.policies, key=lambda policy: policy.wrong.share)
    if worst.wrong.count and len(study.policies) > 1:
        first = plain(said.verdict.split(";")[0])
        assert first.startswith(f"{worst.name} ends with")
        assert plain(str(formatting.proportion(worst.wrong))) in first
        assert plain(formatting.proportion(worst.wrong).value) in shown
    reasons = "(?:which is worse|which is no better|which breaks|although)"
    for name in re.findall(f"ends with “([^”]+)”, {reasons}", said.verdict):
        assert truth.judgements[name] == "wrong"
    for name in re.findall("it ends with “([^”]+)” in", said.verdict):
        assert truth.judgements[name] == "right"
    if not truth.judged("right"):
        assert "is right most often" not in said.verdict
        assert "the right decision" not in said.truth
    assert all(f"“{name}”" in said.truth for name in truth.endings)
