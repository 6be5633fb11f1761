"""Rounds, approvals and comments in processes that are killed: `python killed_rounds.py ORDER`.

ORDER is JSON: `store`, `file` (what the ticket source was given, a line each), and `act`, which is
killed at the n-th of each of `moments` (`begin` or `commit` of the store) and done again some
minutes later, for each n until a child survives. Each n has an outage of its own. Prints how many
died.
"""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from dispatcher_process import die_at, in_a_child
from flows.customers.noticing.agency import START, Agency, configuration
from supportops.db.engine import make_engine, writing
from supportops.flows.customers import notice_acts, notices
from supportops.notices import comment_log
from supportops.notices.settings import TicketComment

MOST = 40
_RULES = {"round": {"approval": "none"}, "approve": {}, "comment": {"approval": "none"}}


def main(order: dict[str, Any]) -> None:
    died = 0
    for number, moment in enumerate(order["moments"]):
        for n in range(1, MOST):
            offset = timedelta(days=100 * number + n)
            assert in_a_child(lambda offset=offset: prepare(order, offset))
            survived = in_a_child(lambda n=n, m=moment, o=offset: act(order, o, m, n))
            assert in_a_child(lambda offset=offset: again(order, offset))
            if survived:
                break
            died += 1
        else:
            raise AssertionError("an act without an end")
    print(died)


def agency_at(order: dict[str, Any], offset: timedelta) -> Agency:
    agency = Agency(make_engine(order["store"]))
    agency.clock.now = START + offset
    agency.activate(configuration(_RULES[order["act"]]))
    return agency


def prepare(order: dict[str, Any], offset: timedelta) -> None:
    agency = agency_at(order, offset)
    agency.down("acme-shop")
    agency.checked()
    if order["act"] == "round":
        return
    agency.round()
    if order["act"] == "comment":
        number = max(notice.id for notice in agency.notices())
        with writing(agency.store) as connection:
            tickets = [("helpline", f"{number}")]
            now, update = agency.clock.now, TicketComment.UPDATE
            comment_log.add(connection, number, tickets, f"words {number}", update, now)


def act(order: dict[str, Any], offset: timedelta, moment: str, n: int) -> None:
    agency = agency_at(order, offset)
    agency.checked()
    die_at(agency.store, moment, n)
    do(order, agency)


def again(order: dict[str, Any], offset: timedelta) -> None:
    agency = agency_at(order, offset + timedelta(minutes=6))
    with suppress(notice_acts.AlreadyDecided):
        agency.checked()
        do(order, agency)
    agency.clock.turn(minutes=1)
    for incident in agency.still_open():
        agency.open[incident.subject] = incident
        agency.up(incident.subject)
    agency.round()
    if order["act"] == "approve":
        agency.approve()
    agency.clock.turn(hours=2)
    agency.round()


def do(order: dict[str, Any], agency: Agency) -> None:
    match order["act"]:
        case "round":
            notices.run(agency.context, agency.clock)
        case "approve":
            draft = max(agency.notices(), key=lambda notice: notice.id)
            notice_acts.approve(agency.context, draft.id, "Ada", agency.clock.now)
        case "comment":
            source: Any = Helpline(Path(order["file"]))
            notices.post_comments(agency.context, [source], agency.clock)


class Helpline:
    """Keeps what it was given, once each text, as a source does."""

    name = title = "helpline"

    def __init__(self, file: Path) -> None:
        self.file = file

    def act(self, ticket: str, text: str, *, public: bool, status: Any) -> None:
        line = json.dumps([ticket, text, public])
        known = self.file.read_text().splitlines() if self.file.exists() else []
        if line not in known:
            self.file.write_text("\n".join([*known, line]))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
