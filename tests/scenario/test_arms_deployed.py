"""A bandit whose arms are not all deployed is an error of the scenario, with its place."""

from __future__ import annotations

from typing import Any

import pytest

from simab.errors import InvalidScenario
from simab.scenario import dumps, loads
from tests.study.building import small

BANDITS = ("epsilon_greedy", "gaussian_thompson", "thompson", "ucb1")


def text_with(**policy: Any) -> str:
    """The small scenario with one bandit, and its candidate not deployed."""
    lines = dumps(small()).splitlines()
    candidate = lines.index("    b:")
    weight = next(n for n in range(candidate, len(lines)) if "deployed:" in lines[n])
    lines[weight] = "      deployed: false"
    first = lines.index("policies:")
    last = next((n for n in range(first + 1, len(lines)) if lines[n][0] != " "), len(lines))
    fields = ", ".join(f"{name}: {value}" for name, value in policy.items())
    lines[first + 1 : last] = [f"  mine: {{{fields}}}"]
    return "\n".join(lines)


@pytest.mark.parametrize("kind", BANDITS)
@pytest.mark.parametrize("arms", [None, "[a, b]"])
def test_an_arm_that_is_not_deployed_is_an_error_with_its_place(
    kind: str, arms: str | None
) -> None:
    """It ended the study after the first update: one arm leaves nothing to divide."""
    fields = {"kind": kind, "update_every": "30s"} | ({} if arms is None else {"arms": arms})
    text = text_with(**fields)
    with pytest.raises(InvalidScenario) as refused:
        loads(text, source="file.yaml")
    (problem,) = refused.value.problems
    assert problem.field == ("policies.mine.kind" if arms is None else "policies.mine.arms[1]")
    assert problem.line is not None
    assert "mine:" in text.splitlines()[problem.line - 1]
    assert "`deployed: false`" in problem.remedy
