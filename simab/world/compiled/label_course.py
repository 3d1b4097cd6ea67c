"""Labels with more to them than a delay and a share, in compiled code: reference.labelling.

What a label says is held as `flip`: 1 where it says the opposite of what is true of the answer.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from simab.draws import Purpose
from simab.profiles.outcomes import NONE
from simab.world.compiled.choosing import number_of
from simab.world.compiled.draws import INSIDE, draw_from_table, words_of
from simab.world.compiled.label_counts import bucket_of, count_label, count_reward
from simab.world.compiled.log import log_label
from simab.world.compiled.streams import DELAY, NEVER_LABELLED
from simab.world.label_plan import NO_WINDOW, LabelCounting
from simab.world.run_counts import Status, Total

__all__ = ["learn_by_course"]

_LABEL = np.uint64(Purpose.LABEL)
_FIRST = np.uint64(0)  # attempt
_ONE, _TWO = np.uint64(1), np.uint64(2)
_OK = int(Status.OK)
_LABELS_ARRIVED, _LABELS_NEVER = int(Total.LABELS_ARRIVED), int(Total.LABELS_NEVER)
_LABELS_OUTSTANDING = int(Total.LABELS_OUTSTANDING)
_WAIT, _WINDOW = int(LabelCounting.WAIT), int(LabelCounting.WINDOW)
_WEIGHT, _SO_FAR = int(LabelCounting.WEIGHT), int(LabelCounting.SO_FAR)
_NOT_DELIVERED = np.int64(-1)
_NO_WORDS = (np.uint64(0), np.uint64(0), np.uint64(0), np.uint64(0))


@njit(**INSIDE)
def learn_by_course(constants, streams, counts, log, segment, first, last):
    """Book the labels of a segment's answered requests, for the times at which they arrive."""
    for number in range(first, last):
        place = np.uint64(number)
        if streams[segment].statuses[place] != _OK:
            continue
        if constants.segments[segment].labelled:
            _learn(constants, streams, counts, log, segment, place)
        else:
            counts.totals[_LABELS_NEVER] += 1


@njit(**INSIDE)
def _learn(constants, streams, counts, log, segment, place):
    positive = _is_positive(constants, streams, segment, place)
    words = _words(constants, streams, segment, place)
    first_ns, first_flip, flip = _first(constants, streams, segment, place, positive, words)
    again_ns, revised_ns = _later(constants, streams, segment, place, positive, words, first_ns)
    _book_end(constants, streams, counts, log, segment, place, first_ns, first_flip)
    said = first_ns, first_flip, again_ns, revised_ns, flip
    _count(constants, streams, counts, segment, place, positive, said)


@njit(**INSIDE)
def _is_positive(constants, streams, segment, place):
    """LabelPlan.is_positive, as 0 or 1."""
    label, correct = streams[segment].labels[place], streams[segment].corrects[place]
    if correct == NONE:
        variant = np.uint64(streams[segment].variants[place])
        zero = constants.label_rules[_TWO * variant].zero
        return np.int64(streams[segment].scores[place] != zero)
    return correct if label == NONE else label


@njit(**INSIDE)
def _words(constants, streams, segment, place):
    """The words of the label, where anything reads them."""
    if not constants.label_course[0].draws:
        return _NO_WORDS
    content, pairs = number_of(streams, segment, place), constants.segments[segment].paired
    if pairs:
        content = content // pairs
    stream = constants.segments[segment].stream
    return words_of(
        np.uint64(content), _LABEL, stream, _FIRST, constants.seed, constants.replication
    )


@njit(inline="always")
def _rule_of(constants, streams, segment, place, positive):
    variant = np.uint64(streams[segment].variants[place])
    return constants.label_rules[_TWO * variant + np.uint64(positive)]


@njit(**INSIDE)
def _first(constants, streams, segment, place, positive, words):
    """When the first label arrives, or _NOT_DELIVERED; what it says, and what is recorded."""
    rule = _rule_of(constants, streams, segment, place, positive)
    if rule.may_never and streams[segment].words[NEVER_LABELLED, place] <= rule.never_up_to:
        return _NOT_DELIVERED, np.int64(0), np.int64(0)
    word, flip = streams[segment].words[DELAY, place], np.int64(0)
    delay_ns = draw_from_table(constants.tables, rule.delay_table, word)
    window_ns = constants.label_course[0].window_ns
    if window_ns != NO_WINDOW and (positive == 0 or delay_ns > window_ns):
        delay_ns, flip = window_ns, positive
    first_ns = _arrival_ns(constants, streams[segment].finished_ns[place] + delay_ns)
    wrong = np.int64(rule.may_revised and words[0] <= rule.revised_up_to)
    return first_ns, flip ^ wrong, flip


@njit(**INSIDE)
def _later(constants, streams, segment, place, positive, words, first_ns):
    """When the second delivery and the correction arrive, or _NOT_DELIVERED."""
    again_ns, revised_ns = _NOT_DELIVERED, _NOT_DELIVERED
    if first_ns == _NOT_DELIVERED:
        return again_ns, revised_ns
    rule, course = _rule_of(constants, streams, segment, place, positive), constants.label_course[0]
    known_ns = min(first_ns, constants.horizon_ns)  # later sums would not fit into 64 bits
    if course.may_again and words[1] <= course.again_up_to:
        delay_ns = draw_from_table(constants.tables, course.again_table, words[2])
        again_ns = _arrival_ns(constants, known_ns + delay_ns)
    for_good = rule.may_wrong and words[0] <= rule.wrong_up_to
    if rule.may_revised and words[0] <= rule.revised_up_to and not for_good:
        delay_ns = draw_from_table(constants.tables, course.revised_table, words[3])
        revised_ns = _arrival_ns(constants, known_ns + delay_ns)
    return again_ns, revised_ns


@njit(**INSIDE)
def _arrival_ns(constants, due_ns):
    """When a label arrives that is due at an instant; _NOT_DELIVERED if an outage loses it."""
    at_ns, course = due_ns, constants.label_course[0]
    if course.batch_every_ns:
        late_ns = max(due_ns - course.batch_at_ns, np.int64(0))
        batches = (late_ns + course.batch_every_ns - 1) // course.batch_every_ns
        at_ns = course.batch_at_ns + batches * course.batch_every_ns
    for number in range(len(constants.label_outages)):
        outage = constants.label_outages[number]
        if outage.since_ns <= at_ns and at_ns < outage.until_ns:
            if outage.loses:
                return _NOT_DELIVERED
            at_ns = outage.until_ns
    return at_ns


@njit(**INSIDE)
def _book_end(constants, streams, counts, log, segment, place, first_ns, flip):
    """RunCounts.book_label_end, and the record."""
    if first_ns == _NOT_DELIVERED:
        counts.totals[_LABELS_NEVER] += 1
    elif first_ns >= constants.horizon_ns:
        counts.totals[_LABELS_OUTSTANDING] += 1
        log_label(log, streams, segment, place, first_ns, (NONE, NONE, NONE))
    else:
        counts.totals[_LABELS_ARRIVED] += 1
        outcome = _said(constants, streams, segment, place, flip)
        log_label(log, streams, segment, place, first_ns, outcome)


@njit(**INSIDE)
def _said(constants, streams, segment, place, flip):
    """Label, score and correct as a label says them: LabelPlan.opposite if it flips them."""
    label, score = streams[segment].labels[place], streams[segment].scores[place]
    correct = streams[segment].corrects[place]
    if flip and correct == NONE:
        variant = np.uint64(streams[segment].variants[place])
        return label, constants.label_rules[_TWO * variant].zero, correct
    if flip:
        correct = 1 - correct
        label = label if label == NONE else 1 - label
    return label, score, correct


@njit(**INSIDE)
def _count(constants, streams, counts, segment, place, positive, said):
    """What counts, and from when on, as the rule treats the immature."""
    first_ns, first_flip, again_ns, revised_ns, flip = said
    course = constants.label_course[0]
    mature_ns = streams[segment].finished_ns[place] + course.counted_after_ns
    if course.counting == _WINDOW:
        known = positive  # nothing has been said: it counts as negative
        if first_ns != _NOT_DELIVERED and first_ns <= mature_ns:
            known = first_flip
            if revised_ns != _NOT_DELIVERED and revised_ns <= mature_ns:
                known = flip
        _book(constants, streams, counts, segment, place, (mature_ns, known, 1))
        return
    positives_alone = course.counting in (_WEIGHT, _SO_FAR)
    if positives_alone:
        answered_ns = streams[segment].finished_ns[place]
        _book(constants, streams, counts, segment, place, (answered_ns, positive, 1))
    elif course.counting == _WAIT:
        first_ns, again_ns, revised_ns = (
            _not_before(first_ns, mature_ns),
            _not_before(again_ns, mature_ns),
            _not_before(revised_ns, mature_ns),
        )
    for at_ns, value, sign, replaces in (
        (first_ns, first_flip, 1, 1),
        (again_ns, first_flip, 1, 0),
        (revised_ns, first_flip, -1, 1),
        (revised_ns, flip, 1, 1),
    ):
        if at_ns != _NOT_DELIVERED and (positive ^ value or not positives_alone):
            _book(constants, streams, counts, segment, place, (at_ns, value, sign))
            if replaces and course.counting == _SO_FAR:
                _book(constants, streams, counts, segment, place, (at_ns, value ^ 1, -sign))


@njit(inline="always")
def _not_before(at_ns, mature_ns):
    """An instant, or a later one."""
    return at_ns if at_ns == _NOT_DELIVERED else max(at_ns, mature_ns)


@njit(**INSIDE)
def _book(constants, streams, counts, segment, place, delivery):
    """RunCounts.count_label of what is said at an instant, or taken back."""
    at_ns, flip, sign = delivery
    if at_ns >= constants.horizon_ns:
        return
    variant = np.uint64(streams[segment].variants[place])
    label, score, correct = _said(constants, streams, segment, place, flip)
    bucket = bucket_of(constants, at_ns)
    if correct == NONE:
        count_reward(counts.rewards, bucket, variant, score)
    else:
        score_bin = streams[segment].score_bins[place]
        count_label(counts, bucket, variant, label, score, correct, score_bin, sign)
