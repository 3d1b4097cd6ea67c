"""What is said of a Kayenta canary before it is played: a first judgement without data."""

from __future__ import annotations

from collections.abc import Iterator

from simab import units
from simab.policies.explaining.explainer import Explainer, PolicyWarning, Topic, decides_unseen
from simab.policies.explaining.setting import Setting
from simab.policies.kayenta.canary import KayentaCanary

__all__ = ["KayentaCanaryExplainer"]


class KayentaCanaryExplainer(Explainer[KayentaCanary]):
    """The first judgement comes an interval after the beginning."""

    def warnings(self, setting: Setting) -> Iterator[PolicyWarning]:
        """The candidate is rolled back where that is before the first window is visible."""
        policy, needed = self.policy, setting.visible_after()
        if policy.lookback is None and setting.until_a_look(policy.interval_ns) < needed:
            field = "lifetime" if policy.analysis_interval is None else "analysis_interval"
            text = decides_unseen(
                f"{self.name} judges {units.format_duration(policy.interval_ns)} after it begins",
                "its first window is visible ... after",
                needed,
                "without any data the candidate is rolled back",
                f"Set {field} to at least {units.format_duration(needed)}",
            )
            yield PolicyWarning(Topic.UNSEEN, text)
