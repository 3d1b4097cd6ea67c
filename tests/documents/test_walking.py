"""One walk over a document: values, the places of keys and values, and all that is wrong."""

from __future__ import annotations

import pytest

from simab.documents.parsing import MOST_VALUES, Unreadable, document_node, document_nodes
from simab.documents.walking import Document, Walker


def document(text: str, *, foreign: bool = False) -> Document:
    (node,) = document_nodes(text)
    return Walker("it.yaml", foreign=foreign).document(node)


def rules(text: str, *, foreign: bool = False) -> list[tuple[tuple[str | int, ...], str, object]]:
    """Path, rule and place of everything wrong."""
    found = document(text, foreign=foreign).violations
    return [(each.path, each.rule, each.mark) for each in found]


@pytest.mark.parametrize(
    ("path", "on_key", "place"),
    [
        ((), False, (1, 1)),
        (("a",), True, (1, 1)),
        (("a",), False, (2, 3)),
        (("a", "b"), True, (2, 3)),
        (("a", "b"), False, (2, 6)),
        (("a", "b", 1), False, (2, 10)),
        (("a", "b", 1), True, (2, 10)),  # an entry of a list has no key but itself
        (("a", "b", 2), False, (2, 3)),  # not there: the nearest key
        (("a", "x", "y"), False, (1, 1)),
        (("x",), True, (1, 1)),
    ],
)
def test_a_place_is_that_of_the_value_or_of_its_key(
    path: tuple[str | int, ...], on_key: bool, place: tuple[int, int]
) -> None:
    """Lines and columns count from 1; what is not there has the place of what would hold it."""
    assert document("a:\n  b: [1, 2]\n").place(path, on_key=on_key) == place


def test_what_an_alias_repeats_has_the_place_where_it_is_written() -> None:
    """Merged entries too, and an entry of one's own comes before a merged one."""
    read = document("x: &x {p: 1, q: 2}\ny: {<<: *x, q: 3}\nz: *x\n")
    assert read.data == {"x": {"p": 1, "q": 2}, "y": {"p": 1, "q": 3}, "z": {"p": 1, "q": 2}}
    assert read.place(("y", "p")) == read.place(("z", "p")) == (1, 11)
    assert read.place(("y", "q"), on_key=True) == (2, 13)


def test_all_that_is_wrong_is_found_in_one_walk() -> None:
    """Keys, tags, scalars and merges, each with its path and its own place."""
    text = "a: 1\na: 2\nb: !!int x\n? [c]\n: 3\nd: {<<: 5}\ne: !own {f: 1}\n"
    assert rules(text) == [
        (("a",), "duplicate key", (2, 1)),
        (("b",), "'x' is not of type int", (3, 4)),
        ((), "a key is a single word or text", (4, 3)),
        (("d",), "a merge key takes a mapping or a list of them", (6, 5)),
        (("e",), "unknown tag !own", (7, 4)),
    ]


def test_foreign_tags_on_mappings_and_lists_mean_nothing() -> None:
    """As templates have them; a tag on a single value changes what it is, and is refused."""
    text = "a: !Own {b: 1}\nc: !Own [2]\n"
    assert rules(text, foreign=True) == []
    assert document(text, foreign=True).data == {"a": {"b": 1}, "c": [2]}
    assert [rule for _, rule, _ in rules("a: !Own 1", foreign=True)] == ["unknown tag !Own"]


def test_several_documents_count_as_one_file() -> None:
    """An unfolding that is too much for one document is too much over several as well."""
    hundred = ", ".join(["1"] * 100)
    repeated = ", ".join(["*a"] * (MOST_VALUES // 250))
    (node,) = document_nodes(f"a: &a [{hundred}]\nb: [{repeated}]\n")
    walker = Walker("it.yaml")
    walker.document(node)
    walker.document(node)
    with pytest.raises(Unreadable, match="unfolds to more than"):
        walker.document(node)


def test_a_scenario_is_one_document() -> None:
    """Where one is asked for, a second is refused, and an empty text is none."""
    assert document_node("# nothing\n") is None
    with pytest.raises(Unreadable, match="a second document begins"):
        document_node("a: 1\n---\nb: 2\n")
    assert len(document_nodes("---\n---\na: 1\n---\nb: 2\n")) == 3
