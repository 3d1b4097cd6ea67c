"""Play a scenario once and close the counts: `simulate(...) -> Run`."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from os import PathLike
from typing import TYPE_CHECKING, Final

from simab.documents.violations import field_name
from simab.draws import Draws
from simab.errors import InvalidInput, SimabError
from simab.policies import Policy
from simab.run.frames import (
    decisions_frame,
    requests_frame,
    scalings_frame,
    splits_frame,
    users_met,
    windows_frame,
)
from simab.run.look_readings import ReadingAt
from simab.scenario import rules
from simab.scenario.models import Scenario
from simab.scenario.suggestions import remedy_for_name
from simab.text.durations import duration_text
from simab.text.html import html_paragraph, html_table
from simab.units import seconds
from simab.world import Blueprint, DecisionLog, RunData, play
from simab.world.control import Decider, PolicyRaised
from simab.world.run_counts import Total

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Run", "Totals", "choose_policy", "play_run", "require_scenario", "simulate"]

_SHOWN: Final = 10  # actions in a notebook


@dataclass(frozen=True, slots=True)
class Totals:
    """How the requests and labels of a run ended; nothing is dropped.

    arrived = answered + failed + rejected + invalid + in_flight, and
    answered = labels_arrived + labels_outstanding + labels_never. Mirrored copies come on top.
    """

    arrived: int
    answered: int
    failed: int
    rejected: int
    invalid: int
    in_flight: int
    labels_arrived: int
    labels_outstanding: int
    labels_never: int
    copies: int


@dataclass(frozen=True, eq=False)
class Run:
    """One replication of a scenario under one policy, from the start to the horizon.

    `readings` is what the policy measured at its looks, where the run was played to be looked at.
    """

    scenario: Scenario
    policy_name: str
    seed: int
    replication: int
    engine: str
    data: RunData
    decision_log: DecisionLog
    readings: tuple[ReadingAt, ...] = ()

    @property
    def totals(self) -> Totals:
        """How the requests and labels ended."""
        count = [int(value) for value in self.data.run_counts.totals]
        ended = (Total.ANSWERED, Total.FAILED, Total.REJECTED, Total.INVALID)
        return Totals(
            arrived=count[Total.ARRIVED],
            answered=count[Total.ANSWERED],
            failed=count[Total.FAILED],
            rejected=count[Total.REJECTED],
            invalid=count[Total.INVALID],
            in_flight=count[Total.ARRIVED] - sum(count[entry] for entry in ended),
            labels_arrived=count[Total.LABELS_ARRIVED],
            labels_outstanding=count[Total.LABELS_OUTSTANDING],
            labels_never=count[Total.LABELS_NEVER],
            copies=count[Total.COPIES],
        )

    @cached_property
    def requests(self) -> pd.DataFrame:
        """One row a request, in order of arrival; times in ns, -1 and NaN where unknown.

        A mirrored copy has a row of its own after its request's, with attempt -1.

        Columns: request, client, segment, variant, instance, arrived_ns, started_ns, finished_ns,
        status (0: in flight at the horizon), attempt, label, score, correct, label_ns; and reward,
        where a variant earns a numeric one.

        Raises:
            InvalidInput: the run was made without `record_requests=True`.
        """
        return requests_frame(self.scenario, self.data)

    @cached_property
    def users_met(self) -> dict[str, int] | None:
        """How many users each variant has met; None where the run kept no record of requests."""
        return users_met(self.scenario, self.data)

    @cached_property
    def windows(self) -> pd.DataFrame:
        """One row a metric window and variant that had requests or labels; an idle one is absent.

        Labels are counted in the window in which they arrive; so is what the weights sent to the
        variant: requests (`assigned`), and where routing keeps users with a variant, by a hash or
        by cookies, users, each once in a split (`users_assigned`); sessions under session_hash.
        """
        return windows_frame(self.data.run_counts)

    @cached_property
    def decisions(self) -> pd.DataFrame:
        """One row an action that the policy asked for: when, what, whether accepted, and why."""
        return decisions_frame(self.decision_log)

    @cached_property
    def splits(self) -> pd.DataFrame:
        """One row a split in force and variant: from when, its weight, share and instances."""
        return splits_frame(self.decision_log)

    @cached_property
    def scalings(self) -> pd.DataFrame:
        """One row a number of instances that autoscaling asked for: when, and why refused if so.

        Columns: at_ns, variant, before, after, invocations_per_instance (of the newest published
        metric window), in_force_ns, refusal.
        """
        return scalings_frame(self.decision_log)

    def _repr_html_(self) -> str:
        """How requests and labels ended, and the last actions with their reasons."""
        totals = [
            (field.name.replace("_", " "), f"{getattr(self.totals, field.name):,}")
            for field in fields(Totals)
        ]
        entries = self.decision_log.decisions
        actions = [
            (
                duration_text(seconds(entry.at_ns)),
                type(entry.action).__name__,
                entry.action.because if entry.accepted else f"refused: {entry.refusal}",
            )
            for entry in entries[-_SHOWN:]
        ]
        shown = f"{self.scenario.title}: {self.policy_name}, seed {self.seed}, "
        shown += f"replication {self.replication}"
        table = html_table(shown, ("requests and labels", "count"), totals)
        if not actions:
            return table + html_paragraph("The policy did nothing.")
        some = len(entries) > _SHOWN
        which = f"The last {_SHOWN} of {len(entries):,} actions" if some else "Actions"
        return table + html_table(which, ("at", "action", "because"), actions)


def choose_policy(scenario: Scenario, policy: str | Decider | None) -> tuple[str, Decider]:
    """A policy by its name in the scenario, an object of one's own, or the scenario's first.

    Raises:
        InvalidInput: no policy of that name, an object without `decide`, or a rule that does not
            fit what the variants earn: correct answers or numeric rewards.
    """
    if policy is None:
        policy = next(iter(scenario.policies))
    if isinstance(policy, str):
        if policy not in scenario.policies:
            raise InvalidInput(
                f"policy = {policy!r}: the scenario has no such policy. "
                + remedy_for_name(policy, scenario.policies, "It has")
            )
        return policy, scenario.policies[policy]
    if not callable(getattr(policy, "decide", None)):
        raise InvalidInput(
            f"policy = {policy!r}: a policy has a method decide(state, observation); "
            "give the name of one in the scenario, or an object that has it"
        )
    if isinstance(policy, Policy):
        _require_fitting(policy, scenario)
    return type(policy).__name__, policy


def _require_fitting(policy: Policy, scenario: Scenario) -> None:
    """Hold an object to what the policies of a file are held to, where it cannot play otherwise."""
    for violation in rules.violations_by(policy, scenario):
        field = field_name(violation.path)
        shown = f"{policy!r:.60}"
        if field != "kind":
            shown = f"{type(policy).__name__}({field}={getattr(policy, field)!r})"
        raise InvalidInput(f"policy = {shown}: {violation.rule}. {violation.remedy}")


def require_scenario(scenario: object) -> None:
    """Refuse what is not a scenario, such as the name of a file.

    Raises:
        InvalidInput: what it is, and how to get a scenario.
    """
    if isinstance(scenario, Scenario):
        return
    is_path = isinstance(scenario, str | PathLike)
    remedy = f"load it first: simab.load({str(scenario)!r})" if is_path else "simab.load gives one"
    raise InvalidInput(
        f"scenario = {scenario!r:.60}: must be a Scenario, not {type(scenario).__name__}; {remedy}"
    )


def simulate(
    scenario: Scenario,
    *,
    policy: str | Decider | None = None,
    seed: int = 1,
    replication: int = 0,
    engine: str = "compiled",
    record_requests: bool = False,
) -> Run:
    """Play a scenario once under one policy.

    Args:
        scenario: what to play.
        policy: the name of one of its policies, or any object with `decide`; its first by default.
        seed: of all random numbers, 0 to 2**64 - 1.
        replication: which of the independent repetitions, 0 to 2**64 - 1.
        engine: "compiled" (Numba) or "reference" (SimPy, one process per request): same bits.
        record_requests: whether to keep a record of every request, for `Run.requests`.

    Returns:
        The run. The same arguments give the same bytes.

    Raises:
        InvalidInput: an argument of the wrong type or out of its range, an unknown policy or
            engine, or a policy that answers with something else than actions.
        BaseException: whatever the policy raises.
    """
    require_scenario(scenario)
    name, decider = choose_policy(scenario, policy)
    try:
        return play_run(
            Blueprint.of(scenario),
            (name, decider),
            Draws(seed, replication),
            engine=engine,
            record_requests=record_requests,
        )
    except PolicyRaised as raised:
        error = raised_by_policy(name, raised)
    raise error  # out here: inside it would become the context of its own context


def play_run(
    blueprint: Blueprint,
    policy: tuple[str, Decider],
    draws: Draws,
    *,
    engine: str = "compiled",
    record_requests: bool = False,
) -> Run:
    """`simulate` for a blueprint made beforehand, as a study does for all of its replications.

    Raises:
        InvalidInput: no such engine.
        PolicyRaised: with what the policy raised; `raised_by_policy` says what to make of it.
    """
    name, decider = policy
    run_data, decision_log = play(
        blueprint, decider, draws, engine=engine, record_requests=record_requests
    )
    return Run(
        scenario=blueprint.scenario,
        policy_name=name,
        seed=draws.seed,
        replication=draws.replication,
        engine=engine,
        data=run_data,
        decision_log=decision_log,
    )


def raised_by_policy(name: str, raised: PolicyRaised) -> BaseException:
    """What the policy raised itself; InvalidInput with its name where simab refuses something.

    That is an answer without actions, or a value that a function of simab's does not take.
    """
    error: BaseException = raised.args[0]
    return InvalidInput(f"policy {name}: {error}") if isinstance(error, SimabError) else error
