"""Records as JSON files: their canonical text, and a file read back as far as its format is known.

Each kind of result has a `SavedForm`; what its messages say follows from that.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from simab.errors import InvalidInput
from simab.result.json_form import dumped
from simab.text.untrusted import json_escaped

__all__ = ["SavedForm", "canonical_text", "compact_text"]

_HOLDERS: Final = {dict, list}
"""The types of plain values that hold others."""


@dataclass(frozen=True, slots=True)
class SavedForm:
    """A kind of saved result: its format with the version, its name, its file and its command."""

    format: str
    noun: str
    file: str
    command: str

    def of_file(self, content: bytes, name: str) -> Any:
        """The plain JSON value that a file of this name holds, in this format.

        Raises:
            InvalidInput: the file is not JSON, or of another format.
        """
        try:
            plain = json.loads(content.decode("utf-8"))
        except (ValueError, RecursionError):
            raise InvalidInput(
                f"{name} is not JSON. Name the {self.file} of `{self.command} --out`."
            ) from None
        self.require(plain, name)
        return plain

    def require(self, plain: Any, name: str) -> None:
        """Raises InvalidInput, with the command that makes it again where it is known."""
        known = plain if isinstance(plain, Mapping) else {}
        found, command = known.get("format"), known.get("command")
        if found == self.format:
            return
        any_version = self.format.partition("/")[0] + "/"
        if not isinstance(found, str) or not found.startswith(any_version):
            has = (
                f"its format is {found[:40]!r}" if isinstance(found, str) else "it names no format"
            )
            raise InvalidInput(
                f"{name} is not a saved {self.noun}: {has}, and {self.format!r} is read. "
                f"Name the {self.file} of `{self.command} --out`."
            )
        again = (
            command
            if isinstance(command, str) and command.strip()
            else (f"{self.command} SCENARIO")
        )
        raise InvalidInput(
            f"{name} is a saved {self.noun} of format {found[:40]!r}, and this simab reads "
            f"{self.format!r}. Make the {self.noun} again: {again}"
        )


def canonical_text(result: Any) -> str:
    """The result with sorted keys and one value a line; what is not finite is null."""
    return f"{json_escaped(_indented(dumped(result), 0))}\n"


def compact_text(result: Any) -> str:
    """The same values in one line without blanks."""
    return json_escaped(_encoder(",", ":").encode(dumped(result)))


@cache
def _encoder(between: str, after_key: str) -> json.JSONEncoder:
    return json.JSONEncoder(
        sort_keys=True,
        ensure_ascii=False,
        allow_nan=False,
        check_circular=False,
        separators=(between, after_key),
    )


def _indented(value: Any, level: int) -> str:
    """What `json.dumps(value, indent=1)` writes, in a third of its time.

    The library writes with an indent in Python; here a list or an object that holds no other, as
    most are, goes through its encoder in C, with a line break before each value.
    """
    if not isinstance(value, dict | list) or not value:
        return _encoder(", ", ": ").encode(value)
    outer = "\n" + " " * level
    inner = f"{outer} "
    held = value.values() if isinstance(value, dict) else value
    if _HOLDERS.isdisjoint(map(type, held)):
        text = _encoder(f",{inner}", ": ").encode(value)
        return f"{text[0]}{inner}{text[1:-1]}{outer}{text[-1]}"
    if isinstance(value, dict):
        key_text = _encoder(", ", ": ").encode
        values = [f"{key_text(key)}: {_indented(value[key], level + 1)}" for key in sorted(value)]
    else:
        values = [_indented(each, level + 1) for each in value]
    begin, end = "{}" if isinstance(value, dict) else "[]"
    return f"{begin}{inner}{f',{inner}'.join(values)}{outer}{end}"
