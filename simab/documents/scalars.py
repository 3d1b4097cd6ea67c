"""The plain value of one YAML scalar: text, number, true or false, or null."""

from __future__ import annotations

from typing import Final

from ruamel.yaml.nodes import Node

__all__ = ["NotPlain", "plain_scalar", "tag_name"]

_STANDARD: Final = "tag:yaml.org,2002:"
_MOST_DIGITS: Final = 300  # what a float can hold; Python would write no whole number of 5,000
_BASES: Final = {"0x": 16, "0o": 8, "0b": 2}


class NotPlain(Exception):
    """A scalar that is not a plain value; the arguments are the rule and the remedy."""


def tag_name(node: Node) -> str:
    """The short name of a node's tag: `int`, `map`, or `!own` for one that YAML does not define."""
    return str(node.tag).removeprefix(_STANDARD)


def plain_scalar(node: Node) -> str | int | float | bool | None:
    """The value that YAML 1.2 gives a scalar; dates stay text.

    Raises:
        NotPlain: an unknown tag, or a value that its tag does not fit.
    """
    name, text = tag_name(node), str(node.value)
    try:
        match name:
            case "str" | "timestamp" | "value" | "merge":
                # JSON writes characters beyond U+FFFF as two halves, which YAML does not join.
                return text.encode("utf-16", "surrogatepass").decode("utf-16")
            case "null":
                return None
            case "bool":
                return {"true": True, "false": False}[text.lower()]
            case "int":
                return _integer(text)
            case "float":
                return _decimal(text)
    except UnicodeDecodeError:
        raise NotPlain("half of a character pair", "Write the character itself.") from None
    except (ValueError, KeyError, OverflowError):
        raise NotPlain(f"{text[:40]!r} is not of type {name}", "Remove the tag.") from None
    raise NotPlain(
        f"unknown tag !{name.lstrip('!')}", "Remove the tag: a scenario holds plain values only."
    )


def _integer(text: str) -> int:
    digits = text.replace("_", "").lower()
    unsigned = digits.lstrip("+-")
    if len(unsigned) > _MOST_DIGITS:
        raise NotPlain(f"a number of {len(unsigned):,} digits", "Write a smaller number.")
    # int() with base 0 refuses 010, which YAML 1.2 reads as ten.
    return int(digits, _BASES.get(unsigned[:2], 10))


def _decimal(text: str) -> float:
    digits = text.replace("_", "").lower()
    return float(digits.replace(".inf", "inf").replace(".nan", "nan"))
