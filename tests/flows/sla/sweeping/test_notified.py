"""From a sweep to the message: what people read of a breach, and of a retracted one."""

from __future__ import annotations

from sqlalchemy import Engine

from dispatching import Desk, configuration
from flows.sweep_builders import recorded, sweeper
from inboxes import endpoint
from sla.policies import london, story


def test_a_breach_that_ended_is_sent_and_retracted_when_it_never_was(store: Engine) -> None:
    swept = sweeper(store)
    ask, early, late = story(
        "2026-04-04 11:00 asks", "2026-04-09 16:00 answers", "2026-04-09 17:30 answers"
    )
    with endpoint() as http:
        desk = Desk(store, {"apprise_team_chat": http.url("chat")})
        desk.clock.now = london("2026-04-09 18:03")
        desk.activate(configuration("team_chat"))
        swept.append(ask, late)
        swept.sweep("2026-04-09 18:03")
        desk.dispatch()
        swept.append(*recorded([early], "2026-04-09 18:30"))
        swept.sweep("2026-04-09 19:03")
        desk.clock.now = london("2026-04-09 19:03")
        desk.dispatch()
        desk.clock.turn(minutes=10)
        swept.sweep("2026-04-09 19:13")
        desk.dispatch()
        breach, retraction = (request.json()["message"] for request in http.requests)
    assert "first reply was due Thu 9 Apr 2026 17:00 BST" in breach
    assert "RETRACTED" in retraction
    assert "the promise was kept" in retraction
