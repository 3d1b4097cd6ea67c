"""Remarks of the answer on how runs went: harm to users, what was undecided, refused or failed."""

from __future__ import annotations

import math
from collections.abc import Mapping

from simab.report import formatting
from simab.report.candidate_text import any_candidate
from simab.report.ranking import (
    breaks_long,
    error_share_without,
    errs_much,
    most_often_right,
    right_but_harmful,
)
from simab.report.requirement_text import where_text
from simab.result import Mean, PolicyResult, Proportion, StudyResult
from simab.text import typeset
from simab.text.lists import listed, named
from simab.text.numbers import counted

__all__ = [
    "failed",
    "held",
    "overestimates",
    "overturned",
    "poor",
    "refused",
    "suffering",
    "unfinished",
    "weights_of_others",
]


def overturned(result: StudyResult) -> list[str]:
    """Policies that move the traffic away again from what they decided for.

    Where somebody else sets weights too, it is not said that the policy did.
    """
    if weights_of_others(result):
        return [
            f"In {typeset.count(policy.overturned)} of {typeset.count(policy.runs)} runs the "
            f"traffic does not end with the variant that {named(policy.name)} decided for, where "
            "somebody else sets weights too; what counts here is who has it at the end."
            for policy in result.policies
            if policy.overturned
        ]
    return [
        f"{named(policy.name)} moves the traffic away again from the variant that it decided for "
        f"in {typeset.count(policy.overturned)} of {typeset.count(policy.runs)} runs; what "
        "counts here is who has it at the end."
        for policy in result.policies
        if policy.overturned
    ]


def weights_of_others(result: StudyResult) -> bool:
    """Whether the timeline has weights that somebody else sets, past the policies."""
    timeline = result.scenario.data.get("timeline")
    entries = timeline if isinstance(timeline, list | tuple) else ()
    return any(isinstance(each, Mapping) and each.get("kind") == "weights" for each in entries)


def suffering(result: StudyResult) -> list[str]:
    """Right decisions that users pay for, with the numbers."""
    harmful = right_but_harmful(result)
    if not harmful:
        return []
    parts = [f"{named(each.name)} {_harms(result, each)}" for each in harmful[:3]]
    if len(harmful) > 3:
        more = len(harmful) - 3
        verb = "suffers" if more == 1 else "suffer"
        parts.append(f"{typeset.count(more)} more {verb} as well, as the table says")
    return [f"Being right does not spare the users: {'; '.join(parts)}."]


def _harms(result: StudyResult, policy: PolicyResult) -> str:
    words = []
    like_control = f"with a candidate that answers as {named(result.truth.control)} does"
    if errs_much(policy):
        share = formatting.mean_share(policy.means["error_share"]).value
        without = error_share_without(policy)
        less = formatting.mean_share(Mean(without, math.nan, math.nan)).value if without else "none"
        words.append(f"leaves {share} of the requests failed or refused ({less} {like_control})")
    if breaks_long(result, policy):
        time = formatting.mean_excess(policy.means["guardrail_breach_excess_s"]).value
        longer = f"longer than {like_control}" if not words else "longer than with such a one"
        words.append(f"breaks a guardrail for {time.lstrip('+')} of a run {longer}")
    return f"is right in {_of_runs(policy.correct)}, but {listed(words)}"


def poor(result: StudyResult) -> list[str]:
    """That no policy is right in half of the runs, where the best is not by its interval."""
    best = most_often_right(result)[0]
    if best.correct.count > 0 and best.correct.high < 0.5 and len(result.policies) > 1:
        return ["No policy here is right in half of the runs."]
    return []


def unfinished(result: StudyResult) -> list[str]:
    """How often runs are undecided at the horizon, of policies of which many are."""
    late = [each for each in result.policies if each.verdicts["undecided"].low >= 0.05]
    if not late or all(each.still_split.share == 1 for each in result.policies):
        return []
    if len(late) > 3:
        shares = sorted((each.verdicts["undecided"] for each in late), key=lambda each: each.share)
        low, high = (formatting.proportion(each).value for each in (shares[0], shares[-1]))
        share = low if low == high else f"{low} to {high}"
        parts = [f"{len(late)} of {len(result.policies)} policies in {share}"]
    else:
        parts = [f"{named(each.name)} in {_of_runs(each.verdicts['undecided'])}" for each in late]
    return [
        f"Undecided at the horizon of {typeset.duration(result.horizon_s)}: {listed(parts)} "
        "of the runs; what comes after it was not played."
    ]


def overestimates(result: StudyResult) -> list[str]:
    """By how much promotions look better than they are, where that is no chance of these runs.

    Whether by the choice of high estimates, or by labels that mislead, is not known here.
    """
    found = [
        f"{named(policy.name)} by {formatting.mean_metric(policy.means['gain_estimate_error'])}"
        for policy in result.policies
        if policy.means["gain_estimate_error"].low > 0
    ]
    if not found:
        return []
    metric = formatting.metric_name(result.truth.metric)
    return [
        f"The gain in {metric} that a promoted candidate is estimated to have exceeds its true one "
        f"on average, under {listed(found)}."
    ]


def held(result: StudyResult) -> list[str]:
    """Candidates that would have gone on: whether they did later, the outcomes say."""
    words = {
        "sample ratio": "a sample ratio mismatch",
        "guardrail": "a guardrail",
        "too few requests": "too few requests",
    }
    return [
        f"{named(policy.name)} held {any_candidate(result)} for {words[reason]} in "
        f"{typeset.count(runs)} of {typeset.count(policy.runs)} runs."
        for policy in result.policies
        for reason in words
        if (runs := policy.held.get(reason))
    ]


def refused(result: StudyResult) -> list[str]:
    """Actions that the endpoint refused: what the policy wanted did not happen then."""
    sentences = []
    for policy in result.policies:
        refused = policy.refused
        if refused.actions:
            what = "action was" if refused.actions == 1 else "actions were"
            sentences.append(
                f"{typeset.count(refused.actions)} {what} refused to {named(policy.name)}, in "
                f"{typeset.count(refused.runs)} of {counted(policy.runs, 'run')}, mostly "
                f"because: {(refused.reason or '').rstrip('.')}."
            )
    return sentences


def failed(result: StudyResult) -> list[str]:
    """Replications without an outcome, because the policy raised."""
    sentences = []
    for each in result.failures:
        many = counted(each.replications, "replication")
        of = f"{typeset.count(each.failed)} of {many}"
        if each.failed == each.replications:
            of = f"All {many}" if each.failed > 1 else "The one replication"
        verb = "is" if each.failed == 1 else "are"
        sentences.append(
            f"{of} of {named(each.policy)}{_in_world(result, each.world)} failed and {verb} left "
            f"out: {each.error}; replay with "
            f"`{each.replay}`."
        )
    return sentences


def _in_world(result: StudyResult, world: str) -> str:
    """In which world, where there are several."""
    return f" {where_text(result, world)}" if len(result.worlds) > 1 else ""


def _of_runs(share: Proportion) -> str:
    return str(formatting.proportion(share))
