"""A study over four worlds that is killed again and again gives the bytes of an undisturbed one."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest

from simab.scenario import dumps
from simab.study import SqliteStore
from tests.comparison.command_line import end, rows_in, run, start
from tests.study.building import small

# SIMAB_KILLS=20 SIMAB_KILLED_REPLICATIONS=2000 tries it as long as one has the patience for.
KILLS = int(os.environ.get("SIMAB_KILLS", "5"))
REPLICATIONS = int(os.environ.get("SIMAB_KILLED_REPLICATIONS", "400"))
WORLDS = {
    "equal": {"weight": 1},
    "exchanged": {"weight": 1},
    "broken": {"weight": 1},
    "described": {"weight": 1},
}


def wait_for_more_rows(process: subprocess.Popen[str], store: Path, before: int) -> bool:
    """Wait until a process has written rows; False if it ended by itself."""
    patience_ends_s = time.monotonic() + 240
    while rows_in(store) <= before:
        if process.poll() is not None:
            return False
        assert time.monotonic() < patience_ends_s, "no rows after four minutes"
        time.sleep(0.02)
    return True


@pytest.mark.long
def test_kills_at_random_moments_change_no_byte(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Up to two seconds after a transaction, so that some lie within one; no row is lost again."""
    file, store = tmp_path / "small.yaml", tmp_path / "rows.sqlite"
    file.write_text(dumps(small(worlds=WORLDS)), encoding="utf-8")
    words = ("compare", file, "--policy", "test", "-n", REPLICATIONS, "--json")
    draw = random.Random(7)
    kept, killed = 0, 0
    for _ in range(KILLS):
        process = start(*words, "--store", store, "--workers", 2)
        if not wait_for_more_rows(process, store, kept):
            process.communicate()
            break
        time.sleep(draw.uniform(0, 2))
        end(process, signal.SIGKILL)
        with closing(SqliteStore(store, create=False)) as left:  # it undoes half a transaction
            assert len(left) > kept
            kept, killed = len(left), killed + 1
    assert killed >= min(KILLS, 2), "the study is too short to be killed"
    resumed = run(capsys, *words, "--store", store, "--workers", 1)
    assert resumed.code == 0, resumed.err
    assert resumed.out == run(capsys, *words, "--no-store").out
