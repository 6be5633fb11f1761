from __future__ import annotations

import os
from pathlib import Path

import pytest

from supportops.local.supervisor.instance_lock import AlreadyRunning, instance_lock, running_url


def test_a_second_one_is_refused_and_told_where_the_first_is(tmp_path: Path) -> None:
    place = tmp_path / "running.json"

    with instance_lock(place, "http://127.0.0.1:8080"):
        with pytest.raises(AlreadyRunning, match=rf"127\.0\.0\.1:8080 \(process {os.getpid()}\)"):
            with instance_lock(place, "http://127.0.0.1:9090"):
                pass
        assert running_url(place) == "http://127.0.0.1:8080"


def test_after_the_first_ended_another_may_run(tmp_path: Path) -> None:
    place = tmp_path / "running.json"
    with instance_lock(place, "http://127.0.0.1:8080"):
        pass

    assert running_url(place) is None
    with instance_lock(place, "http://127.0.0.1:9090"):
        assert running_url(place) == "http://127.0.0.1:9090"


def test_whoever_inherits_the_descriptor_keeps_the_place(tmp_path: Path) -> None:
    place = tmp_path / "running.json"
    with instance_lock(place, "http://127.0.0.1:8080") as lock:
        inherited = os.dup(lock)

    with pytest.raises(AlreadyRunning, match="still being ended"):
        with instance_lock(place, "http://127.0.0.1:9090"):
            pass
    os.close(inherited)


def test_a_damaged_note_says_that_nobody_runs(tmp_path: Path) -> None:
    place = tmp_path / "running.json"
    for damage in ("", "[]", "{", '{"process": "x"}', '{"process": 999999999, "url": "http://x"}'):
        place.write_text(damage)
        assert running_url(place) is None
