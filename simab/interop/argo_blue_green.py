"""Argo's blueGreen strategy as steps: none of the traffic, then all of it, with its analyses.

Source: argo-rollouts rollout/bluegreen.go. The new version is analysed without traffic, then waits
for a person or for a time, then gets all traffic at once, and is analysed again; an analysis that
fails gives all traffic back.
"""

from __future__ import annotations

from typing import Any, Final

from simab.documents.located import LocatedValue
from simab.interop.argo_templates import Origins, Templates
from simab.interop.importing import Findings

__all__ = ["blue_green_steps"]

_FIELDS: Final = (
    "prePromotionAnalysis",
    "postPromotionAnalysis",
    "autoPromotionEnabled",
    "autoPromotionSeconds",
)
_LEFT_OUT: Final = {
    "previewReplicaCount": "instances are those of the scenario's variants: the new version has "
    "all of its own from the start",
    "scaleDownDelaySeconds": "the old version stays deployed without traffic; its instances cost "
    "nothing here",
    "scaleDownDelayRevisionLimit": "there is one old version",
    "abortScaleDownDelaySeconds": "after an abort the new version stays deployed without traffic",
    "activeService": "the endpoint is the service",
    "previewService": "requests reach the new version before its promotion only if a segment of "
    "the traffic targets it",
}
_OF_CANARY: Final = ("steps", "analysis", "trafficRouting", "maxSurge")
_LARGEST_SECONDS: Final = 1_000_000_000


def blue_green_steps(
    strategy: LocatedValue, templates: Templates, findings: Findings, origins: Origins
) -> list[dict[str, Any]]:
    """The steps of a rollout that does the same; what is left out is noted, with its effect.

    What cannot be read gathers in `findings`.
    """
    steps: list[dict[str, Any]] = []

    def analysed(field: str) -> None:
        analysis = strategy.at(field)
        if analysis is not None:
            path = ("steps", len(steps), "analysis")
            origins[path[:2]] = analysis
            steps.append({"analysis": templates.metrics(analysis, path, origins)})

    with findings.gathering():
        if strategy.at("prePromotionAnalysis") is not None:
            reason = (
                "the new version has no traffic before its promotion: a metric of the candidate "
                "finds nothing, an Error unless its condition allows it"
            )
            findings.ignore(strategy.need("prePromotionAnalysis"), reason)
        analysed("prePromotionAnalysis")
    with findings.gathering():
        steps += _pause(strategy, findings)
    steps.append({"set_weight": 100})
    with findings.gathering():
        analysed("postPromotionAnalysis")
    for name, value in strategy.named().items():
        with findings.gathering():
            if name in _OF_CANARY:
                raise value.wrong("is a field of the canary strategy", "Remove it, or move it.")
        if name not in _FIELDS:
            reason = _LEFT_OUT.get(name, "it does not bear on weights or analyses")
            findings.ignore(value, reason)
    return steps


def _pause(strategy: LocatedValue, findings: Findings) -> list[dict[str, Any]]:
    """Before the traffic moves: for some seconds, or until a person promotes, or not at all."""
    seconds, enabled = strategy.at("autoPromotionSeconds"), strategy.at("autoPromotionEnabled")
    if seconds is not None:
        length = seconds.whole(0, _LARGEST_SECONDS)
        if length:
            return [{"pause": {"duration": f"{length}s"}}]
    if enabled is None:
        return []
    if not isinstance(enabled.value, bool):
        raise enabled.wrong("must be true or false", "Write one of the two without quotes.")
    if enabled.value:
        return []
    reason = "waits until a person promotes it; give the policy a resume_after to have one do so"
    findings.ignore(enabled, reason)
    return [{"pause": {}}]
