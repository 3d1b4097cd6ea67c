"""The result as data inside its page: a block that no text can close, and how to read it back.

The block holds plain JSON, not a compressed form: any program reads it, and the bytes of a page
cannot depend on the version of a compressor.
"""

from __future__ import annotations

from typing import Final

from simab.errors import InvalidInput
from simab.result.saved_json import compact_text

__all__ = ["data_block", "saved_study_of"]

_BEGIN: Final = '<script type="application/json" id="study">'
_END: Final = "</script>"
_ESCAPED: Final = {sign: f"\\u{ord(sign):04x}" for sign in "<>&"}


def data_block(result: object) -> str:
    """The element that holds the result; browsers neither show nor run it.

    JSON has these signs inside of strings only, where their escapes mean the same.
    """
    data = compact_text(result)
    for sign, escaped in _ESCAPED.items():
        data = data.replace(sign, escaped)  # each in microseconds; `str.translate` is slower
    return f"{_BEGIN}{data}{_END}"


def saved_study_of(content: bytes, name: str) -> bytes:
    """The JSON that a page holds; what is not a page is given back as it is.

    Raises:
        InvalidInput: it is a page without a whole result in it.
    """
    if not content.lstrip(b"\xef\xbb\xbf \t\r\n")[:5].lower().startswith((b"<!doc", b"<html")):
        return content
    _, begun, rest = content.partition(_BEGIN.encode())
    data, ended, _ = rest.partition(_END.encode())
    if not (begun and ended):
        raise InvalidInput(
            f"{name} is a page without the result of a study in it: it is cut off, or no report of "
            "this simab. Name the study.json that was written beside it."
        )
    return data
