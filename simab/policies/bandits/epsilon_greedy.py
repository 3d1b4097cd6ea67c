"""Epsilon-greedy: most traffic to the arm that is ahead, a constant rest to all alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from simab.description import Share
from simab.policies.bandits.bandit import Bandit, Pulls

__all__ = ["EpsilonGreedy", "shared_evenly"]


class EpsilonGreedy(Bandit):
    """Share epsilon evenly among all arms, and give the rest to the highest share of right answers.

    Arms that are level share the rest; an arm without labels counts as ahead. The split is what
    random choices with probability epsilon have on average, so nothing is drawn. Source: Sutton and
    Barto, Reinforcement Learning (2018), section 2.2. It misleads because it never stops exploring:
    the worse arms keep their part of epsilon however long they have been known to be worse.
    """

    kind: Literal["epsilon_greedy"] = "epsilon_greedy"
    epsilon: Annotated[Share, Field(gt=0, le=1)] = 0.1
    """Share of traffic that explores, the best arm's part of it included."""

    def shares(self, pulls: Sequence[Pulls]) -> Sequence[float]:
        """Epsilon evenly, the rest to the arm that is ahead."""
        ahead = [each.right / each.labelled if each.labelled else 1.0 for each in pulls]
        if not all(each.labelled for each in pulls):
            # Untried arms first: one right answer of one must not keep another arm out.
            ahead = [0.0 if each.labelled else 1.0 for each in pulls]
        even = self.epsilon / len(pulls)
        return [even + (1.0 - self.epsilon) * share for share in shared_evenly(ahead)]


def shared_evenly(values: Sequence[float]) -> list[float]:
    """1 among the highest values, evenly."""
    highest = max(values)
    ahead = [value == highest for value in values]
    return [leads / sum(ahead) for leads in ahead]
