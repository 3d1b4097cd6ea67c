"""The rules that every source file follows, and proof that each rule notices a breach."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from pathlib import Path

import pytest

LONGEST_FILE = 450
LONGEST_FUNCTION = 50  # its docstring not counted

# What may be longer, and why: {path: reason} and {"path::function": reason}.
LONG_FILES: dict[str, str] = {}
LONG_FUNCTIONS: dict[str, str] = {}

PRIVATE_IDIOM = re.compile(
    r"\b(fore(?:tells?|told)|mend(?:s|ed|ing)?|told apart|tells? \w+ apart|hangs? on|by heart"
    r"|(?<!there )(?<!where )is no (?=file|list|mapping|number|path|policy|study|text|value)\w+)\b"
)
PLAIN_WORDS = "predict, repair, distinguish, depend on, cached, is not a ..."

FAMILIES = ("argo", "bandits", "cloudwatch", "experiments", "flagger", "kayenta", "rollouts")

# Words that say nothing about what a thing is.
EMPTY_WORDS = {"util", "utils", "helper", "helpers", "misc", "common", "manager", "managers"}

Function = ast.FunctionDef | ast.AsyncFunctionDef
Rule = Callable[[str, str], list[str]]


@lru_cache(maxsize=1)
def tree_of(source: str) -> ast.Module:
    """A file is parsed once for all rules that look at it one after the other."""
    return ast.parse(source)


@lru_cache(maxsize=1)
def nodes_of(source: str) -> list[ast.AST]:
    return list(ast.walk(tree_of(source)))


def functions(nodes: Iterable[ast.AST]) -> Iterator[Function]:
    return (node for node in nodes if isinstance(node, Function))


def lines_without_docstring(function: Function) -> int:
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    if ast.get_docstring(function) is not None:
        docstring = function.body[0]
        lines -= (docstring.end_lineno or docstring.lineno) - docstring.lineno + 1
    return lines


def words(name: str) -> set[str]:
    """The words of a path, a snake_case or a CamelCase name, in lower case."""
    # "Common random numbers" is the established name of a method.
    name = name.replace("common_random_numbers", "").replace("CommonRandomNumbers", "")
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", name)}


def missing_docstring(path: str, source: str) -> list[str]:
    """A module says in the first two lines of its docstring what it owns."""
    docstring = ast.get_docstring(tree_of(source))
    if not docstring:
        return [f"{path}: no module docstring; say in its first two lines what the file owns"]
    opening = "\n".join(docstring.splitlines()[:2])
    if not re.search(r"\w+\W+\w+.*[.:;]\s*$|[.:;]\s", opening, re.DOTALL):
        return [f"{path}: the docstring has no whole sentence in its first two lines"]
    return []


def long_file(path: str, source: str) -> list[str]:
    """A file that grows too long has two subjects."""
    lines = len(source.splitlines())
    if lines > LONGEST_FILE and path not in LONG_FILES:
        return [f"{path}: {lines} lines, at most {LONGEST_FILE}; split it by subject"]
    return []


def long_function(path: str, source: str) -> list[str]:
    """A function fits on a screen."""
    return [
        f"{path}:{function.lineno} {function.name}: {lines} lines without its docstring, "
        f"at most {LONGEST_FUNCTION}"
        for function in functions(nodes_of(source))
        if (lines := lines_without_docstring(function)) > LONGEST_FUNCTION
        and f"{path}::{function.name}" not in LONG_FUNCTIONS
    ]


def printing(path: str, source: str) -> list[str]:
    """Only the command line talks to the terminal; the library returns results."""
    if path.startswith(("simab/cli/", "validation/places.py")):
        return []
    found = []
    for node in nodes_of(source):
        if isinstance(node, ast.Name) and node.id in {"print", "input"}:
            found.append(f"{path}:{node.lineno}: {node.id} outside simab/cli")
        elif isinstance(node, ast.Attribute) and ast.unparse(node) in {"sys.stdout", "sys.stderr"}:
            found.append(f"{path}:{node.lineno}: {ast.unparse(node)} outside simab/cli")
    return found


def empty_name(path: str, source: str) -> list[str]:
    """A file, class or function is named for what it is or does."""
    named = [(path, path)] + [
        (f"{path}:{node.lineno}", node.name)
        for node in nodes_of(source)
        if isinstance(node, Function | ast.ClassDef)
    ]
    return [
        f"{place}: {name} says {sorted(empty)}; name what it is or does"
        for place, name in named
        if (empty := words(name) & EMPTY_WORDS)
    ]


def list_by_hand(path: str, source: str) -> list[str]:
    """Lists in a sentence are joined by `simab.text.lists`, so that all of them read alike."""
    if path.startswith("simab/text/"):
        return []
    return [
        f"{path}:{node.lineno}: {ast.unparse(node)}; use simab.text.lists.listed"
        for node in nodes_of(source)
        if isinstance(node, ast.Attribute)
        and node.attr == "join"
        and isinstance(node.value, ast.Constant)
        and str(node.value.value).strip(" ,") in {"and", "or"}
    ]


def kind_of_policy(path: str, source: str) -> list[str]:
    """What is explained of a policy comes from its family; `explain` knows no kind of policy."""
    if not path.startswith("simab/explain/"):
        return []
    return [
        f"{path}:{node.lineno}: imports {node.module}; ask the policy, or its explainer"
        for node in nodes_of(source)
        if isinstance(node, ast.ImportFrom)
        and re.match(rf"simab\.policies\.({'|'.join(FAMILIES)})\b", node.module or "")
    ]


def private_idiom(path: str, source: str) -> list[str]:
    """Names, comments, docstrings and messages use the plain words of the field."""
    return [
        f"{path}:{number}: {found[0]!r}; write {PLAIN_WORDS}"
        for number, line in enumerate(source.splitlines(), start=1)
        if (found := PRIVATE_IDIOM.search(line))
    ]


EVERYWHERE: list[Rule] = [missing_docstring, long_file, empty_name]
IN_THE_PACKAGE: list[Rule] = [
    kind_of_policy,
    list_by_hand,
    long_function,
    printing,
    private_idiom,
]


def python_files(root: Path, *folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (root / folder).rglob("*.py"))


@pytest.fixture(scope="module")
def breaches(repository: Path) -> dict[str, list[str]]:
    """What breaks each rule, by the rule's name: every file is read and parsed once."""
    package = python_files(repository, "simab", "validation")
    files = [*package, *python_files(repository, "tests", "scenarios"), repository / "noxfile.py"]
    found: dict[str, list[str]] = {rule.__name__: [] for rule in (*EVERYWHERE, *IN_THE_PACKAGE)}
    for file in files:
        path, source = file.relative_to(repository).as_posix(), file.read_text(encoding="utf-8")
        for rule in (*EVERYWHERE, *(IN_THE_PACKAGE if file in package else ())):
            found[rule.__name__] += rule(path, source)
    return found


@pytest.mark.parametrize("rule", [*EVERYWHERE, *IN_THE_PACKAGE], ids=lambda rule: rule.__name__)
def test_every_file_keeps_the_rule(breaches: dict[str, list[str]], rule: Rule) -> None:
    """Those of the package have more rules to keep."""
    assert breaches[rule.__name__] == []


def test_an_exception_that_is_no_longer_needed_is_removed(repository: Path) -> None:
    for path, reason in LONG_FILES.items():
        assert reason
        lines = len((repository / path).read_text(encoding="utf-8").splitlines())
        assert lines > LONGEST_FILE, f"{path} is short enough now"
    for place, reason in LONG_FUNCTIONS.items():
        assert reason
        path, name = place.split("::")
        tree = ast.parse((repository / path).read_text(encoding="utf-8"))
        lengths = [
            lines_without_docstring(each) for each in functions(ast.walk(tree)) if each.name == name
        ]
        assert lengths, f"{place} is gone"
        assert max(lengths) > LONGEST_FUNCTION, f"{place} is short enough now"


@pytest.mark.parametrize(
    ("rule", "path", "source"),
    [
        (missing_docstring, "simab/a.py", "import os\n"),
        (missing_docstring, "simab/a.py", '"""Words"""\n'),
        (missing_docstring, "simab/a.py", '"""\nThis one goes on\nand on\nwithout an end.\n"""\n'),
        (long_file, "simab/a.py", "x = 1\n" * (LONGEST_FILE + 1)),
        (long_function, "simab/a.py", "def f():\n" + "    x = 1\n" * LONGEST_FUNCTION),
        (printing, "simab/world/a.py", "print('hello')\n"),
        (printing, "simab/world/a.py", "import sys\nsys.stderr.write('hello')\n"),
        (private_idiom, "simab/a.py", "raise InvalidInput('7 is no number')\n"),
        (private_idiom, "simab/a.py", "# what hangs on the traffic\n"),
        (private_idiom, "simab/a.py", '"""Equal models are told apart."""\n'),
        (kind_of_policy, "simab/explain/a.py", "from simab.policies.argo.rollouts import A\n"),
        (list_by_hand, "simab/a.py", "f\"{' and '.join(names)}\"\n"),
        (list_by_hand, "simab/a.py", "' or '.join(names)\n"),
        (empty_name, "simab/utils.py", ""),
        (empty_name, "simab/common/a.py", ""),
        (empty_name, "simab/a.py", "class RunManager: ...\n"),
        (empty_name, "simab/a.py", "def plot_helper(): ...\n"),
    ],
)
def test_a_planted_breach_is_noticed(rule: Rule, path: str, source: str) -> None:
    assert len(rule(path, source)) == 1


@pytest.mark.parametrize(
    ("rule", "path", "source"),
    [
        (missing_docstring, "simab/a.py", '"""Durations and rates\nto integers and back."""\n'),
        (long_file, "simab/a.py", "x = 1\n" * LONGEST_FILE),
        (long_function, "simab/a.py", "def f():\n    '''\n\n    '''\n" + "    x = 1\n" * 49),
        (private_idiom, "simab/a.py", "# where there is no number, 7 is not a number\n"),
        (kind_of_policy, "simab/explain/a.py", "from simab.policies.limits import Limit\n"),
        (kind_of_policy, "simab/policies/a.py", "from simab.policies.argo.rollouts import A\n"),
        (list_by_hand, "simab/text/lists.py", "' and '.join(names)\n"),
        (list_by_hand, "simab/a.py", "', '.join(names)\n"),
        (printing, "simab/cli/a.py", "print('hello')\n"),
        (empty_name, "simab/stats/common_random_numbers.py", "def communicate(): ...\n"),
    ],
)
def test_what_the_rule_allows_passes(rule: Rule, path: str, source: str) -> None:
    assert rule(path, source) == []
