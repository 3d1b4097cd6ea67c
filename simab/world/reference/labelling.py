"""What is delivered of the label of a request, when, and how a rule counts it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from simab.profiles.outcomes import NONE, RequestOutcome
from simab.world.label_plan import NO_WINDOW, LabelCounting, LabelPlan

__all__ = ["Answer", "Delivery", "counted", "deliveries"]


class Answer(NamedTuple):
    """An answer as it is known to whoever labels it: by whom, what, and the reply's instant."""

    variant: int
    outcome: RequestOutcome
    finished_ns: int


class Delivery(NamedTuple):
    """At an instant a label says something; a `sign` of -1 takes back what was said before."""

    at_ns: int
    outcome: RequestOutcome
    sign: int = 1


def deliveries(
    plan: LabelPlan,
    answer: Answer,
    outcome_words: tuple[int, int, int, int],
    label_words: tuple[int, int, int, int],
    horizon_ns: int,
) -> list[Delivery]:
    """All that is ever delivered, the first label first; nothing where it never is."""
    _, _, delay_word, never_word = outcome_words
    said_word, again_word, again_delay_word, revised_delay_word = label_words
    variant, outcome, finished_ns = answer
    positive = plan.is_positive(variant, outcome)
    rule = plan.rules[variant][positive]
    if never_word < rule.never_below:
        return []
    delay_ns, recorded = rule.delay.draw(delay_word), outcome
    if plan.window_ns != NO_WINDOW:
        if positive and delay_ns > plan.window_ns:
            recorded = plan.opposite(variant, outcome)
        if not positive or delay_ns > plan.window_ns:
            delay_ns = plan.window_ns
    first_ns = _arrival_ns(plan, finished_ns + delay_ns)
    if first_ns is None:
        return []
    first = plan.opposite(variant, recorded) if said_word < rule.revised_below else recorded
    found = [Delivery(first_ns, first)]
    known_ns = min(first_ns, horizon_ns)  # later sums would not fit into 64 bits
    if again_word < plan.again_below:
        again_ns = _arrival_ns(plan, known_ns + plan.again_after.draw(again_delay_word))
        found += [] if again_ns is None else [Delivery(again_ns, first)]
    if rule.wrong_below <= said_word < rule.revised_below:
        revised_ns = _arrival_ns(plan, known_ns + plan.revised_after.draw(revised_delay_word))
        if revised_ns is not None:
            found += [Delivery(revised_ns, first, -1), Delivery(revised_ns, recorded)]
    return found


def counted(plan: LabelPlan, answer: Answer, delivered: Sequence[Delivery]) -> list[Delivery]:
    """What counts, and from when on, as the rule treats the immature."""
    variant, outcome, finished_ns = answer
    mature_ns = finished_ns + plan.counted_after_ns
    match plan.counting:
        case LabelCounting.AS_ARRIVED:
            return list(delivered)
        case LabelCounting.WAIT:
            return [each._replace(at_ns=max(each.at_ns, mature_ns)) for each in delivered]
        case LabelCounting.WINDOW:
            positive = plan.is_positive(variant, outcome)
            said = plan.opposite(variant, outcome) if positive else outcome
            if delivered and delivered[0].at_ns <= mature_ns:
                # A correction is the last to be said; a second delivery says nothing new.
                known = [each for each in delivered if each.at_ns <= mature_ns]
                corrected = known[-1] if _corrects(known) else known[0]
                said = corrected.outcome
            return [Delivery(mature_ns, said)]
        case LabelCounting.WEIGHT:
            answered = Delivery(finished_ns, RequestOutcome(NONE, NONE, 0))
            return [answered, *(each for each in delivered if each.outcome.correct)]
        case LabelCounting.SO_FAR:
            found = [Delivery(finished_ns, RequestOutcome(NONE, NONE, 0))]
            for place, each in enumerate(delivered):
                if each.outcome.correct:
                    again = place == 1 and each.sign > 0  # there is no negative for it to replace
                    replaced = Delivery(each.at_ns, RequestOutcome(NONE, NONE, 0), -each.sign)
                    found += [each] if again else [each, replaced]
            return found


def _corrects(known: Sequence[Delivery]) -> bool:
    return any(each.sign < 0 for each in known)


def _arrival_ns(plan: LabelPlan, due_ns: int) -> int | None:
    """When a label arrives that is due at an instant; None if an outage loses it."""
    at_ns = due_ns
    if plan.batch_every_ns:
        batches = -(-(due_ns - plan.batch_at_ns) // plan.batch_every_ns)
        at_ns = plan.batch_at_ns + max(batches, 0) * plan.batch_every_ns
    for outage in plan.outages:
        if outage.since_ns <= at_ns < outage.until_ns:
            if outage.loses:
                return None
            at_ns = outage.until_ns
    return at_ns
