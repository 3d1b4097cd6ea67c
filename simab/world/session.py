"""A replication that is moved by hand: advance, observe, act, close. What plays a policy is a loop.

Control events lie between the requests: what is asked for at an instant is in force before the
requests that arrive at that instant, and an update that ends then is over before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Final

import simpy

from simab.draws import Draws
from simab.errors import InvalidInput
from simab.policies import Action, Observation, Refusal, SetInstances, SetWeights
from simab.scenario.serving import Autoscaling
from simab.scenario.timeline import WeightChange
from simab.world.answer_log import AnswerLog
from simab.world.autoscaling import Autoscaler
from simab.world.blueprint import Blueprint
from simab.world.calls import Caller, Reply, Waited
from simab.world.compiled.compilation import require_numba
from simab.world.control import (
    AppliedSplit,
    DataPlane,
    DecisionEntry,
    DecisionLog,
    OthersEntry,
    RunData,
    ScalingEntry,
    SplitEntry,
)
from simab.world.deployment import Deployment
from simab.world.endpoint import Endpoint, Refused
from simab.world.event_order import Rank, at, now_ns, play_to, play_until
from simab.world.published import PublishedMetrics, ShownCounts
from simab.world.reference.plane import ReferencePlane
from simab.world.routers import RouterReplicas
from simab.world.run_counts import RunCounts, Total

__all__ = ["ENGINES", "Session"]

ENGINES: Final = ("compiled", "reference")


class Session:
    """One replication, from its start to the horizon. Times are whole nanoseconds.

    Observations show answers one by one where records are kept, for the run or for a policy.

    Raises:
        InvalidInput: no such engine.
    """

    def __init__(
        self,
        blueprint: Blueprint,
        draws: Draws,
        *,
        engine: str = "compiled",
        record_requests: bool = False,
        reads_answers: bool = False,
    ) -> None:
        self.blueprint = blueprint
        self._environment = simpy.Environment(initial_time=0)
        # Set before all else, so that nothing at the horizon comes before it.
        self._horizon = at(self._environment, blueprint.horizon_ns, Rank.CONTROL)
        self._run_counts = RunCounts.open(blueprint)
        keeps = record_requests or reads_answers
        self._records_asked = record_requests
        self._plane = _plane(engine)(
            self._environment, self._run_counts, draws, record_requests=keeps
        )
        self._endpoint = Endpoint(blueprint.scenario)
        log = AnswerLog(blueprint, draws, self._plane.newly_labelled) if keeps else None
        self._shown = ShownCounts(self._run_counts, log)
        self._refused: tuple[Refusal, ...] = ()
        self._decisions: list[DecisionEntry] = []
        self._splits: list[SplitEntry] = []
        self._pending: SplitEntry | None = None
        self._applied: list[AppliedSplit] = []
        self._autoscaler = Autoscaler(self._run_counts)
        self._scalings: list[ScalingEntry] = []
        self._caller = Caller(blueprint, draws)
        self._events: list[simpy.Event] = []
        self._routers = RouterReplicas(blueprint.scenario.endpoint, self._endpoint.weights)
        self._take_effect()
        self._looks_at_load = False
        self._look_at_load()
        self._others: list[OthersEntry] = []
        self._others_ask = [
            entry for entry in blueprint.scenario.timeline if isinstance(entry, WeightChange)
        ]
        for entry in self._others_ask:
            if entry.at < blueprint.horizon_ns:
                self.at(entry.at, partial(self._others_set, entry))

    @property
    def now_ns(self) -> int:
        """The time up to which all has been played."""
        return now_ns(self._environment)

    @property
    def ended(self) -> bool:
        """Whether the horizon has been reached: nothing can be asked for any more."""
        return self.now_ns >= self.blueprint.horizon_ns

    @property
    def update_ends_ns(self) -> int | None:
        """When the update under way ends; None where there is none."""
        return None if self._pending is None else self._pending.at_ns

    @property
    def scales_ns(self) -> int | None:
        """When autoscaling looks next; None where no variant is autoscaled."""
        return self._autoscaler.next_ns(self.now_ns) if self._autoscaler.is_used else None

    @property
    def others_ask_ns(self) -> int | None:
        """When somebody else next asks for weights; None where nobody will."""
        return min((each.at for each in self._others_ask if each.at > self.now_ns), default=None)

    @property
    def run_counts(self) -> RunCounts:
        """The counts as they stand: the truth, which no policy is shown."""
        return self._run_counts

    def assigned_since_change(self) -> tuple[int, Mapping[str, int]]:
        """Since when the router is asked for its present shares, and whom it has sent where by now.

        Variants without a share are left out. Where users are kept with a variant, a user counts
        once.
        """
        phases, windows = self._shown.phases, len(self._run_counts.requests)
        phase = phases.at(self.now_ns)
        counts = phases.assigned(phase, windows * self.blueprint.period_ns)
        names = [self.blueprint.names[choice] for choice in phase.choices]
        return phase.since_ns, dict(zip(names, counts, strict=True))

    @property
    def decisions(self) -> Sequence[DecisionEntry]:
        """What has been asked for by now."""
        return self._decisions

    @property
    def splits(self) -> Sequence[SplitEntry]:
        """The weights and instances that have been in force by now."""
        return self._splits

    @property
    def pending(self) -> SplitEntry | None:
        """What the update under way leads to, and when; None where there is none."""
        return self._pending

    @property
    def changes_ahead(self) -> bool:
        """Whether what requests meet will change at some instant that is known already."""
        self._events = [each for each in self._events if not each.processed]
        return bool(self._events)

    @property
    def next_publication_ns(self) -> int:
        """When the next metric window is published."""
        return self.blueprint.publication.next_ns(self.now_ns)

    def differs_from(self, shown: Observation) -> bool:
        """Whether the endpoint is not as an observation shows it; a refusal shows at one tick."""
        return (
            self._endpoint.status is not shown.status
            or bool(self._refused or shown.refused)
            or self._endpoint.weights is not shown.weights
            or self._endpoint.instances is not shown.instances
        )

    def first_labelled(self, ticks: range, wanted: Iterable[tuple[Sequence[str], int]]) -> int:
        """The first of some ticks at which these variants have as many labelled requests together.

        All numbers have to be reached; the last tick if they are not. No update may end before it.
        """
        numbers = self.blueprint.names.index
        counted = [([numbers(each) for each in names], count) for names, count in wanted]
        return self._plane.first_labelled(ticks, counted)

    def advance(self, until_ns: int) -> None:
        """Play all that happens before `until_ns`, and the update that ends then; at most all.

        Raises:
            InvalidInput: `until_ns` is not later than now.
        """
        if until_ns <= self.now_ns:
            raise InvalidInput(
                f"until_ns = {until_ns}: must be later than now, {self.now_ns} ns from the start"
            )
        if until_ns < self.blueprint.horizon_ns:
            play_until(self._environment, until_ns)
        else:
            play_to(self._environment, self._horizon)
        self._plane.advance(self.now_ns)

    def observe(self) -> Observation:
        """What a policy would be shown now: what is deployed, and the metrics published by now."""
        objective, now_ns = self.blueprint.scenario.objective, self.now_ns
        deployment = self._endpoint.deployment
        return Observation(  # by place, which costs a third: it is made at every tick
            now_ns,
            self._endpoint.status,
            deployment.weights,
            deployment.instances,
            objective.control,
            objective.candidate,
            PublishedMetrics(self._shown, now_ns),
            self._refused,
            objective.metric,
            objective.every_candidate if objective.several else (),
        )

    def autoscale(self, variant: str, settings: Autoscaling | None) -> None:
        """From now on scale a variant so, or no more: in place of what the scenario says.

        Raises:
            InvalidInput: the scenario has no such variant.
        """
        self.blueprint.number_of(variant)  # refuses what is none
        self._autoscaler.configure(variant, settings)
        self._look_at_load()

    def _look_at_load(self) -> None:
        """Autoscaling looks with every window from the first time that it is used."""
        if self._autoscaler.is_used and not self._looks_at_load:
            self._looks_at_load = True
            self._call(self._autoscale, self._autoscaler.next_ns(self.now_ns))

    def at(self, at_ns: int, callback: Callable[[], None]) -> None:
        """Call back at an instant, when all before it has been played and nothing at it.

        Of several for one instant, the first that was asked for comes first. What is asked of the
        endpoint then is in force before the requests that arrive at that instant. Never called
        where the run ends before.

        Raises:
            InvalidInput: the instant is before now.
        """
        if at_ns < self.now_ns:
            raise InvalidInput(
                f"at_ns = {at_ns}: must not be before now, {self.now_ns} ns from the start"
            )

        def reached(_: simpy.Event) -> None:
            self._plane.advance(self.now_ns)
            callback()

        self._call(reached, at_ns)

    def call(
        self, target: str | None = None, *, patience_ns: int | None = None
    ) -> Reply | Waited | None:
        """A request from outside that arrives now, and all that happens until its reply.

        It goes by weight, or to the variant that it names; what arrives at this instant comes
        before it. `Waited` where the caller's patience ends before the reply, which comes to
        nobody then; None where the run ends before.

        Raises:
            InvalidInput: the session is not made to be called, the horizon has been reached, or
                the scenario has no such variant.
        """
        self._require_going_on()
        arrived_ns, last_ns = self.now_ns, self.blueprint.horizon_ns
        find_end = self._plane.call(self._caller.number(target), arrived_ns)
        gone = self._horizon
        if patience_ns is not None and arrived_ns + patience_ns < last_ns:
            last_ns = arrived_ns + patience_ns
            gone = at(self._environment, last_ns, Rank.CONTROL)
        while (end := find_end()) is None and not gone.processed:
            self._environment.step()
        reply = self._caller.ended(end, arrived_ns)
        if reply is not None and reply.finished_ns >= last_ns:
            reply = None
        until_ns = last_ns if reply is None else reply.finished_ns
        if until_ns > self.now_ns:
            self.advance(until_ns)
        return reply if reply or self.ended else Waited(arrived_ns, last_ns)

    def _require_going_on(self) -> None:
        if self.ended:
            raise InvalidInput("the run has reached its horizon; nothing can be asked for any more")

    def act(self, actions: Iterable[Action]) -> tuple[Refusal, ...]:
        """Ask the endpoint for changes, one after the other; returns what it refused, and why.

        The next observation shows the refusals.

        Raises:
            InvalidInput: the horizon has been reached.
        """
        self._require_going_on()
        self._refused = ()
        for action in actions:
            refusal = self._carry_out(action)
            if refusal is not None:
                self._refused += (refusal,)
        return self._refused

    def close(self) -> tuple[RunData, DecisionLog]:
        """Play what is left, and close the counts."""
        if not self.ended:
            self.advance(self.blueprint.horizon_ns)
        self.abandon()
        decision_log = DecisionLog(
            tuple(self._decisions),
            tuple(self._splits),
            self._pending,
            tuple(self._applied),
            tuple(self._scalings),
            tuple(self._others),
        )
        records = self._plane.records() if self._records_asked else None
        return RunData(self._run_counts, records), decision_log

    def abandon(self) -> None:
        """Let go of an update under way.

        Its events and the queue that they wait in refer to each other, and to the counts: they
        would stay in memory until the collector of garbage comes.
        """
        for event in self._events:
            if event.callbacks:
                event.callbacks.clear()

    def _carry_out(self, action: Action) -> Refusal | None:
        refusal, _ = self._begin(action)
        arrived = int(self._run_counts.totals[Total.ARRIVED])
        self._decisions.append(DecisionEntry(self.now_ns, action, refusal, arrived))
        return Refusal(action, refusal) if refusal else None

    def _begin(self, action: Action) -> tuple[str, int]:
        """Ask the endpoint for a change: why it refuses, if so, and when it is in force."""
        try:
            updating_ns = self._endpoint.accept(action)
        except Refused as refused:
            return str(refused), self.now_ns
        end_ns = self.now_ns + updating_ns
        if updating_ns:
            # Scheduled now, before anybody advances to that instant: at it, the update ends first.
            self._pending = _split(self._endpoint.pending, end_ns)
            self._call(self._complete, end_ns)
        return "", end_ns

    def _others_set(self, entry: WeightChange) -> None:
        """Somebody else sets weights."""
        refusal, in_force_ns = self._begin(SetWeights(entry.weights, because=entry.name))
        weights = dict(entry.weights)
        self._others.append(OthersEntry(self.now_ns, weights, in_force_ns, refusal, entry.name))

    def _autoscale(self, _: simpy.Event) -> None:
        """A window is published: ask for the instances that it calls for."""
        now_ns, autoscaler = self.now_ns, self._autoscaler
        self._plane.advance(now_ns)
        instances = self._endpoint.instances
        for wish in list(autoscaler.wishes(now_ns, instances)):
            before = instances[wish.variant]
            refusal, in_force_ns = self._begin(SetInstances(wish.variant, wish.instances))
            if not refusal:
                autoscaler.accepted(wish, before, in_force_ns)
            self._scalings.append(
                ScalingEntry(
                    now_ns,
                    wish.variant,
                    before,
                    wish.instances,
                    wish.invocations_per_instance,
                    in_force_ns,
                    refusal,
                )
            )
        self._call(self._autoscale, autoscaler.next_ns(now_ns))

    def _complete(self, _: simpy.Event) -> None:
        self._plane.advance(self.now_ns)
        self._endpoint.complete()
        self._pending = None
        for later_ns in self._routers.change(self._endpoint.weights, self.now_ns):
            self._call(self._take_later, later_ns)
        self._take_effect()

    def _take_effect(self) -> None:
        self._autoscaler.deployed(self._endpoint.instances, self.now_ns)
        self._route()
        self._splits.append(_split(self._endpoint.deployment, self.now_ns))

    def _take_later(self, _: simpy.Event) -> None:
        """One router more takes a change; nobody who asks the endpoint sees it."""
        self._plane.advance(self.now_ns)
        self._route()

    def _route(self) -> None:
        routing = self._endpoint.routing(self._routers.held(self.now_ns))
        self._plane.route(self._shown.phases.enter(routing, self.now_ns))
        names = [self.blueprint.names[choice] for choice in routing.choices]
        shares = dict(zip(names, map(float, routing.shares), strict=True))
        self._applied.append(AppliedSplit(self.now_ns, shares))

    def _call(self, callback: Callable[[simpy.Event], None], at_ns: int) -> None:
        """At an instant that is not before now, ahead of the requests that arrive then."""
        event = at(self._environment, at_ns, Rank.CONTROL)
        event.callbacks.append(callback)
        self._events = [each for each in self._events if not each.processed]
        self._events.append(event)


def _split(deployment: Deployment, at_ns: int) -> SplitEntry:
    return SplitEntry(at_ns, dict(deployment.weights), dict(deployment.instances))


def _plane(engine: str) -> Callable[..., DataPlane]:
    """The class of an engine's data plane; Numba loads only where it is used."""
    if engine == "reference":
        return ReferencePlane
    if engine != "compiled":
        raise InvalidInput(f"engine = {engine!r}: must be one of {', '.join(ENGINES)}")
    require_numba()
    from simab.world.compiled.plane import CompiledPlane

    return CompiledPlane
