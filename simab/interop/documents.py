"""Files of other tools, YAML or JSON: several documents a file, with tags and placeholders."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from simab.documents.located import LocatedValue
from simab.documents.parsing import Unreadable, document_node, document_nodes
from simab.documents.texts import text_of_file
from simab.documents.walking import NO_KEY, Document, Walker
from simab.errors import InvalidFiles, Problem

__all__ = ["read_document", "read_documents"]

_TEMPLATE: Final = re.compile(r"\{\{[^{}\n]{0,200}\}\}|\{%[^%\n]{0,200}%\}|<%[^%\n]{0,200}%>")


def read_documents(path: Path) -> list[LocatedValue]:
    """Every document of a YAML or JSON file that is not empty.

    Raises:
        InvalidFiles: it cannot be read, is not YAML, or uses what no plain data needs.
    """
    source, text = str(path), ""
    try:
        text = text_of_file(path)
        nodes = document_nodes(text, _language(path))
        walker = Walker(source, foreign=True)
        documents = [walker.document(node) for node in nodes]
    except Unreadable as refused:
        template = _template(text) if refused.problem.rule.startswith("not ") else None
        raise InvalidFiles(((source, template or refused.problem),)) from None
    found = [(each, violation) for each in documents for violation in each.violations]
    if found:
        template = _template(text) if any(each.rule == NO_KEY for _, each in found) else None
        problems = [template] if template else [each.problem(broken) for each, broken in found]
        raise InvalidFiles(tuple((source, problem) for problem in problems))
    return [each.root for each in documents if each.root.value is not None]


def read_document(path: Path) -> Document | None:
    """The one document of a file that was written for simab; None if it is empty.

    Raises:
        InvalidFiles: it cannot be read, or is not one document.
    """
    try:
        root = document_node(text_of_file(path), _language(path))
        return None if root is None else Walker(str(path)).document(root)
    except Unreadable as refused:
        raise InvalidFiles(((str(path), refused.problem),)) from None


def _language(path: Path) -> str:
    return "JSON" if path.suffix == ".json" else "YAML"


def _template(text: str) -> Problem | None:
    """Of text that is not YAML because of its placeholders, that they have to be filled in."""
    for number, line in enumerate(text.splitlines(), start=1):
        found = _TEMPLATE.search(line)
        quoted = found is not None and any(line[: found.start()].count(mark) % 2 for mark in "\"'")
        if found is not None and not quoted:
            rule = f"{found.group()}: is a placeholder, and the file is not YAML with it"
            remedy = "Fill it in first, as `helm template` and `kustomize build` do."
            return Problem("", "", rule, remedy, number, found.start() + 1)
    return None
