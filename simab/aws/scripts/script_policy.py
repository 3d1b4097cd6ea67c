"""A script as a policy: it plays each replication itself, in a process of its own."""

from __future__ import annotations

import hashlib
import pickle
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from simab.aws.scripts.child_process import play_in_child
from simab.aws.scripts.rehearsing import answers_from
from simab.aws.scripts.script import ScriptEnd
from simab.draws import Draws
from simab.errors import InvalidInput
from simab.world import Blueprint, DecisionLog, RunData
from simab.world.control import SelfPlayed

__all__ = ["ScriptFailed", "ScriptPolicy", "script_policy"]

_SHOWN_LINES: Final = 3


class ScriptFailed(Exception):
    """A script that came to no run: why, and the last that it printed."""


@dataclass(frozen=True)
class ScriptPolicy(SelfPlayed):
    """A script whose decisions are compared like those of any policy.

    `digest` is that of the script and of the modules beside it, so that rows which are kept are of
    this code; what else it reads is not looked at. Make one with `script_policy`.
    """

    path: str
    arguments: tuple[str, ...]
    endpoint: str
    played_by: tuple[tuple[str, tuple[str, ...]], ...]
    answers: str
    wall_limit_s: float
    digest: str

    def played(
        self, blueprint: Blueprint, draws: Draws, *, engine: str, record_requests: bool
    ) -> tuple[RunData, DecisionLog]:
        """Play the script in a process of its own.

        Raises:
            ScriptFailed: it raised, exited with an error, took too long, died, or made no endpoint.
        """
        with tempfile.TemporaryDirectory() as folder:
            run = Path(folder) / "run.pickle"
            options = self._options(blueprint, draws, engine, run)
            options["record_requests"] = record_requests
            seed = options["script_seed"]
            # The script has a limit of its own, whose end says where it was; this one is a net.
            limit_s = 2 * self.wall_limit_s + 60
            answer = play_in_child(
                "simab.aws.scripts.rehearsing:play", options, seed=seed, wall_limit_s=limit_s
            )
            if isinstance(answer, ScriptEnd):
                raise _failed(f"{answer.kind}: {answer.message}", answer.output, answer.errors)
            if answer["wrong"]:
                raise _failed(answer["wrong"], answer["end"]["output"], answer["end"]["errors"])
            with run.open("rb") as file:
                played: tuple[RunData, DecisionLog] = pickle.load(file)
        return played

    def _options(
        self, blueprint: Blueprint, draws: Draws, engine: str, run: Path
    ) -> dict[str, Any]:
        names = blueprint.names
        return {
            "scenario": blueprint.scenario.model_dump_json(),
            "watched": [names[each] for each in sorted(blueprint.watched)],
            "path": self.path,
            "arguments": list(self.arguments),
            "endpoint": self.endpoint,
            "played_by": dict(self.played_by),
            "answers": self.answers,
            "engine": engine,
            "seed": draws.seed,
            "replication": draws.replication,
            "script_seed": _script_seed(draws),
            "wall_limit_s": self.wall_limit_s,
            "run": str(run),
        }


def script_policy(
    path: str | Path,
    *,
    arguments: Sequence[str] = (),
    endpoint: str = "",
    played_by: Mapping[str, str | Sequence[str]] | None = None,
    answers: str = "",
    wall_limit_s: float = 60.0,
) -> ScriptPolicy:
    """A boto3 script as a policy, for `simab.compare(scenario, policies={"ours": ...})`.

    Args:
        path: the file.
        arguments: what follows its name on its command line.
        endpoint: the name of an endpoint that serves from the start, with the variants that the
            scenario deploys; empty where the script creates its own.
        played_by: which variant of the scenario plays a variant, model or image of the script's, or
            which do where it has several at a time.
        answers: `FILE.py:FUNCTION`, what a variant says to a payload; by its quality if empty.
        wall_limit_s: real seconds after which a replication is ended.

    Raises:
        InvalidInput: a file cannot be read, or has no such function.
    """
    if answers:
        answers_from(answers)
        file, _, function = answers.rpartition(":")
        answers = f"{Path(file).resolve()}:{function}"
    try:
        sources = [each.read_bytes() for each in _files(path, answers)]
    except OSError as error:
        raise InvalidInput(f"script = {path}: cannot be read ({error.strerror})") from None
    return ScriptPolicy(
        str(Path(path).resolve()),
        tuple(arguments),
        endpoint,
        tuple(
            (key, (names,) if isinstance(names, str) else tuple(names))
            for key, names in sorted((played_by or {}).items())
        ),
        answers,
        wall_limit_s,
        hashlib.sha256(b"\0".join(sources)).hexdigest(),
    )


def _files(path: str | Path, answers: str) -> list[Path]:
    """The script, the modules and packages beside it, which it may import, and the answers."""
    script = Path(path).resolve()
    modules = [each for each in _modules(script.parent) if each != script]
    return [script, *modules, *([Path(answers.rpartition(":")[0])] if answers else [])]


def _modules(folder: Path) -> Iterator[Path]:
    """The Python files of a folder, and of the packages in it."""
    for each in sorted(folder.iterdir()):
        if each.suffix == ".py":
            yield each
        elif (each / "__init__.py").is_file():
            yield from _modules(each)


def _script_seed(draws: Draws) -> int:
    """Of the script's own random numbers: other ones for each seed and replication."""
    text = f"script {draws.seed} {draws.replication}".encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=4).digest(), "big")


def _failed(why: str, output: str, errors: str) -> ScriptFailed:
    printed = " / ".join([*output.splitlines(), *errors.splitlines()][-_SHOWN_LINES:])
    return ScriptFailed(f"{why}; printed last: {printed}" if printed else why)
