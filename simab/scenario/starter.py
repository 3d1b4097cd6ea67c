"""The commented scenarios that `simab init` writes, by the name of their template."""

from __future__ import annotations

import re
import shlex
from importlib.resources import files
from typing import Final

from simab.errors import InvalidInput
from simab.scenario.suggestions import remedy_for_name

__all__ = ["starter_text", "with_its_name"]

_COMMAND: Final = re.compile(r"(#   simab .*?) {2,}(\S.*)")
_FILE: Final = re.compile(r"\bFILE\b|(?<= )scenario\.yaml\b")


def starter_text(template: str = "start") -> str:
    """The text of a template.

    Raises:
        InvalidInput: there is no template of this name.
    """
    folder = files("simab.scenario").joinpath("templates")
    known = sorted(each.name.removesuffix(".yaml") for each in folder.iterdir())
    if template not in known:
        remedy = remedy_for_name(template, known, "Templates")
        rule = "there is no template of this name"
        raise InvalidInput(f"template = {template!r:.80}: {rule}. {remedy}")
    return folder.joinpath(f"{template}.yaml").read_text(encoding="utf-8")


def with_its_name(text: str, path: str) -> str:
    """The same, with commands in the comment at its head that name the file that it is written to.

    As a shell reads the path; one that no comment can hold leaves them as they are.
    """
    if not path.isprintable():
        return text
    head, lines = [], text.splitlines(keepends=True)
    while lines and lines[0].startswith("#"):
        head.append(_FILE.sub(lambda _: shlex.quote(path), lines.pop(0)))
    commands = [found[1] for line in head if (found := _COMMAND.match(line))]
    width = max(map(len, commands), default=0) + 3
    aligned = [
        f"{found[1]:{width}}{found[2]}\n" if (found := _COMMAND.match(line)) else line
        for line in head
    ]
    return "".join([*aligned, *lines])
