"""Keys of Flagger's Canary that its import does not read, with what each would change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from simab.interop.unread import SILENT, Declared

__all__ = ["CANARY", "CANARY_HOOKS", "TEMPLATE"]

_ANALYSIS: Final[Mapping[str, str]] = {
    "alerts": SILENT,
    "canaryReadyThreshold": "is not carried over: here all instances are ready at once",
    "primaryReadyThreshold": "is not carried over: here all instances are ready at once",
    "metrics.templateVariables": SILENT,
    "metrics.query": SILENT,
    "metrics.templateRef.namespace": SILENT,
    "sessionAffinity.cookieName": SILENT,
    "sessionAffinity.domain": SILENT,
    "sessionAffinity.httpOnly": SILENT,
    "sessionAffinity.partitioned": SILENT,
    "sessionAffinity.path": SILENT,
    "sessionAffinity.sameSite": SILENT,
    "sessionAffinity.secure": SILENT,
}
_SERVICE: Final[Mapping[str, str]] = {
    "name": SILENT,
    "port": SILENT,
    "portName": SILENT,
    "targetPort": SILENT,
    "portDiscovery": SILENT,
    "appProtocol": SILENT,
    "gateways": SILENT,
    "gatewayRefs": SILENT,
    "hosts": SILENT,
    "delegation": SILENT,
    "match": SILENT,
    "rewrite": SILENT,
    "headers": SILENT,
    "corsPolicy": SILENT,
    "meshName": SILENT,
    "apex": SILENT,
    "primary": SILENT,
    "canary": SILENT,
    "backends": SILENT,
    "unmanagedMetadata": SILENT,
    "retries": "is not carried over: with it failed requests are tried again, and fewer fail",
    "timeout": "is not carried over: with it long requests fail; set timeouts in the scenario",
    "trafficPolicy": "is not carried over: limits of connections and ejected instances fail more",
    "mirror": "is not carried over: copies to another service than the candidate",
}
CANARY: Final[Declared] = {
    **dict.fromkeys(("apiVersion", "kind", "metadata", "status", "spec.targetRef"), SILENT),
    **dict.fromkeys(
        (
            "spec.provider",
            "spec.ingressRef",
            "spec.routeRef",
            "spec.upstreamRef",
            "spec.metricsServer",
            "spec.insecureSkipVerify",
            "spec.revertOnDeletion",
            "spec.skipAnalysis",
        ),
        SILENT,
    ),
    "spec.autoscalerRef": "is not carried over: describe it as the variant's autoscaling",
    "spec.progressDeadlineSeconds": (
        "is not carried over: a candidate that is not ready by then is rolled back, and here it is "
        "always ready after the scenario's provisioning"
    ),
    "spec.suspend": "is not carried over: while it is true Flagger does nothing",
    **{f"spec.service.{key}": effect for key, effect in _SERVICE.items()},
    **{
        f"spec.{name}.{key}": effect
        for name in ("analysis", "canaryAnalysis")
        for key, effect in _ANALYSIS.items()
    },
}
"""By dotted path, of a document of kind Canary."""
_PROVIDER: Final = ("type", "address", "region", "headers", "insecureSkipVerify")
TEMPLATE: Final[Declared] = {
    **dict.fromkeys(("apiVersion", "kind", "metadata", "spec.query"), SILENT),
    **{f"spec.provider.{key}": SILENT for key in _PROVIDER},
    "spec.provider.secretRef.name": (
        "is not carried over: here every query is answered; there one that is turned away is a "
        "failed check"
    ),
}
"""Of a MetricTemplate: the table says what its query means."""
CANARY_HOOKS: Final[Mapping[str, str]] = {
    "pre-rollout": "is taken to succeed; if it failed, that would be a failed check",
    "rollout": "is taken to succeed; describe the requests of a load test as a segment",
    "confirm-rollout": "is taken to approve at once; a refusal would keep the canary from starting",
    "confirm-traffic-increase": "is taken to approve at once; a refusal would keep the weight",
    "confirm-promotion": "is taken to approve at once; set confirm_promotion_after to wait",
    "rollback": "is taken never to ask for a rollback",
    "post-rollout": "runs after the end and decides nothing",
    "event": "only notifies others and decides nothing",
}
"""By type of webhook."""
