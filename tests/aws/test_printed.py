"""Of what is printed, both ends are kept, and what was left out is counted."""

from __future__ import annotations

import os
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from simab.aws.scripts.printed import KEPT_BYTES, Printed


def kept(pieces: list[bytes]) -> str:
    printed = Printed()
    for piece in pieces:
        assert printed.write(piece) == len(piece)
    return printed.text()


@given(st.lists(st.integers(0, 3 * KEPT_BYTES), max_size=6))
def test_both_ends_are_kept_however_it_comes(lengths: list[int]) -> None:
    text = b"abcdefghijklmnopqrstuvw" * (sum(lengths) // 23 + 1)
    text = text[: sum(lengths)]
    places = [sum(lengths[:index]) for index in range(len(lengths) + 1)]
    pieces = [text[start:end] for start, end in pairwise(places)]
    if len(text) <= 2 * KEPT_BYTES:
        expected = text
    else:
        between = f"\n[{len(text) - 2 * KEPT_BYTES} bytes left out]\n".encode()
        expected = text[:KEPT_BYTES] + between + text[-KEPT_BYTES:]
    assert kept(pieces) == expected.decode()


def test_a_character_that_was_cut_is_marked() -> None:
    text = "ä" * KEPT_BYTES * 2
    assert kept([b"a", text.encode()]).count("\N{REPLACEMENT CHARACTER}") == 1


def test_all_of_it_is_passed_on() -> None:
    reading, writing = os.pipe()
    Printed(onward=writing).write(b"text")
    os.close(writing)
    with os.fdopen(reading, "rb") as file:
        assert file.read() == b"text"
