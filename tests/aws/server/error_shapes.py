"""Errors in the shape that each protocol documents; whatever lacks a part of it fails."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from tests.aws.server.asking import Answer

__all__ = ["json_error", "query_error", "rest_error"]

_NAMESPACE = "{http://monitoring.amazonaws.com/doc/2010-08-01/}"


def json_error(answer: Answer) -> tuple[int, str, str]:
    """Status, code and message, where all that has to be there is there."""
    assert answer.data.keys() >= {"__type", "message"}
    assert answer.data["__type"] == answer.code
    assert answer.headers["content-type"].startswith("application/x-amz-json-1.")
    assert len(answer.headers["x-amzn-requestid"]) == 36
    assert b"Traceback" not in answer.body
    return answer.status, answer.code, answer.data["message"]


def rest_error(answer: Answer) -> tuple[int, str, str]:
    """The same of rest-json, whose code is in a header alone."""
    assert answer.headers["content-type"] == "application/json"
    assert b"Traceback" not in answer.body
    return answer.status, answer.code, answer.data["Message"]


def query_error(answer: Answer) -> tuple[int, str, str]:
    """The same of the query protocol, which is XML."""
    assert answer.headers["content-type"] == "text/xml"
    root = ET.fromstring(answer.body)
    assert root.tag == f"{_NAMESPACE}ErrorResponse"
    found = {each.tag.removeprefix(_NAMESPACE): each.text or "" for each in root.iter()}
    assert found["RequestId"] == answer.headers["x-amzn-requestid"]
    assert found["Type"] == ("Sender" if answer.status < 500 else "Receiver")
    return answer.status, found["Code"], found["Message"]
