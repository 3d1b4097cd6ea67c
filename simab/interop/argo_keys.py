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
_BY_CLUSTER: Final = (
    "is not carried over: only the cluster knows it; what a query with it reads is what the "
    "metric's entry in --map says"
)
VALUE_FROM: Final[Declared] = {
    "podTemplateHashValue": (
        "is not carried over: it says whose requests a query reads; say it by `of` of the metric's "
        "entry in --map"
    ),
    **{
        f"{source}.{key}": _BY_CLUSTER
        for source, keys in {
            "secretKeyRef": ("name", "key"),
            "configMapKeyRef": ("name", "key"),
            "fieldRef": ("fieldPath",),
        }.items()
        for key in keys
    },
}
"""Keys below `valueFrom` of an argument."""
_ROUTERS: Final = (
    "managedRoutes.name",
    *(f"alb.{key}" for key in ("annotationPrefix", "ingress", "ingresses", "rootService")),
    *("alb.servicePort", "ambassador.mappings", "apisix.route"),
    *("appMesh.virtualNodeGroup", "appMesh.virtualService"),
    *("istio.destinationRule", "istio.virtualService", "istio.virtualServices"),
    *("nginx.annotationPrefix", "nginx.stableIngress", "nginx.stableIngresses"),
    *("smi.rootService", "smi.trafficSplitName", "traefik.weightedTraefikServiceName"),
)
"""Keys that say which router carries the weights, and nothing of how it splits."""
_BY_ANNOTATION: Final = (
    "is not carried over: an annotation may route some requests past the weights; "
    "`targets` of a segment of the traffic do so here"
)
_ROUTING_EFFECTS: Final = {
    "plugins.*": (
        "is not carried over: the plugin decides which requests go where; here a weight is a share "
        "of all requests"
    ),
    "alb.stickinessConfig": (
        "is not carried over: it keeps users with a variant; write "
        "`endpoint.variant_routing: sticky_hash` for that"
    ),
    "nginx.additionalIngressAnnotations": _BY_ANNOTATION,
    "nginx.canaryIngressAnnotations": _BY_ANNOTATION,
}
ROLLOUT: Final[Declared] = {
    **dict.fromkeys(("apiVersion", "kind", "metadata", "status"), SILENT),
    **{f"spec.{name}": SILENT for name in POD_FIELDS},
    "spec.analysis.successfulRunHistoryLimit": SILENT,
    "spec.analysis.unsuccessfulRunHistoryLimit": SILENT,
    "spec.replicas": "does not bear on the weights here, which are not made of replicas",
    "spec.paused": "is not carried over: while it is true the rollout does not move",
    "spec.progressDeadlineSeconds": (
        "is not carried over: here a new version is ready after the scenario's provisioning"
    ),
    "spec.progressDeadlineAbort": (
        "is not carried over: here a new version is ready after the scenario's provisioning"
    ),
    "spec.rollbackWindow": "is not carried over: it lets a rollback skip the steps",
    **{f"{_CANARY}.trafficRouting.{key}": SILENT for key in _ROUTERS},
    **{f"{_CANARY}.trafficRouting.{key}": why for key, why in _ROUTING_EFFECTS.items()},
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
            "maxSurge",
            "maxUnavailable",
            "minPodsPerReplicaSet",
        )
    },
    f"{_CANARY}.steps.analysis.templates.clusterScope": SILENT,
    f"{_CANARY}.analysis.templates.clusterScope": SILENT,
    **{
        f"{_CANARY}.{place}.{name}": SILENT
        for place in ("analysis", "steps.analysis")
        for name in ("analysisRunMetadata",)
    },
    **{
        f"{place}.args.valueFrom.{key}": effect
        for place in (
            f"{_CANARY}.analysis",
            f"{_CANARY}.steps.analysis",
            "spec.strategy.blueGreen.prePromotionAnalysis",
            "spec.strategy.blueGreen.postPromotionAnalysis",
        )
        for key, effect in VALUE_FROM.items()
    },
    **{
        f"spec.strategy.blueGreen.{name}.{key}": SILENT
        for name in ("prePromotionAnalysis", "postPromotionAnalysis")
        for key in ("templates.clusterScope", "analysisRunMetadata")
    },
}
"""By dotted path, of a Rollout."""
_PROVIDERS: Final = {
    "prometheus": ("address", "query", "insecure", "headers"),
    "datadog": ("apiVersion", "query", "queries", "formula", "aggregator"),
    "newRelic": ("profile", "query"),
    "wavefront": ("address", "query"),
    "graphite": ("address", "query"),
    "influxdb": ("profile", "query"),
    "skywalking": ("address", "query"),
    "web": (
        *("url", "method", "headers", "body", "jsonBody", "jsonPath"),
        *("insecure",),
    ),
    "cloudWatch": ("metricDataQueries",),
    "job": ("metadata",),
}
"""Keys that say where and how to ask: what the answer means is said by the table."""
_CREDENTIALS: Final = (
    *("sigv4.address", "sigv4.region", "sigv4.profile", "sigv4.roleArn"),
    *("oauth2.tokenUrl", "oauth2.clientId", "oauth2.clientSecret", "oauth2.scopes"),
)
_ANSWERED: Final = (
    "is not carried over: here every query is answered; there one that is turned away is an Error "
    "measurement"
)
_IN_TIME: Final = (
    "is not carried over: here every query is answered at once; there one that takes longer is an "
    "Error measurement"
)
_BY_TABLE: Final = "is not run: what it finds is what the metric's entry in --map says"
_SPAN: Final = "is not carried over: what is read is the window of the metric's entry in --map"
TEMPLATE: Final[Declared] = {
    **dict.fromkeys(("apiVersion", "kind", "metadata"), SILENT),
    **{
        f"spec.metrics.provider.{provider}.{key}": SILENT
        for provider, keys in _PROVIDERS.items()
        for key in keys
    },
    **{
        f"spec.metrics.provider.{provider}.interval": _SPAN
        for provider in ("cloudWatch", "datadog", "skywalking")
    },
    **{
        f"spec.metrics.provider.{provider}.{key}": _ANSWERED
        for provider, key in (
            *(
                (provider, f"authentication.{key}")
                for provider in ("prometheus", "web")
                for key in _CREDENTIALS
            ),
            *(("datadog", f"secretRef.{key}") for key in ("name", "namespaced")),
        )
    },
    "spec.metrics.provider.prometheus.timeout": _IN_TIME,
    "spec.metrics.provider.newRelic.timeout": _IN_TIME,
    "spec.metrics.provider.web.timeoutSeconds": _IN_TIME,
    "spec.metrics.provider.job.spec": _BY_TABLE,
    "spec.metrics.provider.plugin.*": _BY_TABLE,
    "spec.metrics.provider.prometheus.rangeQuery": (
        "is not carried over: a measurement here is one number, over the window of the metric's "
        "entry in --map, and not one for each step"
    ),
    **{f"spec.args.valueFrom.{key}": effect for key, effect in VALUE_FROM.items()},
}
"""Of a template that an analysis names: the table says what its queries mean."""
