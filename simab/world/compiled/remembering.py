"""What clients remember, inside compiled code: simab.world.reference.client_memory.

Not inlined: where no client remembers anything, none of it is asked for.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from simab.draws import Purpose
from simab.profiles.outcomes import NONE
from simab.world.blueprint import NO_VARIANT
from simab.world.compiled.changing import answers_met
from simab.world.compiled.choosing import number_of
from simab.world.compiled.draws import INSIDE, words_of
from simab.world.compiled.log import client_of_all
from simab.world.compiled.outcomes import draw_answer, usual_answers
from simab.world.compiled.streams import ROW, STAYS_AWAY
from simab.world.conditions import ALL_INSTANCES, SAME_ANSWERS
from simab.world.run_counts import Status

__all__ = ["remember", "stays_away"]

_CLIENT = np.uint64(Purpose.CLIENT)
_FIRST = np.uint64(0)  # attempt
_ALL_INSTANCES = np.int64(ALL_INSTANCES)
_OK, _INVALID = int(Status.OK), int(Status.INVALID_TARGET)
_IN_FLIGHT = int(Status.IN_FLIGHT)


@njit(**INSIDE)
def stays_away(constants, routing, streams, segment, place):
    """Whether a client has left: then its request never comes, and nothing is booked of it."""
    client = np.uint64(client_of_all(constants, streams, segment, place))
    if streams[segment].arrived_ns[place] < routing.left_ns[client]:
        return False
    streams[segment].ways[place] = STAYS_AWAY
    streams[segment].statuses[place] = _IN_FLIGHT  # neither ended nor labelled
    streams[segment].stayed_away += 1
    return True


@njit(**INSIDE)
def remember(constants, routing, streams, segment, place):
    """Of a request that is served: whom its client met now, whether its answer is as good as one
    of whom it met before, and whether the client leaves.
    """
    status = streams[segment].statuses[place]
    if status == _INVALID:
        return
    client = np.uint64(client_of_all(constants, streams, segment, place))
    before, variant = routing.met[client], streams[segment].variants[place]
    routing.met[client] = variant
    plan = constants.segments[segment]
    carries = plan.carries_over and plan.labelled and status == _OK
    if carries and before not in (NO_VARIANT, variant):
        carried, _ = _words(constants, streams, segment, place)
        if carried <= plan.carried_up_to:
            _answer_as(constants, streams, segment, place, np.uint64(before))
    if plan.leaves and _is_bad(constants, streams, segment, place):
        _, leaves = _words(constants, streams, segment, place)
        if leaves <= plan.leaves_up_to:
            finished_ns = streams[segment].finished_ns[place]
            routing.left_ns[client] = min(routing.left_ns[client], finished_ns)


@njit(**INSIDE)
def _words(constants, streams, segment, place):
    """What decides whether an answer is carried over, and whether the client leaves."""
    number, stream = (
        np.uint64(number_of(streams, segment, place)),
        constants.segments[segment].stream,
    )
    _, _, carried, leaves = words_of(
        number, _CLIENT, stream, _FIRST, constants.seed, constants.replication
    )
    return carried, leaves


@njit(**INSIDE)
def _answer_as(constants, streams, segment, place, variant):
    """The answer of a request is one of a variant, as it answers when a worker begins with it."""
    started_ns, row = streams[segment].started_ns[place], streams[segment].words[ROW, place]
    answers = np.int64(SAME_ANSWERS)
    if constants.variants[variant].changes:
        answers = answers_met(constants, segment, variant, _ALL_INSTANCES, started_ns, row)
    if answers == SAME_ANSWERS:
        answers = np.int64(usual_answers(constants, segment, variant))
    draw_answer(constants, streams, segment, place, variant, np.uint64(answers))


@njit(**INSIDE)
def _is_bad(constants, streams, segment, place):
    """Whether a client has reason to leave: an error, a wrong answer, or nothing earned."""
    if streams[segment].statuses[place] != _OK:
        return True
    correct = streams[segment].corrects[place]
    if correct != NONE:
        return correct == 0
    variant = np.uint64(streams[segment].variants[place])
    return constants.answers[variant].lowest + streams[segment].scores[place] <= 0
