"""InvokeEndpoint: a request among everybody else's, answered when its time has come."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from simab.aws.account import Account
from simab.aws.answers import Question
from simab.aws.errors import ServiceError
from simab.aws.live_endpoint import LiveEndpoint
from simab.aws.resources import ACCOUNT_ID, REGION
from simab.profiles.outcomes import NONE
from simab.world.calls import Reply, Waited
from simab.world.run_counts import Status

__all__ = ["invoke_endpoint"]


def invoke_endpoint(account: Account, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """InvokeEndpoint, which takes simulated time: the network there and back, and the reply's."""
    name, target = parameters["EndpointName"], parameters.get("TargetVariant")
    endpoint = account.endpoints.get(name)
    if endpoint is None or endpoint.session is None or endpoint.deleting:
        raise _refused(f"Endpoint {name} of account {ACCOUNT_ID} not found.")
    if target is not None and target not in endpoint.played_by:
        raise _refused(f"Variant {target} of endpoint {name} not found.")
    way_ns = account.settings.network_ns // 2
    account.timeline.advance(account.timeline.now_ns + way_ns)
    reply = endpoint.call(target, account.settings.timeout_ns)
    account.timeline.advance(account.timeline.now_ns + way_ns)
    if isinstance(reply, Waited):
        raise _model_error(
            endpoint, 0, "Your invocation timed out while waiting for a response from container"
        )
    _require_answered(endpoint, reply)
    return _answered(account, endpoint, reply, parameters)


def _require_answered(endpoint: LiveEndpoint, reply: Reply) -> None:
    match reply.status:
        case Status.INVALID_TARGET:
            variant = endpoint.name_of(reply.variant)
            raise _refused(f"Variant {variant} of endpoint {endpoint.name} not found.")
        case Status.REJECTED:
            raise ServiceError("ServiceUnavailable", "Service Unavailable", 503)
        case Status.FAILED:
            variant = endpoint.name_of(reply.variant)
            raise _model_error(
                endpoint, 500, f'Received server error (500) from {variant} with message ""'
            )


def _answered(
    account: Account, endpoint: LiveEndpoint, reply: Reply, parameters: Mapping[str, Any]
) -> dict[str, Any]:
    variant, outcome = endpoint.name_of(reply.variant), reply.outcome
    assert outcome is not None
    answer = account.answers.answer(
        Question(
            variant,
            _payload(parameters["Body"]),
            parameters.get("ContentType", ""),
            outcome,
            reply.reward,
            parameters.get("CustomAttributes", ""),
            parameters.get("InferenceId", ""),
        )
    )
    known = {"label": outcome.label, "correct": outcome.correct}
    attributes = ";".join(f"{name}={value}" for name, value in known.items() if value != NONE)
    return {
        "Body": answer.body,
        "ContentType": answer.content_type,
        "InvokedProductionVariant": variant,
        **({"CustomAttributes": attributes} if attributes else {}),
    }


def _payload(body: Any) -> bytes:
    """The body of a request: bytes, text, or a file to read."""
    if isinstance(body, io.IOBase) or hasattr(body, "read"):
        body = body.read()
    return body.encode() if isinstance(body, str) else bytes(body)


def _refused(message: str) -> ServiceError:
    return ServiceError("ValidationError", message)


def _model_error(endpoint: LiveEndpoint, status: int, message: str) -> ServiceError:
    logs = f"arn:aws:logs:{REGION}:{ACCOUNT_ID}:log-group:/aws/sagemaker/Endpoints/{endpoint.name}"
    return ServiceError(
        "ModelError",
        f"{message}. See {logs} for more information.",
        424,
        OriginalStatusCode=status,
        OriginalMessage=message,
        LogStreamArn=logs,
    )
