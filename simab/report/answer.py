"""The answer in sentences, computed from the result so that they cannot contradict the table.

Numbers come from the same records and are written by the same functions as the table's cells.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from simab.report import formatting
from simab.report.answer_conduct import (
    failed,
    held,
    overestimates,
    overturned,
    poor,
    refused,
    suffering,
    unfinished,
    weights_of_others,
)
from simab.report.answer_over_worlds import recommendation_text, requirement_remarks
from simab.report.answer_remarks import false_alarms, floor, too_short
from simab.report.ranking import (
    fastest,
    most_often_right,
)
from simab.report.truth_text import in_between, truth_sentence, why_wrong, worse_variants
from simab.result import PolicyResult, Proportion, StudyResult, TruthSummary
from simab.result.requirement_result import Compliance
from simab.text import typeset
from simab.text.lists import either, listed, listed_few, named
from simab.text.numbers import counted

__all__ = ["Answer", "answer", "runs", "verdict"]
_MOST_NAMES = 5  # of policies in one sentence


@dataclass(frozen=True, slots=True)
class Answer:
    """What the page says first: over all worlds, and then of the first world alone."""

    recommendation: str
    failures: tuple[str, ...]
    verdict: str
    truth: str
    remarks: tuple[str, ...]


def answer(result: StudyResult) -> Answer:
    """One sentence that answers, one that says what is true, and what else must be known."""
    remarks = (
        *_also_wrong(result),
        *_too_small(result),
        *overturned(result),
        *suffering(result),
        *_cost(result),
        *too_short(result),
        *floor(result),
        *false_alarms(result),
        *_speed(result),
        *overestimates(result),
        *poor(result),
        *_always_alike(result),
        *unfinished(result),
        *held(result),
        *refused(result),
        *failed(result),
    )
    return Answer(
        recommendation_text(result),
        tuple(requirement_remarks(result)),
        verdict(result),
        truth_sentence(result.truth),
        remarks,
    )


def verdict(result: StudyResult) -> str:
    """The answer in one sentence: who is wrong how often, and who is right most often."""
    if all(policy.still_split.count == policy.runs for policy in result.policies):
        if any(policy.verdicts["undecided"].count < policy.runs for policy in result.policies):
            return _split_at_the_end(result)
        subject = (
            f"{named(result.policies[0].name)} decides nothing"
            if len(result.policies) == 1
            else f"None of the {typeset.count(len(result.policies))} policies decides"
        )
        horizon = typeset.duration(result.horizon_s)
        return (
            f"{subject} within the horizon of {horizon} {in_any_run(result)}, and no "
            "variant has all weighted traffic at its end."
        )
    if len(result.policies) == 1:
        return _only(result, result.policies[0])
    if not (result.truth.depends or result.truth.judged("wrong")):
        return f"{_endings_of_all(result)}; {_none_right(result.truth)}."
    return f"{_harm(result)}; {_best(result)}.{_here_alone(result)}"


def _split_at_the_end(result: StudyResult) -> str:
    """Policies decided, and several variants serve at the horizon all the same."""
    parts = [
        f"{named(policy.name)} decides in {_of_runs(_decided(policy))}"
        for policy in result.policies[:_MOST_NAMES]
    ]
    whose = ", where somebody else sets weights too" if weights_of_others(result) else ""
    return (
        f"{listed(parts)} of runs, and no variant has all weighted traffic at the end of "
        f"{in_any_run(result).removeprefix('in ')}{whose}."
    )


def _decided(policy: PolicyResult) -> Proportion:
    undecided = policy.verdicts["undecided"]
    count, share = policy.runs - undecided.count, 1 - undecided.share
    return Proportion(count, share, 1 - undecided.high, 1 - undecided.low)


def _here_alone(result: StudyResult) -> str:
    """That one world is no ranking: what always ends alike would be right in all of its runs."""
    right = result.truth.judged("right")
    if len(result.worlds) < 2 or len(right) != 1 or result.truth.depends:
        return ""
    candidate = right[0] != result.truth.control
    whom = f" {named(right[0])}" if result.truth.several else ""
    does = f"promotes{whom} whatever it is shown" if candidate else "never promotes"
    return (
        f" That ranks rules in this world alone, where one that {does} is right in "
        f"100{typeset.THIN}%."
    )


def _only(result: StudyResult, policy: PolicyResult) -> str:
    if result.truth.depends:
        return (
            f"{_endings(policy)}: rightly in {_of_runs(policy.correct)} and wrongly in "
            f"{_of_runs(policy.wrong)}, by when it decides."
        )
    if not result.truth.judged("right"):
        return f"{_endings(policy)}; {_none_right(result.truth)}."
    return (
        f"{named(policy.name)} ends with {_right(result)}, which is right, in "
        f"{_of_runs(policy.correct)} of runs and {_wrongly(result, policy)}."
    )


def _endings(policy: PolicyResult) -> str:
    """How often each variant has all traffic at the end."""
    parts = [
        f"with {named(name)} in {_of_runs(ending)}"
        for name, ending in policy.ends_with.items()
        if ending.count
    ]
    return f"{named(policy.name)} ends {listed(parts)} of runs"


def _endings_of_all(result: StudyResult) -> str:
    """How runs end where nothing is right or wrong; of many policies none is named."""
    if len(result.policies) > _MOST_NAMES:
        return f"Of {runs(result)} of each policy the table says with which variant they end"
    return "; ".join(_endings(policy) for policy in result.policies)


def _none_right(truth: TruthSummary) -> str:
    wrong = ", nor as wrong" if not truth.judged("wrong") else ""
    return f"no ending counts as right{wrong}, since {in_between(truth)}"


def _harm(result: StudyResult) -> str:
    worst = max(result.policies, key=lambda policy: policy.wrong.share)
    if result.truth.depends:
        if worst.wrong.count:
            return f"{named(worst.name)} ends wrongly in {_of_runs(worst.wrong)} of runs"
        return f"No policy ends wrongly {in_any_run(result)}"
    if worst.wrong.count:
        return f"{named(worst.name)} {_wrongly(result, worst)}"
    wrong = result.truth.judged("wrong")
    why = f", {why_wrong(result.truth, wrong[0])}," if len(wrong) == 1 else ", which is wrong,"
    return f"No policy ends with {either(wrong)}{why} {in_any_run(result)}"


def _wrongly(result: StudyResult, policy: PolicyResult) -> str:
    """With which wrong variants the policy ends how often, as a verb phrase."""
    names = _wrong_endings(result.truth, policy)
    if len(names) > 1:
        parts = [f"{named(each)} in {_of_runs(policy.ends_with[each])}" for each in names]
        together = f"together in {_of_runs(policy.wrong)} of runs"
        return f"ends with {listed(parts)}, which is wrong, {together}"
    name = (names or result.truth.judged("wrong"))[0]
    why = why_wrong(result.truth, name)
    since_s = policy.ends_with[name].since_s if names else math.nan
    since = ""
    if math.isfinite(since_s):
        since = f", with all weighted traffic from {typeset.duration(since_s)} on at the median"
    return f"ends with {named(name)}, {why}, in {_of_runs(policy.wrong)} of runs{since}"


def _wrong_endings(truth: TruthSummary, policy: PolicyResult) -> list[str]:
    """The wrong variants that the policy ends with, the most frequent first."""
    ended = [
        (name, ending.count)
        for name, ending in policy.ends_with.items()
        if ending.count and truth.judgements.get(name) == "wrong"
    ]
    return [name for name, _ in sorted(ended, key=lambda each: -each[1])]


def _also_wrong(result: StudyResult) -> list[str]:
    """How often the other policies are wrong, where there are few enough to list."""
    ordered = sorted(result.policies, key=lambda policy: -policy.wrong.share)
    others = [each for each in ordered[1:] if each.wrong.count]
    if not others or len(others) > 4:
        return []
    parts = [f"{named(each.name)} in {_of_runs(each.wrong)}" for each in others]
    return [f"Also wrong: {listed(parts)} of runs."]


def _too_small(result: StudyResult) -> list[str]:
    """Runs that end with a variant whose difference is too small to matter."""
    if len(result.policies) > _MOST_NAMES:
        return []
    if result.truth.depends:
        own = [each for each in result.policies if each.neither.count > each.still_split.count]
        parts = [f"{named(policy.name)} in {_of_runs(policy.neither)}" for policy in own]
        return [f"Neither right nor wrong: {listed(parts)} of runs."] if parts else []
    if not result.truth.judged("right"):
        return []
    parts = [
        f"{named(policy.name)} with {named(name)} in {_of_runs(ending)}"
        for policy in result.policies
        for name, ending in policy.ends_with.items()
        if ending.count and result.truth.judgements.get(name) == "neither"
    ]
    return [f"Neither right nor wrong: {listed(parts)} of runs."] if parts else []


def _best(result: StudyResult) -> str:
    depends = result.truth.depends
    if not (depends or result.truth.judged("right")):
        return _none_right(result.truth)
    best, *tied = most_often_right(result)
    if best.correct.count == 0:
        rightly = "rightly" if depends else f"with {_right(result)}, which would be right,"
        return f"no policy ends {rightly} in any run"
    if not tied:
        return (
            f"{named(best.name)} is right most often: it ends "
            f"{'rightly' if depends else f'with {_right(result)}'} in {_of_runs(best.correct)}"
        )
    high, low = (formatting.proportion(each.correct).value for each in (best, tied[-1]))
    between = (
        f"all {len(result.policies)} policies"
        if len(tied) + 1 == len(result.policies) and len(tied) > 2
        else _names([best, *tied])
    )
    return (
        f"which of {between} is right most often is not known "
        f"({high if high == low else f'{high} down to {low}'} of {runs(result)})"
    )


def _cost(result: StudyResult) -> list[str]:
    """What the most often right policy costs, if there is one."""
    best, *tied = most_often_right(result)
    if tied or best.correct.count == 0 or len(result.policies) == 1:
        return []
    sentence = f"{named(best.name)} {_takes(best)}"
    if math.isfinite(best.means["requests_on_worse"].mean) and result.truth.exposed:
        worse = formatting.mean(best.means["requests_on_worse"])
        sentence += f"; {worse} requests of a run on average go to {worse_variants(result.truth)}"
        if result.targeted:
            sentence += ", those that name it included"
    return [f"{sentence}."]


def _takes(policy: PolicyResult) -> str:
    quantiles = policy.decision_time_s
    if not math.isfinite(quantiles.p50):
        return "leaves half of its runs or more undecided"
    time = formatting.duration_quantiles(quantiles)
    spread = "as" if formatting.same_quantiles(quantiles) else time.interval
    middle = f" ({spread} in the middle 80{typeset.THIN}% of runs)" if time.interval else ""
    return f"takes {time.value} to decide at the median{middle}"


def _speed(result: StudyResult) -> list[str]:
    tied = most_often_right(result)
    quick = fastest(result, tied) if tied[0].correct.count else None
    if quick is None or result.compliance(quick.name) == Compliance.FAILS:
        return []  # to be soon is no merit of a rule that fails what is asked
    time = formatting.duration_quantiles(quick.decision_time_s).value
    return [f"Of {_names(tied)}, {named(quick.name)} decides soonest: after {time} at the median."]


def _always_alike(result: StudyResult) -> list[str]:
    """Policies whose every run ended alike: one truth cannot show whether they look at all."""
    if len(result.worlds) > 1:
        return []
    alike = [
        policy
        for policy in result.policies
        if any(ending.count == policy.runs for ending in policy.ends_with.values())
    ]
    if not alike:
        return []
    verb = "ends all its runs" if len(alike) == 1 else "each end all their runs"
    return [
        f"{_names(alike)} {verb} with one variant here; whether "
        "such a rule distinguishes a better candidate from a worse one, only a second study "
        "shows in which another ending is right."
    ]


def _names(policies: list[PolicyResult]) -> str:
    return listed_few([policy.name for policy in policies], _MOST_NAMES)


def _right(result: StudyResult) -> str:
    return either(result.truth.judged("right"))


def _of_runs(share: Proportion) -> str:
    return str(formatting.proportion(share))


def in_any_run(result: StudyResult) -> str:
    """After a "no" or "nothing": in any of 1,200 runs; of a single one, in the only run."""
    if {policy.runs for policy in result.policies} == {1}:
        return "in the only run" + (" that finished" if result.replications > 1 else "")
    return f"in any of {runs(result)}"


def runs(result: StudyResult) -> str:
    """The number of replications in words: 1,200 runs; where some failed, what finished."""
    finished = {policy.runs for policy in result.policies}
    if finished - {result.replications}:
        if finished == {1}:
            return "the one run that finished"
        more = " or more" if len(finished) > 1 else ""
        return f"the {typeset.count(min(finished))}{more} runs that finished"
    many = result.replications
    return counted(many, "run")
