"""From matplotlib's SVG to one that lives in a page: own ids, the page's colours, few bytes.

Everything that several SVGs in one page would share by accident (ids and references to them) gets
the figure's own prefix; everything that the theme decides becomes a CSS variable.
"""

from __future__ import annotations

import re
from typing import Final
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from simab.report.palette import COLOURS

__all__ = ["finish"]

_SVG: Final = "http://www.w3.org/2000/svg"
_HREF: Final = "{http://www.w3.org/1999/xlink}href"
_VARIABLE: Final = {colour.light: f"var(--{colour.variable})" for colour in COLOURS}
_DECIMALS: Final = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")
_DROPPED_STYLES: Final = {"font-family", "stroke-linejoin", "stroke-miterlimit"}
# Group ids that begin so name a CSS class; matplotlib has no other way to say one.
_CLASS: Final = "class:"


def finish(raw: str, prefix: str, title: str, description: str) -> str:
    """The SVG element to put into a page, named and described for those who cannot see it.

    Args:
        raw: What matplotlib wrote.
        prefix: Unique on the page; every id begins with it.
        title: What the figure is.
        description: What it shows.
    """
    source = ElementTree.fromstring(raw)
    root = Element("svg", {"xmlns": _SVG, "viewBox": source.attrib["viewBox"], "role": "img"})
    root.set("aria-labelledby", f"{prefix}-title {prefix}-desc")
    for tag, text in (("title", title), ("desc", description)):
        element = Element(tag, {"id": f"{prefix}-{tag}"})
        element.text = text
        root.append(element)
    names = _names(source, prefix)
    for child in source:
        root.extend(_cleaned(child, names))
    _hoist(root)
    return ElementTree.tostring(root, encoding="unicode")


def _names(source: Element, prefix: str) -> dict[str, str]:
    """New ids for those that something refers to, in order of appearance."""
    text = ElementTree.tostring(source, encoding="unicode")
    used = set(re.findall(r"url\(#([^)]+)\)", text)) | set(re.findall(r'href="#([^"]+)"', text))
    ids = [each.attrib["id"] for each in source.iter() if each.get("id") in used]
    return {old: f"{prefix}-{at}" for at, old in enumerate(ids)}


def _cleaned(element: Element, names: dict[str, str]) -> list[Element]:
    """The element without what the page does not need; a bare group becomes its children."""
    tag = element.tag.removeprefix(f"{{{_SVG}}}")
    if tag in ("style", "metadata"):
        return []
    new = Element(tag, _attributes(element, names))
    new.text = element.text if tag == "text" else None
    for child in element:
        new.extend(_cleaned(child, names))
    if tag in ("g", "defs") and not len(new):
        return []
    return list(new) if tag == "g" and not new.attrib else [new]


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
            if style := _style(value, names):
                kept["style"] = style
        elif name in ("fill", "stroke"):
            kept[name] = _VARIABLE.get(value, _references(value, names))
        elif name == "transform" and re.match(r"rotate\(-?0 ", value):
            continue
        else:
            kept[name] = _numbers(_references(value, names))
    return kept


def _style(value: str, names: dict[str, str]) -> str:
    kept = []
    for part in value.split(";"):
        key, _, setting = (piece.strip() for piece in part.partition(":"))
        if not key or key in _DROPPED_STYLES:
            continue
        setting = _references(setting, names)
        kept.append(f"{key}:{_VARIABLE.get(setting, setting)}")
    return ";".join(kept)


def _references(value: str, names: dict[str, str]) -> str:
    return re.sub(r"url\(#([^)]+)\)", lambda found: f"url(#{names[found.group(1)]})", value)


def _numbers(value: str) -> str:
    """Coordinates to a tenth of a pixel, in one line."""
    value = _DECIMALS.sub(lambda found: f"{float(found.group()):.1f}".removesuffix(".0"), value)
    return " ".join(value.split())


def _hoist(element: Element) -> None:
    """Say once, on the group, a style that all its children share."""
    for child in element:
        _hoist(child)
    styles = {child.get("style") for child in element}
    if (
        element.tag == "g"
        and len(element) > 1
        and len(styles) == 1
        and "style" not in element.attrib
    ):
        (shared,) = styles
        if shared and all(child.tag == "use" for child in element):
            element.set("style", shared)
            for child in element:
                del child.attrib["style"]
