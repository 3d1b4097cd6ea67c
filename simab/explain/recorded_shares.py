"""What labels say of a variant, by the way in which a rule counts them, in closed form.

At a steady rate of answers. Batches, outages, corrections and second deliveries are left out.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from simab.explain.label_arrival import positive_share
from simab.policies.immature import AsArrived, Immature, SoFar, Wait, Weight, Window
from simab.profiles.quality import Success
from simab.profiles.quantile_table import QuantileTable
from simab.scenario.labels import SettledLabels
from simab.scenario.models import Scenario
from simab.scenario.rules.qualities import qualities_of_roles

__all__ = ["Recorded", "bias_of_the_new", "recorded_of", "shown_between", "shown_share"]


class Recorded(NamedTuple):
    """Of a variant's answers: the share that counts in the end, and the share of positives among
    all and among what counts.
    """

    labelled: float
    true: float
    recorded: float


class _Counts(NamedTuple):
    """Of an answer on average: how much of it counts as positive, and how much at all."""

    positive: float
    whole: float

    @property
    def share(self) -> float:
        """NaN where nothing counts."""
        return self.positive / self.whole if self.whole else math.nan


def recorded_of(scenario: Scenario, variant: str, immature: Immature | None = None) -> Recorded:
    """What the labels say of a variant in the end, when all that ever come have come.

    As a rule counts them: by the labels that there are, or by all answers.
    """
    labels, true = scenario.labels, positive_share(scenario, variant)
    if labels.is_plain and isinstance(immature, AsArrived | Wait | None):
        return Recorded(1.0 - labels.never, true, true)
    counts = _counts_of(scenario, variant, true, immature, math.inf)
    return Recorded(counts.whole, true, counts.share)


def shown_share(
    scenario: Scenario, variant: str, true: float, immature: Immature | None, until_ns: float
) -> float:
    """The share of positives that a rule is shown of a variant, after so long a time of answers.

    `true` takes the place of the variant's own share of positives.
    """
    return _counts_of(scenario, variant, true, immature, until_ns).share


def shown_between(
    scenario: Scenario, variant: str, true: float, since_ns: float, until_ns: float
) -> float:
    """The share of positives among the labels that come between two times after the first answer.

    As labels arrive. The earlier ones may be of answers that come before `since_ns`.
    """
    late = _counts_of(scenario, variant, true, None, until_ns)
    positive, whole = late.positive * until_ns, late.whole * until_ns
    if since_ns:
        early = _counts_of(scenario, variant, true, None, since_ns)
        positive, whole = positive - early.positive * since_ns, whole - early.whole * since_ns
    return _Counts(positive, whole).share


def bias_of_the_new(scenario: Scenario, since_ns: float, until_ns: float) -> float:
    """By how much the labels of a new variant that come in a span say more than all of its labels.

    Of the candidate, as good as the control, from its first answer on; NaN of other answers than
    successes.
    """
    if not all(isinstance(each, Success) for each in qualities_of_roles(scenario)):
        return math.nan
    objective = scenario.objective
    equal = positive_share(scenario, objective.control)
    in_the_span = shown_between(scenario, objective.candidate, equal, since_ns, until_ns)
    return in_the_span - shown_share(scenario, objective.candidate, equal, None, math.inf)


def _counts_of(
    scenario: Scenario, variant: str, true: float, immature: Immature | None, until_ns: float
) -> _Counts:
    """Counts of answers whose ages are spread evenly from 0 to an age, or all endless."""
    labels = scenario.labels
    positive, negative = (labels.settled(variant, positive=each) for each in (True, False))
    window_ns = math.inf if labels.attribution_window is None else float(labels.attribution_window)
    since_ns, at_ns = 0.0, until_ns
    if isinstance(immature, Wait):
        since_ns = min(float(immature.after or labels.attribution_window or 0), until_ns)
    elif isinstance(immature, Window):
        at_ns = float(immature.within)
        since_ns = at_ns  # each counts with what is known of it at that age

    def known(law: QuantileTable | None) -> float:
        return _known_share(law, window_ns, since_ns, at_ns)

    early, late = known(positive.delay.table()), _late_share(positive, window_ns)
    late *= known(None)
    negatives = known(None if math.isfinite(window_ns) else negative.delay.table())
    of_positives = true * (1.0 - positive.never)
    of_negatives = (1.0 - true) * (1.0 - negative.never)
    recorded = of_positives * (early * (1.0 - positive.wrong) + late * positive.wrong)
    recorded += of_negatives * negatives * negative.wrong
    match immature:
        case SoFar() | Window():
            return _Counts(recorded, 1.0)
        case Weight():
            whose = scenario.objective.control if immature.law == "control" else variant
            return _Counts(recorded, known(labels.settled(whose, positive=True).delay.table()))
    return _Counts(recorded, of_positives * (early + late) + of_negatives * negatives)


def _late_share(positive: SettledLabels, window_ns: float) -> float:
    """The share of positives that come after the window has closed."""
    if math.isinf(window_ns):
        return 0.0
    return positive.delay.table().survival(int(window_ns))


def _known_share(
    law: QuantileTable | None, window_ns: float, since_ns: float, until_ns: float
) -> float:
    """The share that is recorded of answers of ages between two, by a law of delay.

    What comes after the window does not count; without a law all is known when it closes.
    """
    if since_ns == until_ns or math.isinf(until_ns):
        if law is None:
            return float(until_ns >= window_ns)
        inside_ns = min(until_ns, window_ns)
        return 1.0 if math.isinf(inside_ns) else 1.0 - law.survival(int(inside_ns))
    passed = _passed_ns(law, window_ns, until_ns) - _passed_ns(law, window_ns, since_ns)
    return passed / until_ns


def _passed_ns(law: QuantileTable | None, window_ns: float, age_ns: float) -> float:
    """The integral of the share that is recorded by an age, from 0 to that age."""
    after_ns = max(age_ns - window_ns, 0.0)
    if law is None:
        return after_ns
    inside = law.mean_shortfall(math.floor(age_ns - after_ns))
    return inside + (after_ns * (1.0 - law.survival(int(window_ns))) if after_ns else 0.0)
