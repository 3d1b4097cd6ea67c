"""Parameters drawn from the model of an operation, and ways to break one constraint of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from functools import cache
from typing import Any

from botocore.model import Shape
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from simab.aws.checks.java_patterns import compiled

__all__ = ["Break", "breaks", "parameters"]

MOST_OPTIONAL = 4  # optional members of a structure that are drawn at once
# Sets of thousands of characters, which Hypothesis takes long to build.
ANY_LETTERS = (
    r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)",
    r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\r\n\t]*",
)
UNLIKELY = ("\n", "_", " ", ":", "", "é", "\x07", "_" * 40, "é" * 30)


@cache
def _texts(pattern: str | None, least: int, most: int) -> SearchStrategy[str]:
    if pattern is None or pattern in ANY_LETTERS:
        return st.text("ab-Z ü", min_size=least, max_size=min(most, least + 8))
    return st.from_regex(compiled(pattern), fullmatch=True).filter(
        lambda text: least <= len(text) <= most
    )


def _numbers(shape: Shape) -> tuple[int, int]:
    least = shape.metadata.get("min", -1_000)
    return least, shape.metadata.get("max", least + 10_000)


@cache
def _scalars(kind: str) -> SearchStrategy[Any]:
    return {
        "boolean": st.booleans(),
        "timestamp": st.datetimes(timezones=st.just(UTC)),
        "blob": st.binary(max_size=20),
    }[kind]


@st.composite
def parameters(draw: DrawFn, shape: Shape) -> Any:
    """A value that keeps all constraints of a shape."""
    limits = shape.metadata
    if shape.type_name == "structure":
        optional = [name for name in shape.members if name not in shape.required_members]
        chosen = st.lists(st.sampled_from(optional), max_size=MOST_OPTIONAL, unique=True)
        names = [*shape.required_members, *(draw(chosen) if optional else ())]
        return {name: draw(parameters(shape.members[name])) for name in names}
    if shape.type_name in {"list", "map"}:
        least = limits.get("min", 0)
        count = draw(st.integers(least, min(limits.get("max", 2), least + 2)))
        if shape.type_name == "list":
            return [draw(parameters(shape.member)) for _ in range(count)]
        return {draw(parameters(shape.key)): draw(parameters(shape.value)) for _ in range(count)}
    if "enum" in limits:
        return draw(st.sampled_from(limits["enum"]))
    if shape.type_name == "string":
        texts = _texts(limits.get("pattern"), limits.get("min", 0), limits.get("max", 10_000))
        return draw(texts)
    if shape.type_name in {"integer", "long"}:
        return draw(st.integers(*_numbers(shape)))
    if shape.type_name in {"float", "double"}:
        return draw(st.floats(*_numbers(shape)) | st.integers(*_numbers(shape)))
    return draw(_scalars(shape.type_name))


@dataclass
class Break:
    """A change that breaks one constraint: `holder[key] = value`, or nothing there any more.

    `place` and `line_place` are the path in the two wordings.
    """

    place: str
    line_place: str
    holder: Any
    key: Any
    value: Any

    def apply(self) -> None:
        """Make the change."""
        if self.value is None:
            del self.holder[self.key]
        else:
            self.holder[self.key] = self.value


def breaks(shape: Shape, value: Any, place: str = "", line_place: str = "") -> Iterator[Break]:
    """Every way to break one constraint of what a structure holds."""
    for name, held in value.items():
        member = shape.members[name]
        inner = f"{place}.{name[0].lower()}{name[1:]}".removeprefix(".")
        line = f"{line_place}.{name}".removeprefix(".")
        if name in shape.required_members:
            yield Break(inner, line, value, name, None)
        yield from (Break(inner, line, value, name, wrong) for wrong in _wrong(member, held))
        if member.type_name == "structure":
            yield from breaks(member, held, inner, line)
        elif member.type_name == "list":
            for index, element in enumerate(held):
                path, at = f"{inner}.{index + 1}.member", f"{line}.member.{index + 1}"
                if member.member.type_name == "structure":
                    yield from breaks(member.member, element, path, at)
                else:
                    for wrong in _wrong(member.member, element):
                        yield Break(inner, at, held, index, wrong)
        elif member.type_name == "map":
            for key, element in held.items():
                for wrong in _wrong(member.value, element):
                    yield Break(inner, line, held, key, wrong)


def _wrong(shape: Shape, value: Any) -> list[Any]:
    """Values instead of this one that break one constraint of the shape itself."""
    limits, kind = shape.metadata, shape.type_name
    least, most = limits.get("min"), limits.get("max")
    if "enum" in limits:
        return ["no such name"]
    if kind in {"integer", "long", "float", "double"}:
        above = [] if most is None else [most + 1]
        return above if least is None else [*above, least - 1]
    if kind == "list" and value:
        longer = [] if most is None else [[value[0]] * (most + 1)]
        return longer + [[]] * bool(least)
    if kind != "string":
        return []
    expression = compiled(limits.get("pattern", r"[\S\s]*"))
    texts = [] if most is None else ["a" * (most + 1)]
    if least and expression.fullmatch("a" * (least - 1)):
        texts.append("a" * (least - 1))
    fitting = [text for text in UNLIKELY if (least or 0) <= len(text) <= (most or 1_000)]
    return texts + [text for text in fitting if not expression.fullmatch(text)]
