"""Keys of Argo's Rollouts and templates that the import does not read, with their effects."""

from __future__ import annotations

from typing import Final

from simab.interop.unread import SILENT, Declared

__all__ = ["POD_FIELDS", "ROLLOUT", "TEMPLATE"]

POD_FIELDS: Final = (
    "template",
    "selector",
    "workloadRef",
    "revisionHistoryLimit",
    "minReadySeconds",
    "restartAt",
)
"""Keys of a Rollout's spec that describe pods."""
_CANARY: Final = "spec.strategy.canary"
ROLLOUT: Final[Declared] = {
    **dict.fromkeys(("apiVersion", "kind", "metadata", "status"), SILENT),
    **{f"spec.{name}": SILENT for name in POD_FIELDS},
    "spec.analysis": SILENT,
    "spec.paused": "is not carried over: while it is true the rollout does not move",
    "spec.progressDeadlineSeconds": (
        "is not carried over: here a new version is ready after the scenario's provisioning"
    ),
    "spec.progressDeadlineAbort": (
        "is not carried over: here a new version is ready after the scenario's provisioning"
    ),
    "spec.rollbackWindow": "is not carried over: it lets a rollback skip the steps",
    f"{_CANARY}.trafficRouting": SILENT,
    **{
        f"{_CANARY}.trafficRouting.{router}": SILENT
        for router in (
            "alb",
            "ambassador",
            "apisix",
            "appMesh",
            "istio",
            "nginx",
            "plugins",
            "smi",
            "traefik",
        )
    },
    f"{_CANARY}.trafficRouting.managedRoutes": SILENT,
    **{
        f"{_CANARY}.{name}": "does not bear on weights or analyses"
        for name in (
            "antiAffinity",
            "canaryMetadata",
            "canaryService",
            "stableMetadata",
            "stableService",
            "pingPong",
            "scaleDownDelayRevisionLimit",
            "scaleDownDelaySeconds",
        )
    },
    **{
        f"{_CANARY}.{name}": "is not carried over: instances are those of the scenario's variants"
        for name in (
            "abortScaleDownDelaySeconds",
            "dynamicStableScale",
            "maxUnavailable",
            "minPodsPerReplicaSet",
        )
    },
    f"{_CANARY}.steps.analysis.templates.clusterScope": SILENT,
    f"{_CANARY}.analysis.templates.clusterScope": SILENT,
    **{
        f"{_CANARY}.{place}.{name}": SILENT
        for place in ("analysis", "steps.analysis")
        for name in ("analysisRunMetadata", "args.valueFrom.*")
    },
    **{
        f"spec.strategy.blueGreen.{name}.{key}": SILENT
        for name in ("prePromotionAnalysis", "postPromotionAnalysis")
        for key in ("templates.clusterScope", "analysisRunMetadata", "args.valueFrom.*")
    },
}
"""By dotted path, of a Rollout."""
TEMPLATE: Final[Declared] = {
    **dict.fromkeys(("apiVersion", "kind", "metadata"), SILENT),
    "spec.metrics.provider.*": SILENT,
    "spec.args.valueFrom.*": SILENT,
    "spec.dryRun.*": SILENT,
    "spec.measurementRetention.*": SILENT,
}
"""Of a template that an analysis names: the table says what its queries mean."""
