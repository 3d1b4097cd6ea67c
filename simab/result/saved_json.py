"""Records as JSON files: their canonical text, and a file read back as far as its format is known.

Each kind of result has a `SavedForm`; what its messages say follows from that.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simab.errors import InvalidInput
from simab.result.json_form import dumped
from simab.text.untrusted import json_escaped

__all__ = ["SavedForm", "canonical_text", "compact_text"]


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
    return f"{_json(result, indent=1)}\n"


def compact_text(result: Any) -> str:
    """The same values in one line without blanks."""
    return _json(result, separators=(",", ":"))


def _json(result: Any, **form: Any) -> str:
    value = dumped(result)
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False, **form)
    return json_escaped(text)
