"""The export of each product that a mapping ships for, with the columns that the product writes.

Each file has a ticket that is done, one that waits for somebody and one that nobody answered; its
instants are on the clock of London, where the office is: an hour ahead of UTC in July.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from builders import SHIPPED
from supportops.db.engine import make_engine, reading
from supportops.db.schema import tickets
from supportops.flows.tickets.ticket_import import run
from supportops.tickets.log.store import events_of
from supportops.tickets.ticket import EventKind

EXPORTS = Path(__file__).parents[2] / "data" / "imports"
NOW = datetime(2026, 7, 15, 12, tzinfo=UTC)
HAPPENED = (EventKind.CREATED, EventKind.COMMENT, EventKind.STATUS)
# What happened to each ticket by day and hour of July 2026, in UTC.
EXPECTED = {
    "freshdesk": {
        "412": "created 06 08:14:05, reply 06 08:31:40, solved 06 10:42:31, closed 09 11:00:07",
        "413": "created 06 09:02:00, reply 07 14:20:44, pending 07 14:20:44",
        "414": "created 07 15:45:30, open 07 15:45:30",
    },
    "zendesk": {
        "5120": "created 06 08:14:00, reply 06 08:31:00, solved 06 10:42:00",
        "5121": "created 06 09:02:00, reply 07 14:20:00, pending 07 14:20:00",
        "5122": "created 07 15:45:00",
    },
    "jira": {
        "SUP-87": "created 06 08:14:00, reply 06 08:31:40, solved 06 10:42:00",
        "SUP-88": "created 06 09:02:00, pending 07 14:20:00, reply 07 14:20:44",
        "SUP-89": "created 07 15:45:00, open 07 15:45:00",
    },
    "osticket": {
        "603412": "created 06 08:14:05, reply 06 10:42:31, closed 06 10:42:31",
        "603413": "created 06 09:02:00, open 06 09:02:00, reply 07 14:20:44",
        "603414": "created 07 15:45:30, solved 08 08:05:12",
        "603415": "created 08 07:30:00, open 08 07:30:00",
    },
    "glpi": {
        "412": "created 06 08:14:00, reply 06 10:42:00, solved 06 10:42:00, closed 09 11:00:00",
        "413": "created 06 09:02:00, reply 07 14:20:00, pending 07 14:20:00",
        "414": "created 07 15:45:00",
    },
    "zammad": {
        "31412": "created 06 08:14:05, reply 06 08:31:40, closed 06 10:42:31",
        "31413": "created 06 09:02:00, reply 07 14:20:44, pending 07 14:20:44",
        "31414": "created 07 15:45:30",
    },
    "servicenow": {
        "INC0010412": "created 06 08:14:05, reply 06 10:42:31, solved 06 10:42:31, "
        "closed 13 11:00:07",
        "INC0010413": "created 06 09:02:00, reply 07 14:20:44, hold 07 14:20:44",
        "INC0010414": "created 07 15:45:30",
    },
}


@pytest.fixture
def local_store(sqlite_template: Path, tmp_path: Path) -> Engine:
    path = tmp_path / "store.db"
    path.write_bytes(sqlite_template.read_bytes())
    return make_engine(f"sqlite:///{path}")


def histories(store: Engine) -> dict[str, str]:
    with reading(store) as connection:
        named = connection.execute(select(tickets.c.source, tickets.c.ticket)).all()
        found = {ticket: events_of(connection, source, ticket) for source, ticket in named}
    return {
        ticket: ", ".join(
            f"{'reply' if event.kind is EventKind.COMMENT else event.value or 'created'} "
            f"{event.happened_at:%d %H:%M:%S}"
            for event in events
            if event.kind in HAPPENED
        )
        for ticket, events in found.items()
    }


@pytest.mark.parametrize("product", EXPECTED)
def test_a_products_own_export_loads_whole(local_store: Engine, product: str) -> None:
    file = next(EXPORTS.glob(f"{product}.*"))
    summary = run(local_store, SHIPPED, file, product, NOW)
    assert (summary.rows, summary.bad) == (len(EXPECTED[product]), 0)
    assert summary.unknown == {}
    assert histories(local_store) == EXPECTED[product]
    again = run(local_store, SHIPPED, file, product, NOW)
    assert (again.new_events, again.bad) == (0, 0)


@pytest.mark.parametrize("product", EXPECTED)
def test_who_asked_and_what_is_urgent_is_read_too(local_store: Engine, product: str) -> None:
    run(local_store, SHIPPED, next(EXPORTS.glob(f"{product}.*")), product, NOW)
    with reading(local_store) as connection:
        first = connection.execute(select(tickets).order_by(tickets.c.ticket)).first()
    assert first is not None
    assert first.priority == ("high" if product == "zammad" else "urgent")
    assert first.customer == (None if product == "osticket" else "Kestrel Hire")
    assert first.assignee in ("Priya Shah", "Shah Priya")
    assert first.requester in ("marta@kestrel-hire.example", "Marta Lind", "Lind Marta")
    tagged = product in ("freshdesk", "zendesk", "jira", "zammad")
    assert first.tags == ("checkout,shop" if tagged else "")
