"""Files that belong together are written whole, or the old ones stay."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from simab.files import write_files


def test_files_are_written_and_replaced(tmp_path: Path) -> None:
    """And nothing else is left in the folder."""
    for content in (b"first", b"second"):
        write_files({tmp_path / "a": content, tmp_path / "b": content * 2})
        assert (tmp_path / "a").read_bytes() == content
        assert (tmp_path / "b").read_bytes() == content * 2
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a", "b"]


def test_a_full_disk_leaves_every_old_file_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second file cannot be written: the first is not replaced either."""
    write_files({tmp_path / "a": b"old a", tmp_path / "b": b"old b"})
    synced = os.fsync

    def full_at_the_second(descriptor: int, calls: list[int] = []) -> None:  # noqa: B006
        calls.append(descriptor)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        synced(descriptor)

    monkeypatch.setattr(os, "fsync", full_at_the_second)
    with pytest.raises(OSError, match="No space left"):
        write_files({tmp_path / "a": b"new", tmp_path / "b": b"new"})
    assert (tmp_path / "a").read_bytes() == b"old a"
    assert (tmp_path / "b").read_bytes() == b"old b"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a", "b"]


def test_permissions_are_those_of_any_new_file(tmp_path: Path) -> None:
    """A report that only its writer can read would surprise whoever shares a folder."""
    (tmp_path / "plain").write_bytes(b"")
    write_files({tmp_path / "ours": b""})
    modes = {(tmp_path / name).stat().st_mode for name in ("plain", "ours")}
    assert len(modes) == 1


def test_a_link_stays_a_link_and_its_target_is_written(tmp_path: Path) -> None:
    """As writing to it would have done."""
    target = tmp_path / "target"
    target.write_bytes(b"old")
    (tmp_path / "link").symlink_to(target)
    write_files({tmp_path / "link": b"new"})
    assert (tmp_path / "link").is_symlink()
    assert target.read_bytes() == b"new"


def test_what_is_no_regular_file_is_written_to(tmp_path: Path) -> None:
    """`--out` of a device or a pipe must not replace it by a file."""
    write_files({Path(os.devnull): b"gone"})
    assert not Path(os.devnull).is_file()
