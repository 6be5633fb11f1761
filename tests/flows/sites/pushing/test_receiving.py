"""One push: known by its token, recorded once, and a failure at once an incident."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select

from flows.sites.pushing.jobs import HOURLY, KEY, NOON, Jobs
from supportops.alerts.alert import Severity
from supportops.db.engine import reading, writing
from supportops.db.schema import push_standings, pushes
from supportops.flows.sites.pushing import receiving
from supportops.sites.push import store as push_store
from supportops.sites.push.content import LONGEST_MESSAGE

SIGNED = HOURLY | {"signature": "push_key"}


@pytest.fixture
def jobs(store: Engine, tmp_path: Path) -> Jobs:
    return Jobs(store, tmp_path / "config")


def recorded(jobs: Jobs) -> list[tuple[str, int | None, str]]:
    with reading(jobs.engine) as connection:
        rows = connection.execute(select(pushes).order_by(pushes.c.id))
        return [(row.outcome, row.exit_code, row.message) for row in rows]


def signature(body: bytes, timestamp: int, key: str = KEY) -> str:
    return hmac.new(key.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()


def signed(jobs: Jobs, body: bytes, *, late: float = 0, **changes: str) -> receiving.Answer:
    timestamp = int((jobs.now + timedelta(minutes=late)).timestamp())
    fields = {"timestamp": str(timestamp), "signature": signature(body, timestamp)} | changes
    return jobs.push(body=body, **fields)


def test_a_failure_is_an_incident_at_once_and_over_with_the_next_good_push(jobs: Jobs) -> None:
    jobs.start(HOURLY | {"severity": "critical"})
    jobs.minute = 7
    assert jobs.push("3", b"disk full").status == 200
    assert jobs.open() == [("push_failed", "its job reports a failure, exit code 3")]
    assert jobs.state() == "failed", "also before the next judgement"
    alert = jobs.alert("push_failed")
    assert (alert.severity, alert.opened_at) == (Severity.CRITICAL, jobs.now)
    assert (alert.facts["exit_code"], alert.facts["detail"]) == (3, "disk full")
    jobs.until(10)
    assert (jobs.state(), len(jobs.open())) == ("failed", 1)
    jobs.push("fail", b"again")
    assert len(jobs.open()) == 1
    jobs.until(12)
    assert jobs.alert("push_failed").facts["detail"] == "again"
    jobs.minute = 14
    jobs.push("0")
    jobs.until(15)
    assert (jobs.state(), jobs.open()) == ("up", [])
    (incident,) = jobs.incidents()
    assert incident.started_at == NOON + timedelta(minutes=7)
    assert incident.ended_at == NOON + timedelta(minutes=14)


def test_a_job_that_fails_and_is_silent_then_is_one_incident(jobs: Jobs) -> None:
    jobs.start()
    jobs.push("fail")
    jobs.until(75)
    assert jobs.open() == [("push_failed", "its job reports a failure; no push since")]


def test_silence_that_ends_with_a_failure_is_another_incident(jobs: Jobs) -> None:
    jobs.start()
    jobs.until(75)
    jobs.push("fail")
    jobs.until(80)
    assert [kind for kind, _ in jobs.open()] == ["push_failed"]


def test_a_job_that_fails_each_minute_in_turns_opens_one_incident_in_five(jobs: Jobs) -> None:
    jobs.start()
    for jobs.minute in (1, 2, 3, 4):
        jobs.push("fail" if jobs.minute % 2 else "")
    jobs.until(5)
    assert len(jobs.incidents()) == 1
    assert jobs.open() == []


def test_values_above_their_limits_are_an_incident_of_their_own(jobs: Jobs) -> None:
    limits = {"disk": "90%", "backup": "2d", "pending_updates": 10, "queue": 100}
    jobs.start(HOURLY | {"limits": limits, "every": "9d"})
    old = (NOON - timedelta(hours=47)).isoformat()
    report = {"disk": 90, "last_backup": old, "pending_updates": 10, "queue": 100, "version": "6"}
    jobs.push(body=json.dumps(report).encode())
    jobs.until(5)
    assert jobs.open() == []
    jobs.push(body=b'{"disk": 90.5, "pending_updates": 11}')
    jobs.until(10)
    words = "disk 90.5 % full, limit 90 %; 11 updates pending, limit 10"
    assert jobs.open() == [("push_limit", words)]
    assert (jobs.state(), jobs.alert("push_limit").severity) == ("degraded", Severity.WARNING)
    jobs.push(body=b'{"disk": 80, "pending_updates": 0}')
    jobs.until(15)
    assert jobs.open() == []
    jobs.until(65, every=50)
    assert jobs.open() == [("push_limit", "last backup 2.0 days old, limit 2.0 days")]


def test_what_is_no_token_is_not_found_whatever_else_is_wrong(jobs: Jobs) -> None:
    jobs.start()
    wrong = ("", "t", "t" * 23, "t" * 25, "T" * 24, "push_backup", "\udc80", "é" * 24, "t" * 10**6)
    for token in wrong:
        for method, ending, body in (
            ("POST", "", b""),
            ("DELETE", "x", b"{"),
            ("GET", "fail", b""),
        ):
            answer = jobs.push(ending, body, token=token, method=method)
            assert (answer.status, answer.text) == (404, "not found")
    assert recorded(jobs) == []


def test_every_token_is_compared_whatever_was_found(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = [HOURLY | {"name": f"job {n}", "token": f"push_{n}"} for n in range(5)]
    jobs.secrets |= {f"push_{n}": f"{n}" * 24 for n in range(5)}
    jobs.start(HOURLY, *others)
    compared: list[bytes] = []
    real = hmac.compare_digest

    def compare(left: bytes, right: bytes) -> bool:
        compared.append(left)
        return real(left, right)

    monkeypatch.setattr("supportops.sites.push.proof.hmac.compare_digest", compare)
    numbers = []
    for token in ("t" * 24, "4" * 24, "t" * 23 + "x", "?"):
        compared.clear()
        jobs.push(token=token)
        numbers.append((len(compared), {len(each) for each in compared}))
    assert numbers == [(6, {32})] * 4


def test_two_monitors_with_one_token_are_a_fault_of_ours(jobs: Jobs) -> None:
    jobs.secrets["push_other"] = "t" * 24
    jobs.start(HOURLY, HOURLY | {"name": "other", "token": "push_other"})
    (error,) = jobs.alert("configuration").facts["errors"]
    assert error == "other: the secret push_other is that of backup too"
    assert "t" * 24 not in json.dumps(jobs.alert("configuration").facts)


def test_a_get_counts_only_where_the_file_says_so(jobs: Jobs) -> None:
    jobs.start()
    assert [jobs.push(method=each).status for each in ("GET", "HEAD", "PUT")] == [405, 405, 405]
    assert recorded(jobs) == []
    jobs.configure(HOURLY | {"get": True})
    jobs.until(5)
    assert [jobs.push(method=each).status for each in ("GET", "HEAD", "PUT")] == [200, 200, 405]
    assert jobs.push("fail", method="GET").status == 200
    assert [outcome for outcome, *_ in recorded(jobs)] == ["ok", "ok", "fail"]


def test_a_signed_push_counts_once(jobs: Jobs) -> None:
    jobs.start(SIGNED)
    body = b'{"status": "ok", "version": "6.4"}'
    assert signed(jobs, body).status == 200
    assert signed(jobs, body).status == 409
    upper = signature(body, int(jobs.now.timestamp())).upper()
    assert signed(jobs, body, signature=f"sha256={upper}").status == 409
    assert len(recorded(jobs)) == 1
    jobs.minute = 4
    assert signed(jobs, body).status == 200


@pytest.mark.parametrize(
    ("changes", "late", "why"),
    [
        ({"signature": ""}, 0, "it is not signed"),
        ({"timestamp": ""}, 0, "it is not signed"),
        ({"signature": "0" * 64}, 0, "its signature is wrong"),
        ({"signature": "é"}, 0, "its signature is wrong"),
        ({"timestamp": "1"}, 0, "its signature is wrong"),
        ({}, -6, "its timestamp is more than five minutes away from our clock"),
        ({}, 6, "its timestamp is more than five minutes away from our clock"),
    ],
)
def test_what_is_not_signed_now_is_refused_and_the_refusal_is_seen(
    jobs: Jobs, changes: dict[str, str], late: float, why: str
) -> None:
    jobs.start(SIGNED)
    answer = signed(jobs, b"{}", late=late, **changes)
    assert (answer.status, answer.text) == (401, f"refused: {why}")
    assert recorded(jobs) == [("refused", None, why)]
    jobs.until(75, every=20)
    words = f"no push has ever come; the last one was refused: {why}"
    assert jobs.open() == [("push_missing", words)]


def test_a_signature_does_not_hold_for_another_ending_of_the_address(jobs: Jobs) -> None:
    jobs.start(SIGNED)
    timestamp = int(jobs.now.timestamp())
    fields = {"timestamp": str(timestamp), "signature": signature(b"{}", timestamp)}
    assert jobs.push("fail", b"{}", **fields).status == 401
    assert jobs.open() == []


HOSTILE = (
    b"{",
    b'{"disk": NaN}',
    b'{"disk": 101}',
    b'{"disk": true}',
    b'{"disk": 1e999}',
    b'{"disk": "90"}',
    b'{"queue": -1}',
    b'{"queue": 1.5}',
    b'{"queue": ' + b"9" * 5000 + b"}",
    b'{"version": {}}',
    b'{"message": []}',
    b'{"exit_code": 256}',
    b'{"exit_code": 3.0}',
    b'{"exit_code": "0"}',
    b'{"status": "fine"}',
    b'{"status": ["ok"]}',
    b'{"last_backup": "2026-04-01"}',
    b'{"last_backup": 5}',
    b'{"last_backup": "2027-04-01T00:00:00Z"}',
    b'{"last_backup": "0001-01-01T00:00:00+14:00"}',
    b'{"a":' * 3000 + b"1" + b"}" * 3000,
)


def test_a_body_that_cannot_be_read_is_refused_and_changes_nothing(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiving, "MOST", 100)
    jobs.start(HOURLY | {"limits": {"disk": "10%"}})
    for body in HOSTILE:
        assert jobs.push(body=body).status == 422, body[:60]
    for ending in ("256", "-1", "٣", "fail/", "1e1", "OK"):
        assert jobs.push(ending).status == 422, ending
    jobs.until(5)
    assert jobs.open() == []
    assert {outcome for outcome, *_ in recorded(jobs)} == {"refused"}


def test_a_text_is_one_visible_line_that_every_store_takes(jobs: Jobs) -> None:
    jobs.start()
    jobs.push("fail", b"a\x00b\nc\xff\xed\xa0\x80 \xe2\x80\xae<script>" + b"x" * 9000)
    jobs.push("fail", b'{"message": "\\ud800 half", "version": "\\u0000"}')
    (_, _, first), (_, _, second) = recorded(jobs)
    assert len(first) <= LONGEST_MESSAGE
    assert first.isprintable()
    assert second.isprintable()


def test_too_many_pushes_are_refused_and_a_failure_still_gets_through(jobs: Jobs) -> None:
    jobs.start()
    jobs.minute = 1
    answers = [jobs.push().status for _ in range(25)]
    assert answers == [200] * 20 + [429] * 5
    assert jobs.push("fail").status == 200
    assert [jobs.push("fail").status for _ in range(6)] == [200] * 4 + [429] * 2
    assert len(jobs.open()) == 1
    jobs.minute = 2.1
    assert jobs.push().status == 200


def test_a_push_that_is_killed_before_its_commit_leaves_nothing(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs.start()

    def dies(*_: object, **__: object) -> None:
        raise SystemExit

    for step in ("save_changes", "raise_or_resolve"):
        with monkeypatch.context() as broken:
            broken.setattr(receiving, step, dies)
            with pytest.raises(SystemExit):
                jobs.push("fail")
        assert (recorded(jobs), jobs.incidents(), jobs.open()) == ([], [], [])
    jobs.push("fail")
    assert len(jobs.open()) == 1


def test_pushes_are_stored_for_a_time_and_not_without_end(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs.start(HOURLY | {"every": "90d"})
    jobs.push()
    jobs.minute = 5
    jobs.push()
    jobs.until(10)
    jobs.minute = 60 * 24 * 40
    jobs.judge()
    assert len(recorded(jobs)) == 1, "the last one stays"
    monkeypatch.setattr(push_store, "MOST_OF_ONE", 3)
    for _ in range(9):
        jobs.minute += 1
        jobs.push()
    jobs.judge()
    assert len(recorded(jobs)) == 3


def test_numbers_are_folded_in_order(jobs: Jobs) -> None:
    jobs.start()
    jobs.push()
    jobs.until(5)
    with writing(jobs.engine) as connection:
        folded = connection.execute(select(push_standings.c.folded)).scalar_one()
        assert folded == connection.execute(select(func.max(pushes.c.id))).scalar_one()


def test_what_a_job_prints_may_begin_with_a_bracket(jobs: Jobs) -> None:
    jobs.start()
    assert jobs.push(body=b"[INFO] 3 tables dumped\n").status == 200
    assert recorded(jobs) == [("ok", None, "[INFO] 3 tables dumped")]
