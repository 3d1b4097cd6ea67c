"""The texts under the fields of descriptions, read from their sources when somebody asks.

Pydantic would read them whenever models are loaded, a tenth of what commands take to start.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise

from simab.description import Description

__all__ = ["field_texts"]


@cache
def field_texts() -> Mapping[str, Mapping[str, str]]:
    """For each description by the name of its class, the text of each of its fields."""
    return {
        model.__name__: {
            name: text
            for owner in reversed(model.__mro__)
            if issubclass(owner, Description)
            for name, text in _texts_of(owner).items()
        }
        for model in _descriptions(Description)
    }


def _descriptions(base: type[Description]) -> Iterator[type[Description]]:
    for model in base.__subclasses__():
        yield model
        yield from _descriptions(model)


@cache
def _texts_of(owner: type) -> dict[str, str]:
    """What stands as a string under each annotated field of a class."""
    found = {}
    for definition in _classes(owner.__module__):
        if definition.name == owner.__name__:
            for field, text in pairwise(definition.body):
                match field, text:
                    case (
                        ast.AnnAssign(target=ast.Name(id=name)),
                        ast.Expr(value=ast.Constant(value=str(words))),
                    ):
                        found[name] = inspect.cleandoc(words)
    return found


@cache
def _classes(module: str) -> tuple[ast.ClassDef, ...]:
    tree = ast.parse(inspect.getsource(sys.modules[module]))
    return tuple(node for node in tree.body if isinstance(node, ast.ClassDef))
