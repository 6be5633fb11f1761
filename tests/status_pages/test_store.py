"""The folder of status pages: whole files at any instant, whoever is killed, and nobody else's."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from supportops.status_pages import store
from supportops.status_pages.address import token
from supportops.status_pages.store import FolderError, one_writer, replace_all

SECRET = "x" * 40
ADA, BOB = token(SECRET, "ada"), token(SECRET, "bob")
SHARED = {"status.css": b"css"}
# Two versions of a page in turn, each file filled with the number of its version.
WRITER = """
import sys
from pathlib import Path
from supportops.status_pages.store import one_writer, replace_all
folder, token = Path(sys.argv[1]), sys.argv[2]
number = 0
while True:
    number = (number + 1) % 2
    content = str(number).encode() * 200_000
    with one_writer(folder):
        replace_all(folder, {"index.html": content}, {token: {"index.html": content}}, {})
"""


def files(folder: Path) -> dict[str, bytes]:
    paths = (path for path in folder.rglob("*") if path.is_file() and path.name != store.MARKER)
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def test_only_another_content_is_written(tmp_path: Path) -> None:
    with one_writer(tmp_path):
        page = {"index.html": b"1", "feed.xml": b"1"}
        assert replace_all(tmp_path, page, {ADA: page}, SHARED) == store.Outcome(5, 0)
        before = (tmp_path / "feed.xml").stat().st_mtime_ns
        page = {"index.html": b"2", "feed.xml": b"1"}
        assert replace_all(tmp_path, page, {ADA: page}, SHARED) == store.Outcome(2, 0)
    assert (tmp_path / "feed.xml").stat().st_mtime_ns == before
    assert files(tmp_path)[f"c/{ADA}/index.html"] == b"2"


def test_what_nobody_has_any_more_is_removed_and_what_is_not_ours_stays(tmp_path: Path) -> None:
    page = {"index.html": b"1", "status.json": b"{}", "logo.png": b"1"}
    with one_writer(tmp_path):
        replace_all(tmp_path, page, {ADA: page, BOB: page}, SHARED)
        (tmp_path / "robots.txt").write_text("theirs")
        (tmp_path / "c" / "theirs").mkdir()
        (tmp_path / "c" / BOB / "theirs.txt").write_text("theirs")
        outcome = replace_all(tmp_path, None, {ADA: {"index.html": b"1"}}, SHARED)
    assert outcome.removed == 3 + 2 + 3
    assert files(tmp_path).keys() == {
        *("status.css", "robots.txt", f"c/{ADA}/index.html", f"c/{BOB}/theirs.txt")
    }
    assert (tmp_path / "c" / "theirs").is_dir()


def test_a_folder_with_other_files_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("a website")
    with pytest.raises(FolderError, match="holds other files"), one_writer(tmp_path):
        raise AssertionError
    assert files(tmp_path) == {"index.html": b"a website"}


def test_a_folder_that_cannot_be_written_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FolderError, match="cannot be written"), one_writer(tmp_path / "file"):
        raise AssertionError


def test_a_web_server_of_another_user_reads_pages_and_lists_no_tokens(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        with one_writer(tmp_path / "pages"):
            replace_all(tmp_path / "pages", {"index.html": b"1"}, {ADA: {"index.html": b"1"}}, {})
    finally:
        os.umask(before)
    modes = {
        path: stat.S_IMODE((tmp_path / "pages" / path).stat().st_mode)
        for path in ("", "index.html", "c", f"c/{ADA}", f"c/{ADA}/index.html")
    }
    assert list(modes.values()) == [0o755, 0o644, 0o711, 0o755, 0o644]


def test_a_killed_writer_leaves_whole_files_and_the_next_one_tidies_up(tmp_path: Path) -> None:
    whole = {b"0" * 200_000, b"1" * 200_000}
    for _ in range(5):
        command = [sys.executable, "-c", WRITER, str(tmp_path), ADA]
        with subprocess.Popen(command) as writer:
            while not (tmp_path / "c" / ADA / "index.html").exists():
                time.sleep(0.01)
            for _ in range(50):
                assert (tmp_path / "index.html").read_bytes() in whole
            writer.send_signal(signal.SIGKILL)
        assert {
            (tmp_path / name).read_bytes() for name in ("index.html", f"c/{ADA}/index.html")
        } <= whole
        (tmp_path / "c" / ADA / ".new-feed.xml").write_bytes(b"half")
    with one_writer(tmp_path):  # the lock died with its holder
        replace_all(tmp_path, {"index.html": b"2"}, {ADA: {"index.html": b"2"}}, {})
    assert files(tmp_path) == {"index.html": b"2", f"c/{ADA}/index.html": b"2"}


def test_when_the_folder_was_written_last_is_known(tmp_path: Path) -> None:
    now = datetime(2026, 11, 18, 12, tzinfo=UTC)
    assert store.written_at(tmp_path) is None
    with one_writer(tmp_path):
        assert store.written_at(tmp_path) is None
        store.note_written(tmp_path, now)
    assert store.written_at(tmp_path) == now
