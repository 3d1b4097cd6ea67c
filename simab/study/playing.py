"""Play replications of one policy, each to its row: all that decides a row is called here."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple, Protocol

from simab.analyse import RunSummary, ScenarioTruth, summary_of, truth_of_scenario
from simab.analyse.counterfactual import Counterfactual, Repeatable
from simab.draws import Draws
from simab.errors import InvalidInput
from simab.run.simulation import Run, play_run, raised_by_policy
from simab.scenario.models import Scenario
from simab.study.failure import Failure, ends_the_study
from simab.world import Blueprint
from simab.world.control import Decider, PolicyRaised, is_shipped

__all__ = ["Measure", "measure_batch", "play_batch", "play_one", "truth_of_world"]

_WORLDS_AT_HAND: Final = 32  # whose tables a process keeps; batches come from all in turn


class Measure(Protocol):
    """What is made of each run of a study in place of its row; it and its answer can be pickled."""

    @property
    def reads_requests(self) -> bool:
        """Whether the runs are to keep records of their requests."""

    def of(self, run: Run) -> Any:
        """What the run says; the run itself is not kept."""


def play_batch(
    scenario: str, policy: tuple[str, Decider], replications: Sequence[int], seed: int, engine: str
) -> list[RunSummary | Failure]:
    """Play some replications of one policy; all arguments and results can cross processes.

    `scenario` is JSON, so that a process knows that it has tabulated it already.
    """
    prepared = _prepared(scenario)
    return [_row(prepared, policy, Draws(seed, each), engine) for each in replications]


def measure_batch(
    scenario: str,
    policy: tuple[str, Decider],
    replications: Sequence[int],
    seed: int,
    engine: str,
    measure: Measure,
) -> list[Any]:
    """`play_batch`, with what `measure` makes of each run in place of its row."""
    blueprint = _prepared(scenario).blueprint
    return [
        _measured(blueprint, policy, Draws(seed, each), engine, measure) for each in replications
    ]


def _measured(
    blueprint: Blueprint,
    policy: tuple[str, Decider],
    draws: Draws,
    engine: str,
    measure: Measure,
) -> Any:
    recorded = measure.reads_requests
    run = play_one(blueprint, policy, draws, engine, record_requests=recorded)
    return run if isinstance(run, Failure) else measure.of(run)


def _row(
    prepared: _Prepared, policy: tuple[str, Decider], draws: Draws, engine: str
) -> RunSummary | Failure:
    run = play_one(prepared.blueprint, policy, draws, engine)
    if isinstance(run, Failure):
        return run
    outcome, played = summary_of(run, prepared.truth), Repeatable.of(run)
    del run  # its counts may be large, and the next run makes its own
    return prepared.counterfactual.excess(outcome, played, draws, engine)


def play_one(
    blueprint: Blueprint,
    policy: tuple[str, Decider],
    draws: Draws,
    engine: str,
    *,
    record_requests: bool = False,
) -> Run | Failure:
    """Play one replication with a policy of its own, so that none sees what another left behind.

    Raises:
        InvalidInput: the policy cannot be copied, or answers with what is not an action.
    """
    name, decider = policy
    own = name, decider if is_shipped(decider) else _copied(name, decider)
    try:
        return play_run(blueprint, own, draws, engine=engine, record_requests=record_requests)
    except PolicyRaised as raised:  # what anything else raises is a bug, and no replication's
        error = raised_by_policy(name, raised)
    if ends_the_study(error):
        raise error
    return Failure.of(name, draws.replication, error)


def _copied(name: str, policy: Decider) -> Decider:
    try:
        return copy.deepcopy(policy)
    except Exception as error:  # whatever an object of the user's own may raise
        raise InvalidInput(
            f"policies: {name} = {type(policy).__name__}: cannot be copied ({error}), but every "
            "replication plays a copy of its own; keep locks, files and generators out of the "
            "object, or give it __deepcopy__"
        ) from error


class _Prepared(NamedTuple):
    """What all replications of a scenario share."""

    blueprint: Blueprint
    truth: ScenarioTruth
    counterfactual: Counterfactual


def truth_of_world(scenario: Scenario) -> ScenarioTruth:
    """The truth that a world's rows are judged by; one computed in this process is taken."""
    return _prepared(scenario.model_dump_json()).truth


@lru_cache(maxsize=_WORLDS_AT_HAND)
def _prepared(scenario: str) -> _Prepared:
    described = Scenario.model_validate_json(scenario)
    truth = truth_of_scenario(described)
    watched = truth.worse if described.objective.count_clients else ()
    return _Prepared(Blueprint.of(described, watched), truth, Counterfactual(described))
