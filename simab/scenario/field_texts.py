"""The texts of descriptions and under their fields, read from their sources when asked for.

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

__all__ = ["class_text", "class_texts", "field_texts"]


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


def class_texts() -> Mapping[str, str]:
    """For each description by the name of its class, the documentation of the class."""
    return {model.__name__: class_text(model) for model in _descriptions(Description)}


def _descriptions(base: type[Description]) -> Iterator[type[Description]]:
    for model in base.__subclasses__():
        yield model
        yield from _descriptions(model)


def class_text(owner: type) -> str:
    """The documentation of a class, also where Python was started without any (`-OO`).

    Empty where there is none, or where the source cannot be read.
    """
    if owner.__doc__ or sys.flags.optimize < 2:
        return inspect.cleandoc(owner.__doc__ or "")
    try:
        definitions = _classes(owner.__module__)
    except (OSError, TypeError, SyntaxError):
        return ""
    own = (each for each in definitions if each.name == owner.__name__)
    return next((ast.get_docstring(each) or "" for each in own), "")


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
