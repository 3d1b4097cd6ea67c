"""How a study of convergence, of the split or of the simulator itself was made, in few lines.

From its record alone.
"""

from __future__ import annotations

from collections.abc import Mapping

from simab.report.convergence_text import metric_title
from simab.report.table import Cell, Column, Table
from simab.result.convergence_result import ConvergenceResult
from simab.result.fairness_result import FairnessResult
from simab.result.measured_policy import HELD
from simab.result.verification_result import VerificationResult
from simab.text import typeset
from simab.text.lists import listed, named
from simab.text.numbers import counted

__all__ = ["convergence_methods", "draws_text", "fairness_methods", "verification_methods"]

_MODEL = (
    "Request → variant → instance → queue → worker → answer → label; clients neither retry nor "
    "give up, and rates, latency and quality change during a run only where the arrivals or the "
    "timeline of the scenario, under Reproduce, say so."
)


def convergence_methods(result: ConvergenceResult) -> Table:
    """Purpose, runs, metrics, truth, intervals, random numbers and versions."""
    found = result.found
    left_out = f"; {counted(found.failed, 'run')} failed and left out" if found.failed else ""
    metrics = listed([metric_title(each.name) for each in found.metrics])
    return _table(
        {
            "Purpose": f"To find how many requests it takes to distinguish {named(found.control)} "
            f"and {named(found.candidate)}, before a test is run.",
            "Model": _MODEL,
            "Runs": f"{counted(found.replications, 'independent replication')} of "
            f"{typeset.duration(found.horizon_s)} each, {_weights(found.policy)}{left_out}. Of two "
            "pages with a number for the same, the one of more runs supersedes the other.",
            "Measured": f"{metrics}, at {typeset.count(len(found.times_s))} instants and at counts "
            "of labels, of what has arrived and is published by then.",
            "Truth": "Exact for metrics of labels, given the scenario; of latencies and errors "
            "that of all runs together.",
            "Intervals": f"Over runs, 95{typeset.THIN}%, of shares of runs and of sample sizes; "
            "bands are quantiles of the runs.",
            "Random numbers": draws_text(result.seed),
            "Versions": _versions(result.environment, result.simab_version),
        }
    )


def fairness_methods(result: FairnessResult) -> Table:
    """Purpose, runs, what is tested at which level, random numbers and versions."""
    split = result.split
    rules = listed([rule.title for rule in split.rules])
    left_out = f"; {counted(split.failed, 'run')} failed and left out" if split.failed else ""
    segments = listed([named(each) for each in split.left_out])
    named_away = f"; those of {segments} are left out" if segments else ""
    level = typeset.percent(split.rules[0].alpha, 1)
    alike = "; all rules meet the same clients" if len(split.rules) > 1 else ""
    return _table(
        {
            "Purpose": "To see whether requests and clients are split as the weights ask, and how "
            "small a deviation a run of this length shows.",
            "Model": _MODEL,
            "Runs": f"{counted(split.replications, 'independent replication')} of "
            f"{typeset.duration(result.horizon_s)} each, {_weights(split.policy)}{left_out}"
            f"{alike}. Rules: {rules}.",
            "Measured": f"Every request that goes by the weights{named_away}.",
            "Tests": "Of each phase of constant weights: all that was assigned, seven bins of "
            f"time, and clients new and known, at {level} for all of a run together (Bonferroni). "
            "A rule is called off where more runs are off than that makes so.",
            "Intervals": f"Over runs, 95{typeset.THIN}%.",
            "Random numbers": draws_text(result.seed),
            "Versions": _versions(result.environment, result.simab_version),
        }
    )


def verification_methods(result: VerificationResult) -> Table:
    """Purpose, runs, tests, identities, random numbers and versions."""
    replications = max(case.replications for case in result.cases)
    checks = sum(1 for _ in result.checks())
    each = typeset.percent(result.size / checks, 4)
    return _table(
        {
            "Purpose": "To see whether the simulated world is the one that is described, where "
            "theory says exactly what it gives.",
            "Runs": f"{counted(replications, 'independent replication')} of each case, played by "
            f"the {result.engine} engine. They start empty; what arrives before a queue has "
            "settled is not measured.",
            "Values": "A mean, share or variance is a ratio of sums over replications. Its score "
            "is its deviation from theory over its standard error, from the residuals of the "
            f"replications (Cochran 1977, 2.11); the bound is Student's t at {each}.",
            "Laws": "A distribution of independent values is held against its distribution "
            "function by Kolmogorov's distance. The score is the distance times the root of the "
            f"number of values; the bound is that of Kolmogorov's law at {each}.",
            "Size": f"{typeset.percent(result.size)} for all {checks} checks together, shared "
            "equally (Bonferroni): it holds however they depend on each other.",
            "Smallest error caught": "A relative error of a value, or a distance of a law, that "
            f"exceeds the bound with a probability of {typeset.percent(result.power)}: by the "
            "noncentral t with the standard error that was found, and by the normal error of a "
            "distribution function at its middle. It is of what is shown: in a busy queue a time "
            "of service that is 2 % wrong moves the wait by several times that.",
            "Random numbers": draws_text(result.seed),
            "Versions": _versions(result.environment, result.simab_version),
        }
    )


def _table(said: Mapping[str, str]) -> Table:
    columns = (Column("Item", numeric=False), Column("In this study", numeric=False))
    rows = tuple((Cell(item), Cell(text)) for item, text in said.items())
    return Table("How the study was made", columns, rows)


def _weights(policy: str) -> str:
    return "with the weights of the file held" if policy == HELD else f"under {named(policy)}"


def draws_text(seed: int) -> str:
    """Which generator gives the random numbers, and what of."""
    return (
        f"Threefry4x64-20, a counter-based generator, with seed {seed}: the key is seed and "
        "replication, the counter purpose and entity."
    )


def _versions(environment: Mapping[str, str], simab_version: str) -> str:
    versions = [f"{name} {version}" for name, version in environment.items()]
    return listed(versions) or f"simab {simab_version}; other versions were not recorded"
