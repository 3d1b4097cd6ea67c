"""A run with a person as its controller: commands move it, and it shows what production would."""

from __future__ import annotations

from dataclasses import dataclass

from simab.errors import InvalidInput
from simab.policies import Observation, Refusal
from simab.run.hand_commands import Act, HandCommand, Quit, Wait
from simab.run.session import Session
from simab.run.simulation import Run
from simab.scenario.models import Scenario
from simab.units import seconds

__all__ = ["Game", "Moved"]


@dataclass(frozen=True, slots=True)
class Moved:
    """What came of a command: what the endpoint refused, and whether the game is over."""

    refused: tuple[Refusal, ...] = ()
    over: bool = False


class Game:
    """One replication, moved by commands of `hand_command` until it is decided, left, or over.

    >>> game = Game(load("scenarios/minimal.yaml"), seed=1)     # doctest: +SKIP
    >>> game.do(hand_command("wait 10min", game.variants))      # doctest: +SKIP
    >>> run = game.close()                                      # doctest: +SKIP
    """

    def __init__(
        self, scenario: Scenario, *, seed: int = 1, replication: int = 0, engine: str = "compiled"
    ) -> None:
        self._session = Session(scenario, seed=seed, replication=replication, engine=engine)
        self.variants = tuple(scenario.endpoint.variants)

    @property
    def now_s(self) -> float:
        """The time up to which all has been played, in s."""
        return seconds(self._session.now_ns)

    @property
    def over(self) -> bool:
        """Whether the horizon has been reached."""
        return self._session.ended

    def observe(self) -> Observation:
        """What production would show now, and nothing else."""
        return self._session.observe()

    def do(self, command: HandCommand) -> Moved:
        """Carry a command out; one that only shows changes nothing.

        Raises:
            InvalidInput: the game is over.
        """
        if self.over:
            raise InvalidInput("the run has reached its horizon; nothing can be asked for any more")
        if isinstance(command, Quit):
            return Moved(over=True)
        if isinstance(command, Wait):
            wait_ns = command.duration_ns or self._session.interval_ns
            self._session.advance(self._session.now_ns + wait_ns)
            return Moved(over=self.over)
        if isinstance(command, Act):
            refused = self._session.act([command.action])
            return Moved(refused, over=command.decides and not refused)
        return Moved()

    def close(self) -> Run:
        """Play what is left with the weights as they are: the run."""
        return self._session.close()
