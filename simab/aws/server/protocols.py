"""The wire protocols that AWS's clients speak, and which of them a request speaks."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final

__all__ = ["CONTROL", "FORM", "JSON_VERSIONS", "Protocol", "protocol_of"]

CONTROL: Final = "/_simab/"
FORM: Final = "application/x-www-form-urlencoded"
JSON_VERSIONS: Final = ("application/x-amz-json-1.1", "application/x-amz-json-1.0")
_CBOR: Final = "rpc-v2-cbor"


class Protocol(Enum):
    """How a request is written, and how its response has to be.

    CBOR is known only so that it can be refused in its own form.
    """

    JSON_1_1 = "json 1.1"
    JSON_1_0 = "json 1.0"
    REST_JSON = "rest-json"
    QUERY = "query"
    CBOR = "rpc-v2-cbor"


def protocol_of(path: str, headers: Mapping[str, str]) -> Protocol:
    """The protocol of a request by its path and headers, whose names are in lower case.

    JSON 1.1 where nothing says another, and below `CONTROL`, where curl calls all that it sends a
    form.
    """
    if path.startswith(CONTROL):
        return Protocol.JSON_1_1
    content_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if headers.get("smithy-protocol") == _CBOR or path.startswith("/service/"):
        return Protocol.CBOR
    if path.startswith("/endpoints/"):
        return Protocol.REST_JSON
    if "x-amz-target" not in headers and content_type == FORM:
        return Protocol.QUERY
    return Protocol.JSON_1_0 if content_type == JSON_VERSIONS[1] else Protocol.JSON_1_1
