"""Java's regular expressions in Python: what they match, and which are not translated."""

from __future__ import annotations

import pytest

from simab.aws.checks.java_patterns import compiled, translated

TAG = r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)"
XML = r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\r\n\t]*"


@pytest.mark.parametrize(
    ("pattern", "texts"),
    [
        (TAG, ["", "tëam-1 @²", "日本\u2003Ⅷ"]),
        (XML, ["a\tb\r\n", "\ue000\ufffd", "😀\U0010ffff"]),
        (r"\A\S[\p{Print}]*\z", ["id 1", "é~"]),
        (r"\p{ASCII}*", ["", "\x00\x7f"]),
        (r"\p{Print}+", ["a b~"]),
        (r"\P{L}+", ["12"]),
        (r"\p{Lu}\pL", ["Aa", "ÄÖ"]),
        (r"a.c", ["abc", "a.c"]),
        (r"[.]\.", [".."]),
        (r"a$\n", ["a\n"]),
        (r"(?!\s*$).+", ["an alarm"]),
        (r"a*+b", ["aab"]),
    ],
)
def test_all_of_the_text_matches(pattern: str, texts: list[str]) -> None:
    assert [text for text in texts if not compiled(pattern).fullmatch(text)] == []


@pytest.mark.parametrize(
    ("pattern", "texts"),
    [
        (TAG, ["a,b", "😀", "a\n", "_\x00"]),
        (XML, ["\x00", "\ufffe", "\ud800"]),
        (r"\A\S[\p{Print}]*\z", ["", " a", "a\n", "aé"]),
        (r"\p{ASCII}*", ["\x80", "é"]),
        (r"\p{Print}+", ["", "a\tb", "\x7f"]),
        (r"\P{L}+", ["1a"]),
        (r"\p{Lu}\pL", ["aa", "A1"]),
        (r"a.c", ["a\nc", "a\rc", "a\x85c", "a\u2028c"]),
        (r"\d\w\s", ["٣a ", "1é ", "1a\u2003"]),  # of ASCII alone
        (r"(?!\s*$).+", ["", " \t"]),
        (r"a*+ab", ["aab"]),
    ],
)
def test_the_text_does_not_match(pattern: str, texts: list[str]) -> None:
    assert [text for text in texts if compiled(pattern).fullmatch(text)] == []


@pytest.mark.parametrize(
    "pattern",
    [r"[a-z&&[^b]]", r"[a[b]]", r"[\P{L}]", r"\p{IsGreek}", r"\p{Xx}", r"\R", "(", "[a--b]"],
)
def test_what_python_cannot_say_is_not_translated(pattern: str) -> None:
    assert compiled(pattern) is None


def test_a_pattern_is_written_as_python_writes_it() -> None:
    assert translated(r"\p{Print}[\p{Digit}\p{ASCII}]\z") == r"[\x20-\x7e][0-9\x00-\x7f]\Z"
