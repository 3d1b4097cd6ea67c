"""What the answers of a block turn out to be, inside compiled code: OutcomeSampler.draw."""

from __future__ import annotations

import numpy as np
from numba import njit

from simab.profiles.outcomes import NONE, SCORE_CELL_BITS, SCORE_CELLS, SCORE_ONE
from simab.profiles.propensities import FACTOR_BITS
from simab.world.compiled.arrays import NO_TABLE
from simab.world.compiled.draws import (
    INSIDE,
    NOT_FROM_PYTHON,
    bit_length,
    draw_from_table,
    own_word,
    part_of,
)
from simab.world.compiled.streams import BLOCK, CLIENT, ROW, SCORE
from simab.world.propensities import ALL_ALIKE, HALF_FACTOR

__all__ = ["draw_answer", "draw_outcome", "draw_outcomes", "usual_answers"]

_SCORE_ONE = np.int64(SCORE_ONE)
_SCORE_CELL_BITS = np.int64(SCORE_CELL_BITS)
_HALF_FACTOR, _FACTOR_BITS = np.int64(HALF_FACTOR), np.int64(FACTOR_BITS)
_LAST_SCORE_CELL = np.int64(SCORE_CELLS - 1)


@njit(**INSIDE)
def draw_outcomes(constants, streams, segment, first):
    """Label, score, whether it is correct and the score's bin, from place `first` on."""
    if constants.segments[segment].clients_differ:
        for place in range(first, BLOCK):
            here = np.uint64(place)
            variant = np.uint64(streams[segment].variants[here])
            answers = usual_answers(constants, segment, variant)
            _draw_by_client(constants, streams, segment, here, variant, answers)
        return
    for place in range(first, BLOCK):
        here = np.uint64(place)
        variant = np.uint64(streams[segment].variants[here])
        answers = usual_answers(constants, segment, variant)
        _draw_alike(constants, streams, segment, here, variant, answers)


@njit(forceinline=True, **INSIDE)
def draw_outcome(constants, streams, segment, place):
    """Those of one request, of the variant that it goes to."""
    variant = np.uint64(streams[segment].variants[place])
    answers = usual_answers(constants, segment, variant)
    draw_answer(constants, streams, segment, place, variant, answers)


@njit(forceinline=True, **INSIDE)
def usual_answers(constants, segment, variant):
    """The number of the answers that a variant gives to a segment where nothing changes them."""
    return np.uint64(constants.answers_of[_place_of(constants, segment, variant)])


@njit(forceinline=True, **INSIDE)
def _place_of(constants, segment, variant):
    return segment * np.uint64(len(constants.variants)) + variant


@njit(forceinline=True, **INSIDE)
def draw_answer(constants, streams, segment, place, variant, answers):
    """Those of one request, of a variant's answers with this number."""
    if constants.segments[segment].clients_differ:
        _draw_by_client(constants, streams, segment, place, variant, answers)
    else:
        _draw_alike(constants, streams, segment, place, variant, answers)


@njit(**INSIDE)
def _draw_by_client(constants, streams, segment, place, variant, answers):
    """The same where clients differ. In a function of its own: mostly they do not."""
    number = _place_of(constants, segment, variant) * np.uint64(len(constants.answers)) + answers
    start = constants.succeeds_starts[number]
    client = streams[segment].words[CLIENT, place]
    word_row, word_score = streams[segment].words[ROW, place], streams[segment].words[SCORE, place]
    if start == ALL_ALIKE:
        outcome = _outcome(constants, answers, variant, word_row, word_score)
    else:
        word = own_word(word_row, constants.variants[variant].salt)
        part = np.int64(word >= constants.succeeds_below[np.uint64(start) + client])
        outcome = _of_row(constants, answers, variant, part, word_score)
    label, score, correct = outcome
    if label == NONE and score != NONE:
        first = constants.factor_starts[_place_of(constants, segment, variant)]
        lowest = constants.answers[answers].lowest
        score = _multiplied(constants.factors, first, client, score, lowest)
    _keep(constants, streams, segment, place, (label, score, correct))


@njit(**INSIDE)
def _multiplied(factors, start, client, units, lowest):
    """A reward as a client earns it: ClientPropensities.multiplied."""
    if start == ALL_ALIKE:
        return units
    factor = factors[np.uint64(start) + client]
    return ((lowest + units) * factor + _HALF_FACTOR >> _FACTOR_BITS) - lowest


@njit(forceinline=True, **INSIDE)
def _draw_alike(constants, streams, segment, place, variant, answers):
    """The same where all clients are alike."""
    word_row, word_score = streams[segment].words[ROW, place], streams[segment].words[SCORE, place]
    outcome = _outcome(constants, answers, variant, word_row, word_score)
    _keep(constants, streams, segment, place, outcome)


@njit(forceinline=True, **INSIDE)
def _keep(constants, streams, segment, place, outcome):
    """Label, score and whether it is correct, of one request."""
    label, score, correct = outcome
    streams[segment].labels[place] = label
    streams[segment].scores[place] = score
    streams[segment].corrects[place] = correct
    if label != NONE:
        streams[segment].score_bins[place] = np.int64(constants.score_bins[_score_cell(score)])


@njit(forceinline=True, **INSIDE)
def _outcome(constants, answers, variant, word_row, word_score):
    """OutcomeSampler.draw: label, score, correct."""
    plan, salt = constants.answers[answers], constants.variants[variant].salt
    if constants.rows[np.uint64(plan.first_row)].label == NONE:
        word_row = own_word(word_row, salt)
    part = part_of(constants.row_thresholds, plan.first_row, plan.last_row, word_row)
    return _of_row(constants, answers, variant, part, word_score)


@njit(forceinline=True, **INSIDE)
def _of_row(constants, answers, variant, part, word_score):
    """The outcome of one of the rows."""
    plan, salt = constants.answers[answers], constants.variants[variant].salt
    row = constants.rows[np.uint64(plan.first_row + part)]
    label, score, correct = row.label, row.score, row.correct
    if plan.negatives_table != NO_TABLE:
        if label == NONE:
            return label, _reward(constants.tables, plan, salt, score, word_score), correct
        table = plan.positives_table if label else plan.negatives_table
        score = draw_from_table(constants.tables, table, own_word(word_score, salt))
        predicted = np.int64(score >= plan.threshold)
        correct = np.int64(1) - (predicted ^ label)
    return label, score, correct


@njit(**NOT_FROM_PYTHON)
def _reward(tables, plan, salt, units, word):
    """The reward of a row, or one that is drawn. Not inlined: most runs have none."""
    if units != NONE:
        return units
    return draw_from_table(tables, plan.negatives_table, own_word(word, salt))


@njit(forceinline=True, **INSIDE)
def _score_cell(score):
    """simab.profiles.outcomes.score_cell."""
    from_end = min(score, _SCORE_ONE - score)
    shift = max(bit_length(from_end) - _SCORE_CELL_BITS - 1, np.int64(0))
    cell = (shift << _SCORE_CELL_BITS) + (from_end >> shift)
    return np.uint64(cell if score == from_end else _LAST_SCORE_CELL - cell)
