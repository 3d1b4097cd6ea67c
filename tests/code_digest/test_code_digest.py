"""What a module's code is: its statements and constants, and what it imports; not its words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from simab import code_digest
from simab.code_digest import PackageCode, module_code

SOURCE = '''
"""A module."""
from os import path

LIMIT = 3
"""How many."""

def f(x):
    """A function."""
    return x[1:, LIMIT]  # a comment
'''
SAME = """
from os import (
    path,
)
LIMIT = 0x3


def f(
    x,
): return x[1:, LIMIT]
"""


def test_words_layout_and_spelling_are_no_code() -> None:
    assert module_code(SOURCE) == module_code(SAME)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("= 3", "= 4"),
        ("= 3", "= 3.0"),
        ("= 3", "= '3'"),
        ("[1:", "[:1"),
        ("[1:", "[1:None"),
        ("return x", "x"),
        ("(x)", "(x=None)"),
        ("(x)", "(*x)"),
        ("def", "async def"),
        ("path", "path as path2"),
        ("LIMIT]", "limit]"),
    ],
)
def test_a_changed_statement_is_other_code(old: str, new: str) -> None:
    assert old in SOURCE
    assert module_code(SOURCE.replace(old, new)).digest != module_code(SOURCE).digest


def test_imports_within_functions_count_and_those_for_the_type_checker_do_not() -> None:
    source = (
        "import a.b\nfrom c import d\nfrom . import e\n"
        "if TYPE_CHECKING:\n    import t\nelse:\n    import u\n"
        "def f():\n    from g import h\n"
    )
    assert module_code(source).imports == (
        ("a.b", ""), ("c", "d"), (".", "e"), ("u", ""), ("g", "h"),
    )  # fmt: skip


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """`a` takes `f` from a package that has it from `p.home`, and nothing from `p.other`."""
    root = tmp_path / "small"
    (root / "p").mkdir(parents=True)
    contents = {
        "__init__.py": "",
        "a.py": "from small.p import f\nimport numpy\n",
        "b.py": "import small.a\n",
        "p/__init__.py": "from small.p.home import f\nfrom small.p.other import g\n",
        "p/home.py": "f = 1\n",
        "p/other.py": "from small import b\ng = 1\n",
    }
    for name, content in contents.items():
        (root / name).write_text(content, encoding="utf-8")
    return root


def test_a_closure_follows_each_name_to_its_home(package: Path) -> None:
    code = PackageCode(package)
    assert code.closure(["small.b"]) == ("small.a", "small.b", "small.p.home")
    assert code.closure(["small.b"], without={"small.a"}) == ("small.b",)
    # Everything that a package holds counts for whoever imports the package.
    assert "small.p.other" in code.closure(["small.p"])
    assert code.closure(["small.p"], within="small.p") == (
        "small.p", "small.p.home", "small.p.other",
    )  # fmt: skip


def test_a_name_that_moves_is_other_code(package: Path) -> None:
    before = PackageCode(package).digest(["small.a", "small.p.other"])
    moved = "from small.p.other import f\n"
    (package / "p" / "__init__.py").write_text(moved, encoding="utf-8")
    assert PackageCode(package).digest(["small.a", "small.p.other"]) != before


def kept(package: Path) -> Path:
    (file,) = package.parent.rglob("code_digests.json")
    return file


def test_what_was_found_is_found_again_without_reading(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what was edited since is read."""
    before = PackageCode(package).digest(["small.b"])
    read: list[bytes] = []
    original = code_digest.module_code

    def noted(source: bytes) -> code_digest.ModuleCode:
        read.append(source)
        return original(source)

    monkeypatch.setattr(code_digest, "module_code", noted)
    assert PackageCode(package).digest(["small.b"]) == before
    assert read == []
    (package / "p" / "home.py").write_text("f = 2\n", encoding="utf-8")
    assert PackageCode(package).digest(["small.b"]) != before
    assert read == [b"f = 2\n"]


@pytest.mark.parametrize(
    "damage",
    ["", "{", "[]", "7", '{"small.a": 7}', '{"small.a": [1, 2, 3]}', '{"small.a": ["", "", ""]}'],
)
def test_a_damaged_file_is_found_anew(package: Path, damage: str) -> None:
    before = PackageCode(package).digest(["small.b"])
    kept(package).write_text(damage, encoding="utf-8")
    assert PackageCode(package).digest(["small.b"]) == before
    assert "small.a" in json.loads(kept(package).read_bytes())


def test_a_package_that_nobody_may_write_to_is_kept_for_the_user(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SIMAB_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    # A file where the folder of the bytecode would be: not even root can write there.
    (package / "__pycache__").write_text("", encoding="utf-8")
    monkeypatch.setattr("sys.pycache_prefix", None)
    before = PackageCode(package).digest(["small.b"])
    assert kept(package) == tmp_path / "cache" / "simab" / "code_digests.json"
    monkeypatch.setattr(code_digest, "module_code", lambda _: pytest.fail("it read"))
    assert PackageCode(package).digest(["small.b"]) == before


@pytest.mark.parametrize("lazily", [False, True])
def test_what_a_module_imports_when_it_is_asked_for_counts(lazily: bool) -> None:
    """Imports for the type checker alone count where `__getattr__` makes them."""
    source = "if TYPE_CHECKING:\n    from a import b\n"
    if lazily:
        source += "def __getattr__(name):\n    return name\n"
    assert module_code(source).imports == ((("a", "b"),) if lazily else ())
