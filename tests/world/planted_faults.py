"""Faults of one text each in the kernel, and which plays find those that few drawn runs find."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from simab.policies.immature import Weight, Window
from tests.world.drawn_runs import Play
from tests.world.rare_plays import (
    carried,
    changing,
    constant,
    doubled,
    earning_nothing,
    faulty_copies,
    full,
    in_turn,
    kept,
    labelled,
    labelled_at_the_end,
    leaving,
    leaving_at_a_reply,
    leaving_for_failures,
    lost,
    mirrored,
    sized,
    tied,
    weightless,
)

__all__ = ["FAULTS", "RARE"]

FAULTS = {
    "an arrival at a window's start": (
        "arrived_ns - window_start_ns >= period_ns",
        "arrived_ns - window_start_ns > period_ns",
    ),
    "a finish at a window's start": (
        "finished_ns - window_start_ns >= period_ns",
        "finished_ns - window_start_ns > period_ns",
    ),
    "a finish in a window before": (
        " or finished_ns < window_start_ns",
        " or finished_ns < 0",
    ),
    "one given arrival too many": (
        "if number < given else NOT_CALLED_NS",
        "if number <= given else NOT_CALLED_NS",
    ),
    "the client of the next given arrival": (
        "np.uint64(given[np.uint64(before + first + place)])",
        "np.uint64(given[np.uint64(before + first + place + 1)])",
    ),
    "the propensity of another client": (
        "constants.succeeds_below[np.uint64(start) + client]",
        "constants.succeeds_below[np.uint64(start)]",
    ),
    "the factor of another client": (
        "factor = factors[np.uint64(start) + client]",
        "factor = factors[np.uint64(start)]",
    ),
    "a reward that is cut off to whole units": (
        "(lowest + units) * factor + _HALF_FACTOR >> _FACTOR_BITS",
        "(lowest + units) * factor >> _FACTOR_BITS",
    ),
    "clients with the thresholds of other answers": (
        "start = constants.succeeds_starts[number]",
        "start = constants.succeeds_starts[number - answers]",
    ),
    "the sizes of the next request": (
        "place = np.uint64(constants.segments[segment].first_given + number)",
        "place = np.uint64(constants.segments[segment].first_given + number + 1)",
    ),
    "a factor that is left out": ("if drawn != _FACTOR_ONE:", "if drawn == _FACTOR_ONE:"),
    "a request of another segment in between": (
        "before_ns = min(before_ns, ahead_ns + 1)",
        "before_ns = min(before_ns, ahead_ns + 1_000_000)",
    ),
    "the first of two segments at once": (
        "chosen, earliest_ns, before_ns = segment, ahead_ns, earliest_ns",
        "chosen, earliest_ns, before_ns = segment, ahead_ns, earliest_ns + 1",
    ),
    "a block that is prepared for other weights": (
        "streams[segment].routing != routing.number",
        "streams[segment].routing > routing.number",
    ),
    "a finish at the horizon": (
        "    if finished_ns >= constants.horizon_ns",
        "    if finished_ns > constants.horizon_ns",
    ),
    "a label at the horizon": (
        "label_ns >= constants.horizon_ns",
        "label_ns > constants.horizon_ns",
    ),
    "a start at the horizon": (
        "if started_ns < constants.horizon_ns",
        "if started_ns <= constants.horizon_ns",
    ),
    "an arrival at a control event": (
        "streams[segment].arrived_ns[place] < before_ns:\n        reason",
        "streams[segment].arrived_ns[place] <= before_ns:\n        reason",
    ),
    "a strength at its knot": (
        "strengths[low + half].at_ns <= at_ns",
        "strengths[low + half].at_ns < at_ns",
    ),
    "another instance's fault": (
        "effect.instance == ALL_INSTANCES or effect.instance == instance:\n            strength = "
        "_strength(constants.strengths, effect, started_ns)\n            times",
        "effect.instance == ALL_INSTANCES or effect.instance != instance:\n            strength = "
        "_strength(constants.strengths, effect, started_ns)\n            times",
    ),
    "the answers of another segment": (
        "place = segment * np.uint64(len(constants.variants)) + variant",
        "place = variant",
    ),
    "a fault that a copy does not meet": (
        "        if fails(constants, segment, variant, instance, started_ns, word_error):\n"
        "            status = _FAILED",
        "        if fails(constants, segment, variant, instance, started_ns, word_error):\n"
        "            status = status",
    ),
    "a rate after a knot": (
        "curve[knot + 1].ticks <= clock",
        "curve[knot + 1].ticks < clock",
    ),
    "the place where the heap begins": (
        "    place = np.int64(0)\n    while True:",
        "    place = np.int64(1)\n    while True:",
    ),
    "one place more in the queue": (
        "instances.counts[slot] >= queue_limit",
        "instances.counts[slot] > queue_limit",
    ),
    "a worker that becomes free on arrival": (
        "queue_limit != UNLIMITED and free_ns > arrived_ns",
        "queue_limit != UNLIMITED and free_ns >= arrived_ns",
    ),
    "a start at the instant of asking who waits": (
        "instances.waiting[slot, head] <= now_ns",
        "instances.waiting[slot, head] < now_ns",
    ),
    "a finish at the instant of asking who is served": (
        "free_ns[slot, worker] > now_ns",
        "free_ns[slot, worker] >= now_ns",
    ),
    "the next of the least busy instances": ("if chosen == 0:", "if chosen == 1:"),
    "the last of equals in turn": (
        "taken[choice] > taken[chosen]",
        "taken[choice] >= taken[chosen]",
    ),
    "a cookie at its end": (
        "arrived_ns < kept_until_ns[client]",
        "arrived_ns <= kept_until_ns[client]",
    ),
    "clients of a second segment": (
        "words[CLIENT, here] = client - first",
        "words[CLIENT, here] = client",
    ),
    "a cookie that is renewed": (
        "    if constants.variant_routing == _KEEP_ALIVE:\n        routing",
        "    if constants.variant_routing > 0:\n        routing",
    ),
    "a connection that knows of weights": (
        "    if constants.variant_routing == _KEEP_ALIVE:\n        holds",
        "    if constants.variant_routing < 0:\n        holds",
    ),
    "a cookie of weight 0": ("found |= choice == variant", "found |= variant >= 0"),
    "whom another client met": (
        "before, variant = routing.met[client]",
        "before, variant = routing.met[client >> np.uint64(1)]",
    ),
    "an answer that is always carried over": (
        "if carried <= plan.carried_up_to",
        "if carried >= np.uint64(0)",
    ),
    "an answer carried over of one who was met once": (
        "    routing.met[client] = variant\n",
        "    routing.met[client] = max(routing.met[client], variant)\n",
    ),
    "a lasting change that is not carried over": (
        "answers = answers_met(constants, segment, variant, _ALL_INSTANCES, started_ns, row)",
        "answers = np.int64(SAME_ANSWERS)",
    ),
    "a request at the reply after which its client leaves": (
        "arrived_ns[place] < routing.left_ns[client]",
        "arrived_ns[place] <= routing.left_ns[client]",
    ),
    "a client who comes back": ("min(routing.left_ns[client], finished_ns)", "finished_ns"),
    "a failure that nobody minds": (
        "    if streams[segment].statuses[place] != _OK:\n        return True",
        "    if streams[segment].statuses[place] != _OK:\n        return False",
    ),
    "a client who leaves for nothing earned": (".scores[place] <= 0", ".scores[place] < 0"),
    "one who stays away among those who arrived": (
        "last - first - streams[segment].stayed_away",
        "last - first",
    ),
    "a turn of a request that never comes": (
        "routing.cookies.shape[0] or constants.segments[segment].leaves",
        "routing.cookies.shape[0]",
    ),
    "the weight in a rendezvous": (
        ".salt)) / relative[number]",
        ".salt)) * relative[number]",
    ),
    "the least in place of the largest": ("score > largest", "score < largest"),
    "a service of no time": ("max(service_ns, np.int64(1))", "max(service_ns, np.int64(0))"),
    "the bucket of a label": ("_quotient(label_ns,", "_quotient(label_ns + 1,"),
    "a positive on the last instant of the window": (
        "delay_ns > window_ns)",
        "delay_ns >= window_ns)",
    ),
    "a label due at a batch": (
        "late_ns + course.batch_every_ns - 1",
        "late_ns + course.batch_every_ns",
    ),
    "a label at an outage's start": ("outage.since_ns <= at_ns", "outage.since_ns < at_ns"),
    "a label at an outage's end": ("at_ns < outage.until_ns", "at_ns <= outage.until_ns"),
    "a label at the end of a rule's window": (
        "first_ns <= mature_ns",
        "first_ns < mature_ns",
    ),
    "a correction at the end of a rule's window": (
        "revised_ns <= mature_ns",
        "revised_ns < mature_ns",
    ),
    "a second delivery that knows better": (
        "(again_ns, first_flip, 1, 0)",
        "(again_ns, flip, 1, 0)",
    ),
    "what a correction takes back": (
        "(revised_ns, first_flip, -1, 1)",
        "(revised_ns, flip, -1, 1)",
    ),
    "the rule of the other class": (
        "_TWO * variant + np.uint64(positive)",
        "_TWO * variant + np.uint64(1 - positive)",
    ),
    "a correction of what is wrong for good": (" and not for_good", " and constants.horizon_ns"),
    "words of a pair's second request": ("content = content // pairs", "content = content"),
    "negatives among the weighed": ("(positive ^ value or not", "(positive or not"),
    "a copy's window": (
        "np.uint64(finished_ns // constants.period_ns)",
        "np.uint64(arrived_ns // constants.period_ns)",
    ),
    "a request that a cookie sent": (".ways[place] != BY_WEIGHT", ".ways[place] == 0"),
    "the window of an assignment": (
        "requests[window, variant, _COL_ASSIGNED] += 1",
        "requests[window - window % np.uint64(2), variant, _COL_ASSIGNED] += 1",
    ),
    "two users of one bit": (
        "(who & _CLIENT_REST), who >> _CLIENT_BITS\n    seen",
        "(who & np.uint64(31)), who >> _CLIENT_BITS\n    seen",
    ),
    "a user who is seen again": ("routing.users[word] = seen | bit", "routing.users[word] = seen"),
    "where a squared reward is cut": ("square >> _SQUARES_CUT", "square >> _SQUARES_CUT - 1"),
    "the bucket of a latency": (
        "bit_length(units) - _SUBDIVISION_BITS - 1",
        "bit_length(units) - _SUBDIVISION_BITS - 0",
    ),
}
"""By name, a text that the kernel has once, and what stands there in its place."""


_REVISED: Mapping[str, Any] = {"revised": 1, "revised_after": constant("2s")}

RARE: Mapping[str, Callable[[], Play]] = {
    "one place more in the queue": full,
    "a worker that becomes free on arrival": full,
    "a start at the instant of asking who waits": lambda: full(queue_limit=1),
    "a cookie at its end": kept,
    "a cookie that is renewed": kept,
    "a request that a cookie sent": kept,
    "a request of another segment in between": tied,
    "the first of two segments at once": tied,
    "a connection that knows of weights": lambda: weightless("keep_alive"),
    "a cookie of weight 0": lambda: weightless("session_cookie"),
    "the last of equals in turn": in_turn,
    "a copy's window": mirrored,
    "a label at the horizon": labelled_at_the_end,
    "a strength at its knot": changing,
    "another instance's fault": lambda: changing(instance=0),
    "the answers of another segment": lambda: changing(segments=["others"]),
    "a fault that a copy does not meet": faulty_copies,
    "a rate after a knot": doubled,
    "a client who leaves for nothing earned": earning_nothing,
    "a failure that nobody minds": leaving_for_failures,
    "a request at the reply after which its client leaves": leaving_at_a_reply,
    "a client who comes back": leaving,
    "a turn of a request that never comes": lambda: leaving(
        "1us", variant_routing="smooth_weighted_round_robin"
    ),
    "whom another client met": carried,
    "an answer that is always carried over": lambda: carried(0.5),
    "an answer carried over of one who was met once": carried,
    "a lasting change that is not carried over": lambda: carried(
        timeline=[
            {
                "kind": "conditions",
                "at": "50ms",
                "variants": ["b"],
                "quality": {"kind": "success", "probability": 0},
            }
        ]
    ),
    "a positive on the last instant of the window": lambda: labelled({"attribution_window": "5s"}),
    "a label at an outage's start": lambda: labelled({"outages": [lost("16s", "1s")]}),
    "a label at an outage's end": lambda: labelled({"outages": [lost("15s", "1s")]}),
    "a label at the end of a rule's window": lambda: labelled({}, Window(within="5s")),
    "a correction at the end of a rule's window": lambda: labelled(_REVISED, Window(within="7s")),
    "a second delivery that knows better": lambda: labelled(
        _REVISED | {"duplicates": {"share": 1, "delay": constant("1s")}}
    ),
    "what a correction takes back": lambda: labelled(_REVISED),
    "words of a pair's second request": lambda: labelled(
        _REVISED | {"revised": 0.5}, paired_targets=["a", "b"]
    ),
    "negatives among the weighed": lambda: labelled({"wrong": 1}, Weight(), probability=0.5),
    "the sizes of the next request": sized,
    "a factor that is left out": sized,
}
"""By name of a fault, a play that finds it: few drawn runs have what it needs."""
