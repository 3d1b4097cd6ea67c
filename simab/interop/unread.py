"""Names what an import did not read, so that nothing which changes a decision is dropped unseen.

Every value remembers whether the importer asked for it. What it never asked for is looked up in the
importer's declaration: silent, for what bears on no decision; with a sentence, for what does; and
a key that is not declared is named as unknown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from simab.documents.located import LocatedValue
from simab.interop.importing import Findings

__all__ = ["SILENT", "Declared", "name_unread"]

SILENT: Final = ""
"""The sentence of keys that bear on no decision."""
_UNKNOWN: Final = "is not known to this import and not carried over"

Declared = Mapping[str, str]
"""Sentences by dotted path, list positions left out: `spec.analysis.alerts`; with `.*` at its end
for all that a key holds, whatever it is called and whether or not the key itself is read: each
value in it is named."""


def name_unread(document: LocatedValue, declared: Declared, findings: Findings) -> None:
    """Note each part of a document that was not asked for, the uppermost part once.

    A part that has a note already is named.
    """
    noted = {(note.place, note.field) for note in findings.notes}
    unread = _unread(document, declared)
    for value, sentence in unread:
        if (value.place, value.field) not in noted:
            findings.ignore(value, sentence)


def _unread(value: LocatedValue, declared: Declared) -> Sequence[tuple[LocatedValue, str]]:
    if value.wholly_read or value.value is None:
        return ()
    dotted = ".".join(part for part in value.path if isinstance(part, str))
    if f"{dotted}.*" in declared:
        sentence = declared[f"{dotted}.*"]
        return [(each, sentence) for each in _values(value)] if sentence else ()
    holds = isinstance(value.value, dict | list)
    in_list = bool(value.path) and isinstance(value.path[-1], int)
    if not (value.was_read or (holds and in_list) or not value.path):
        if dotted in declared:
            return [(value, declared[dotted])] if declared[dotted] else ()
        if not (holds and any(each.startswith(f"{dotted}.") for each in declared)):
            return [(value, _UNKNOWN)]
    return [found for each in _parts(value) for found in _unread(each, declared)]


def _values(value: LocatedValue) -> Sequence[LocatedValue]:
    """The unread values at the ends of a key's branches; an empty key is one itself."""
    if value.was_read and not isinstance(value.value, dict | list):
        return ()
    parts = _parts(value)
    return [each for part in parts for each in _values(part)] if parts else [value]


def _parts(value: LocatedValue) -> Sequence[LocatedValue]:
    if isinstance(value.value, dict):
        return list(value.value.values())
    return value.value if isinstance(value.value, list) else ()
