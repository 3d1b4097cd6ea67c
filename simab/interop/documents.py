"""Files of other tools, YAML or JSON: several documents a file, with tags and placeholders."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from simab.documents.located import LocatedValue
from simab.documents.parsing import LARGEST_FILE_BYTES, Unreadable, document_nodes
from simab.documents.walking import NO_KEY, Walker
from simab.errors import InvalidFiles, InvalidInput, Problem

__all__ = ["file_text", "read_documents"]

_TEMPLATE: Final = re.compile(r"\{\{[^{}\n]{0,200}\}\}|\{%[^%\n]{0,200}%\}|<%[^%\n]{0,200}%>")


def file_text(path: Path) -> str:
    """The text of a file.

    Raises:
        InvalidInput: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE_BYTES + 1)
        if len(content) > LARGEST_FILE_BYTES:
            raise InvalidInput(
                f"{path}: is larger than {LARGEST_FILE_BYTES // 1_000_000} MB. "
                "Name a configuration file."
            )
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidInput(f"{path}: not UTF-8. Save the file as UTF-8 text.") from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InvalidInput(f"{path}: cannot be read: {reason}. Check the path.") from None


def read_documents(path: Path) -> list[LocatedValue]:
    """Every document of a YAML or JSON file that is not empty.

    Raises:
        InvalidInput: the file cannot be read.
        InvalidFiles: it is no YAML, or uses what no plain data needs.
    """
    source, text = str(path), file_text(path)
    try:
        nodes = document_nodes(text, "JSON" if path.suffix == ".json" else "YAML")
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


def _template(text: str) -> Problem | None:
    """Of text that is no YAML because of its placeholders, that they have to be filled in."""
    for number, line in enumerate(text.splitlines(), start=1):
        found = _TEMPLATE.search(line)
        quoted = found is not None and any(line[: found.start()].count(mark) % 2 for mark in "\"'")
        if found is not None and not quoted:
            rule = f"{found.group()}: is a placeholder, and the file is no YAML with it"
            remedy = "Fill it in first, as `helm template` and `kustomize build` do."
            return Problem("", "", rule, remedy, number, found.start() + 1)
    return None
