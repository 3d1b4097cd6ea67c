"""What a run took when it was last played on this machine, as the user's cache remembers it."""

from __future__ import annotations

import json
import os
import platform
import time
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from simab.files import user_cache, write_files
from simab.scenario.models import Scenario
from simab.scenario.played import played_text

__all__ = ["MeasuredPace", "keep_pace", "measured_pace"]

_FILE: Final = "pace.json"
_MOST_SCENARIOS: Final = 200


@dataclass(frozen=True, slots=True)
class MeasuredPace:
    """Processor time of a run, measured here.

    `run_s` is that of this very scenario, or None where others alone were played; `factor` is how
    many times as long the one played last took as is stated for a usual machine.
    """

    factor: float
    run_s: float | None


def measured_pace(scenario: Scenario, engine: str = "compiled") -> MeasuredPace | None:
    """What was measured on this machine with this engine; None where nothing readable was."""
    with suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
        own = _kept()[_machine(engine)]
        run_s = own["runs"].get(_digest(scenario))
        return MeasuredPace(float(own["factor"]), None if run_s is None else float(run_s))
    return None


def keep_pace(scenario: Scenario, run_s: float, usual_s: float, engine: str = "compiled") -> None:
    """Remember the processor time of a run; where that cannot be written, nothing is lost.

    `usual_s` is the time stated for a run of this scenario on a usual machine.
    """
    try:
        kept = _kept()
        runs = dict(kept[_machine(engine)]["runs"])
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        kept, runs = {}, {}
    runs.pop(_digest(scenario), None)  # the latest stand last, and stay
    runs[_digest(scenario)] = run_s
    runs = dict(list(runs.items())[-_MOST_SCENARIOS:])
    kept[_machine(engine)] = {
        "factor": run_s / usual_s,
        "runs": runs,
        "measured_s": int(time.time()),
    }
    with suppress(OSError):
        if place := _place():
            place.parent.mkdir(parents=True, exist_ok=True)
            write_files({place: json.dumps(kept).encode()})


def _kept() -> dict[str, Any]:
    place = _place()
    found: dict[str, Any] = json.loads(place.read_bytes()) if place and place.exists() else {}
    return dict(found)


def _place() -> Path | None:
    folder = user_cache()
    return folder / _FILE if folder else None


def _machine(engine: str) -> str:
    """A home folder may be shared by machines."""
    return f"{platform.node()} {platform.machine()} {os.cpu_count()} {engine}"


def _digest(scenario: Scenario) -> str:
    policies = sorted(scenario.policies.items())
    text = played_text(scenario) + json.dumps(
        [(name, policy.model_dump(mode="json")) for name, policy in policies]
    )
    return sha256(text.encode()).hexdigest()[:16]
