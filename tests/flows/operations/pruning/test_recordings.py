"""How long recordings are kept: store.yaml says it, and mailbox.yaml where that does not."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from sqlalchemy import Engine
from typer.testing import CliRunner

from flows.tickets.mailing.mails import drop, installation, voicemail, wav
from flows.tickets.mailing.test_reading import NIGHT, read, rows
from supportops.cli.main import app
from supportops.config.loader import check
from supportops.config.yaml_source import ConfigurationError
from supportops.db.schema import mailbox_messages, recordings, ticket_events, tickets
from supportops.flows.operations import housekeeping
from supportops.flows.operations.pruning import recordings as removal
from supportops.flows.operations.pruning.removal import Kind

DAY = timedelta(days=1)


def written(folder: Path, **retention: str | None) -> Path:
    (folder / "store.yaml").write_text(yaml.safe_dump({"retention": retention}))
    return folder


def left_after(store: Engine, folder: Path, length: timedelta) -> int:
    housekeeping.tidy(store, folder, NIGHT + length, 60)
    return len(rows(store, recordings))


def test_recordings_are_removed_when_they_are_old_and_their_tickets_stay(
    store: Engine, tmp_path: Path
) -> None:
    folder = written(installation(tmp_path), recordings="30d")
    drop(tmp_path / "box", voicemail(), NIGHT)
    read(store, folder, NIGHT)
    events = len(rows(store, ticket_events))
    assert left_after(store, folder, 30 * DAY) == 1
    assert left_after(store, folder, 30 * DAY + timedelta(seconds=1)) == 0
    assert len(rows(store, tickets)) == len(rows(store, mailbox_messages)) == 1
    assert len(rows(store, ticket_events)) == events
    drop(tmp_path / "box", voicemail(), NIGHT)
    assert read(store, folder, NIGHT)["mailboxes"]["answerphone"]["ticket"] == 1


@pytest.mark.parametrize(
    ("former", "here", "left"),
    [
        ("30d", {}, 0),
        ("30d", {"checks": "20d"}, 0),
        ("30d", {"recordings": "30d"}, 0),
        (None, {"recordings": "30d"}, 0),
        (None, {"recordings": None}, 1),
        (None, None, 1),
        ("30d", None, 0),
    ],
)
@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
def test_the_former_key_counts_where_store_yaml_says_nothing(
    store: Engine, tmp_path: Path, former: str | None, here: dict[str, str] | None, left: int
) -> None:
    folder = installation(tmp_path, **({"keep_recordings": former} if former else {}))
    if here is not None:
        written(folder, **here)
    drop(tmp_path / "box", voicemail(), NIGHT)
    read(store, folder, NIGHT)
    assert left_after(store, folder, 31 * DAY) == left
    found = [each for each in check(folder).findings if each.path == "keep_recordings"]
    assert len(found) == (1 if former else 0)
    assert not found or "`retention: {recordings: ...}` of store.yaml" in str(found[0])


@pytest.mark.parametrize("here", ["60d", None])
@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
def test_two_different_times_are_a_fault_and_nothing_is_removed(
    store: Engine, tmp_path: Path, here: str | None
) -> None:
    folder = written(installation(tmp_path, keep_recordings="30d"), recordings=here)
    drop(tmp_path / "box", voicemail(), NIGHT)
    assert read(store, folder, NIGHT)["mailboxes"]["answerphone"]["ticket"] == 1
    with pytest.raises(ConfigurationError, match=r"delete `keep_recordings` there"):
        left_after(store, folder, 90 * DAY)
    assert len(rows(store, recordings)) == 1
    (fault,) = check(folder).all_faults
    assert (fault.file, fault.path) == ("store.yaml", "retention.recordings")


@pytest.mark.parametrize("prefix", ["", "mailbox/"])
def test_the_recordings_of_a_ticket_on_hold_stay_until_it_is_taken_off(
    store: Engine, tmp_path: Path, prefix: str
) -> None:
    folder = installation(tmp_path)
    drop(tmp_path / "box", voicemail(), NIGHT)
    drop(tmp_path / "box", voicemail(audio=wav(10)), NIGHT)
    read(store, folder, NIGHT)
    held, _ = (row.ticket for row in rows(store, recordings))
    retention = {"recordings": "30d", "hold": [f"{prefix}{held}"]}
    (folder / "store.yaml").write_text(yaml.safe_dump({"retention": retention}))
    kept = housekeeping.retention_of(store, folder, NIGHT)
    (found,) = (
        each
        for each in housekeeping.old(store, kept, NIGHT + 31 * DAY)
        if each.kind is Kind.RECORDINGS
    )
    assert found.rows == 1
    assert left_after(store, folder, 31 * DAY) == 1
    assert [row.ticket for row in rows(store, recordings)] == [held]
    written(folder, recordings="30d")
    assert left_after(store, folder, 31 * DAY) == 0


@pytest.mark.parametrize("wrong", ["12h", "0d", "ever", 30])
def test_a_time_that_is_none_is_a_fault(tmp_path: Path, wrong: str) -> None:
    folder = written(installation(tmp_path), recordings=wrong)
    (fault,) = check(folder).all_faults
    assert (fault.file, fault.path) == ("store.yaml", "retention.recordings")


def test_many_large_recordings_are_removed_a_few_at_a_time(
    store: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removal, "MOST_BYTES", 2 * len(wav()) + 1)
    folder = written(installation(tmp_path), recordings="1d")
    for _ in range(5):
        drop(tmp_path / "box", voicemail(), NIGHT)
    drop(tmp_path / "box", voicemail(audio=wav(10)), NIGHT)
    read(store, folder, NIGHT)
    retention = housekeeping.retention_of(store, folder, NIGHT)
    done = housekeeping.prune(store, retention, NIGHT + 2 * DAY, pause=lambda _: None)
    assert [each.rows[Kind.RECORDINGS] for each in done] == [2, 4, 5, 6]


def test_the_dry_run_says_how_many_they_are_and_how_large(
    store: Engine, store_address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = written(installation(tmp_path), recordings="1d")
    drop(tmp_path / "box", voicemail(), NIGHT)
    drop(tmp_path / "box", voicemail(audio=wav(60)), NIGHT)
    read(store, folder, NIGHT)
    monkeypatch.setenv("SUPPORTOPS_DATABASE_URL", store_address)
    monkeypatch.setenv("SUPPORTOPS_CONFIG", str(folder))
    run = CliRunner().invoke(app, ["db", "prune", "--dry-run"])
    assert "recordings: 2 rows of recordings, about 1.0 MB" in run.output
    said = json.loads(CliRunner().invoke(app, ["db", "prune", "--dry-run", "--json"]).output)
    (found,) = (each for each in said if each["kind"] == "recordings")
    assert (found["rows"], found["size"]) == (2, len(wav()) + len(wav(60)))
    assert len(rows(store, recordings)) == 2
    assert "2 of recordings" in CliRunner().invoke(app, ["db", "prune"]).output
