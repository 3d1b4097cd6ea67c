"""One replication of a script, in the process that is there for it: from its start to a run."""

from __future__ import annotations

import importlib.util
import pickle
import re
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from simab.aws.account import Account, Settings
from simab.aws.answers import Answers, FunctionAnswers
from simab.aws.in_process import answered_by
from simab.aws.live_endpoint import LiveEndpoint
from simab.aws.scripts.script import ScriptEnd, run_script
from simab.errors import InvalidInput
from simab.policies import Deploy, Promote
from simab.scenario.models import Scenario
from simab.world import Blueprint, DecisionLog, RunData
from simab.world.coarser_counts import coarser_counts

__all__ = ["answers_from", "play"]


def play(options: dict[str, Any]) -> dict[str, Any]:
    """Play a script, and what is left until the horizon; the run goes into a file.

    The answer says how the script ended, and what is wrong where no run came of it.
    """
    scenario = Scenario.model_validate_json(options["scenario"])
    account = Account(
        scenario,
        seed=options["seed"],
        replication=options["replication"],
        settings=Settings(
            played_by=options["played_by"],
            engine=options["engine"],
            watched=options["watched"],
            record_requests=options["record_requests"],
        ),
        answers=answers_from(options["answers"]) if options["answers"] else None,
    )
    if options["endpoint"]:
        account.put_in_service(options["endpoint"])
    with answered_by(account):
        end = run_script(
            Path(options["path"]),
            options["arguments"],
            timeline=account.timeline,
            wall_limit_s=options["wall_limit_s"],
            seed=options["script_seed"],
            echo=True,
        )
    wrong = _wrong(end, Path(options["path"])) or _no_endpoint(account)
    if not wrong:
        blueprint = Blueprint.of(scenario, options["watched"], called=True)
        with Path(options["run"]).open("wb") as file:
            pickle.dump(_run(account.served[-1], blueprint), file)
    return {"wrong": wrong, "end": asdict(end)}


def _wrong(end: ScriptEnd, path: Path) -> str:
    """Why an end is a failure; empty where it is none."""
    match end.kind:
        case "ended" | "over":
            return ""
        case "exited" if not end.code:
            return ""
        case "exited":
            return f"it exited with {end.code}"
        case "raised":
            return _raised(end.message, path)
        case _:
            return f"{end.kind}: {end.message}"


def _raised(message: str, path: Path) -> str:
    """What a traceback comes to: the exception, and where in the script's own code it was."""
    *_, error = message.strip().splitlines()
    places = re.findall(r'File "([^"]+)", line (\d+)', message)
    own = [each for each in places if Path(each[0]).parent == path.resolve().parent]
    file, line = (own or places or [("", "")])[-1]
    where = f" (line {line} of {Path(file).name})" if file else ""
    return f"it raised {error}{where}"


def _no_endpoint(account: Account) -> str:
    if account.served:
        return ""
    return "it ended before any endpoint served: create one and wait until it is InService"


def _run(endpoint: LiveEndpoint, blueprint: Blueprint) -> tuple[RunData, DecisionLog]:
    """Close the world of an endpoint, in the scenario's own windows."""
    session = endpoint.serving
    if not session.ended:
        _conclude(endpoint)
    run_data, log = session.close()
    counts = coarser_counts(run_data.run_counts, blueprint)
    return RunData(counts, run_data.records), as_decided(log)


def _conclude(endpoint: LiveEndpoint) -> None:
    """Where the script left all weight with a variant from the start on, it decides at its end."""
    session = endpoint.serving
    weights = (session.pending or session.observe()).weights
    serving = [name for name, weight in weights.items() if weight > 0]
    if len(serving) == 1 and session.pending is None:
        session.act([Promote(serving[0], because="the script ended so")])


def as_decided(log: DecisionLog) -> DecisionLog:
    """The log of a script, in which the change that gave all weight for good is the decision.

    A script says nothing of its reasons: the variant that has all weight when it ends, or at the
    horizon, is promoted.
    """
    ending = log.ending
    if ending is None:
        return log
    name, _ = ending
    decisions = list(log.decisions)
    for place in reversed(range(len(decisions))):
        entry = decisions[place]
        if not (entry.accepted and isinstance(entry.action, Deploy)):
            continue
        serving = [each for each, weight in entry.action.weights.items() if weight > 0]
        if serving != [name]:
            break
        promoted = Promote(name, because="the script gave it all weight, and left it so")
        decisions[place] = replace(entry, action=promoted)
        later = decisions[place + 1 :]
        decisions[place + 1 :] = [each for each in later if not isinstance(each.action, Promote)]
    return replace(log, decisions=tuple(decisions))


def answers_from(reference: str) -> Answers:
    """The answers of a function in a file: `answers.py:answer`.

    Raises:
        InvalidInput: there is no such file, or no such function in it.
    """
    path, _, name = reference.rpartition(":")
    specification = importlib.util.spec_from_file_location("rehearsed_answers", path)
    if specification is None or specification.loader is None or not Path(path).is_file():
        raise InvalidInput(f"answers = {reference}: no such file; write FILE.py:FUNCTION")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    function: Callable[[str, bytes], bytes | str] | None = getattr(module, name, None)
    if function is None:
        raise InvalidInput(f"answers = {reference}: {path} has no function {name}")
    return FunctionAnswers(function)
