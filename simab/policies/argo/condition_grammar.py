"""The grammar of Argo conditions as tables: how tightly operators bind, and what functions take."""

from __future__ import annotations

from typing import Any, Final, Literal, TypeAlias

__all__ = [
    "BINARY",
    "CALLS",
    "COMPARISONS",
    "CONSTANTS",
    "ENDS",
    "EQUALITIES",
    "NOT",
    "NUMERIC",
    "SIGN",
    "TERNARY",
    "Type",
    "comparable",
    "joined",
]

Type: TypeAlias = Literal["integer", "number", "truth", "text", "list", "nil", "any"]

CONSTANTS: Final[dict[str, tuple[Any, Type]]] = {
    "true": (True, "truth"),
    "false": (False, "truth"),
    "nil": (None, "nil"),
}
COMPARISONS: Final = ("<", "<=", ">", ">=")
EQUALITIES: Final = ("==", "!=")
# How tightly operators bind, as in the language (expr-lang, parser/operator).
TERNARY: Final = 5
BINARY: Final = {
    "||": 10,
    "&&": 15,
    **dict.fromkeys((*COMPARISONS, *EQUALITIES, "in", "not in"), 20),
    "..": 25,
    **dict.fromkeys("+-", 30),
    **dict.fromkeys("*/%", 60),
    "**": 100,
    "??": 500,
}
NOT, SIGN = 50, 90
ENDS: Final = {"(": ")", "call": ")", "[": "]", "{": "}", "?": ":"}
NUMERIC: Final = ("number", "integer", "any")
CALLS: Final[dict[str, tuple[tuple[Type, ...], Type]]] = {  # arguments (any: all types), result
    "len": (("list",), "integer"),
    "isNil": (("any",), "truth"),
    "default": (("any", "any"), "any"),
    "isNaN": (("number",), "truth"),
    "isInf": (("number",), "truth"),
    "asFloat": (("any",), "number"),
    "asInt": (("any",), "integer"),
    "int": (("any",), "integer"),
    "float": (("any",), "number"),
    "abs": (("number",), "number"),
    "ceil": (("number",), "number"),
    "floor": (("number",), "number"),
    "round": (("number",), "number"),
    "min": (("number", "number"), "number"),
    "max": (("number", "number"), "number"),
}


def joined(one: Type, other: Type) -> Type:
    """The type of a value that is the one or the other."""
    if one == other:
        return one
    numbers = one in ("number", "integer") and other in ("number", "integer")
    return "number" if numbers else "any"


def comparable(one: Type, other: Type) -> bool:
    """Whether `==` may stand between two types."""
    if one == other or "any" in (one, other) or "nil" in (one, other):
        return True
    return one in NUMERIC and other in NUMERIC
