"""Writes docs/tree.md: every module under simab/, floor by floor, with its own first sentence.

Run `python tests/repository/tree.py` after a module was added, moved or described otherwise.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

HEAD = """# The tree

Every module under `simab/` in the order of the floors, from the ground up, with the first sentence
of its docstring. Written by `python tests/repository/tree.py`.

| module | what it owns |
|---|---|
"""


def page(root: Path) -> str:
    """The whole page, from the modules as they stand."""
    return HEAD + "".join(f"| `{path}` | {sentence} |\n" for path, sentence in entries(root))


def entries(root: Path) -> Iterator[tuple[str, str]]:
    """Path and sentence of each module; a folder stands for its `__init__.py`."""
    simab = root / "simab"
    yield "simab/", first_sentence(simab / "__init__.py")
    for name in floors(root):
        file = simab / f"{name}.py"
        for module in [file] if file.exists() else sorted((simab / name).rglob("*.py"), key=place):
            path = module.relative_to(root).as_posix().removesuffix("__init__.py")
            yield path, first_sentence(module)


def place(module: Path) -> tuple[str, ...]:
    """A folder's own line comes before its modules, and folders after them."""
    *folders, name = module.parts
    return (*(f"~{folder}" for folder in folders), "" if name == "__init__.py" else name)


def floors(root: Path) -> list[str]:
    """The rooms and modules right below simab/, as the contract on imports orders them."""
    settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    layers = next(each["layers"] for each in contracts if each["id"] == "floors")
    return [name for layer in reversed(layers) for name in re.findall(r"\w+", layer)]


def first_sentence(module: Path) -> str:
    """What the module says of itself, up to the first period or the end of the paragraph."""
    docstring = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))) or ""
    paragraph = " ".join(docstring.partition("\n\n")[0].split())
    assert paragraph, f"{module}: its first line has to say what it owns"
    sentence = re.split(r"(?<=[.!?])\s", paragraph)[0]
    return sentence.rstrip(".").replace("|", r"\|")


if __name__ == "__main__":
    checkout = Path(__file__).resolve().parents[2]
    (checkout / "docs" / "tree.md").write_text(page(checkout), encoding="utf-8")
