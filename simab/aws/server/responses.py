"""Responses and errors as AWS's clients expect them, by protocol and service model."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple
from xml.sax.saxutils import escape

from simab.aws.errors import ServiceError
from simab.aws.server.protocols import JSON_VERSIONS, Protocol
from simab.aws.server.requests import Call, operation_model

__all__ = ["HttpResponse", "error_response", "response_of"]

_NOT_IN_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NAMESPACE: Final = "http://monitoring.amazonaws.com/doc/2010-08-01/"
_CBOR_TEXT, _CBOR_MAP = 3, 5  # major types of RFC 8949


class HttpResponse(NamedTuple):
    """Status, headers and body."""

    status: int
    headers: dict[str, str]
    body: bytes


def response_of(
    protocol: Protocol, call: Call, answer: Mapping[str, Any], request_id: str
) -> HttpResponse:
    """What an operation answered, as the client of this call reads it."""
    shape = operation_model(call.service, call.operation).output_shape
    headers = {"x-amzn-requestid": request_id}
    match protocol:
        case Protocol.REST_JSON:
            for name, member in shape.members.items():
                if member.serialization.get("location") == "header" and name in answer:
                    headers[str(member.serialization["name"])] = str(answer[name])
            return HttpResponse(200, headers, answer["Body"])
        case Protocol.QUERY:
            inner = "" if shape is None else "".join(_xml(shape, answer))
            wrapper = "" if shape is None else str(shape.serialization.get("resultWrapper", ""))
            result = f"<{wrapper}>{inner}</{wrapper}>" if wrapper else inner
            text = (
                f'<{call.operation}Response xmlns="{_NAMESPACE}">{result}<ResponseMetadata>'
                f"<RequestId>{request_id}</RequestId></ResponseMetadata></{call.operation}Response>"
            )
            return HttpResponse(200, headers | {"content-type": "text/xml"}, text.encode())
        case _:
            return _json(protocol, 200, headers, answer)


def error_response(
    protocol: Protocol, error: ServiceError, request_id: str, *, query_mode: bool = False
) -> HttpResponse:
    """An error in the shape of the protocol that is spoken.

    In query mode a client of JSON also gets what the query protocol would have said.
    """
    headers = {"x-amzn-requestid": request_id}
    side = "Sender" if error.status < 500 else "Receiver"
    match protocol:
        case Protocol.QUERY:
            code, message = escape(error.code), escape(_writable(error.message))
            text = (
                f'<ErrorResponse xmlns="{_NAMESPACE}"><Error><Type>{side}</Type>'
                f"<Code>{code}</Code><Message>{message}</Message></Error>"
                f"<RequestId>{request_id}</RequestId></ErrorResponse>"
            )
            return HttpResponse(error.status, headers | {"content-type": "text/xml"}, text.encode())
        case Protocol.CBOR:
            headers |= {"content-type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}
            body = _cbor({"__type": error.code, "message": error.message})
            return HttpResponse(error.status, headers, body)
        case Protocol.REST_JSON:
            headers |= {"x-amzn-errortype": error.code}
            said = {"Message": error.message, **error.details}
            return _json(protocol, error.status, headers, said)
        case _:
            headers |= {"x-amzn-errortype": error.code}
            if query_mode:
                headers["x-amzn-query-error"] = f"{error.code};{side}"
            said = {"__type": error.code, "message": error.message, **error.details}
            return _json(protocol, error.status, headers, said)


def _json(
    protocol: Protocol, status: int, headers: Mapping[str, str], data: Mapping[str, Any]
) -> HttpResponse:
    content_type = {
        Protocol.JSON_1_1: JSON_VERSIONS[0],
        Protocol.JSON_1_0: JSON_VERSIONS[1],
    }.get(protocol, "application/json")
    body = json.dumps(_plain(data), allow_nan=False).encode()
    return HttpResponse(status, {**headers, "content-type": content_type}, body)


def _plain(value: Any) -> Any:
    """As JSON: dates as seconds since 1970, bytes in base64."""
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, datetime):
        return value.timestamp()
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def _xml(shape: Any, value: Any) -> Iterator[str]:
    """The content of an element."""
    match shape.type_name:
        case "structure":
            for name, member in shape.members.items():
                if value.get(name) is not None:
                    tag = str(member.serialization.get("name", name))
                    yield f"<{tag}>{''.join(_xml(member, value[name]))}</{tag}>"
        case "list":
            for each in value:
                yield f"<member>{''.join(_xml(shape.member, each))}</member>"
        case "map":
            for key, each in value.items():
                inner = "".join(_xml(shape.value, each))
                yield f"<entry><key>{escape(_writable(key))}</key><value>{inner}</value></entry>"
        case "timestamp":
            yield value.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
        case "boolean":
            yield "true" if value else "false"
        case "blob":
            yield base64.b64encode(value).decode()
        case _:
            yield escape(_writable(repr(value) if isinstance(value, float) else str(value)))


def _writable(text: str) -> str:
    """What XML can hold: other characters as their numbers."""
    return _NOT_IN_XML.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def _cbor(texts: Mapping[str, str]) -> bytes:
    """A map from texts to texts."""
    parts = [_cbor_head(_CBOR_MAP, len(texts))]
    for text in (each for pair in texts.items() for each in pair):
        encoded = text.encode(errors="backslashreplace")
        parts += [_cbor_head(_CBOR_TEXT, len(encoded)), encoded]
    return b"".join(parts)


def _cbor_head(major: int, length: int) -> bytes:
    """A type and a length below 65,536."""
    if length < 24:
        return bytes([major << 5 | length])
    return bytes([major << 5 | 25]) + length.to_bytes(2, "big")
