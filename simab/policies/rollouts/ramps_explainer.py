"""What is said of ramps that compute their shares: how often, and by when, they promote."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeVar

from simab.policies.explaining.explainer import Explainer, PolicyWarning, Topic
from simab.policies.explaining.setting import LabelFlow, Setting
from simab.policies.policy import Policy
from simab.policies.rollouts.ramp_by_power import RampByPower
from simab.policies.rollouts.ramp_course import RampEndings, endings_by_budget, endings_by_power
from simab.policies.rollouts.risk_budgeted_ramp import RiskBudgetedRamp
from simab.policies.rollouts.staged_release_explainer import unlike_the_control
from simab.text.durations import duration_text
from simab.text.numbers import counted, percent_text, two_figures
from simab.units import seconds

__all__ = ["RampByPowerExplainer", "RiskBudgetedRampExplainer"]

_MANY: Final = 0.5
"""Courses that are open at the end, from which something is said."""
Ramp = TypeVar("Ramp", bound=Policy)


class RampExplainer(Explainer[Ramp]):
    """How often a ramp promotes a candidate that is as good as the control, and by when."""

    sooner: str
    """What makes it end sooner, beside more time."""

    def endings(self, flow: LabelFlow) -> RampEndings:
        """Of its drawn courses."""
        raise NotImplementedError

    def sentences(self, setting: Setting) -> Iterator[str]:
        """By the horizon, or by the time that the ramp has."""
        flow = self._flow(setting)
        if flow is None:
            return
        endings, (limit_ns, _) = self.endings(flow), self._limit(setting)
        promoted = percent_text(two_figures(endings.promoted_by(limit_ns)))
        usual = ""
        if endings.promoted.any():
            usual = f", half of all promotions by {_time(endings.usual_promotion_ns)}"
        yield (
            f"{self.name} promotes a candidate that is as good as the control in about "
            f"{promoted} of the runs by {_time(limit_ns)}{usual}; not before "
            f"{_time(endings.earliest_ns)}, whatever it sees."
        )

    def warnings(self, setting: Setting) -> Iterator[PolicyWarning]:
        """A ramp that cannot promote in time, or mostly is open at the end."""
        yield from unlike_the_control(self.name, getattr(self.policy, "baseline", None), setting)
        flow = self._flow(setting)
        if flow is None:
            return
        endings, (limit_ns, field) = self.endings(flow), self._limit(setting)
        open_still, over = endings.open_at(limit_ns), _time(limit_ns)
        remedy = f"Lengthen {field}, or {self.sooner}."
        if endings.earliest_ns > limit_ns:
            text = (
                f"{self.name} takes about {_time(endings.earliest_ns)} to promote, whatever it "
                f"sees, and {field} is {over}: hardly a run can end with a promotion. {remedy}"
            )
            yield PolicyWarning(Topic.HORIZON, text)
        elif open_still >= _MANY:
            text = (
                f"{self.name} is not through with a candidate that is as good as the control in "
                f"about {percent_text(two_figures(open_still))} of the runs when {field} of "
                f"{over} is over. {remedy}"
            )
            yield PolicyWarning(Topic.HORIZON, text)

    def _flow(self, setting: Setting) -> LabelFlow | None:
        """None where it is not known: how far sums over users or sessions will stray is not."""
        if getattr(self.policy, "unit", "request") != "request":
            return None
        baseline = getattr(self.policy, "baseline", None)
        return setting.label_flow(() if baseline is None else (baseline,))

    def _limit(self, setting: Setting) -> tuple[int, str]:
        """When a ramp that is not through ends, and the field that says so."""
        longest_ns = self.policy.longest_ns()
        if longest_ns is not None and longest_ns < setting.horizon:
            return longest_ns, "maximum_duration"
        return setting.horizon, "horizon"


class RampByPowerExplainer(RampExplainer[RampByPower]):
    """A ramp whose stages last until they have their power."""

    sooner = "raise first_share, degradation or risk"

    def endings(self, flow: LabelFlow) -> RampEndings:
        """Stage by stage."""
        return endings_by_power(flow, self.policy)

    def sentences(self, setting: Setting) -> Iterator[str]:
        """The labels of its first stage too, where it goes by them."""
        if self.policy.unit != "request":
            return
        needed = round(self.policy.labels_of_a_stage(self.policy.first_share))
        whose = "the two" if self.policy.baseline is None else "the two and the baseline"
        yield (
            f"{self.name} leaves its first stage with {counted(needed, 'labelled request')} of "
            f"{whose}."
        )
        yield from super().sentences(setting)


class RiskBudgetedRampExplainer(RampExplainer[RiskBudgetedRamp]):
    """A ramp by a budget of harm."""

    sooner = "shorten every"

    def endings(self, flow: LabelFlow) -> RampEndings:
        """Step by step."""
        return endings_by_budget(flow, self.policy)


def _time(span_ns: float) -> str:
    return duration_text(seconds(round(span_ns)))
