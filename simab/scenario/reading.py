"""Reading scenario text: one YAML or JSON document, with the line and column of everything."""

from __future__ import annotations

from simab.documents.parsing import Unreadable, document_node
from simab.documents.walking import Document, Walker
from simab.errors import InvalidScenario, Problem

__all__ = ["read"]


def read(text: str, source: str) -> Document:
    """The document in `text`.

    Raises:
        InvalidScenario: the text is not one YAML document of reasonable size.
    """
    try:
        root = document_node(text, "JSON" if source.endswith(".json") else "YAML")
        if root is not None:
            return Walker(source).document(root)
    except Unreadable as refused:
        raise InvalidScenario(source, (refused.problem,)) from None
    remedy = "Run `simab init` for a scenario to start from."
    raise InvalidScenario(source, (Problem("", "", "the file is empty", remedy),))
