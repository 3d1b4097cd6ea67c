"""The code that decides a row: any edit of it loses the row, and an edit of anything else does not.

The sources are edited in a copy; rows are looked up as a study looks them up.
"""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import simab
from simab import code_digest
from simab.analyse import RunSummary
from simab.code_digest import PackageCode
from simab.policies.catalogue import PolicyDescription
from simab.study import StudyPlan, row_code, tasks
from simab.study.row_code import PLAYING, WITHOUT
from tests.study.building import small

POLICY_OF = {
    "test": "policies/experiments/fixed_horizon.py",
    "majority": "policies/rollouts/metric_majority.py",
    "schedule": "policies/rollouts/manual_schedule.py",
}


def with_other_words(source: str) -> str:
    """A comment more, longer docstrings of the module, its classes and functions, other lines."""
    lines = source.splitlines(keepends=True)
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    owners = [node for node in ast.walk(ast.parse(source)) if isinstance(node, kinds)]
    for owner in sorted((each for each in owners if ast.get_docstring(each)), key=first_line):
        line = first_line(owner) - 1
        lines[line] = lines[line].replace('"""', '"""Edited. ', 1)
    return "# edited\n\n\n" + "".join(lines)


def first_line(owner: Any) -> int:
    line: int = owner.body[0].lineno
    return line


def with_another_number(source: str) -> str:
    """The last number of a module is one larger."""
    numbers = [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and type(node.value) in (int, float)
    ]
    last = max(numbers, key=lambda node: (node.lineno, node.col_offset))
    lines = source.splitlines(keepends=True)
    line = lines[last.lineno - 1].encode()
    before, after = line[: last.col_offset], line[last.end_col_offset :]
    lines[last.lineno - 1] = (before + f"{last.value + 1}".encode() + after).decode()  # type: ignore[operator]
    return "".join(lines)


def with_a_statement(source: str) -> str:
    return source + "\n_ADDED = True\n"


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as it is, in a folder where it may be edited."""
    root = tmp_path_factory.mktemp("copy") / "simab"
    shutil.copytree(Path(simab.__file__).parent, root, ignore=shutil.ignore_patterns("*.pyc"))
    return root


class Edited:
    """The policies of a study whose rows are found or lost when the copy is edited."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.plan = StudyPlan.of_scenario(small(), small().policies, 1, 1)
        self.keys = self.keys_now()

    def keys_now(self) -> dict[str, str]:
        row_code.playing_digest.cache_clear()
        plan = replace(self.plan)  # without what it has found already
        return {cell.policy: plan.row_key(cell) for cell in plan.cells()}

    def lost(self) -> set[str]:
        return {name for name, key in self.keys_now().items() if key != self.keys[name]}

    @contextmanager
    def edit(self, file: str, edit: Callable[[str], str]) -> Iterator[None]:
        """A file is edited meanwhile."""
        path = self.root / file
        source = path.read_text(encoding="utf-8")
        edited = edit(source)
        assert edited != source
        path.write_text(edited, encoding="utf-8")
        try:
            yield
        finally:
            path.write_text(source, encoding="utf-8")

    def after(self, file: str, edit: Callable[[str], str]) -> set[str]:
        """The policies whose rows are lost when a file is edited."""
        with self.edit(file, edit):
            return self.lost()

    def losing(self, files: list[str], edit: Callable[[str], str]) -> dict[str, set[str]]:
        """The files whose edit loses any row, with the policies: all at once, as most lose none."""
        with ExitStack() as edits:
            for file in files:
                edits.enter_context(self.edit(file, edit))
            if not self.lost():
                return {}
        return {file: lost for file in files if (lost := self.after(file, edit))}


@pytest.fixture(scope="module")
def code(copied: Path) -> Iterator[Edited]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(row_code, "code_of_simab", lambda: PackageCode(copied))
        edited = Edited(copied)
        assert edited.lost() == set()
        yield edited
    row_code.playing_digest.cache_clear()


DECIDING = [
    "world/compiled/kernel.py",
    "world/compiled/draws.py",
    "world/reference/plane.py",
    "world/control.py",
    "draws.py",
    "profiles/quantile_table.py",
    "profiles/durations.py",
    "analyse/run_summary.py",
    "analyse/counterfactual.py",
    "policies/metrics.py",
    "scenario/parts.py",
    "study/playing.py",
]
WITHOUT_A_SAY = [
    "explain/explanation.py",
    "explain/evidence.py",
    "report/page.py",
    "cli/main.py",
    "interop/argo.py",
    "documents/parsing.py",
    "scenario/loading.py",
    "scenario/schema.py",
    "scenario/rules/sizes.py",
    "analyse/operating_characteristics.py",
    "result/json_form.py",
    "study/execution.py",
    "study/result.py",
    "version.py",
]


def test_words_lose_no_row(code: Edited) -> None:
    """Docstrings, comments and where lines are."""
    files = [*DECIDING, *POLICY_OF.values(), *WITHOUT_A_SAY]
    assert code.losing(files, with_other_words) == {}


@pytest.mark.parametrize("file", DECIDING)
def test_code_that_plays_loses_every_row(code: Edited, file: str) -> None:
    assert code.after(file, with_a_statement) == set(POLICY_OF)


@pytest.mark.parametrize(
    "file", ["world/compiled/kernel.py", "profiles/quantile_table.py", "analyse/breaches.py"]
)
def test_a_constant_that_plays_loses_every_row(code: Edited, file: str) -> None:
    assert code.after(file, with_another_number) == set(POLICY_OF)


def test_code_that_decides_no_row_loses_none(code: Edited) -> None:
    """What comes before or after a run: sentences, pages, commands, the rules of files."""
    assert code.losing(WITHOUT_A_SAY, with_a_statement) == {}


def test_a_file_that_loses_rows_is_named_among_others(code: Edited) -> None:
    """One that plays among two that do not."""
    files = ["cli/main.py", "world/control.py", "version.py"]
    assert code.losing(files, with_a_statement) == {"world/control.py": set(POLICY_OF)}


@pytest.mark.parametrize("policy", POLICY_OF)
def test_a_policy_loses_its_own_rows(code: Edited, policy: str) -> None:
    assert code.after(POLICY_OF[policy], with_a_statement) == {policy}


def test_what_a_policy_imports_loses_its_rows(code: Edited) -> None:
    """A test's critical value stands in simab.stats; the schedule has none."""
    lost = code.after("stats/proportions.py", with_another_number)
    assert {"test"} <= lost
    alone = code.after("policies/experiments/evidence.py", with_a_statement)
    assert alone == {"test"}


def test_files_of_the_page_lose_no_row(code: Edited) -> None:
    """Neither an edited template nor a module more."""
    template = next((code.root / "report" / "templates").rglob("*.jinja"))
    template.write_text("edited", encoding="utf-8")
    (code.root / "report" / "one_more.py").write_text("MORE = 1\n", encoding="utf-8")
    assert code.lost() == set()


def test_a_study_plays_again_what_an_edit_lost(
    code: Edited, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store keeps its rows through words, and loses those of a policy that is edited."""
    played: list[str] = []
    play = tasks.play_batch

    def noted(scenario: str, policy: Any, *rest: Any) -> Any:
        played.append(policy[0])
        return play(scenario, policy, *rest)

    monkeypatch.setattr(tasks, "play_batch", noted)
    rows: dict[str, RunSummary] = {}

    def study() -> list[str]:
        played.clear()
        row_code.playing_digest.cache_clear()
        simab.compare(small(), replications=1, store=rows)
        return list(played)

    assert study() == list(POLICY_OF)
    with code.edit("world/compiled/kernel.py", with_other_words):
        assert study() == []
    with code.edit(POLICY_OF["majority"], with_a_statement):
        assert study() == ["majority"]
    with code.edit("world/compiled/kernel.py", with_another_number):
        assert study() == list(POLICY_OF)


def test_a_name_from_another_home_loses_every_row(code: Edited) -> None:
    """A package's `__init__` says where a name is; one more name there says nothing."""
    more = code.after("analyse/__init__.py", lambda text: text + "from os import sep as sep\n")
    assert more == set()

    def moved(text: str) -> str:
        return text.replace("from simab.analyse.run_summary", "from simab.analyse.truth")

    assert code.after("analyse/__init__.py", moved) == set(POLICY_OF)


PLAY = """
import json, sys
from simab.study import playing
from tests.study.building import small

described = small()
text = described.model_dump_json()
files = set()

def note(frame, event, argument):
    if event == "call":
        files.add(frame.f_code.co_filename)

def play():
    for engine in ("compiled", "reference"):
        for policy in described.policies.items():
            playing.play_batch(text, policy, [0], 1, engine)

play()  # imports what it needs
playing._prepared.cache_clear()
sys.setprofile(note)
play()
sys.setprofile(None)
loaded = [name for name in sys.modules if name.partition(".")[0] == "simab"]
own = {sys.modules[name].__file__: name for name in loaded}
print(json.dumps([[own[file] for file in files if file in own], loaded]))
"""


@pytest.fixture(scope="module")
def played(repository: Path) -> tuple[set[str], set[str]]:
    """Modules of simab of which a function was called while playing, and those that are loaded."""
    ended = subprocess.run(
        [sys.executable, "-c", PLAY], capture_output=True, text=True, check=False, cwd=repository
    )
    assert ended.returncode == 0, ended.stderr
    called, loaded = json.loads(ended.stdout)
    return set(called), set(loaded)


def test_every_function_called_in_play_is_of_code_that_counts(
    played: tuple[set[str], set[str]],
) -> None:
    """Or of what refuses a file, which are rules and the worlds in it, or of the policy."""
    called, _ = played
    package = code_digest.code_of_simab()
    deciding = package.closure([PLAYING], without=WITHOUT)
    policies = package.closure([type(each).__module__ for each in small().policies.values()])
    rules = package.closure(["simab.scenario.rules", "simab.scenario.changes.block"])
    assert called > {PLAYING, "simab.world.control", "simab.draws"}
    assert called - {*deciding, *policies} <= {
        each for each in rules if each.startswith(("simab.scenario.", "simab.documents."))
    }


def test_no_module_is_loaded_that_imports_do_not_name(played: tuple[set[str], set[str]]) -> None:
    """A module loaded by its name as a text would escape the digest."""
    _, loaded = played
    package = code_digest.code_of_simab()
    entries = {PLAYING, "simab.study", "simab.world.compiled.plane"}
    while True:  # a module loads the packages that it is in
        found = set(package.closure(entries))
        parents = {name.rpartition(".")[0] for name in found} - {""}
        if parents <= found:
            break
        entries = found | parents
    assert loaded <= found


def test_the_catalogue_is_left_out_and_each_of_its_policies_is_not() -> None:
    package = code_digest.code_of_simab()
    deciding = package.closure([PLAYING], without=WITHOUT)
    union = PolicyDescription.__origin__  # type: ignore[attr-defined]
    homes = {kind.__module__ for kind in union.__args__}
    assert not homes & set(deciding)
    for home in homes:
        assert home in package.closure([home], without=WITHOUT)
