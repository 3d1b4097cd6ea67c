"""What compiled code computes from one word is what the plain functions compute, bit for bit."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

from simab.draws import exponential_of, threefry_block, unit_of
from simab.profiles.durations import Exponential, Lognormal
from simab.profiles.quantile_table import QuantileTable
from simab.scenario.rules.sizes import MOST_WINDOWS
from simab.stats.request_totals import latency_bucket
from simab.units import LONGEST_DURATION_NS
from simab.world.compiled import booking, draws, label_counts

WORD = (1 << 64) - 1
# Words at which an octave, a cell or the whole range begins or ends, as well as any.
EDGES = sorted({(1 << bit) + step & WORD for bit in range(65) for step in (-2, -1, 0, 1)})
words = st.sampled_from(EDGES) | st.integers(0, WORD)
nanoseconds = st.integers(0, 2**63 - 1) | st.sampled_from([word for word in EDGES if word < 2**63])


@njit
def _threefry(counter: Any, key: Any) -> Any:
    return draws.threefry(counter[0], counter[1], counter[2], counter[3], key[0], key[1])


@njit
def _threefry_of_many(entities: Any, purpose: Any, stream: Any, attempt: Any, key: Any) -> Any:
    words = np.zeros((4, len(entities)), np.uint64)
    for place in range(len(entities)):
        words[0, place], words[1, place], words[2, place], words[3, place] = draws.threefry(
            entities[place], purpose, stream, attempt, key[0], key[1]
        )
    return words


@njit
def _draws(tables: Any, table: Any, drawn: Any) -> Any:
    found = np.zeros(len(drawn), np.int64)
    for place in range(len(drawn)):
        found[place] = draws.draw_from_table(tables, table, drawn[place])
    return found


@njit
def _part_of(thresholds: Any, first: Any, last: Any, word: Any) -> Any:
    return draws.part_of(thresholds, first, last, word)


@njit
def _high_product(left: Any, right: Any) -> Any:
    return draws.high_product(left, right)


@njit
def _quotient(time_ns: Any, length_ns: Any) -> Any:
    return label_counts._quotient(time_ns, length_ns, 1.0 / length_ns)


@njit
def _unit_of(word: Any) -> Any:
    return draws.unit_of(word)


@njit
def _exponential_of(word: Any) -> Any:
    return draws.exponential_of(word)


@njit
def _bit_length(value: Any) -> Any:
    return draws.bit_length(value)


@njit
def _latency_bucket(latency_ns: Any) -> Any:
    return booking._latency_bucket(latency_ns)


@given(counter=st.tuples(words, words, words, words), key=st.tuples(words, words))
def test_a_compiled_block_is_the_plain_one(
    counter: tuple[int, int, int, int], key: tuple[int, int]
) -> None:
    """Four words of any counter and key are those of simab.draws."""
    found = _threefry(np.array(counter, np.uint64), np.array(key, np.uint64))
    assert found == threefry_block(counter, (*key, 0, 0))


@given(
    entities=st.lists(words, min_size=1, max_size=20),
    rest=st.tuples(words, words, words),
    key=st.tuples(words, words),
)
def test_blocks_in_a_loop_are_the_plain_ones(
    entities: list[int], rest: tuple[int, int, int], key: tuple[int, int]
) -> None:
    """Nor does it matter that a loop does several in one instruction."""
    found = _threefry_of_many(
        np.array(entities, np.uint64), *map(np.uint64, rest), np.array(key, np.uint64)
    )
    for place, entity in enumerate(entities):
        assert tuple(found[:, place].tolist()) == threefry_block((entity, *rest), (*key, 0, 0))


def any_table(seed: int, largest: int, zeros: int) -> QuantileTable:
    """Rising whole numbers, from `zeros` times 0 on, in steps of any size."""
    edges = np.random.default_rng(seed).integers(0, largest, 40 * 256 + 1, endpoint=True)
    edges[:zeros] = 0
    return QuantileTable(np.sort(edges))


tables = st.one_of(
    st.builds(any_table, st.integers(0, 999), st.sampled_from([0, 1, 9, 2**62]), st.just(100)),
    st.sampled_from([Exponential(mean="40ms").table(), Lognormal(mean="1s", cv=20).table()]),
)


@given(chosen=st.lists(tables, min_size=1, max_size=3), drawn=st.lists(words, min_size=1))
def test_a_compiled_draw_is_the_tables(chosen: list[QuantileTable], drawn: list[int]) -> None:
    """The value of a word in one of several tables is that of QuantileTable.draw."""
    stacked = np.stack([each.edges for each in chosen])
    for number, table in enumerate(chosen):
        found = _draws(stacked, number, np.array(drawn, np.uint64))
        assert found.tolist() == [table.draw(word) for word in drawn]


def test_every_octave_of_a_table_is_drawn_alike() -> None:
    """Words in every octave, to beyond the last, at the edges of cells, and 0."""
    table = Exponential(mean="1s").table()
    drawn = [word << octave for octave in range(55) for word in range(512, 1024, 17)]
    drawn += [*EDGES, *range(1 << 10)]
    found = _draws(table.edges[None, :].copy(), 0, np.array(drawn, np.uint64))
    assert found.tolist() == [table.draw(word) for word in drawn]


@given(
    before=st.lists(words, max_size=3),
    thresholds=st.lists(words, max_size=20),
    after=st.lists(words, max_size=3),
    data=st.data(),
)
def test_a_part_is_found_as_searchsorted_finds_it(
    before: list[int], thresholds: list[int], after: list[int], data: st.DataObject
) -> None:
    """The part of a word among rising thresholds, of which several may be equal, within a list."""
    ordered = sorted(thresholds)
    word = data.draw(words | st.sampled_from(ordered) if ordered else words)
    whole = np.array([*before, *ordered, *after, 0], np.uint64)
    first, last = len(before), len(before) + len(ordered)
    expected = np.searchsorted(np.array(ordered, np.uint64), np.uint64(word), side="right")
    assert _part_of(whole, first, last, np.uint64(word)) == expected


@given(left=words, right=words)
def test_the_high_product_is_the_upper_half_of_128_bits(left: int, right: int) -> None:
    """Python's integers, which have no end, say what it is."""
    assert int(_high_product(np.uint64(left), np.uint64(right))) == left * right >> 64


@given(length_ns=st.integers(1, LONGEST_DURATION_NS), bucket=st.integers(0, MOST_WINDOWS))
def test_the_bucket_of_a_label_is_a_whole_quotient(length_ns: int, bucket: int) -> None:
    """Floating point and its correction divide as `//`, also around multiples of the divisor."""
    bucket = min(bucket, LONGEST_DURATION_NS // length_ns)
    for time_ns in range(max(bucket * length_ns - 2, 0), bucket * length_ns + 3):
        assert _quotient(time_ns, length_ns) == time_ns // length_ns


@given(word=words)
def test_compiled_scores_of_a_hash_are_the_plain_ones(word: int) -> None:
    """Uniform and exponential variates have the same bits, or clients would differ in engines."""
    assert _unit_of(np.uint64(word)) == unit_of(word)
    assert _exponential_of(np.uint64(word)) == exponential_of(word)


@given(value=nanoseconds)
def test_the_bit_length_is_pythons(value: int) -> None:
    """For every whole number of at least 0 that 63 bits hold."""
    assert _bit_length(value) == value.bit_length()


@given(latency_ns=nanoseconds)
def test_the_bucket_of_a_latency_is_the_books(latency_ns: int) -> None:
    """Compiled code counts a latency where `latency_bucket` does, the last bucket included."""
    assert _latency_bucket(latency_ns) == latency_bucket(latency_ns)


def test_the_first_and_last_buckets_are_the_books() -> None:
    """Where buckets are single units, begin to double, and end."""
    for latency_ns in (*range(0, 300_000, 511), *range(2**46 - 9, 2**46 + 9)):
        assert _latency_bucket(latency_ns) == latency_bucket(latency_ns)
