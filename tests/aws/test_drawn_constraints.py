"""Parameters drawn from the models: those that keep every constraint pass, and no others do."""

from __future__ import annotations

import contextlib
import time
from typing import Any

import pytest
from botocore.model import Shape
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from simab.aws.checks.constraints import check_input
from simab.aws.checks.java_patterns import compiled
from simab.aws.errors import ServiceError
from tests.aws.drawn_parameters import breaks, parameters
from tests.aws.service_models import OPERATIONS, operation, shapes_below
from tests.effort import examples

PER_LINE = {"GetMetricStatistics", "GetMetricData", "ListMetrics"}
ALL = pytest.mark.parametrize(("service", "name"), OPERATIONS)


@ALL
@examples(0.5)
@given(data=st.data())
def test_what_keeps_all_constraints_passes_and_what_breaks_one_is_refused_by_its_place(
    service: str, name: str, data: st.DataObject
) -> None:
    model = operation(service, name)
    drawn = data.draw(parameters(model.input_shape))
    check_input(model, drawn)
    ways = list(breaks(model.input_shape, drawn))
    if not ways:
        return
    way = data.draw(st.sampled_from(ways))
    way.apply()
    with pytest.raises(ServiceError) as refused:
        check_input(model, drawn)
    assert refused.value.status == 400
    if name in PER_LINE:
        assert f" {way.line_place} " in refused.value.message
    else:
        assert f" at '{way.place}' failed to satisfy constraint: M" in refused.value.message


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2)
    ),
    max_leaves=3,
)


@st.composite
def _sent(draw: DrawFn, shape: Shape) -> Any:
    """What a client may send in JSON: at some depth something else than the model says."""
    if shape.type_name not in {"structure", "list", "map"} or draw(st.integers(0, 5)) == 5:
        return draw(ANY_JSON)
    if shape.type_name == "structure":
        names = sorted(shape.members)
        some = st.sets(st.sampled_from(names), max_size=3) if names else st.just(())
        return {name: draw(_sent(shape.members[name])) for name in sorted(draw(some))}
    if shape.type_name == "list":
        return draw(st.lists(_sent(shape.member), max_size=2))
    return draw(st.dictionaries(st.text(max_size=5), _sent(shape.value), max_size=2))


@ALL
@examples(0.5)
@given(data=st.data())
def test_whatever_a_client_sends_is_taken_or_refused(
    service: str, name: str, data: st.DataObject
) -> None:
    model = operation(service, name)
    with contextlib.suppress(ServiceError):
        check_input(model, data.draw(_sent(model.input_shape)))


PATTERNS = sorted(
    {
        (shape.metadata["pattern"], shape.metadata.get("max", 20_000))
        for service, name in OPERATIONS
        for shape in shapes_below(operation(service, name).input_shape)
        if "pattern" in shape.metadata
    }
)


def test_no_pattern_of_the_operations_is_left_unchecked() -> None:
    assert [pattern for pattern, _ in PATTERNS if compiled(pattern) is None] == []


@pytest.mark.parametrize(("pattern", "longest"), PATTERNS)
def test_no_text_of_the_longest_length_takes_long_to_match(pattern: str, longest: int) -> None:
    heads = ("", "a", "a/", "s3://", "arn:aws:sns:a:123456789012:", "mig-1g.1gb", "/")
    started = time.process_time()
    for head in heads:
        for unit in ("a", "-", "a-", "/", ".", "a/", " ", "+a", "1"):
            text = (head + unit * longest)[: longest - 1] + "\n"
            compiled(pattern).fullmatch(text)
    assert time.process_time() - started < 2


@ALL
def test_a_megabyte_in_every_member_is_refused_in_no_time(service: str, name: str) -> None:
    """Also of characters that a pattern could be slow with."""
    model = operation(service, name)
    for text in ("a" * 10**6, "-" * 10**6, "\u00e9" * 10**6):
        hostile = {
            member: _hostile(shape, text) for member, shape in model.input_shape.members.items()
        }
        started = time.process_time()
        with pytest.raises(ServiceError) as refused:
            check_input(model, hostile)
        assert time.process_time() - started < 1
        assert text[:201] not in refused.value.message


def _hostile(shape: Shape, text: str, length: int = 1_000) -> Any:
    """The lists within a list are shorter: no request of any size could hold them."""
    if shape.type_name == "list":
        return [_hostile(shape.member, text, 3)] * length
    if shape.type_name == "structure":
        return {name: _hostile(held, text, length) for name, held in shape.members.items()}
    if shape.type_name == "map":
        return {text: text}
    if shape.type_name == "string":
        return text
    if shape.type_name == "blob":
        return text.encode() * 7
    return {"boolean": True, "timestamp": 0}.get(shape.type_name, 2**31 - 1)
