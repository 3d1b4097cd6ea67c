"""What is said of a decision by many metrics before it is played: levels, power, and batches."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from simab import units
from simab.policies.experiments.ship_decision import ShipByMetrics
from simab.policies.explaining.explainer import Explainer, PolicyWarning, Topic, decides_unseen
from simab.policies.explaining.setting import Setting
from simab.stats.interval import normal_quantile
from simab.stats.ship_decision import adjusted_beta
from simab.text.durations import duration_text
from simab.text.lists import named
from simab.text.numbers import counted, number_text, percent_text

__all__ = ["ShipByMetricsExplainer"]

_MEMORIES_A_BATCH: Final = 10.0
# The means of batches so long are correlated so little that their variance is a tenth too small
# at most, and a test at 5 % errs in 6 %.


class ShipByMetricsExplainer(Explainer[ShipByMetrics]):
    """Each test has a level and a power that follow from how many there are."""

    def warnings(self, setting: Setting) -> Iterator[PolicyWarning]:
        """Too few windows for its batches, or batches too short for the memory of a queue."""
        policy = self.policy
        due_ns = self._due_ns(setting)
        if due_ns is None or not policy.reads_windows:
            return
        if setting.published(due_ns) < policy.batches:
            when = units.format_duration(due_ns)
            if policy.duration is None:
                labels = counted(policy.labelled_requests or 0, "labelled request")
                when = f"about {duration_text(units.seconds(due_ns))}, with {labels} a variant"
            text = decides_unseen(
                f"{self.name} decides after {when}",
                f"the windows of its {policy.batches} batches are visible after ...",
                setting.visible_after(policy.batches),
                "no error rate and no latency can speak for the candidate",
                f"{self._later}, shorten metrics.period, or lower batches",
            )
            yield PolicyWarning(Topic.UNSEEN, text)
            return
        if not any(each.tested_by == "batch" for each in policy.metrics):
            return
        batch_ns = due_ns / policy.batches
        for variant in (setting.control, *setting.candidates):
            memory_ns = _memory_ns(setting, variant)
            if batch_ns < _MEMORIES_A_BATCH * memory_ns < math.inf:
                yield PolicyWarning(Topic.CHANCE, self._too_short(variant, memory_ns, batch_ns))
                return

    @property
    def _later(self) -> str:
        """What makes it decide later."""
        return "Raise labelled_requests" if self.policy.duration is None else "Lengthen duration"

    def _due_ns(self, setting: Setting) -> int | None:
        """When it decides, or is expected to; None where that is not before the horizon."""
        policy = self.policy
        if policy.duration is not None:
            return policy.duration
        at_ns = setting.labelled_at_ns(policy.labelled_requests or 0, policy.immature)
        return int(at_ns) if math.isfinite(at_ns) else None

    def sentences(self, setting: Setting) -> Iterator[str]:
        """The levels, and which power each test has to have for the power of all together."""
        several = len(setting.candidates)
        policy = self.policy.one_of(several)
        gains, guards = len(policy.of_role("success")), len(policy.of_role("guardrail"))
        worse = len(policy.of_role("deterioration"))
        if gains + guards + worse == 1 and several == 1:
            return
        level = policy.level_of("success")
        beta = adjusted_beta(1.0 - policy.power, guards, false_alarms=policy.false_alarms)
        whose = ""
        if several > 1:
            part = {"holm": " at least, by Holm", "bonferroni": ", by Bonferroni", "none": ""}
            whose = f" of each of {several} candidates{part[policy.shares_alpha_by]},"
        said = f"{self.name} tests {counted(gains, 'success metric')}{whose} at {level:.3g}"
        if guards:
            said += f" and {counted(guards, 'guardrail')} at {policy.alpha:.3g}"
        if worse:
            each = policy.level_of("deterioration")
            said += f", and {counted(worse, 'metric')} for being worse at {each:.3g}"
        alone = _size(policy.alpha, 1.0 - policy.power)
        gain, guard = _size(level, beta) / alone, _size(policy.alpha, beta) / alone
        said += (
            f", one-sided; to ship what is better with power {percent_text(policy.power)}, each "
            f"test needs a power of {percent_text(1.0 - beta)}"
        )
        sizes = f"{gain:.2f} times"
        if guards and gains > 1:
            sizes += f" (a guardrail {guard:.2f} times)"
        yield f"{said}: {sizes} the sample of one such test alone."

    def _too_short(self, variant: str, memory_ns: float, batch_ns: float) -> str:
        wanted_s = math.ceil(_MEMORIES_A_BATCH * memory_ns * self.policy.batches / 1e9)
        wanted = units.format_duration(wanted_s * 10**9)
        if self.policy.labelled_requests is not None:
            times = wanted_s * 1e9 / (batch_ns * self.policy.batches)
            wanted = number_text(math.ceil(times * self.policy.labelled_requests))
        return (
            f"{self.name} takes batches of {duration_text(batch_ns / 1e9)} for independent, and "
            f"the queue of {named(variant)} has a memory of about {duration_text(memory_ns / 1e9)}:"
            f" its tests of latency find differences that are not there. {self._later} "
            f"to {wanted}, or lower batches."
        )


def _memory_ns(setting: Setting, variant: str) -> float:
    """The relaxation time of an instance's queue at the starting weights; infinite if it grows.

    rho / (rate (1 - sqrt(rho))^2): that of M/M/1 (Cohen, The Single Server Queue, section II.2),
    and of M/M/c at high load.
    """
    rate = setting.rates_per_s(setting.weights).get(variant, 0.0)
    load = setting.load_at(variant, rate)
    if not rate > 0.0 or not 0.0 < load < 1.0:
        return 0.0 if not rate > 0.0 or load <= 0.0 else math.inf
    of_one = rate / setting.variants[variant].instances  # each has a queue of its own
    return 1e9 * load / (of_one * (1.0 - math.sqrt(load)) ** 2)


def _size(alpha: float, beta: float) -> float:
    """What a sample is proportional to at an effect: the squared distance of both quantiles."""
    return (normal_quantile(alpha) + normal_quantile(beta)) ** 2
