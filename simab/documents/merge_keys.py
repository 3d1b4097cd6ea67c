"""Merge keys of YAML (`<<: *defaults`): the entries of a mapping with those that it takes over."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

__all__ = ["BadMerge", "entries", "is_merge"]

_REMEDY: Final = "Write `<<: *name`, or `<<: [*one, *other]`, with names of mappings."
_MOST_ENTRIES: Final = 100_000


class BadMerge(Exception):
    """A merge key whose value is not a mapping: the node, the rule and the remedy."""


def is_merge(key: Node) -> bool:
    """Whether a key is `<<` without quotes."""
    return isinstance(key, ScalarNode) and key.value == "<<" and key.style is None


def entries(node: Node) -> list[tuple[Node, Node]]:
    """Key and value nodes: the mapping's own first, then what it merges and does not have itself.

    Of several mappings merged the first that has a key wins (YAML's merge key, type repository).

    Raises:
        BadMerge: what is merged is not a mapping, contains itself, or is too large.
    """
    own = [(key, value) for key, value in node.value if not is_merge(key)]
    if len(own) == len(node.value):
        return own
    known = {key.value for key, _ in own if isinstance(key, ScalarNode)}
    for key, value in _merged(node, (id(node),), set()):
        if key.value not in known:
            known.add(key.value)
            own.append((key, value))
        if len(own) > _MOST_ENTRIES:
            raise BadMerge(node, f"merges more than {_MOST_ENTRIES:,} entries", _REMEDY)
    return own


def _merged(node: Node, above: tuple[int, ...], seen: set[int]) -> Iterator[tuple[Node, Node]]:
    """What the merge keys of a mapping bring, the nearest first, each mapping once."""
    for key, value in node.value:
        if not is_merge(key):
            continue
        for source in value.value if isinstance(value, SequenceNode) else [value]:
            if not isinstance(source, MappingNode):
                raise BadMerge(key, "a merge key takes a mapping or a list of them", _REMEDY)
            if id(source) in above:
                raise BadMerge(key, "a mapping merges itself", _REMEDY)
            if id(source) in seen:
                continue  # its keys are known; a second visit could repeat itself without measure
            seen.add(id(source))
            yield from (each for each in source.value if not is_merge(each[0]))
            yield from _merged(source, (*above, id(source)), seen)
