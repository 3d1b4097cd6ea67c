"""How traffic was split: the record of measured runs, and a short look at it for every report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from simab.analyse.fairness.measure import FairnessMeasure
from simab.analyse.fairness.people import compared_groups
from simab.analyse.fairness.routed import left_out_segments
from simab.analyse.fairness.studied import RuleStudied
from simab.analyse.fairness.summary import rule_fairness
from simab.result.studied_split import StudiedSplit
from simab.scenario.models import Scenario
from simab.scenario.routing_rules import rule_title
from simab.study.measuring import MeasuredRuns, measured_runs, runs_at_a_glance
from simab.study.plan import StudyPlan
from simab.study.playing import truth_of_world
from simab.units import seconds

__all__ = ["USUAL_TOLERANCE", "split_at_a_glance", "studied_split"]

USUAL_TOLERANCE: Final = 0.01
NO_TITLES: Final[Mapping[str, str]] = {}
_REQUESTS_AT_A_GLANCE: Final = 400_000  # of all runs; they take about a second
_MOST_AT_A_GLANCE: Final = 30
_FEWEST_AT_A_GLANCE: Final = 2


def studied_split(
    scenario: Scenario,
    plan: StudyPlan,
    found: MeasuredRuns,
    tolerance: float,
    titles: Mapping[str, str] = NO_TITLES,
) -> StudiedSplit:
    """What runs that a FairnessMeasure looked at say; each world of the plan is a rule's.

    A world without one of the `titles` has that of its own endpoint: any word may name a world.
    """
    (policy,) = plan.policies
    truth = truth_of_world(scenario)
    return StudiedSplit(
        policy=policy,
        candidate=scenario.objective.candidate,
        worse=truth.worse,
        left_out=left_out_segments(scenario),
        tolerance=tolerance,
        replications=plan.replications,
        failed=len(found.failures),
        rules=tuple(
            rule_fairness(
                _studied(name, titles.get(name, ""), world, tolerance), found.of(name, policy)
            )
            for name, world in plan.worlds.items()
            if found.of(name, policy)
        ),
        metric=truth.metric,
        worse_by={name: truth.shortfall(name) for name in truth.worse},
    )


def split_at_a_glance(study: StudyPlan, world: str, policy: str) -> StudiedSplit | None:
    """The split in the first runs of a policy in one world of a study, at most 30.

    None where two runs have more requests than a report takes time for.
    """
    scenario = study.worlds[world]
    runs = runs_at_a_glance(
        study,
        world,
        requests=_REQUESTS_AT_A_GLANCE,
        fewest=_FEWEST_AT_A_GLANCE,
        most=_MOST_AT_A_GLANCE,
    )
    if not runs:
        return None
    plan = StudyPlan(
        {world: scenario},
        {policy: study.policy(world, policy)},
        runs,
        study.seed,
        study.engine,
        measure=FairnessMeasure(worse=truth_of_world(scenario).worse),
    )
    found = measured_runs(plan)
    return (
        studied_split(scenario, plan, found, USUAL_TOLERANCE) if found.of(world, policy) else None
    )


def _studied(name: str, title: str, world: Scenario, tolerance: float) -> RuleStudied:
    endpoint = world.endpoint
    return RuleStudied(
        name=name,
        title=title or rule_title(world),
        by_client=endpoint.assigns_clients or endpoint.assigns_sessions,
        by_session=endpoint.assigns_sessions,
        keeps=endpoint.variant_routing == "session_cookie",
        independent=endpoint.variant_routing != "smooth_weighted_round_robin",
        variants=tuple(endpoint.variants),
        candidate=world.objective.candidate,
        groups=tuple(each.title for each in compared_groups(world)),
        horizon_s=seconds(world.horizon),
        tolerance=tolerance,
    )
