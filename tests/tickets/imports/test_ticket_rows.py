"""One row for each ticket: its instants become events, and a later export adds what is new."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import Engine, select

from builders import SHIPPED
from supportops.config.loader import load_mapping
from supportops.db.engine import reading
from supportops.db.schema import quarantine, tickets
from supportops.flows.tickets.ticket_import import run, trial
from supportops.tickets.imports.summary import ImportSummary
from supportops.tickets.log.store import events_of
from supportops.tickets.ticket import Event, EventKind
from tickets.histories import rows as everything

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
PORTUGUESE: dict[str, Any] = {
    "source": "chamados",
    "missing": ["", "-"],
    "times": {"zone": "Europe/Lisbon"},
    "rows": "tickets",
    "ticket": "Número",
    "created": {
        "at": "Data de abertura",
        "subject": "{Assunto}",
        "requester": "Solicitante",
    },
    "instants": {
        "first_response": "Data da primeira resposta",
        "closed": "Data de fechamento",
    },
    "state": {
        "status": {
            "column": "Situação",
            "values": {"Aberto": "open", "Pendente": "pending", "Fechado": "closed"},
        },
        "priority": {"column": "Prioridade"},
        "assignee": {"column": "Responsável"},
    },
}
HEADER = (
    "Número;Assunto;Solicitante;Situação;Prioridade;Responsável;"
    "Data de abertura;Data da primeira resposta;Data de fechamento;Horas"
)


def configuration(folder: Path, **changes: Any) -> Path:
    config = folder / "config"
    (config / "imports").mkdir(parents=True, exist_ok=True)
    for name in ("triage.yaml", "service_levels.yaml"):
        (config / name).write_text((SHIPPED / name).read_text())
    written = yaml.safe_dump(PORTUGUESE | changes, allow_unicode=True)
    (config / "imports" / "chamados.yaml").write_text(written, encoding="utf-8")
    return config


def row(number: str = "1", **words: str) -> str:
    given = {
        "subject": "Site fora do ar",
        "status": "Aberto",
        "opened": "23/07/2026 10:00",
        "answered": "",
        "closed": "",
    } | words
    return (
        f"{number};{given['subject']};João;{given['status']};Alta;Conceição;"
        f"{given['opened']};{given['answered']};{given['closed']};1,5"
    )


def write(folder: Path, *lines: str, encoding: str = "utf-8", name: str = "export.csv") -> Path:
    path = folder / name
    path.write_bytes(("\r\n".join([HEADER, *lines]) + "\r\n").encode(encoding))
    return path


def load(
    store: Engine, folder: Path, *lines: str, now: datetime = NOW, **changes: Any
) -> ImportSummary:
    return run(store, configuration(folder, **changes), write(folder, *lines), "chamados", now)


def history(store: Engine, ticket: str = "1") -> list[Event]:
    with reading(store) as connection:
        found = events_of(connection, "chamados", ticket)
    return [event for event in found if event.kind in (EventKind.STATUS, EventKind.COMMENT)]


def words(store: Engine, ticket: str = "1") -> list[tuple[str, str]]:
    return [(event.value or "reply", f"{event.happened_at:%d %H:%M}") for event in history(store)]


def big_export(folder: Path, encoding: str) -> Path:
    begun = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
    lines = []
    for number in range(1, 3_569):
        opened = begun + timedelta(minutes=number * 97)
        answered = opened + timedelta(minutes=number % 300 + 1)
        closed = answered + timedelta(hours=number % 90 + 1)
        done = number % 7 != 0
        lines.append(
            row(
                str(number),
                status="Fechado" if done else "Pendente",
                opened=f"{opened:%d/%m/%Y %H:%M}",
                answered=f"{answered:%d/%m/%Y %H:%M}" if number % 5 else "",
                closed=f"{closed:%d/%m/%Y %H:%M}" if done else "",
            )
        )
    return write(folder, *lines, encoding=encoding)


@pytest.mark.parametrize(
    ("store_address", "encoding"),
    [
        ("sqlite", "cp1252"),
        ("postgresql", "cp1252"),
        ("sqlite", "utf-8"),
        ("sqlite", "utf-8-sig"),
        ("sqlite", "utf-16"),
    ],
    indirect=["store_address"],
)
def test_an_export_of_three_instants_loads_whole_and_says_what_was_guessed(
    store: Engine, tmp_path: Path, encoding: str
) -> None:
    path = big_export(tmp_path, encoding)
    summary = run(store, configuration(tmp_path), path, "chamados", NOW)
    assert (summary.rows, summary.bad, summary.new_tickets) == (3_568, 0, 3_568)
    said = " ".join(summary.guessed)
    assert "separated by semicolons" in said
    assert "dates have the day first" in said
    assert encoding != "cp1252" or "cp1252" in said
    assert summary.events["created"] == 3_568
    assert summary.events["comment"] == sum(1 for n in range(1, 3_569) if n % 5)
    with reading(store) as connection:
        first = connection.execute(select(tickets).where(tickets.c.ticket == "1")).one()
    assert first.requester == "João"
    assert first.created_at == datetime(2026, 1, 5, 10, 37, tzinfo=UTC)
    assert first.status == "closed"
    again = run(store, configuration(tmp_path), path, "chamados", NOW + timedelta(days=1))
    assert (again.new_events, again.bad) == (0, 0)


def test_each_instant_of_a_row_is_an_event(store: Engine, tmp_path: Path) -> None:
    closed = {"answered": "23/07/2026 11:00", "closed": "24/07/2026 09:00"}
    load(store, tmp_path, row(status="Fechado", **closed))
    assert words(store) == [("reply", "23 10:00"), ("closed", "24 08:00")]


def test_a_weekly_export_adds_what_is_new(store: Engine, tmp_path: Path) -> None:
    load(store, tmp_path, row())
    load(store, tmp_path, row(answered="23/07/2026 11:00"))
    closed = {"answered": "23/07/2026 11:00", "closed": "24/07/2026 09:00", "status": "Fechado"}
    summary = load(store, tmp_path, row(**closed))
    assert (summary.new_tickets, summary.events) == (0, {"status": 1})
    assert words(store) == [("open", "23 09:00"), ("reply", "23 10:00"), ("closed", "24 08:00")]
    before = everything(store)
    assert load(store, tmp_path, row(**closed), now=NOW + timedelta(days=9)).new_events == 0
    assert everything(store) == before


def test_a_ticket_closed_again_was_reopened_in_between(store: Engine, tmp_path: Path) -> None:
    load(store, tmp_path, row(status="Fechado", closed="24/07/2026 09:00"))
    load(store, tmp_path, row(status="Fechado", closed="30/07/2026 09:00"))
    assert words(store)[-3:] == [
        ("closed", "24 08:00"),
        ("open", "30 08:00"),
        ("closed", "30 08:00"),
    ]
    load(store, tmp_path, row(status="Fechado", closed="24/07/2026 09:00"))
    assert words(store)[-1] == ("closed", "30 08:00")


def test_a_reopened_ticket_is_open_again_from_the_import_on(store: Engine, tmp_path: Path) -> None:
    load(store, tmp_path, row(status="Fechado", closed="24/07/2026 09:00"))
    load(store, tmp_path, row(status="Aberto", closed="24/07/2026 09:00"))
    assert history(store)[-1].value == "open"
    assert history(store)[-1].happened_at == NOW


def test_two_rows_of_one_ticket_with_other_content_are_one_bad_row(
    store: Engine, tmp_path: Path
) -> None:
    summary = load(store, tmp_path, row(), row(), row(subject="Outro"), row("2"))
    assert (summary.rows, summary.bad, summary.new_tickets) == (4, 1, 2)
    with reading(store) as connection:
        assert "line 2 has the same" in connection.execute(select(quarantine.c.reason)).scalar_one()
    assert summary.reasons[0].first[0].line == 4


def test_an_unknown_status_keeps_the_ticket_and_is_counted(store: Engine, tmp_path: Path) -> None:
    summary = load(store, tmp_path, row(status="Congelado"), row("2", status="Congelado"))
    assert (summary.bad, summary.new_tickets) == (0, 2)
    assert summary.unknown == {"Situação 'Congelado'": 2}


def test_without_a_column_of_responses_a_ticket_counts_as_answered_when_it_was_solved(
    store: Engine, tmp_path: Path
) -> None:
    instants = {"closed": "Data de fechamento"}
    closed = row(status="Fechado", closed="24/07/2026 09:00")
    summary = load(store, tmp_path, closed, instants=instants)
    assert ("reply", "24 08:00") in words(store)
    assert any("first answered" in note for note in summary.notes)


def test_a_dry_run_says_everything_and_stores_nothing(store: Engine, tmp_path: Path) -> None:
    config = configuration(tmp_path)
    load(store, tmp_path, row())
    before = everything(store)
    lines = [row(answered="23/07/2026 11:00"), row("2"), row("3", opened="31/02/2026 10:00")]
    path = write(tmp_path, *lines)
    summary = trial(store, config, path, "chamados", NOW)
    assert everything(store) == before
    assert not list(tmp_path.glob("*.quarantine.jsonl"))
    assert summary.dry_run
    assert (summary.rows, summary.bad, summary.new_tickets) == (3, 1, 1)
    assert summary.events["comment"] == 1
    assert summary.clocks["first_reply_time"] == 2
    assert summary.running["first_reply_time"] == 1
    assert [bad.line for bad in summary.reasons[0].first] == [4]
    done = run(store, config, path, "chamados", NOW)
    assert (done.new_events, done.events) == (summary.new_events, summary.events)


def test_the_mapping_of_the_test_names_no_format() -> None:
    assert load_mapping(SHIPPED, "freshdesk").format.value == "auto"
