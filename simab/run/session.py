"""A run that you move by hand: `Session(scenario)`, then advance, observe, act, close."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from simab import units
from simab.draws import Draws
from simab.policies import Action, Observation, Refusal
from simab.run.simulation import Run, require_scenario
from simab.scenario.models import Scenario
from simab.scenario.serving import Autoscaling
from simab.world import Blueprint
from simab.world import Session as WorldSession
from simab.world.answers import checked_decision
from simab.world.calls import Reply, Waited
from simab.world.control import SplitEntry

__all__ = ["BY_HAND", "Session"]

BY_HAND = "by hand"
"""The name of the policy in the run that a session closes to."""


class Session:
    """One replication of a scenario, from its start to the horizon, without a policy.

    >>> session = Session(load("scenarios/minimal.yaml"))  # doctest: +SKIP
    >>> session.advance("10min")                           # doctest: +SKIP
    >>> session.observe().metrics.labels("new")            # doctest: +SKIP
    >>> session.act([Promote("new", because="it leads")])    # doctest: +SKIP
    >>> run = session.close()                              # doctest: +SKIP

    Args:
        scenario: what to play.
        seed: of all random numbers, 0 to 2**64 - 1.
        replication: which of the independent repetitions, 0 to 2**64 - 1.
        engine: "compiled" (Numba) or "reference" (SimPy, one process per request): same bits.
        record_requests: whether to keep a record of every request, for `Run.requests`.
        called: whether requests may be made from outside, by `call`.

    Raises:
        InvalidInput: an argument of the wrong type or out of its range.
    """

    def __init__(
        self,
        scenario: Scenario,
        *,
        seed: int = 1,
        replication: int = 0,
        engine: str = "compiled",
        record_requests: bool = False,
        called: bool = False,
    ) -> None:
        require_scenario(scenario)
        self._engine, self._draws = engine, Draws(seed, replication)
        self._session = WorldSession(
            Blueprint.of(scenario, called=called),
            self._draws,
            engine=engine,
            record_requests=record_requests,
        )

    @property
    def now_ns(self) -> int:
        """The time up to which all has been played, in ns from the start."""
        return self._session.now_ns

    @property
    def interval_ns(self) -> int:
        """The time between two looks of the scenario's controller, in ns."""
        return self._session.blueprint.interval_ns

    @property
    def ended(self) -> bool:
        """Whether the horizon has been reached: nothing can be asked for any more."""
        return self._session.ended

    def advance(self, until: int | str) -> None:
        """Play all that happens before an instant, and the update that ends then.

        Args:
            until: from the start, in ns or as a duration such as "10min". An instant after the
                horizon is the horizon.

        Raises:
            InvalidInput: it is not later than now, or no duration.
        """
        self._session.advance(units.parse_duration(until) if isinstance(until, str) else until)

    def observe(self) -> Observation:
        """What a policy would be shown now: what is deployed, and the metrics published by now."""
        return self._session.observe()

    def act(self, actions: Iterable[Action]) -> tuple[Refusal, ...]:
        """Ask the endpoint for changes, one after the other; returns what it refused, and why.

        Raises:
            InvalidInput: something else than actions, or the horizon has been reached.
        """
        return self._session.act(checked_decision((actions, None))[0])

    def call(
        self, target: str | None = None, *, patience_ns: int | None = None
    ) -> Reply | Waited | None:
        """Make a request of your own now, and play all that happens until its reply.

        It waits and is served among the others, which go on meanwhile.

        Args:
            target: the variant that it names; without one it goes by weight.
            patience_ns: after how long the caller gives up.

        Returns:
            The reply; `Waited` where the caller gave up before, and None where the run ended.

        Raises:
            InvalidInput: the session was not made with `called`, the horizon has been reached, or
                the scenario has no such variant.
        """
        return self._session.call(target, patience_ns=patience_ns)

    @property
    def pending(self) -> SplitEntry | None:
        """The weights and instances that the update under way leads to; None without one."""
        return self._session.pending

    def autoscale(self, variant: str, settings: Autoscaling | None) -> None:
        """From now on scale a variant so, or no more: in place of what the scenario says.

        Raises:
            InvalidInput: the scenario has no such variant.
        """
        self._session.autoscale(variant, settings)

    def at(self, at_ns: int, callback: Callable[[], None]) -> None:
        """Call back at an instant, in ns from the start, when all before it has been played.

        What the callback asks of the endpoint is in force before the requests of that instant; it
        may ask to be called again later. It may not advance the session, call or close it.

        Raises:
            InvalidInput: the instant is before now.
        """
        self._session.at(at_ns, callback)

    def close(self) -> Run:
        """Play what is left, and close the counts: the run, under the policy name BY_HAND."""
        run_data, decision_log = self._session.close()
        return Run(
            scenario=self._session.blueprint.scenario,
            policy_name=BY_HAND,
            seed=self._draws.seed,
            replication=self._draws.replication,
            engine=self._engine,
            data=run_data,
            decision_log=decision_log,
        )
