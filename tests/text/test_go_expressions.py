"""Expressions of metric names: what they find, what is refused, and that none of them hangs."""

from __future__ import annotations

import re
import time
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simab.errors import InvalidInput
from simab.text.go_expressions import Expression

ATOMS = [
    "a",
    "b",
    "-",
    ".",
    r"\d",
    r"\w",
    r"\W",
    "[ab]",
    "[^a]",
    "[a-c1]",
    r"[\d-]",
    r"\.",
    r"(?:\b)",
]
REPEATS = ["", "", "*", "+", "?", "*?", "{2}", "{1,2}", "{0,3}", "{1,}"]


def expressions() -> st.SearchStrategy[str]:
    """Expressions that Go and Python read alike, over a few characters."""
    atoms = st.sampled_from(ATOMS)

    def larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        groups = st.builds("(?:{})".format, inner)
        repeated = st.builds("{}{}".format, st.one_of(atoms, groups), st.sampled_from(REPEATS))
        sequences = st.lists(repeated, min_size=1, max_size=3).map("".join)
        return st.lists(sequences, min_size=1, max_size=2).map("|".join)

    inner = st.recursive(atoms, larger, max_leaves=6)
    return st.builds("{}{}{}".format, st.sampled_from(["", "^"]), inner, st.sampled_from(["", "$"]))


@given(expressions(), st.text("abc-1.", max_size=12))
def test_it_finds_what_python_finds(expression: str, text: str) -> None:
    """Python's module backtracks, and has another meaning of few signs, which are left out here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = re.search(expression, text, re.ASCII) is not None
    assert Expression.of(expression).found_in(text) is expected


@pytest.mark.parametrize(
    ("expression", "text", "found"),
    [
        ("success", "my-success-rate", True),
        ("", "anything", True),
        ("(?i)SUCCESS", "Success", True),
        ("(?i)[^s]", "S", False),
        (r"\x41\x{62}", "Ab", True),
        ("[[:alpha:]]{3}", "ab1", False),
        ("[[:^digit:]]", "123", False),
        (r"[\D]", "12a", True),
        ("a{,2}", "a{,2}", True),
        ("x{", "x{", True),
        ("[]]", "]", True),
        ("(?P<name>a)(?<other>b)(c)", "abc", True),
        ("a$", "a\n", False),
        (r"a\z", "a", True),
        ("a.b", "a\nb", False),
        (r"\d", "٣", False),
        (r"\bü", "aü", True),
    ],
)
def test_it_reads_the_signs_as_go_does(expression: str, text: str, found: bool) -> None:
    """By RE2's syntax: classes of ASCII, the end of the text alone, braces that are no count."""
    assert Expression.of(expression).found_in(text) is found


@pytest.mark.parametrize(
    "expression",
    [
        "*", "a**", "a{2}{3}", "|*", "(", "(a", "a)", "[a", "[b-a]", "a{2,1}", "a{1001}", "\\",
        r"\1", "(?=a)", "(?<!a)", "(?>a)", "a(?i)b", r"\pN", r"\Z", "[[:word", "[[:nope:]]",
        "(" * 200 + ")" * 200, "(a{1000}){1000}", "((a{100}){100}){100}", "a|" * 9_000,
    ],
)  # fmt: skip
def test_what_go_lacks_and_what_is_too_long_is_refused(expression: str) -> None:
    """With one sentence, and before any work."""
    with pytest.raises(InvalidInput, match="not a regular expression of Go"):
        Expression.of(expression)


@pytest.mark.parametrize(
    "expression",
    ["(a+)+$", "^(a|a)*$", "(a*)*c", "a?" * 40 + "a" * 40 + "$", "(.*)(.*)(.*)(.*)(.*)(.*)c"],
)
def test_no_expression_hangs(expression: str) -> None:
    """Expressions that take a backtracking search longer than anybody waits."""
    started_s = time.process_time()
    assert not Expression.of(expression).found_in("a" * 40 + "b")
    assert time.process_time() - started_s < 1
