"""What is said of rounds before they are played: their course, their level, and their time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from simab.policies.experiments.fixed_horizon import FixedHorizonTest
from simab.policies.experiments.group_sequential import GroupSequential
from simab.policies.experiments.rounds import Rounds
from simab.policies.explaining.explainer import Explainer, PolicyWarning, Topic
from simab.policies.explaining.setting import Setting
from simab.policies.immature import AsArrived
from simab.text.durations import duration_text
from simab.text.lists import listed, named
from simab.text.numbers import counted, number_text, percent_text, two_figures
from simab.units import NANOSECONDS_PER_SECOND, format_duration, seconds

__all__ = ["RoundsExplainer"]

_MATTERS: Final = 0.05
"""A bias from which something is said, as a part of the smallest effect."""
_TRIED_NS: Final = tuple(
    minutes * 60 * NANOSECONDS_PER_SECOND
    for minutes in (1, 2, 5, 10, 15, 20, 30, 60, 120, 240, 480, 720, 1440, 2880, 10_080)
)


class RoundsExplainer(Explainer[Rounds]):
    """Rounds come one after the other, and each takes its labels."""

    def warnings(self, setting: Setting) -> Iterator[PolicyWarning]:
        """Rounds that cannot all be played, or that begin before late labels come."""
        yield from self._not_all(setting)
        yield from self._before_late_labels(setting)

    def _before_late_labels(self, setting: Setting) -> Iterator[PolicyWarning]:
        """Of the variant that reigns labels are of answers of all ages, of a new one of young ones.

        From the second round on; of candidates that are as good as the variant that reigns.
        """
        policy = self.policy
        as_they_arrive = isinstance(policy.experiment.immature, AsArrived | None)
        begins_ns = setting.weight_update + policy.settle
        lasts_ns = self._rounds_ns(setting)[1] - begins_ns
        if len(setting.candidates) < 2 or not as_they_arrive or lasts_ns <= 0:
            return

        def bias(settle_ns: int) -> float:
            return setting.bias_of_the_new(settle_ns, settle_ns + lasts_ns)

        matters, found = _MATTERS * setting.smallest_effect, bias(policy.settle)
        if not abs(found) >= matters:
            return
        enough_ns = next((each for each in _TRIED_NS if abs(bias(each)) < matters), None)
        remedy = "Write `immature: {kind: wait}` with the whole attribution window"
        if enough_ns is not None:
            remedy = f"Write `settle: {format_duration(enough_ns)}`"
        since = "at once"
        if policy.settle:
            since = f"from {format_duration(policy.settle)} after an update on"
        yield PolicyWarning(
            Topic.SHOWN,
            f"{self.name} counts labels {since}, when a new variant has only those that come soon: "
            "one that is as good as the variant that reigns looks "
            f"{100 * two_figures(abs(found)):g} points {'better' if found > 0 else 'worse'} in its "
            f"round. {remedy}.",
        )

    def _not_all(self, setting: Setting) -> Iterator[PolicyWarning]:
        """Too little time for all rounds, even if every answer had its label at once."""
        rounds, ends = len(setting.candidates), setting.horizon
        if self.policy.maximum_duration is not None:
            ends = min(ends, self.policy.maximum_duration)
        shortest_ns, longest_ns = self._rounds_ns(setting)
        fit, sure = (
            int((ends + setting.weight_update) // each) if each else rounds
            for each in (shortest_ns, longest_ns)
        )
        if sure >= rounds:
            return
        held, takes, so = fit, f"of at least {duration_text(seconds(shortest_ns))} each", ""
        if fit >= rounds:
            takes = f"of {duration_text(seconds(longest_ns))} each where none ends early"
            held, so = sure, "then "
        yield PolicyWarning(
            Topic.HORIZON,
            f"{self.name} plays {counted(rounds, 'round')} {takes}, and "
            f"{duration_text(seconds(ends))} hold {number_text(held)}: {so}not every candidate "
            "has its turn in a run. Lengthen horizon, or lower labelled_requests.",
        )

    def sentences(self, setting: Setting) -> Iterator[str]:
        """Who is compared with whom, and how often equal candidates end as promoted."""
        first, *others = map(named, setting.candidates)
        rounds = len(setting.candidates)
        course = f"{self.name} compares {named(setting.control)} with {first}"
        if others:
            course += f", and the winner with {listed(others)} in turn"
        yield f"{course}: {counted(rounds, 'round')} of {self.policy.experiment.kind}."
        alpha = getattr(self.policy.of_a_round(rounds), "alpha", None)
        if alpha is None:
            return
        level = f"Each round of {self.name} tests at alpha {alpha:.3g}"
        if isinstance(self.policy.experiment, FixedHorizonTest | GroupSequential):
            # Nobody is promoted only if no challenger ever wins its round.
            some = percent_text(two_figures(1.0 - (1.0 - alpha / 2.0) ** rounds))
            unit = self.policy.experiment.unit.removesuffix("_mean")
            level += (
                f": where all are equally good, and {unit}s independent of each other, about "
                f"{some} of the runs end with a candidate"
            )
        yield f"{level}."

    def _rounds_ns(self, setting: Setting) -> tuple[int, int]:
        """The shortest and the longest that a round takes at least: by its first and last look.

        An update, and as many requests of the variant with fewer as the look waits for, or its
        time, but not longer than a round may last.
        """
        share = self.policy.candidate_share
        rule = self.policy.of_a_round(len(setting.candidates))
        pair = {setting.control: 1.0 - share, setting.candidates[0]: share}
        rates = setting.rates_per_s(dict.fromkeys(setting.weights, 0.0) | pair)
        slower = min(rates[name] for name in pair)
        if not slower:
            return 0, 0
        labels = (
            rule.fewest_labels(share / (1.0 - share)),
            rule.labels_needed(share / (1.0 - share)),
        )
        by_clock = rule.shortest_promotion_ns(0), rule.longest_ns() if not labels[1] else 0
        first_ns, last_ns = (
            max(round(needed / slower * NANOSECONDS_PER_SECOND), int(at_ns or 0))
            for needed, at_ns in zip(labels, by_clock, strict=True)
        )
        if rule.maximum_duration is not None:
            first_ns, last_ns = (min(each, rule.maximum_duration) for each in (first_ns, last_ns))
        begins_ns = setting.weight_update + self.policy.settle
        return begins_ns + first_ns, begins_ns + last_ns
