"""The reference data plane: one SimPy process per request, written to be read.

This is the specification of what happens to a request; the compiled plane has to give the same
bits.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Any

import numpy as np
import simpy
from numpy.typing import NDArray

from simab.draws import COPY_ATTEMPT, Draws, Purpose, own_word
from simab.profiles.outcomes import RequestOutcome
from simab.scenario.serving import HASHING
from simab.world.answer_log import LabelledRecords
from simab.world.blueprint import NO_VARIANT, Blueprint
from simab.world.calls import CallEnd
from simab.world.conditions import ALL_INSTANCES, fails, service_under
from simab.world.event_order import Rank, at, now_ns
from simab.world.label_plan import LabelPlan
from simab.world.records import COPY, UNKNOWN
from simab.world.reference.client_memory import ClientMemory
from simab.world.reference.labelling import Answer, counted, deliveries
from simab.world.reference.request_log import RequestLog
from simab.world.reference.traffic import NO_SESSION, Arrival, arrivals, called
from simab.world.routing import (
    TURN_UNIT,
    Routing,
    pick_by_rendezvous,
    pick_by_word,
    pick_least_outstanding,
    pick_linearly,
    pick_uniform,
)
from simab.world.run_counts import RunCounts, Status, Total

__all__ = ["ReferencePlane"]

Steps = Generator[simpy.Event, Any, None]


class ReferencePlane:
    """Carries requests from arrival to reply and label, as SimPy processes."""

    def __init__(
        self,
        environment: simpy.Environment,
        run_counts: RunCounts,
        draws: Draws,
        *,
        record_requests: bool,
    ) -> None:
        self._environment = environment
        self._blueprint: Blueprint = run_counts.blueprint
        self._run_counts = run_counts
        self._draws = draws
        self._kind = run_counts.blueprint.scenario.endpoint.variant_routing
        self._log = RequestLog() if record_requests else None
        self._routing: Routing
        self._turns: dict[int, int] = {}
        self._workers: dict[tuple[int, int], simpy.Resource] = {}
        self._cookies: dict[tuple[int, ...], int] = {}
        self._kept: dict[tuple[int, int], tuple[int, int]] = {}
        self._users: set[tuple[int, int]] = set()
        self._memory = ClientMemory(self._blueprint)
        self._epoch = -1
        self._called = 0
        self._learned = 0
        self._propensities = self._blueprint.clients_of(draws)
        environment.process(self._traffic())

    def route(self, routing: Routing) -> None:
        """Put a split in force for the requests that arrive from now on."""
        self._routing = routing
        if routing.counting_epoch != self._epoch:
            self._users, self._epoch = set(), routing.counting_epoch
        self._turns = dict.fromkeys(routing.choices, 0)

    def advance(self, until_ns: int) -> None:
        """Nothing to do: SimPy has played all requests up to now."""

    def call(self, target: int, now_ns: int) -> Callable[[], CallEnd | None]:
        """Let a request from outside arrive now, after all others of this instant."""
        arrival = called(self._blueprint, self._draws, self._called, target, now_ns)
        self._called += 1
        request = self._environment.process(self._call(arrival))
        return lambda: request.value if request.triggered else None

    def first_labelled(self, ticks: range, wanted: Sequence[tuple[Sequence[int], int]]) -> int:
        """The first: here a policy is asked at every tick.

        So comparing the two planes also tests what policies say of the ticks that they do not need.
        """
        return ticks[0]

    def newly_labelled(self) -> LabelledRecords:
        """The records whose label's arrival became known since this was last asked."""
        assert self._log is not None, "records are kept"
        found = self._log.learned_since(self._learned)
        self._learned += len(found.numbers)
        return found

    def records(self) -> NDArray[np.int64] | None:
        """The request records, if a log was kept."""
        return None if self._log is None else self._log.table()

    def _traffic(self) -> Steps:
        for arrival in arrivals(self._blueprint, self._draws):
            yield at(self._environment, arrival.arrived_ns, Rank.ARRIVAL)
            if not self._memory.has_left(arrival):
                self._environment.process(self._request(arrival))

    def _call(self, arrival: Arrival) -> Generator[simpy.Event, Any, CallEnd]:
        yield at(self._environment, arrival.arrived_ns, Rank.CALL)
        end = yield from self._request(arrival)
        return end

    def _request(self, arrival: Arrival) -> Generator[simpy.Event, Any, CallEnd]:
        self._run_counts.totals[Total.ARRIVED] += 1
        record = self._log.arrive(arrival) if self._log else 0
        routing, variant = self._routing, self._choose_variant(arrival)
        self._copy_if_mirrored(arrival, variant)
        if not routing.instances[variant]:
            self._run_counts.book_invalid(arrival.arrived_ns)
            if self._log:
                self._log.finish(record, Status.INVALID_TARGET, arrival.arrived_ns)
            return CallEnd(variant, None, Status.INVALID_TARGET, UNKNOWN, arrival.arrived_ns)
        answering = self._memory.meet(arrival, variant)
        end = yield from self._serve(variant, arrival, arrival.service, record)
        status = end.status
        self._run_counts.book_end(status)
        self._run_counts.book_client(variant, arrival.segment, arrival.client)
        if status is not Status.REJECTED:
            self._give_cookie(arrival, variant, routing)
        if status is Status.OK:
            self._label(end, arrival, record, answering)
        if self._memory.leaves_if_bad(arrival) and self._is_bad(end, answering, arrival):
            self._memory.leave(arrival)
        return end

    def _copy(self, arrival: Arrival, words: tuple[int, int, int, int]) -> Steps:
        """A mirrored copy: served like a request, but its reply is dropped."""
        self._run_counts.totals[Total.COPIES] += 1
        record = self._log.arrive(arrival, COPY) if self._log else 0
        variant = self._routing.mirror
        end = yield from self._serve(variant, arrival, words, record)
        self._run_counts.book_copy(variant, end.finished_ns, end.status)

    def _serve(
        self, variant: int, arrival: Arrival, words: tuple[int, int, int, int], record: int
    ) -> Generator[simpy.Event, Any, CallEnd]:
        """At an instance of the variant: wait, be served, be booked; returns how it ended."""
        instances = self._routing.instances[variant]
        instance = self._choose_instance(variant, instances, words[1])
        workers = self._workers_of(variant, instance)
        if self._log:
            self._log.variant[record], self._log.instance[record] = variant, instance
        plan = self._blueprint.variants[variant]
        full = workers.count == plan.workers
        if full and plan.queue_limit is not None and len(workers.queue) >= plan.queue_limit:
            self._run_counts.book_rejected(variant, arrival.arrived_ns, len(instances))
            if self._log:
                self._log.finish(record, Status.REJECTED, arrival.arrived_ns)
            return CallEnd(variant, instance, Status.REJECTED, UNKNOWN, arrival.arrived_ns)
        with workers.request() as turn:
            yield turn
            started_ns = now_ns(self._environment)
            if self._log:
                self._log.started_ns[record] = started_ns
            met = self._blueprint.conditions.met(arrival.segment, variant, instance)
            usual_ns = plan.service_ns(words[2], arrival.sizes)
            service_ns = service_under(met, started_ns, usual_ns)
            yield at(self._environment, started_ns + service_ns, Rank.COMPLETION)
        finished_ns = now_ns(self._environment)
        failed = words[3] < plan.error_below or fails(met, started_ns, words[3])
        status = Status.FAILED if failed else Status.OK
        times_ns = (arrival.arrived_ns, started_ns, finished_ns)
        self._run_counts.book_served(variant, times_ns, status is Status.FAILED, len(instances))
        if self._log:
            self._log.finish(record, status, finished_ns)
        return CallEnd(variant, instance, status, started_ns, finished_ns)

    def _choose_variant(self, arrival: Arrival) -> int:
        if arrival.target != NO_VARIANT:
            return arrival.target
        if self._has_cookie(arrival):
            return self._routing.pinned
        kept = self._kept_variant(arrival)
        if kept != NO_VARIANT:
            return kept
        variant = self._choose_by_weight(arrival)
        self._book_assigned(arrival, variant)
        self._keep(arrival, variant)
        return variant

    def _kept_variant(self, arrival: Arrival) -> int:
        """What was drawn for the client before and still holds; else NO_VARIANT."""
        user = arrival.segment, arrival.client
        variant, until_ns = self._kept.get(user, (NO_VARIANT, 0))
        if arrival.arrived_ns >= until_ns:
            return NO_VARIANT
        if self._kind == "keep_alive":  # an open connection knows nothing of weights
            if not self._routing.instances[variant]:
                return NO_VARIANT
            self._keep(arrival, variant)
            return variant
        return variant if variant in self._routing.choices else NO_VARIANT

    def _keep(self, arrival: Arrival, variant: int) -> None:
        """Under a rule that keeps clients with what was drawn, from now on and for its affinity."""
        affinity_ns = self._blueprint.scenario.endpoint.affinity
        if affinity_ns is not None:
            user = arrival.segment, arrival.client
            self._kept[user] = variant, arrival.arrived_ns + affinity_ns

    def _book_assigned(self, arrival: Arrival, variant: int) -> None:
        user = self._drawn_as(arrival)
        new = self._routing.counts_users and user not in self._users
        if new:
            self._users.add(user)
        self._run_counts.book_assigned(variant, arrival.arrived_ns, new_user=new)

    def _drawn_as(self, arrival: Arrival) -> tuple[int, int]:
        """Who is drawn with the request: its client, or its session, which may be its own."""
        if self._kind != "session_hash":
            return arrival.segment, arrival.client
        own = -1 - arrival.number
        return arrival.segment, own if arrival.session == NO_SESSION else arrival.session

    def _choose_by_weight(self, arrival: Arrival) -> int:
        if self._kind == "smooth_weighted_round_robin":
            return self._next_in_turn()
        if self._kind == "session_hash":
            return pick_by_word(self._routing, arrival.session_word)
        if self._kind not in HASHING:
            return pick_by_word(self._routing, arrival.service[0])
        stream = self._blueprint.segments[arrival.segment].stream
        word = self._draws.block(Purpose.ASSIGNMENT, stream, arrival.client)[0]
        if self._kind == "sticky_hash":
            return pick_by_word(self._routing, word)
        salts = [self._blueprint.variants[choice].salt for choice in self._routing.choices]
        pick = pick_by_rendezvous if self._kind == "consistent_hash" else pick_linearly
        return pick(self._routing, [own_word(word, salt) for salt in salts])

    def _has_cookie(self, arrival: Arrival) -> bool:
        since_ns = self._cookies.get(_cookie_of(arrival, self._routing))
        return since_ns is not None and arrival.arrived_ns < since_ns + self._routing.cookie_ns

    def _give_cookie(self, arrival: Arrival, variant: int, routing: Routing) -> None:
        """With the reply, unless the client has had one since it asked."""
        if variant != routing.pinned or arrival.target != NO_VARIANT:
            return
        cookie = _cookie_of(arrival, routing)
        since_ns = self._cookies.get(cookie)
        if since_ns is None or since_ns + routing.cookie_ns <= arrival.arrived_ns:
            self._cookies[cookie] = now_ns(self._environment)

    def _copy_if_mirrored(self, arrival: Arrival, variant: int) -> None:
        routing = self._routing
        if routing.mirror in (NO_VARIANT, variant) or arrival.target != NO_VARIANT:
            return
        stream = self._blueprint.segments[arrival.segment].stream
        words = self._draws.block(Purpose.SERVICE, stream, arrival.number, attempt=COPY_ATTEMPT)
        if words[0] < routing.copied_below:
            self._environment.process(self._copy(arrival, words))

    def _next_in_turn(self) -> int:
        """Nginx's smooth weighted round robin: all gain a share, the largest serves and pays."""
        for choice, share in zip(self._routing.choices, self._routing.turns, strict=True):
            self._turns[choice] += share
        chosen = max(self._turns, key=self._turns.__getitem__)  # the first among equals
        self._turns[chosen] -= TURN_UNIT
        return chosen

    def _choose_instance(self, variant: int, instances: tuple[int, ...], word: int) -> int:
        if not self._blueprint.variants[variant].least_outstanding:
            return pick_uniform(instances, word)
        held = [self._workers_of(variant, instance) for instance in instances]
        outstanding = [workers.count + len(workers.queue) for workers in held]
        return pick_least_outstanding(instances, outstanding, word)

    def _workers_of(self, variant: int, instance: int) -> simpy.Resource:
        place = self._blueprint.variants[variant].host, instance
        if place not in self._workers:
            capacity = self._blueprint.variants[variant].workers
            self._workers[place] = simpy.Resource(self._environment, capacity)
        return self._workers[place]

    def _label(self, end: CallEnd, arrival: Arrival, record: int, answering: int) -> None:
        """Book the label of an answered request now, for the time at which it will arrive.

        Its answer is one of the variant `answering`.
        """
        _, _, delay_word, never_word = arrival.outcome
        blueprint = self._blueprint
        labelled = blueprint.segments[arrival.segment].labelled
        usual = blueprint.labels is None  # a delay and a share are all
        if not labelled or (usual and never_word < blueprint.never_labelled_below):
            self._run_counts.book_label_end(None)
            return
        outcome = self._outcome(end, answering, arrival)
        if blueprint.labels is not None:
            answer = Answer(end.variant, outcome, end.finished_ns)
            self._label_by_course(blueprint.labels, answer, arrival, record)
            return
        label_ns = end.finished_ns + blueprint.label_delay.draw(delay_word)
        self._run_counts.book_label(end.variant, label_ns, outcome)
        if self._log:
            seen = label_ns < blueprint.horizon_ns
            self._log.learn(record, label_ns, outcome if seen else None)

    def _outcome(self, end: CallEnd, variant: int, arrival: Arrival) -> RequestOutcome:
        """What the answer is to this client, as good as one of a variant.

        One that is carried over knows of what the timeline does to all instances of that variant.
        """
        assert end.instance is not None
        row, score, _, _ = arrival.outcome
        segment = arrival.segment
        instance = end.instance if variant == end.variant else ALL_INSTANCES
        answers = self._blueprint.answers_met((segment, variant, instance), end.started_ns, row)
        below = self._propensities.succeeds_below((segment, variant, answers), arrival.client)
        salt = self._blueprint.variants[variant].salt
        sampler = self._blueprint.conditions.samplers[answers]
        outcome = sampler.draw(row, score, salt, below)
        if sampler.reward_scale is None:
            return outcome
        lowest, place = sampler.reward_scale.lowest, (segment, variant)
        units = self._propensities.multiplied(place, arrival.client, outcome.score, lowest)
        return outcome._replace(score=units)

    def _is_bad(self, end: CallEnd, answering: int, arrival: Arrival) -> bool:
        """Whether a client has reason to leave: an error, a wrong answer, or nothing earned."""
        if end.status is not Status.OK:
            return True
        outcome = self._outcome(end, answering, arrival)
        scale = self._blueprint.conditions.own(end.variant).reward_scale
        return outcome.score <= scale.zero if scale is not None else outcome.correct == 0

    def _label_by_course(
        self, labels: LabelPlan, answer: Answer, arrival: Arrival, record: int
    ) -> None:
        """The same where there is more to labels than a delay and a share."""
        horizon_ns = self._blueprint.horizon_ns
        stream = self._blueprint.segments[arrival.segment].stream
        words = self._draws.block(Purpose.LABEL, stream, arrival.content)
        delivered = deliveries(labels, answer, arrival.outcome, words, horizon_ns)
        self._run_counts.book_label_end(delivered[0].at_ns if delivered else None)
        for each in counted(labels, answer, delivered):
            self._run_counts.count_label(answer.variant, each.at_ns, each.outcome, each.sign)
        if self._log and delivered:
            seen = delivered[0].at_ns < horizon_ns
            self._log.learn(record, delivered[0].at_ns, delivered[0].outcome if seen else None)


def _cookie_of(arrival: Arrival, routing: Routing) -> tuple[int, ...]:
    """Which cookie of whom: another variant or another age makes another cookie."""
    return routing.pinned, routing.cookie_ns, arrival.segment, arrival.client
