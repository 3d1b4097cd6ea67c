"""Keys of SageMaker's and CloudWatch's API that the import does not read, with their effects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from simab.interop.unread import SILENT, Declared

__all__ = ["DOCUMENT"]

_NO_BEARING: Final = "does not bear on traffic or alarms"
_ENDPOINT: Final[Mapping[str, str]] = {
    "EndpointName": _NO_BEARING,
    "EndpointConfigName": _NO_BEARING,
    "EndpointArn": SILENT,
    "EndpointConfigArn": SILENT,
    "EndpointStatus": SILENT,
    "CreationTime": SILENT,
    "LastModifiedTime": SILENT,
    "ResponseMetadata": SILENT,
    "Tags": _NO_BEARING,
    "KmsKeyId": _NO_BEARING,
    "DataCaptureConfig": _NO_BEARING,
    "ExplainerConfig": _NO_BEARING,
    "ExecutionRoleArn": _NO_BEARING,
    "VpcConfig": _NO_BEARING,
    "EnableNetworkIsolation": _NO_BEARING,
    "AsyncInferenceConfig": "is not carried over: requests are answered at once here",
    "ShadowProductionVariants": (
        "are not carried over: say who gets copies of requests under endpoint.shadow"
    ),
    "RetainAllVariantProperties": "is not carried over: weights and instances are the scenario's",
    "ExcludeRetainedVariantProperties": (
        "is not carried over: weights and instances are the scenario's"
    ),
    "RetainDeploymentConfig": "is not carried over: one deployment is played",
}
_ALARM: Final[Mapping[str, str]] = {
    "AlarmArn": SILENT,
    "AlarmDescription": SILENT,
    "AlarmConfigurationUpdatedTimestamp": SILENT,
    "AlarmActions": SILENT,
    "OKActions": SILENT,
    "InsufficientDataActions": SILENT,
    "Tags": SILENT,
    "StateValue": "is not carried over: an alarm starts with INSUFFICIENT_DATA",
    "StateReason": SILENT,
    "StateReasonData": SILENT,
    "StateUpdatedTimestamp": SILENT,
    "StateTransitionedTimestamp": SILENT,
    "Dimensions.Value": SILENT,
    "Unit": "is not carried over: with another unit than the metric's the alarm finds no data",
    "EvaluateLowSampleCountPercentile": (
        "is not carried over: percentiles of few requests change the state here"
    ),
}
DOCUMENT: Final[Declared] = {
    **_ENDPOINT,
    **{f"EndpointConfig.{key}": effect for key, effect in _ENDPOINT.items()},
    **_ALARM,
    **{f"MetricAlarms.{key}": effect for key, effect in _ALARM.items()},
    "CompositeAlarms": "are not carried over: an alarm here is on one metric",
}
"""By dotted path, of any document: the files may hold parts of several calls."""
