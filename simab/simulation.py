"""Play a scenario once and close the books: `simulate(...) -> Run`."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from os import PathLike
from typing import TYPE_CHECKING

import numpy as np

from simab.draws import Draws
from simab.errors import InvalidInput
from simab.policies import Action
from simab.policies.metrics import LATENCY_PROBABILITIES
from simab.profiles.outcomes import NONE, SCORE_ONE
from simab.scenario.models import Scenario
from simab.world import Blueprint, Ledger, Transcript, play
from simab.world.books import (
    INSTANCE_SHARE_ONE,
    LabelColumn,
    RequestColumn,
    Total,
    time_sum_ns,
)
from simab.world.control import Decider, NoDecision, PolicyRaised
from simab.world.records import COPY, RECORD_COLUMNS

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Run", "Totals", "choose_policy", "play_run", "require_scenario", "simulate"]


SHOWN_COLUMNS = tuple(column for column in RequestColumn if "CARRIES" not in column.name)


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
    """One replication of a scenario under one policy, from the start to the horizon."""

    scenario: Scenario
    policy_name: str
    seed: int
    replication: int
    engine: str
    ledger: Ledger
    transcript: Transcript

    @property
    def totals(self) -> Totals:
        """How the requests and labels ended."""
        count = [int(value) for value in self.ledger.books.totals]
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
        status (0: in flight at the horizon), attempt, label, score, correct, label_ns.

        Raises:
            InvalidInput: the run was made without `record_requests=True`.
        """
        import pandas as pd

        records = self.ledger.records
        if records is None:
            raise InvalidInput("the run kept no request log; simulate with record_requests=True")
        names = np.array([*self.scenario.endpoint.variants, ""], dtype=object)
        segments = np.array(list(self.scenario.traffic), dtype=object)
        column = dict(zip(RECORD_COLUMNS, records.T, strict=True))
        score = column["score"]
        return pd.DataFrame(
            {
                "request": np.cumsum(column["attempt"] != COPY) - 1,
                "client": column["client"],
                "segment": segments[column["segment"]],
                "variant": names[column["variant"]],
                "instance": column["instance"],
                "arrived_ns": column["arrived_ns"],
                "started_ns": column["started_ns"],
                "finished_ns": column["finished_ns"],
                "status": column["status"],
                "attempt": column["attempt"],
                "label": column["label"],
                "score": np.where(score == NONE, np.nan, score / SCORE_ONE),
                "correct": column["correct"],
                "label_ns": column["label_ns"],
            }
        )

    @cached_property
    def windows(self) -> pd.DataFrame:
        """One row a metric window and variant that had requests or labels; an idle one is absent.

        Labels are counted in the window in which they arrive.
        """
        import pandas as pd

        books = self.ledger.books
        per_window = books.blueprint.period_ns // books.blueprint.label_resolution_ns
        rows = []
        for window in range(len(books.requests)):
            for number, name in enumerate(books.blueprint.names):
                requests = books.requests[window, number]
                buckets = slice(window * per_window, (window + 1) * per_window)
                labels = books.labels[buckets, number].sum(axis=0)
                if requests[RequestColumn.INVOCATIONS] or labels.any():
                    totals = books.request_totals(number, window, window + 1)
                    row = {"start_ns": window * books.blueprint.period_ns, "variant": name}
                    row |= {column.name.lower(): int(requests[column]) for column in SHOWN_COLUMNS}
                    for column in (RequestColumn.LATENCY_SUM_NS, RequestColumn.WAIT_SUM_NS):
                        row[column.name.lower()] = time_sum_ns(requests[np.newaxis], column)
                    row |= {
                        f"{name}_ns": totals.latency_quantile_ns(probability)
                        for name, probability in LATENCY_PROBABILITIES.items()
                    }
                    row |= {column.name.lower(): int(labels[column]) for column in LabelColumn}
                    rows.append(row)
        frame = pd.DataFrame(rows, columns=_window_columns())
        frame["invocations_per_instance"] /= INSTANCE_SHARE_ONE
        return frame

    @cached_property
    def decisions(self) -> pd.DataFrame:
        """One row an action that the policy asked for: when, what, whether accepted, and why."""
        import pandas as pd

        return pd.DataFrame(
            [
                {
                    "at_ns": entry.at_ns,
                    "action": type(entry.action).__name__,
                    "detail": describe_action(entry.action),
                    "accepted": entry.accepted,
                    "refusal": entry.refusal,
                    "because": entry.action.because,
                }
                for entry in self.transcript.decisions
            ],
            columns=["at_ns", "action", "detail", "accepted", "refusal", "because"],
        )

    @cached_property
    def splits(self) -> pd.DataFrame:
        """One row a split in force and variant: from when, its weight, share and instances."""
        import pandas as pd

        rows = []
        for entry in self.transcript.splits:
            total = sum(entry.weights.values())
            rows += [
                (entry.at_ns, name, weight, weight / total, entry.instances[name])
                for name, weight in entry.weights.items()
            ]
        return pd.DataFrame(rows, columns=["at_ns", "variant", "weight", "share", "instances"])

    def _repr_html_(self) -> str:
        import pandas as pd

        table = pd.DataFrame(
            [(f.name, getattr(self.totals, f.name)) for f in fields(Totals)],
            columns=["requests and labels", "count"],
        )
        html: str = table.to_html(index=False, border=0)
        return html


def describe_action(action: Action) -> str:
    """What an action asks for, in a few words: `Variant1 25, Variant2 75`."""
    weights = getattr(action, "weights", None)
    if weights is not None:
        return ", ".join(f"{name} {weight:g}" for name, weight in weights.items())
    words = [getattr(action, name) for name in ("variant", "instances") if hasattr(action, name)]
    return " ".join(str(word) for word in words)


def choose_policy(scenario: Scenario, policy: str | Decider | None) -> tuple[str, Decider]:
    """A policy by its name in the scenario, an object of one's own, or the scenario's first.

    Raises:
        InvalidInput: no policy of that name, or an object without `decide`.
    """
    if policy is None:
        policy = next(iter(scenario.policies))
    if isinstance(policy, str):
        if policy not in scenario.policies:
            raise InvalidInput(
                f"policy = {policy!r}: the scenario has no such policy; "
                f"it has {', '.join(scenario.policies)}"
            )
        return policy, scenario.policies[policy]
    if not callable(getattr(policy, "decide", None)):
        raise InvalidInput(
            f"policy = {policy!r}: a policy has a method decide(state, observation); "
            "give the name of one in the scenario, or an object that has it"
        )
    return type(policy).__name__, policy


def require_scenario(scenario: object) -> None:
    """Refuse what is no scenario, such as the name of a file.

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
        Exception: whatever the policy raises.
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
    except PolicyRaised as raised:  # without the frames of what called it
        raise raised_by_policy(name, raised) from None


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
    ledger, transcript = play(
        blueprint, decider, draws, engine=engine, record_requests=record_requests
    )
    return Run(
        scenario=blueprint.scenario,
        policy_name=name,
        seed=draws.seed,
        replication=draws.replication,
        engine=engine,
        ledger=ledger,
        transcript=transcript,
    )


def raised_by_policy(name: str, raised: PolicyRaised) -> Exception:
    """What the policy raised itself; InvalidInput if it answered with what are no actions."""
    error: Exception = raised.args[0]
    return InvalidInput(f"policy {name}: {error}") if isinstance(error, NoDecision) else error


def _window_columns() -> list[str]:
    return [
        "start_ns",
        "variant",
        *(column.name.lower() for column in SHOWN_COLUMNS),
        *(f"{name}_ns" for name in LATENCY_PROBABILITIES),
        *(column.name.lower() for column in LabelColumn),
    ]
