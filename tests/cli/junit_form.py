"""What build servers take for a JUnit file, checked element by element.

As the schemas of Jenkins' xUnit plugin (junit-10.xsd) and of Surefire have it, and GitLab's page on
unit test reports: attributes and counts of each element, their order, and what has to be unique.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from xml.etree import ElementTree

__all__ = ["require_junit"]

REQUIRED: Final[Mapping[str, set[str]]] = {
    "testsuites": set(),
    "testsuite": {"name", "tests", "failures", "errors", "skipped"},
    "testcase": {"name", "classname", "time"},
    "failure": {"message", "type"},
    "error": {"message", "type"},
    "skipped": {"message"},
}
OPTIONAL: Final[Mapping[str, set[str]]] = {
    "testsuites": {"name", "time", "tests", "failures", "errors", "disabled"},
    "testsuite": {"time", "timestamp", "hostname", "id", "package", "file", "log", "url"},
    "testcase": {"status", "assertions", "file", "line"},
    "failure": set(),
    "error": set(),
    "skipped": {"type"},
}
WITHIN: Final[Mapping[str, set[str]]] = {
    "testsuites": {"testsuite"},
    "testsuite": {"testcase"},
    "testcase": {"failure", "error", "skipped"},
}


def require_junit(content: bytes) -> dict[str, ElementTree.Element]:
    """The cases by class and name; fails where a server would refuse the file or lose a case."""
    assert content.startswith(b"<?xml version='1.0' encoding='utf-8'?>\n")
    root = ElementTree.fromstring(content)  # nothing that XML 1.0 forbids
    assert root.tag == "testsuites"
    _require_element(root)
    names = [suite.get("name") for suite in root]
    assert len(set(names)) == len(names)
    for suite in root:
        cases = suite.findall("testcase")
        for kind, count in {"failure": "failures", "error": "errors", "skipped": "skipped"}.items():
            assert int(suite.attrib[count]) == len(suite.findall(f"testcase/{kind}"))
        assert int(suite.attrib["tests"]) == len(cases)
    found = {f"{case.get('classname')}: {case.get('name')}": case for case in root.iter("testcase")}
    assert len(found) == len(list(root.iter("testcase"))), "GitLab drops cases of one name"
    return found


def _require_element(element: ElementTree.Element) -> None:
    given = set(element.attrib)
    assert REQUIRED[element.tag] <= given <= REQUIRED[element.tag] | OPTIONAL[element.tag]
    if element.tag == "testcase":
        assert float(element.attrib["time"]) >= 0
        assert len(element) <= 1, "a case has one outcome"
    if element.tag in ("failure", "error", "skipped"):
        assert element.text == element.get("message"), "GitLab reads the content"
    else:
        assert not (element.text or "").strip()
    for child in element:
        assert child.tag in WITHIN[element.tag]
        _require_element(child)
