"""What every test may use: the repository, the data beside it, and Hypothesis profiles."""

from __future__ import annotations

import gc
import os
import sys
import tempfile
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.kernel_compilation import Compilation, compile_once, kernel_last, needs_kernel
from tests.undrawn import undrawn

__all__ = ["undrawn"]

REPOSITORY = Path(__file__).resolve().parents[1]
_NUMBERS = count()
COMPILATION = pytest.StashKey[Compilation]()

# Where PYTHONDONTWRITEBYTECODE is set, each worker would rewrite the assertions of every test file
# at each run, and each of a hundred processes that tests start would compile all of simab.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# Nearly all that is made while tests are collected stays: to look for garbage takes two of ten
# seconds. `pytest_collection_finish` allows it again.
gc.disable()

# "default" tries the same examples each time: what is red in CI is red on the next machine.
settings.register_profile(
    "default",
    derandomize=True,
    max_examples=40,
    deadline=None,  # the first example may compile a kernel, which takes seconds
    suppress_health_check=[HealthCheck.too_slow],  # for the same reason
    print_blob=True,
)
# "thorough" looks for new ones; HYPOTHESIS_PROFILE or --hypothesis-profile chooses it.
settings.register_profile(
    "thorough", settings.get_profile("default"), derandomize=False, max_examples=400
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


# What a test keeps in the user's cache is not there, nor for the next test; see `own_cache`.
CACHE = tempfile.TemporaryDirectory(prefix="simab-tests-cache-")
os.environ["SIMAB_CACHE_DIR"] = CACHE.name


@pytest.fixture(autouse=True)
def own_cache() -> None:
    """A cache folder of its own for each test, which does not exist until something is kept."""
    os.environ["SIMAB_CACHE_DIR"] = f"{CACHE.name}/{next(_NUMBERS)}"


def pytest_configure(config: pytest.Config) -> None:
    """Compile the kernel while workers collect, in the process that only hands out tests."""
    if getattr(config.option, "numprocesses", None) and not hasattr(config, "workerinput"):
        config.stash[COMPILATION] = Compilation()


def pytest_unconfigure(config: pytest.Config) -> None:
    if compilation := config.stash.get(COMPILATION, None):
        compilation.end()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What needs no kernel comes first on each worker: it is being compiled meanwhile."""
    workers = getattr(config, "workerinput", {}).get("workercount", 1)
    items[:] = kernel_last(items, workers)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Compile before the first test that plays: a command that has to says so to whoever reads."""
    if needs_kernel(item.path):
        compile_once()


def pytest_collection_finish() -> None:
    """Leave what was collected out of later garbage collections: half a second each time."""
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout that these tests belong to."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data and published results, which the project does not ship."""
    named = os.environ.get("SIMAB_SHARED")
    folder = Path(named) if named else REPOSITORY.parent / "shared"
    if not folder.is_dir():
        if named:
            # Whoever names a folder means to run these tests: a typing error must not skip them.
            pytest.fail(f"SIMAB_SHARED names {folder}, which is not a folder")
        pytest.skip(
            "the shared data is not beside the repository; SIMAB_SHARED may name its folder"
        )
    return folder
