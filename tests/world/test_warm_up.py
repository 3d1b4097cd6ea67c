"""One process of a host compiles, others wait for it, and who waits is told how far it is."""

from __future__ import annotations

from pathlib import Path
from threading import Event as Signal
from threading import Thread

import pytest
from numba.core.event import Event, EventStatus, broadcast

from simab.cli.engines import prepare_engine
from simab.files import CACHE_VARIABLE, alone_with
from simab.world import warm_up
from simab.world.compiled import compilation, kernel


def test_who_comes_second_waits_for_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    monkeypatch.setattr(warm_up, "is_cached", lambda: False)
    compiled = Signal()
    monkeypatch.setattr(warm_up, "compile_now", compiled.set)
    second = Thread(target=warm_up.compile_once_a_host)
    with alone_with("compiling"):
        second.start()
        assert not compiled.wait(0.2)
    second.join()
    assert compiled.is_set()


def test_each_function_of_the_kernel_is_counted_once() -> None:
    shown: list[tuple[int, int]] = []
    functions = compilation.functions_to_compile()
    assert kernel.advance in functions
    total = len(functions)
    with compilation.progress_shown(lambda done, of: shown.append((done, of))):
        for dispatcher in [*functions, kernel.advance]:
            for status in EventStatus:
                broadcast(Event("numba:compile", status, {"dispatcher": dispatcher}))
    assert shown[0] == (0, total)
    assert [done for done, _ in shown[1:]] == [*range(1, total + 1), total]
    assert {of for _, of in shown} == {total}


def test_what_is_waited_for_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(compilation, "is_cached", lambda: False)
    monkeypatch.setattr(warm_up, "compile_once_a_host", lambda show: show(1, 2))
    prepare_engine("compiled", quiet=False)
    said = capsys.readouterr().err
    assert "Compiling the simulator, once on this machine: usually 10 to 40 s ..." in said
    assert "Compiled in 0 s." in said
    prepare_engine("compiled", quiet=True)
    prepare_engine("reference", quiet=False)
    assert capsys.readouterr() == ("", "")
