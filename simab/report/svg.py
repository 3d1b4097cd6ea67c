"""From matplotlib's SVG to one that lives in a page: own ids, the page's colours, few bytes.

Everything that several SVGs in one page would share by accident (ids and references to them) gets
the figure's own prefix; everything that the theme decides becomes a CSS variable.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from simab.report.palette import COLOURS
from simab.report.xml_text import escaped, written_element

__all__ = ["finish"]

_SVG: Final = "http://www.w3.org/2000/svg"
_NAMESPACE: Final = f"{{{_SVG}}}"
_HREF: Final = "{http://www.w3.org/1999/xlink}href"
_VARIABLE: Final = {colour.light: f"var(--{colour.variable})" for colour in COLOURS}
_DECIMALS: Final = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")
_FINER: Final = re.compile(r"\d\.\d(?:\d|e)")
"""A number that is not to a tenth already, as all are that `paper` writes."""
_WHOLE: Final = re.compile(r"(?<=\d)\.0(?!\d)")
_REFERENCE: Final = re.compile(r"url\(#([^)]+)\)")
_ADDRESS: Final = re.compile(r'href="#([^"]+)"')
_UNTURNED: Final = re.compile(r"rotate\(-?0 ")
_DROPPED_STYLES: Final = {"font-family", "stroke-linejoin", "stroke-miterlimit"}
# Group ids that begin so name a CSS class; matplotlib has no other way to say one.
_CLASS: Final = "class:"


class _Node(NamedTuple):
    """An element as it will be written; its attributes may change until then."""

    tag: str
    attributes: dict[str, str]
    text: str
    children: list[_Node]


def finish(raw: str, prefix: str, title: str, description: str) -> str:
    """The SVG element to put into a page, named and described for those who cannot see it.

    Args:
        raw: What matplotlib wrote.
        prefix: Unique on the page; every id begins with it.
        title: What the figure is.
        description: What it shows.
    """
    source = ElementTree.fromstring(raw)
    look = {"xmlns": _SVG, "viewBox": source.attrib["viewBox"], "role": "img"}
    look["aria-labelledby"] = f"{prefix}-title {prefix}-desc"
    nodes = [
        _Node(tag, {"id": f"{prefix}-{tag}"}, text, [])
        for tag, text in (("title", title), ("desc", description))
    ]
    names = _names(raw, source, prefix)
    for child in source:
        nodes += _cleaned(child, names)
    return _written(_Node("svg", look, "", nodes))


def _names(raw: str, source: Element, prefix: str) -> dict[str, str]:
    """New ids for those that something refers to, in order of appearance."""
    used = {*_REFERENCE.findall(raw), *_ADDRESS.findall(raw)}
    if not used:
        return {}
    ids = [each.attrib["id"] for each in source.iter() if each.get("id") in used]
    return {old: f"{prefix}-{at}" for at, old in enumerate(ids)}


def _cleaned(element: Element, names: dict[str, str]) -> list[_Node]:
    """The element without what the page does not need; a bare group becomes its children."""
    tag = element.tag.removeprefix(_NAMESPACE)
    if tag in ("style", "metadata"):
        return []
    attributes = _attributes(element, names)
    children = [node for child in element for node in _cleaned(child, names)]
    if tag == "g":
        if not attributes:
            return children
        _hoist(attributes, children)
    if not children and tag in ("g", "defs"):
        return []
    text = (element.text or "") if tag == "text" else ""
    return [_Node(tag, attributes, text, children)]


def _attributes(element: Element, names: dict[str, str]) -> dict[str, str]:
    kept: dict[str, str] = {}
    for name, value in element.attrib.items():
        if name == "id":
            if value.startswith(_CLASS):
                kept["class"] = value.removeprefix(_CLASS)
            elif value in names:
                kept["id"] = names[value]
        elif name == _HREF:
            kept["href"] = f"#{names[value.removeprefix('#')]}"
        elif name == "style":
            if style := _style(value):
                kept["style"] = _references(style, names)
        elif name in ("fill", "stroke"):
            kept[name] = _VARIABLE.get(value) or _references(value, names)
        elif name == "transform" and _UNTURNED.match(value):
            continue
        else:
            kept[name] = _numbers(_references(value, names))
    return kept


@lru_cache(1024)
def _style(value: str) -> str:
    """The properties that the page needs; what they refer to has its old name still."""
    kept = []
    for part in value.split(";"):
        key, _, setting = (piece.strip() for piece in part.partition(":"))
        if key and key not in _DROPPED_STYLES:
            kept.append(f"{key}:{_VARIABLE.get(setting, setting)}")
    return ";".join(kept)


def _references(value: str, names: dict[str, str]) -> str:
    if "url(#" not in value:
        return value
    return _REFERENCE.sub(lambda found: f"url(#{names[found.group(1)]})", value)


def _numbers(value: str) -> str:
    """Coordinates to a tenth of a pixel, in one line."""
    if "." in value:
        finer = _FINER.search(value) is not None
        value = _DECIMALS.sub(_to_a_tenth, value) if finer else _WHOLE.sub("", value)
    return " ".join(value.split())


def _to_a_tenth(found: re.Match[str]) -> str:
    return f"{float(found.group()):.1f}".removesuffix(".0")


def _hoist(attributes: dict[str, str], children: list[_Node]) -> None:
    """Say once, on the group of these attributes, a style that all its children share."""
    styles = {child.attributes.get("style") for child in children}
    if len(children) > 1 and len(styles) == 1 and "style" not in attributes:
        (shared,) = styles
        if shared and all(child.tag == "use" for child in children):
            attributes["style"] = shared
            for child in children:
                del child.attributes["style"]


def _written(node: _Node) -> str:
    """The node as XML."""
    content = escaped(node.text) + "".join([_written(child) for child in node.children])
    return written_element(node.tag, node.attributes, content)
