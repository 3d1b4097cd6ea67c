"""Which modules of a package some of its modules need, and a digest of their code without words.

Comments, docstrings, blank lines and the width of lines say nothing; every statement and constant
does. To parse a hundred modules takes a second, so what was found is kept beside the bytecode.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from functools import cache, cached_property
from hashlib import sha256
from importlib.util import cache_from_source
from pathlib import Path
from typing import Any, Final, NamedTuple

from simab.files import user_cache, write_files

__all__ = ["ModuleCode", "PackageCode", "code_of_simab", "module_code"]

_FILE: Final = "code_digests.json"
_WITHOUT_MEANING: Final = frozenset({"ctx", "kind", "type_comment"})


class ModuleCode(NamedTuple):
    """A digest of a module's code, and what it imports: pairs of a module and a name or ""."""

    digest: str
    imports: tuple[tuple[str, str], ...]


def module_code(source: bytes | str) -> ModuleCode:
    """Read a module's source.

    Imports within functions count, those for the type checker alone do not, but where the module
    has a `__getattr__`, which imports them when they are asked for; relative ones keep their dots.

    Raises:
        SyntaxError: it is not Python.
    """
    tree = ast.parse(source)
    code = sha256("".join(_written(tree)).encode("utf-8", "surrogatepass"))
    imports = _imports(tree, lazily=any(_is_getattr(each) for each in tree.body))
    return ModuleCode(code.hexdigest(), tuple(dict.fromkeys(imports)))


def _is_getattr(node: ast.stmt) -> bool:
    return isinstance(node, ast.FunctionDef) and node.name == "__getattr__"


def _written(node: Any) -> Iterator[str]:
    """A syntax tree as text, the same in each version of Python that gives it the same meaning."""
    if isinstance(node, list):
        yield "["
        for each in node:
            if not _is_text_alone(each):
                yield from _written(each)
        yield "]"
    elif isinstance(node, ast.Constant):
        yield f"{node.value!r},"
    elif isinstance(node, ast.AST):
        yield f"{type(node).__name__}("
        for name in node._fields:
            value = getattr(node, name, None)
            if name not in _WITHOUT_MEANING and value is not None and value != []:
                yield f"{name}="
                yield from _written(value)
        yield ")"
    else:
        yield f"{node!r},"


def _is_text_alone(node: Any) -> bool:
    """A docstring of whatever: of a module, class, function or attribute."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _imports(node: ast.AST, *, lazily: bool) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
        for other in (*(node.body if lazily else ()), *node.orelse):
            yield from _imports(other, lazily=lazily)
    elif isinstance(node, ast.Import):
        yield from ((alias.name, "") for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        at = "." * node.level + (node.module or "")
        yield from ((at, alias.name) for alias in node.names)
    else:
        for each in ast.iter_child_nodes(node):
            yield from _imports(each, lazily=lazily)


class PackageCode:
    """The modules of a package as they are on disk, by their full names."""

    def __init__(self, root: Path) -> None:
        """`root` is the folder of the package, which has its name."""
        self._root = root
        self._prefix = f"{root.name}."
        self._read: dict[str, ModuleCode] = {}
        self._is_kept = True

    def closure(
        self, modules: Iterable[str], *, without: Collection[str] = (), within: str = ""
    ) -> tuple[str, ...]:
        """These modules and all that they import from the package, in order of names.

        A name that a package's `__init__` imports from elsewhere is followed to its home. What is
        in `without`, and what is not `within` a subpackage, is neither named nor followed.
        """
        found: set[str] = set()
        wanted = list(modules)
        while wanted:
            module = wanted.pop()
            outside = within and not f"{module}.".startswith(f"{within}.")
            if module not in found and module not in without and not outside:
                found.add(module)
                wanted += self._targets(module)
        self._keep()
        return tuple(sorted(found))

    def digest(self, modules: Iterable[str], *, without: Collection[str] = ()) -> str:
        """Of the code of a closure, in hexadecimal; see `closure`."""
        whole = sha256()
        for module in self.closure(modules, without=without):
            # A package may import the same name from another home.
            targets = " ".join(self._targets(module))
            whole.update(f"{module} {self.code(module).digest} {targets}\n".encode())
        return whole.hexdigest()

    def code(self, module: str) -> ModuleCode:
        """What is known of one module of the package."""
        if module not in self._read:
            content = self._paths[module].read_bytes()
            known = self._kept.get(module, ["", "", []])
            of = sha256(_own_source() + content).hexdigest()
            if known[0] != of:
                digest, imports = module_code(content)
                own = [each for each in imports if f"{each[0]}.".startswith(self._prefix)]
                self._kept[module] = known = [of, digest, own]
                self._is_kept = False
            self._read[module] = ModuleCode(known[1], tuple(known[2]))
        return self._read[module]

    def home(self, module: str, name: str) -> str:
        """The module that a name is imported from in the end, or "" outside the package."""
        if f"{module}.{name}" in self._paths:
            return f"{module}.{name}"
        if module not in self._paths:
            return ""
        if name and self._paths[module].name == "__init__.py":
            for at, imported in self.code(module).imports:
                if imported == name and (home := self.home(at, name)):
                    return home
        return module

    def _targets(self, module: str) -> list[str]:
        """The modules of the package that one of them imports."""
        found = (self.home(at, name) for at, name in self.code(module).imports)
        return sorted({home for home in found if home})

    @cached_property
    def _paths(self) -> dict[str, Path]:
        found = {}
        for path in self._root.rglob("*.py"):
            parts = path.relative_to(self._root.parent).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
        return found

    @cached_property
    def _kept(self) -> dict[str, list[Any]]:
        """By module: the digest of its file and of this one, that of its code, its imports."""
        for place in self._places():
            with suppress(OSError, ValueError, TypeError, AttributeError):  # none, or damaged
                kept = json.loads(place.read_bytes())
                return {
                    name: [of, code, [(at, named) for at, named in imports]]
                    for name, (of, code, imports) in kept.items()
                }
        return {}

    def _keep(self) -> None:
        """Where it cannot be kept, the next process finds it again."""
        if self._is_kept:
            return
        text = json.dumps(self._kept, separators=(",", ":")).encode()
        for place in self._places():
            with suppress(OSError):
                place.parent.mkdir(parents=True, exist_ok=True)
                write_files({place: text})
                self._is_kept = True
                return

    def _places(self) -> Iterator[Path]:
        """Beside the bytecode; where that folder is read-only, in the user's cache."""
        yield Path(cache_from_source(str(self._root / "__init__.py"))).with_name(_FILE)
        if folder := user_cache():
            yield folder / _FILE


@cache
def code_of_simab() -> PackageCode:
    """The package that this module belongs to."""
    return PackageCode(Path(__file__).parent)


@cache
def _own_source() -> bytes:
    """What reads otherwise finds other digests."""
    return sha256(Path(__file__).read_bytes()).digest()
