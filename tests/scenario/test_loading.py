"""Reading files: what YAML means here, what is refused before anything is validated."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from simab.description import Description
from simab.documents.parsing import LARGEST_FILE_BYTES
from simab.documents.violations import field_name, short_text
from simab.errors import InvalidInput, InvalidScenario
from simab.scenario import Scenario, load, loads
from simab.scenario.examples import example_of
from simab.scenario.locations import location_in, members_of, tags_of
from simab.scenario.reading import read
from simab.scenario.starter import starter_text


def data_of(text: str) -> object:
    return read(text, "text").data


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"),
        ("on", "on"),
        ("true", True),
        ("null", None),
        ("", None),
        ("010", 10),
        ("0x1F", 31),
        ("0o17", 15),
        ("-5", -5),
        ("1_000", 1000),
        ("1e3", 1000.0),
        (".inf", math.inf),
        ("12:30", "12:30"),
        ("2026-01-31", "2026-01-31"),
        ("'5'", "5"),
        ("!!str 5", "5"),
        ("!!float 5", 5.0),
        ('"\\ud83d\\ude00"', "\N{GRINNING FACE}"),
    ],
)
def test_scalars_mean_what_yaml_1_2_says(text: str, value: object) -> None:
    """A scalar is what YAML 1.2 makes of it: `yes` is text, 010 is ten, 12:30 is not a number."""
    data = data_of(f"field: {text}")
    assert data == {"field": value}
    assert isinstance(data, dict)
    assert type(data["field"]) is type(value)


def test_keys_are_text() -> None:
    """A key is the text that stands there, so a variant may be called 1, true or null."""
    assert data_of("1: a\ntrue: b\nnull: c") == {"1": "a", "true": "b", "null": "c"}


def test_aliases_repeat_a_value() -> None:
    """An alias stands for the value with its anchor."""
    assert data_of("a: &x {b: [1, 2]}\nc: *x") == {"a": {"b": [1, 2]}, "c": {"b": [1, 2]}}


def test_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    """A file saved with a byte order mark is read as if it had none."""
    path = tmp_path / "scenario.yaml"
    path.write_text(starter_text(), encoding="utf-8-sig")
    assert load(path) == loads(starter_text())


@pytest.mark.parametrize(
    ("make", "rule"),
    [
        (Path.exists, "no such file"),
        (lambda path: path.mkdir(), "a folder, not a file"),
        (lambda path: path.write_bytes(b"\xff\xfe"), "not UTF-8"),
        (lambda path: path.write_bytes(b"#" * (LARGEST_FILE_BYTES + 1)), "at most 2 MB"),
        (lambda path: path.write_bytes(b"a: b\x00"), "U+0000"),
    ],
    ids=["absent", "folder", "not text", "too large", "null byte"],
)
def test_what_is_no_scenario_file_is_refused(tmp_path: Path, make: object, rule: str) -> None:
    """A path that leads to no readable text is an error that names the path, the rule, a remedy."""
    path = tmp_path / "scenario.yaml"
    make(path)
    with pytest.raises(InvalidScenario) as refused:
        load(path)
    assert rule in str(refused.value)
    assert str(refused.value).startswith(str(path))
    assert refused.value.problems[0].remedy


def test_an_error_is_bad_input() -> None:
    """Whoever catches InvalidInput or ValueError catches every invalid scenario."""
    with pytest.raises(InvalidInput):
        loads("title: [")
    with pytest.raises(ValueError, match="not YAML"):
        loads("title: [")


def test_hostile_text_executes_nothing(tmp_path: Path) -> None:
    """A tag that would run code in other parsers is an unknown tag here."""
    witness = tmp_path / "witness"
    with pytest.raises(InvalidScenario, match="unknown tag"):
        loads(f'title: !!python/object/apply:os.mkdir ["{witness}"]')
    assert not witness.exists()


def models(model: type[Description], seen: set[type[Description]]) -> set[type[Description]]:
    """All models that a scenario consists of."""
    if model not in seen:
        seen.add(model)
        for field in model.model_fields:
            here = location_in([field], model)
            for part in ("name", 0):
                for each in (here, location_in([field, part], model)):
                    for member in members_of(each.annotation):
                        models(member, seen)
    return seen


def test_every_required_field_has_an_example() -> None:
    """A message that asks for a missing field shows what to write."""
    every = models(Scenario, set())
    assert len(every) > 25
    for model in every:
        for name, field in model.model_fields.items():
            if field.is_required():
                assert example_of(model, name), f"{model.__name__}.{name}"


def test_unions_are_told_apart_by_their_first_field() -> None:
    """Every model of a union has tags, and no two of a union share one."""
    for location in (["endpoint", "variants", "x", "latency"], ["policies", "x"]):
        tags = [
            tag
            for each in members_of(location_in(location, Scenario).annotation)
            for tag in tags_of(each)
        ]
        assert len(tags) == len(set(tags)) >= 4


def test_tags_do_not_show_in_paths() -> None:
    """A location's union tag is left out, also where a field has the same name as the tag."""
    quantiles = ["endpoint", "variants", "v", "latency", "quantiles", "quantiles", "p50"]
    beta = ["endpoint", "variants", "v", "quality", "classifier", "positive_scores", "beta", "beta"]
    assert (
        field_name(location_in(quantiles, Scenario).path)
        == "endpoint.variants.v.latency.quantiles.p50"
    )
    assert (
        field_name(location_in(beta, Scenario).path)
        == "endpoint.variants.v.quality.positive_scores.beta"
    )


def test_names_that_are_no_plain_words_are_quoted() -> None:
    """A path stays unambiguous where a name holds a space, a dot or a quote."""
    assert field_name(("traffic", "night shift", "rate")) == 'traffic."night shift".rate'
    assert field_name(("a.b", 'c"d', 2, "e-f_1")) == '"a.b"."c\\"d"[2].e-f_1'


def test_long_values_are_shortened() -> None:
    """A message shows a value in at most 40 characters, and a mapping not at all."""
    assert short_text("x" * 100) == "x" * 37 + "..."
    assert len(short_text(list(range(100)))) == 40
    assert short_text({"a": 1}) == ""
    assert short_text("-10/s") == "-10/s"
    assert short_text("") == '""'
    assert short_text(None) == "null"


def test_what_is_no_name_of_a_file_is_refused() -> None:
    """A number or an open file, with what to do instead."""
    with pytest.raises(InvalidInput, match=r"path = 3: must be the name of a file, not int"):
        load(3)  # type: ignore[arg-type]
