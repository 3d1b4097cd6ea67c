"""The studies that were asked of a store, as it keeps them, and how two of them differ.

A study is a comparison, a sweep or a sensitivity: each is worlds, policies and replications.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from hashlib import sha256
from typing import Any, Final, Literal, TypeAlias

from simab.errors import InvalidInput
from simab.scenario.models import Scenario
from simab.scenario.played import played_data
from simab.study.plan import StudyPlan
from simab.study.row_code import LIBRARIES, playing_digest
from simab.text.lists import listed
from simab.version import VERSION

__all__ = ["AskedStudy", "MadeBy", "StudyKind", "asked_study", "what_differs"]

StudyKind: TypeAlias = Literal["compare", "sweep", "sensitivity"]
"""The command that asks for a study."""

_MOST_NAMED: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeBy:
    """What made rows: simab's version, the digest of its code that plays, and two libraries."""

    version: str
    code: str
    libraries: Mapping[str, str]

    @classmethod
    def this(cls) -> MadeBy:
        """Of this process."""
        return cls(version=VERSION, code=playing_digest(), libraries=LIBRARIES)

    @classmethod
    def from_json(cls, text: str) -> MadeBy:
        """Read what `to_json` wrote; raises ValueError, TypeError or KeyError for other texts."""
        return cls(**json.loads(text))

    def to_json(self) -> str:
        """One line, the same for the same versions."""
        return json.dumps(asdict(self), sort_keys=True)

    def __str__(self) -> str:
        others = ", ".join(f"{name} {version}" for name, version in self.libraries.items())
        return f"simab {self.version} (code {self.code[:8]}, {others})"


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedStudy:
    """A study as it was asked for: what it takes to find its rows again, and to show them.

    `scenario` is the whole scenario as JSON, `own_policies` those of `policies` that are objects of
    the caller's own and not in it, `command` remakes the report. `settings` are what else `kind`
    takes: a sweep what it varies, a sensitivity which worlds were named.
    """

    scenario: str
    policies: tuple[str, ...]
    worlds: tuple[str, ...]
    replications: int
    seed: int
    command: str
    made_by: MadeBy
    asked_s: int
    own_policies: tuple[str, ...] = ()
    kind: StudyKind = "compare"
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """The identity of the study, whatever its count of replications."""
        content = asdict(replace(self, replications=0, command="", asked_s=0))
        return sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    @classmethod
    def from_json(cls, text: str) -> AskedStudy:
        """Read what `to_json` wrote; raises ValueError, TypeError or KeyError for other texts."""
        data: dict[str, Any] = json.loads(text)
        for name in ("policies", "worlds", "own_policies"):
            data[name] = tuple(data[name])
        data["made_by"] = MadeBy(**data["made_by"])
        return cls(**data)

    def to_json(self) -> str:
        """One line of JSON."""
        return json.dumps(asdict(self))

    def command_of(self, replications: int) -> str:
        """The command that remakes the report of so many replications."""
        return re.sub(
            rf"(--replications |replications=){self.replications}\b",
            rf"\g<1>{replications}",
            self.command,
        )

    def described(self) -> Scenario:
        """The scenario that was asked about.

        Raises:
            InvalidInput: this version of simab has other scenarios.
        """
        return _read(self.scenario)


@cache
def _read(text: str) -> Scenario:
    try:
        return Scenario.model_validate_json(text)
    except ValueError:
        raise InvalidInput(
            "the scenario in the store is one of another version of simab; play it again"
        ) from None


def asked_study(
    plan: StudyPlan,
    scenario: Scenario,
    command: str,
    kind: StudyKind = "compare",
    settings: Mapping[str, Any] | None = None,
) -> AskedStudy:
    """A plan as a store takes note of it; `scenario` is the one that its worlds are made of."""
    own = [name for name, each in plan.policies.items() if scenario.policies.get(name) is not each]
    return AskedStudy(
        scenario=scenario.model_dump_json(),
        policies=tuple(plan.policies),
        worlds=tuple(plan.worlds),
        replications=plan.replications,
        seed=plan.seed,
        command=command,
        made_by=MadeBy.this(),
        asked_s=int(time.time()),
        own_policies=tuple(own),
        kind=kind,
        settings=settings or {},
    )


def what_differs(study: AskedStudy, earlier: Sequence[AskedStudy]) -> str | None:
    """Why a study finds no rows among those of earlier ones; None where it may find some.

    The latest of the earlier ones is looked at, if none has the same code, scenario and seed.
    """
    if not earlier or any(not _differences(study, each) for each in earlier):
        return None
    return listed(_differences(study, earlier[-1]))


def _differences(study: AskedStudy, other: AskedStudy) -> list[str]:
    found = []
    if study.made_by != other.made_by:
        found.append(f"they were made by {other.made_by}, and this is {study.made_by}")
    if study.seed != other.seed:
        found.append(f"their seed is {other.seed}, not {study.seed}")
    if study.scenario != other.scenario:
        changed = _changed(played_data(other.described()), played_data(study.described()), "")
        if len(changed) > _MOST_NAMED:
            changed = [*changed[:_MOST_NAMED], f"{len(changed) - _MOST_NAMED} more fields differ"]
        found += changed
    return found


def _changed(before: Any, now: Any, path: str) -> list[str]:
    """The fields whose values differ, with both."""
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        found = []
        for name in dict.fromkeys((*before, *now)):
            at = f"{path}.{name}" if path else str(name)
            if name not in before or name not in now:
                found.append(f"{at} is {'new' if name in now else 'gone'}")
            else:
                found += _changed(before[name], now[name], at)
        return found
    return [] if before == now else [f"{path} was {_short(before)} and is {_short(now)}"]


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:39]}…"
