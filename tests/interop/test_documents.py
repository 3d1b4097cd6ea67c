"""Reading files of other tools: every value has its place, and nothing in them runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from simab.errors import InvalidFiles, InvalidInput
from simab.interop.documents import read_documents


def file(tmp_path: Path, content: str | bytes) -> Path:
    path = tmp_path / "it.yaml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_values_know_their_place(tmp_path: Path) -> None:
    """Across documents, lists and mappings; empty documents are none."""
    text = "a: 1\n---\n---\nb:\n- c\n- {d: true}\n"
    first, second = read_documents(file(tmp_path, text))
    assert first.need("a").whole(0, 9) == 1
    inner = second.need("b").listed()[1].need("d")
    assert (inner.value, inner.place.line, inner.place.column) == (True, 6, 7)
    assert inner.field == "b[1].d"
    assert inner.place.render().endswith("it.yaml:6:7")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a: [", "not YAML"),
        ("a: 1\na: 2", "a: duplicate key"),
        ("a: {{b: 1}: 2}", "a key is a single word"),
        ("a: {<<: 5}", "a merge key takes a mapping"),
        ("a: &x {<<: *x}", "merges itself"),
        ("a: {{ .Values.x }}", "it.yaml:1:4: .*is a placeholder"),
        ("{{- if .Values.x }}\na: 1\n{{- end }}", "it.yaml:1:1: .*is a placeholder"),
        ("a: {% x %}\nb: 1", "is a placeholder"),
        ("a: '{{ x }}'\nb: [", "not YAML"),
        ("a: &x [*x]", "contains itself"),
        ("a: !!python/object/apply:os.getcwd []", ""),
        ("a: !own 5", "unknown tag"),
        ("a: 'b\x00'", r":1:6: the character U\+0000 is not allowed"),
        ("[" * 5000, "nested too deeply"),
        (b"\xff\xfe", "not UTF-8"),
    ],
)
def test_what_is_no_plain_data_is_refused(
    tmp_path: Path, content: str | bytes, message: str
) -> None:
    """With its place, if it has one; a tag makes a list no object."""
    path = file(tmp_path, content)
    if not message:
        assert read_documents(path)[0].need("a").listed() == []
        return
    with pytest.raises(InvalidInput, match=message) as refused:
        read_documents(path)
    assert str(path) in str(refused.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    """The path, the reason and a remedy."""
    with pytest.raises(InvalidInput, match=r"absent.yaml: no such file"):
        read_documents(tmp_path / "absent.yaml")


@pytest.mark.parametrize(
    ("text", "message"),
    [("a: []", "must be a mapping"), ("a: {b: }", "required"), ("a: 5", "must be a mapping")],
)
def test_what_is_needed_is_asked_for(tmp_path: Path, text: str, message: str) -> None:
    """By the field's full name."""
    (document,) = read_documents(file(tmp_path, text))
    with pytest.raises(InvalidFiles, match=message) as refused:
        document.need("a", "b")
    assert ":1:4: a" in str(refused.value)


def test_merge_keys_and_anchors_give_their_values(tmp_path: Path) -> None:
    """Own keys win, then the first mapping merged; each value keeps the place where it stands."""
    text = "x: &x {p: 1, q: 1}\ny: &y {q: 2, r: 2}\na: {<<: [*x, *y], p: 3}\nb: {<<: *y}\n"
    (document,) = read_documents(file(tmp_path, text))
    found = {name: each.value for name, each in document.need("a").named().items()}
    assert found == {"p": 3, "q": 1, "r": 2}
    assert document.need("a", "r").place.line == 2
    assert document.need("b", "q").whole(0, 9) == 2


def test_all_faults_of_a_file_are_named_at_once(tmp_path: Path) -> None:
    """Across its documents, each at its field and place."""
    path = file(tmp_path, "a: 1\na: 2\n---\nb: {c: !own 5}\n")
    with pytest.raises(InvalidFiles) as refused:
        read_documents(path)
    found = [
        (source, each.field, each.line, each.column) for source, each in refused.value.problems
    ]
    assert found == [(str(path), "a", 2, 1), (str(path), "b.c", 4, 8)]


def test_the_text_of_a_placeholder_is_no_key(tmp_path: Path) -> None:
    """A file with another fault is not taken for a template that has to be filled in."""
    with pytest.raises(InvalidFiles, match="a: duplicate key"):
        read_documents(file(tmp_path, "a: 1\na: say {{ x }}\n"))
