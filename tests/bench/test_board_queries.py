"""What the board reads of large tables: found by an index, and no more than a page shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from bench.board import address_of, board
from bench.board_store import Sizes, fill
from bench.report import emptied
from sqlalchemy import Engine, event
from starlette.testclient import TestClient

from supportops.db.engine import make_engine, writing
from supportops.web.page import Page
from supportops.web.pages.registry import PAGES

SIZES = Sizes(tickets=600, alerts=800, sites=60, days=3)
GROWING = {
    *("alerts", "messages", "notification_log", "check_results"),
    *("tickets", "ticket_events", "report_documents"),
}
"""Tables that grow with the years, or with what goes wrong."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One query of a page, with its parameters as the driver had them, and its rows."""

    sql: str
    parameters: Any
    rows: int


@pytest.fixture(scope="module")
def engine(postgres_server: str) -> Iterator[Engine]:
    with emptied(postgres_server, "supportops_board_queries") as url:
        found = make_engine(url)
        fill(found, SIZES)
        yield found
        found.dispose()


@pytest.fixture(scope="module")
def client(engine: Engine) -> TestClient:
    return board(engine)


def queries(engine: Engine, client: TestClient, page: Page[Any]) -> list[Statement]:
    """The queries of a page that is there; one that needs a query has it in bench.board.QUERIES."""
    found: list[Statement] = []

    def note(_: object, cursor: Any, sql: str, parameters: Any, *__: object) -> None:
        found.append(Statement(sql, parameters, cursor.rowcount))

    event.listen(engine, "after_cursor_execute", note)
    try:
        answer = client.get(address_of(page.name, page.path))
    finally:
        event.remove(engine, "after_cursor_execute", note)
    assert answer.status_code == 200, answer.text[:500]
    assert found
    return found


def plan_of(engine: Engine, statement: Statement) -> list[dict[str, Any]]:
    """The nodes of the plan for this query, as for tables so large that an index is worth it."""
    with writing(engine) as connection:
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        connection.exec_driver_sql("SET LOCAL enable_sort = off")
        explained = f"EXPLAIN (FORMAT JSON) {statement.sql}"
        [[plan]] = connection.exec_driver_sql(explained, statement.parameters).scalars().all()
    return list(_nodes(plan["Plan"]))


def read_whole(engine: Engine, statement: Statement) -> set[str]:
    """The tables that PostgreSQL can only read from one end to the other for this query."""
    nodes = plan_of(engine, statement)
    return {each["Relation Name"] for each in nodes if each["Node Type"] == "Seq Scan"}


def query_of(
    engine: Engine, client: TestClient, name: str, *, selecting: str, words: str
) -> Statement:
    """The one query of a page whose text begins with `selecting` and has `words` in it."""
    [page] = [page for page in PAGES if page.name == name]
    asked = queries(engine, client, page)
    [found] = [each for each in asked if each.sql.startswith(selecting) and words in each.sql]
    return found


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for each in plan.get("Plans", ()):
        yield from _nodes(each)


@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
def test_no_page_reads_a_growing_table_from_one_end_to_the_other(
    engine: Engine, client: TestClient, page: Page[Any]
) -> None:
    for statement in queries(engine, client, page):
        if statement.sql.lstrip().startswith("SELECT"):
            assert not read_whole(engine, statement) & GROWING, statement.sql


def test_the_page_of_alerts_reads_no_more_of_them_than_it_shows(
    engine: Engine, client: TestClient
) -> None:
    [page] = [page for page in PAGES if page.name == "alerts"]
    read = [each.rows for each in queries(engine, client, page) if "FROM alerts" in each.sql]
    assert 0 < max(read) < SIZES.alerts / 2


def test_a_query_that_no_index_helps_is_noticed(engine: Engine) -> None:
    unaided = Statement("SELECT key FROM alerts WHERE headline = 'x'", (), 0)
    assert read_whole(engine, unaided) == {"alerts"}


@pytest.mark.parametrize("page", ["board", "tickets"])
def test_the_queue_is_read_in_its_order_by_an_index(
    engine: Engine, client: TestClient, page: str
) -> None:
    read = query_of(
        engine, client, page, selecting="SELECT tickets.id,", words="WHERE tickets.open ORDER BY"
    )
    nodes = plan_of(engine, read)
    assert "tickets_queue_idx" in {each.get("Index Name") for each in nodes}
    assert not [each for each in nodes if "Sort" in each["Node Type"]]


def test_the_undelivered_are_found_among_the_messages_that_failed(
    engine: Engine, client: TestClient
) -> None:
    read = query_of(engine, client, "alerts", selecting="SELECT count(*)", words="EXISTS")
    indexes = {each.get("Index Name") for each in plan_of(engine, read)}
    assert "messages_undelivered_idx" in indexes
    assert "messages_pkey" not in indexes


def test_the_strips_look_up_the_first_check_of_each_site_in_the_index(
    engine: Engine, client: TestClient
) -> None:
    read = query_of(engine, client, "board", selecting="SELECT anon_1.value", words="min(")
    nodes = [each for each in plan_of(engine, read) if each.get("Index Name")]
    assert [each["Node Type"] for each in nodes] == ["Index Only Scan"]
    assert read.rows <= SIZES.sites


@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
def test_no_page_asks_the_same_thing_over_and_over(
    engine: Engine, client: TestClient, page: Page[Any]
) -> None:
    asked = Counter(each.sql for each in queries(engine, client, page))
    receivers = 7
    assert max(asked.values()) <= receivers, asked.most_common(1)
