"""Requests as AWS's clients send them: which operation, and its parameters by the service model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from simab.aws.errors import ServiceError, not_implemented
from simab.aws.server.forms import form_values, structure_of_form
from simab.aws.server.protocols import Protocol
from simab.aws.server.wire_values import bytes_of, date_of

__all__ = ["Call", "call_of", "operation_model"]

_TARGETS: Final = {
    "SageMaker": "sagemaker",
    "GraniteServiceVersion20100801": "cloudwatch",
    "AnyScaleFrontendService": "application-autoscaling",
}
_OTHER_INVOCATIONS: Final = {
    "invocations-response-stream": "InvokeEndpointWithResponseStream",
    "async-invocations": "InvokeEndpointAsync",
}
_QUERY_VERSION: Final = "2010-08-01"


@dataclass(frozen=True, slots=True)
class Call:
    """An operation that is asked for, with parameters as botocore's clients give them."""

    service: str
    operation: str
    parameters: Mapping[str, Any]


@cache
def _service_model(service: str) -> Any:
    import botocore.session

    return botocore.session.get_session().get_service_model(service)


def operation_model(service: str, operation: str) -> Any:
    """Botocore's model of an operation.

    Raises:
        ServiceError: the service has no such operation.
    """
    model = _service_model(service)
    if operation not in model.operation_names:
        raise ServiceError("UnknownOperationException", f"{service} has no operation {operation}.")
    return model.operation_model(operation)


def call_of(
    protocol: Protocol, method: str, path: str, headers: Mapping[str, str], body: bytes
) -> Call:
    """What a request asks for; `path` is percent-encoded, and header names are in lower case.

    Raises:
        ServiceError: it asks for nothing that a simulated service has, or cannot be read.
    """
    match protocol:
        case Protocol.CBOR:
            raise ServiceError(
                "NotImplemented",
                "simab does not speak rpc-v2-cbor: ask in JSON or by the query protocol.",
                501,
            )
        case Protocol.REST_JSON:
            return _invocation(method, path, headers, body)
        case _ if (method, path) != ("POST", "/"):
            raise _nothing_at(method, path)
        case Protocol.QUERY:
            return _query_call(body)
        case _:
            return _json_call(headers.get("x-amz-target"), body)


def _nothing_at(method: str, path: str) -> ServiceError:
    return ServiceError(
        "UnknownOperationException", f"Nothing is served at {method} {path:.200}.", 404
    )


def _invocation(method: str, path: str, headers: Mapping[str, str], body: bytes) -> Call:
    """InvokeEndpoint, whose parameters are in the path, in headers and in the body."""
    parts = path.split("/")
    if len(parts) != 4 or not parts[2]:
        raise _nothing_at(method, path)
    if parts[3] in _OTHER_INVOCATIONS:
        raise not_implemented("sagemaker-runtime", _OTHER_INVOCATIONS[parts[3]])
    if parts[3] != "invocations":
        raise _nothing_at(method, path)
    if method != "POST":
        raise ServiceError(
            "MethodNotAllowed", f"InvokeEndpoint is a POST, not a {method:.20}.", 405
        )
    name = unquote_to_bytes(parts[2]).decode("utf-8", errors="replace")
    given = {"EndpointName": name, "Body": body}
    shape = operation_model("sagemaker-runtime", "InvokeEndpoint").input_shape
    for member, described in shape.members.items():
        header = str(described.serialization.get("name", "")).lower()
        if described.serialization.get("location") == "header" and header in headers:
            given[member] = headers[header]
    return Call("sagemaker-runtime", "InvokeEndpoint", given)


def _json_call(target: str | None, body: bytes) -> Call:
    if target is None:
        raise ServiceError(
            "UnknownOperationException",
            "Neither the header X-Amz-Target nor a form with an Action says what is asked for.",
            404,
        )
    prefix, _, operation = target.partition(".")
    service = _TARGETS.get(prefix)
    if service is None:
        raise ServiceError(
            "UnknownOperationException", f"X-Amz-Target {target:.200} is not simulated."
        )
    model = operation_model(service, operation)
    try:
        given = json.loads(body or b"{}", parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise ServiceError("SerializationException", "The body is not JSON.") from None
    if not isinstance(given, dict):
        raise ServiceError("SerializationException", "The body is not a JSON object.")
    parameters = _read(model.input_shape, given) if model.input_shape is not None else {}
    return Call(service, operation, parameters)


def _no_constant(name: str) -> float:
    """NaN and Infinity are no JSON, though Python would read them."""
    raise ValueError(name)


def _read(shape: Any, value: Any) -> Any:
    """JSON as Python's clients would give it; what has another type is left, and refused later."""
    match shape.type_name:
        case "structure" if isinstance(value, dict):
            return {
                name: _read(shape.members[name], each)
                for name, each in value.items()
                if name in shape.members and each is not None
            }
        case "list" if isinstance(value, list):
            return [_read(shape.member, each) for each in value]
        case "map" if isinstance(value, dict):
            return {key: _read(shape.value, each) for key, each in value.items()}
        case "timestamp":
            return date_of(value)
        case "blob" if isinstance(value, str):
            return bytes_of(value)
        case _:
            return value


def _query_call(body: bytes) -> Call:
    given = form_values(body)
    operation, version = given.pop("Action", ""), given.pop("Version", _QUERY_VERSION)
    if not operation:
        raise ServiceError("MissingAction", "The request has no Action.")
    if version != _QUERY_VERSION or operation not in _service_model("cloudwatch").operation_names:
        raise ServiceError(
            "InvalidAction",
            f"The action {operation:.100} of version {version:.20} is not simulated: of the "
            f"services that are asked by forms there is CloudWatch, of version {_QUERY_VERSION}.",
        )
    shape = operation_model("cloudwatch", operation).input_shape
    parameters = {} if shape is None else structure_of_form(shape, given)
    return Call("cloudwatch", operation, parameters)
