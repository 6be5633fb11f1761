"""A folder that nobody holds any more is removed by the next one beside it, and no other is."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from supportops.db.scratch import PREFIX, scratch_in


def test_what_a_killed_command_left_goes_and_what_is_in_use_stays(tmp_path: Path) -> None:
    (tmp_path / f"{PREFIX}killed").mkdir()
    (tmp_path / f"{PREFIX}killed" / "store.db").write_bytes(b"in the open")
    (tmp_path / "mine").mkdir()
    with scratch_in(tmp_path) as first:
        (first / "file").write_bytes(b"x")
        with scratch_in(tmp_path) as second:
            assert (first / "file").exists()
            assert {each.name for each in tmp_path.iterdir()} == {"mine", first.name, second.name}
            assert second.stat().st_mode & 0o077 == 0
    assert [each.name for each in tmp_path.iterdir()] == ["mine"]


def test_a_link_that_somebody_put_there_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "file").write_bytes(b"x")
    (tmp_path / f"{PREFIX}link").symlink_to(tmp_path / "elsewhere")
    with scratch_in(tmp_path):
        pass
    assert (tmp_path / "elsewhere" / "file").exists()


def test_many_at_once_take_no_folder_from_each_other(tmp_path: Path) -> None:
    def use(number: int) -> bool:
        with scratch_in(tmp_path) as folder:
            (folder / "file").write_text(str(number))
            os.sched_yield()
            return (folder / "file").read_text() == str(number)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(use, range(200)))
    assert list(tmp_path.iterdir()) == []
