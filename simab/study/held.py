"""What a store holds of the studies that were asked of it, and what it lacks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from simab.errors import InvalidInput
from simab.scenario.models import Scenario
from simab.scenario.worlds import World
from simab.study.asked import AskedStudy, MadeBy
from simab.study.execution import Known, StudyRows, complete_replications, read_rows, rows_of
from simab.study.pace import Group
from simab.study.plan import StudyPlan
from simab.study.replanned import compared_worlds, plan_again, sensitivity_again, sweep_again
from simab.study.sensitivity import SensitivityPlan
from simab.study.store import SqliteStore
from simab.study.sweep_plan import SweepPlan

__all__ = ["HeldStudy", "MadeRows", "held_studies", "made_rows", "size_bytes"]


@dataclass(frozen=True, slots=True)
class MadeRows:
    """Rows of a store by what made them: how many, and when the first and the last was made."""

    made_by: MadeBy
    count: int
    first_s: int
    last_s: int

    @property
    def usable(self) -> bool:
        """Whether this process makes the same rows."""
        return self.made_by == MadeBy.this()


def made_rows(store: SqliteStore) -> list[MadeRows]:
    """The rows of a store by what made them, the latest last."""
    found = store.rows(
        "SELECT made_by, count(*), min(made_s), max(made_s) FROM outcomes "
        "JOIN makers ON makers.id = outcomes.maker GROUP BY made_by ORDER BY max(made_s)"
    )
    return [MadeRows(MadeBy.from_json(made_by), *others) for made_by, *others in found]


def size_bytes(path: Path) -> int:
    """Of a store's file and what stands beside it while it is written."""
    journal = path.with_name(f"{path.name}-journal")
    return sum(each.stat().st_size for each in (path, journal) if each.exists())


@dataclass(frozen=True)
class HeldStudy:
    """A study that was asked of a store, and the rows of it that are there."""

    asked: AskedStudy
    store: SqliteStore

    @property
    def scenario(self) -> Scenario:
        """What was asked about."""
        return self.asked.described()

    def require_readable(self) -> None:
        """Make sure that the rows can be found by what the store says.

        Raises:
            InvalidInput: they are of another version, or of policies that are not in the scenario.
        """
        if self.asked.made_by != MadeBy.this():
            raise InvalidInput(
                f"{self.store.path}: the rows are of {self.asked.made_by}, and this is "
                f"{MadeBy.this()}; play the study again, or read it with that version"
            )
        if self.asked.own_policies:
            raise InvalidInput(
                f"{self.store.path}: the store knows the name of {self.asked.own_policies[0]!r}, "
                "which is a policy of your own, and not what it is; give the same objects to "
                "simab.compare with this store, which plays nothing again"
            )

    @cached_property
    def worlds(self) -> tuple[World, ...]:
        """The worlds of a comparison, in its order."""
        return compared_worlds(self.asked)

    @cached_property
    def plan(self) -> StudyPlan:
        """What was asked for.

        Raises:
            InvalidInput: as `require_readable`.
        """
        self.require_readable()
        return plan_again(self.asked)

    def sweep(self, plan: StudyPlan) -> SweepPlan:
        """The points of a sweep, of which `plan` is to be shown."""
        return replace(sweep_again(self.asked), plan=plan)

    def sensitivity(self, plan: StudyPlan) -> SensitivityPlan:
        """The cases of a sensitivity, of which `plan` is to be shown."""
        return replace(sensitivity_again(self.asked), replications=plan.replications)

    def named(self, world: str) -> str:
        """A world of the plan in words: of a sensitivity "label delay doubled: equal"."""
        if self.asked.kind != "sensitivity":
            return world
        return self._named[world]

    @cached_property
    def _named(self) -> Mapping[str, str]:
        return sensitivity_again(self.asked).names

    @cached_property
    def _keys(self) -> frozenset[str]:
        return frozenset(self.store)

    def counts(self) -> Mapping[Group, int]:
        """How many replications are held, by world and policy."""
        plan, found = (
            self.plan,
            dict.fromkeys(
                ((world, policy) for world in self.plan.worlds for policy in self.plan.policies), 0
            ),
        )
        for cell in plan.cells():
            found[cell.world, cell.policy] += plan.row_key(cell) in self._keys
        return found

    @cached_property
    def complete(self) -> int:
        """The largest n of which replications 0 to n - 1 are held in every cell."""
        return complete_replications(self.plan, self._keys)

    def of_complete(self) -> StudyPlan:
        """The plan of the complete replications alone.

        Raises:
            InvalidInput: there is none.
        """
        if not self.complete:
            raise InvalidInput(
                f"{self.store.path}: no replication is there in every world under every policy; "
                f"go on with `{self.asked.command}`"
            )
        return replace(self.plan, replications=self.complete)

    def rows(self, plan: StudyPlan) -> StudyRows:
        """The rows of a plan that are held."""
        known = Known()
        read_rows(plan, known, self.store)
        return rows_of(plan, known)

    def any_rows(self) -> StudyRows:
        """All rows that are held, also of replications that are not complete.

        Raises:
            InvalidInput: there is none.
        """
        found = self.rows(self.plan)
        if not any(rows for policies in found.values() for rows in policies.values()):
            raise InvalidInput(f"{self.store.path}: no run of this study is in the store")
        return found


def held_studies(store: SqliteStore) -> Sequence[HeldStudy]:
    """The studies that were asked of a store, the latest last."""
    return [HeldStudy(asked, store) for asked in store.asked()]
