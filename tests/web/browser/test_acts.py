"""What an operator does, by mouse and keyboard; what counts is what the store holds afterwards."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Page

from supportops.db.engine import make_engine
from supportops.db.schema import (
    alert_acts,
    announced_maintenance,
    check_results,
    incident_notes,
    notification_log,
    silences,
    ticket_events,
    tickets,
)
from web.browser.acting import HOSTILE, NOW, REACHED, UP, Desk, desk
from web.browser.opening import SMALL, open_page

HOUR = timedelta(hours=1)
_LABELS = "all => all.map(each => each.getAttribute('aria-label'))"


@pytest.fixture(scope="module")
def board(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("desk")
    engine = make_engine(f"sqlite+pysqlite:///{shutil.copy(sqlite_template, folder)}")
    with desk(engine, folder / "config") as found:
        yield found
    engine.dispose()


def said(page: Page, words: str) -> None:
    page.locator("#said", has_text=words).wait_for(timeout=10_000)


def test_what_breaches_next_is_found_from_the_front_page(board: Desk) -> None:
    with open_page(board.url) as opened:
        page = opened.page
        page.locator("section", has=page.locator("h2", has_text="Due next")).locator(
            ".queue a"
        ).first.click()
        page.wait_for_url("**/ticket?*id=502*")
        assert "The till is dead" in page.locator("h1").inner_text()
        assert page.locator(".countdown").first.inner_text().startswith("in ")
        assert opened.problems == []


def test_a_customers_call_is_taken_answered_and_solved(board: Desk) -> None:
    with open_page(board.url, width=SMALL) as opened:
        page = opened.page
        page.goto(f"{board.url}call")
        page.fill("[name=site]", "Atlas Books")
        page.locator("[name=site]").blur()
        assert page.input_value("[name=customer]") == "Acme"
        page.fill("[name=number]", "12")
        page.fill("[name=what]", "Nobody can pay since this morning.")
        page.locator("#look", has_text="Atlas Books").wait_for()
        page.click("text=Log the call")
        page.locator("#fault-call_take-number").wait_for()
        assert board.rows(tickets, source="phone") == []
        number = page.locator("[name=number]")
        assert number.get_attribute("aria-invalid") == "true"
        assert number.get_attribute("aria-describedby") == "fault-call_take-number"
        assert number.evaluate("each => each === document.activeElement")
        page.fill("[name=number]", "+44 20 7946 0958")
        page.locator("text=Log the call").dblclick()
        page.wait_for_url("**/ticket?*")
        said(page, "is logged")
        (ticket,) = board.rows(tickets, source="phone")
        assert (ticket["customer"], ticket["site"]) == ("Acme", "Atlas Books")

        page.fill("#answer [name=text]", "We are on it, the payment provider is down.")
        page.click("text=Write down the reply")
        said(page, "replied")
        replies = board.rows(ticket_events, ticket=ticket["id"], kind="comment")
        assert [each["author"] for each in replies] == ["agent"]
        page.locator("#answer button[data-sure]").click()
        page.locator("text=Press again to solve it").wait_for()
        assert board.rows(tickets, source="phone")[0]["open"]
        page.wait_for_timeout(450)
        page.click("text=Press again to solve it")
        said(page, "it is solved")
        assert board.rows(tickets, source="phone")[0]["status"] == "solved"
        assert opened.sideways(SMALL) == []


def test_an_outage_is_acknowledged_with_a_note_and_an_end(board: Desk) -> None:
    with open_page(board.url + "alerts", "dark") as opened:
        page = opened.page
        page.click(".alerts a:has-text('Atlas Books')")
        page.fill("#take [name=note]", "restarting it")
        page.select_option("#take [name=minutes]", "60")
        page.locator("text=Acknowledge with a note").dblclick()
        said(page, "ada has it until")
        taken = board.outage("Atlas Books")
        assert (taken["acknowledged_by"], taken["acknowledged_until"]) == ("ada", NOW + HOUR)
        (act,) = board.rows(alert_acts, alert=taken["key"])
        assert (act["kind"], act["who"], act["note"]) == ("acknowledged", "ada", "restarting it")
        page.locator("text=Give it back").click()
        page.wait_for_timeout(450)
        page.click("text=Really give it back?")
        page.locator("text=Acknowledge with a note").wait_for()
        assert board.outage("Atlas Books")["acknowledged_by"] is None
        assert opened.problems == []


def test_an_act_is_done_with_the_keyboard_alone(board: Desk) -> None:
    with open_page(board.incident("Ember Grill")) as opened:
        page = opened.page
        for _ in range(40):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.name") == "note":
                break
        page.keyboard.type("on it")
        page.keyboard.press("Tab")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.innerText") == "Acknowledge with a note"
        page.keyboard.press("Enter")
        said(page, "ada has it until")
        taken = board.outage("Ember Grill")
        assert taken["acknowledged_by"] == "ada"
        (act,) = board.rows(alert_acts, alert=taken["key"])
        assert act["note"] == "on it"


def test_several_alerts_are_selected_and_acknowledged_even_after_a_refresh(board: Desk) -> None:
    with open_page(board.url + "alerts") as opened:
        page = opened.page
        for name in ("Borealis Tea", "Cobalt Cycles"):
            page.check(f".alerts li:has-text('{name}') input")
        page.fill("#several [name=note]", "same provider")
        # Something new comes first and another row goes: who was selected stays so.
        page.evaluate("document.querySelector('.alerts li').remove()")
        page.evaluate("refresh()")
        page.locator(".alerts li:has-text('Dunes Hotel')").wait_for()
        assert page.locator(".alerts input:checked").count() == 2
        page.click("text=Acknowledge the selected")
        said(page, "You have 2 of them.")
        names = ("Borealis Tea", "Cobalt Cycles", "Dunes Hotel")
        assert [board.outage(name)["acknowledged_by"] for name in names] == ["ada", "ada", None]


@pytest.mark.parametrize(
    ("path", "focused"),
    [
        ("", "#sound"),
        ("", ".incidents li:has-text('Dunes Hotel') a"),
        ("alerts", ".alerts li:has-text('Dunes Hotel') a"),
        ("alerts", ".alerts li:has-text('Dunes Hotel') button"),
        ("tickets", ".queue li:nth-child(2) a"),
        ("configuration", "button[aria-label$='manager_email']"),
    ],
)
def test_the_focus_moves_with_its_row_when_the_page_is_brought_up_to_date(
    board: Desk, path: str, focused: str
) -> None:
    with open_page(board.url + path) as opened:
        page = opened.page
        page.locator(focused).first.focus()
        page.evaluate("window.watched = document.activeElement")
        # What comes first goes and comes back, so that every row moves.
        for row in (".incidents li", ".alerts li", ".queue li", "tbody tr"):
            page.evaluate(f"document.querySelector('main {row}')?.remove()")
        same = "['href', 'aria-label'].map(each => watched.getAttribute(each)).join()"
        about = page.evaluate(same)
        page.evaluate("refresh(true)")
        assert page.evaluate("document.activeElement === watched && watched.isConnected")
        ids = page.evaluate("[...document.querySelectorAll('[id]')].map(each => each.id)")
        assert len(ids) == len(set(ids))
        assert page.evaluate(same) == about
        assert opened.problems == []


def test_of_two_people_the_second_is_refused_and_takes_over(board: Desk) -> None:
    address = board.incident("Dunes Hotel")
    with open_page(address) as one, open_page(address, user="eve") as two:
        two.page.fill("#take [name=note]", "I know this server")
        one.page.click("text=Acknowledge with a note")
        said(one.page, "ada has it")
        two.page.click("text=Acknowledge with a note")
        said(two.page, "ada has it already")
        assert board.outage("Dunes Hotel")["acknowledged_by"] == "ada"
        two.page.evaluate("refresh()")
        two.page.click("text=Take over from ada")
        said(two.page, "eve has it")
        one.page.evaluate("refresh()")
        one.page.locator("text=Take over from eve").wait_for()
    key = board.outage("Dunes Hotel")["key"]
    kinds = [each["kind"] for each in board.rows(alert_acts, alert=key)]
    assert kinds == ["acknowledged", "taken_over"]
    acts = board.rows(alert_acts, alert=key, who="eve")
    assert [each["note"] for each in acts] == ["I know this server"]


def test_an_alert_is_snoozed_and_woken_and_its_cause_noted(board: Desk) -> None:
    with open_page(board.incident("Cobalt Cycles")) as opened:
        page = opened.page
        page.select_option("#snooze [name=minutes]", "60")
        page.get_by_role("button", name="Snooze", exact=True).click()
        page.locator("text=End the snooze").wait_for()
        assert board.outage("Cobalt Cycles")["snoozed_until"] == NOW + HOUR
        page.fill("#cause [name=cause]", "expired card")
        page.fill("#cause [name=note]", "twice this year")
        page.click("text=Note it")
        said(page, "Noted.")
        (noted,) = board.rows(incident_notes)
        assert (noted["cause"], noted["note"]) == ("expired card", "twice this year")
        page.click("text=End the snooze")
        page.get_by_role("button", name="Snooze", exact=True).wait_for()
        assert board.outage("Cobalt Cycles")["snoozed_until"] is None


def test_a_server_is_silenced_for_an_hour_after_a_preview_and_the_silence_ended(
    board: Desk,
) -> None:
    with open_page(board.url + "silences") as opened:
        page = opened.page
        page.select_option("[name=label]", "host")
        page.fill("[name=value]", "web-0")
        page.keyboard.press("Enter")
        page.locator("h3", has_text="It would match").wait_for()
        assert "Atlas Books" in page.locator("main").inner_text()
        assert board.rows(silences) == []
        page.click("button.main")
        page.locator("#new-silence .fault-of").wait_for()
        page.fill("[name=reason]", "new disks")
        page.click("button.main")
        said(page, "is in force")
        (made,) = board.rows(silences)
        assert (made["starts_at"], made["ends_at"]) == (NOW, NOW + HOUR)
        assert (made["reason"], made["created_by"]) == ("new disks", "ada")
        page.locator("button[data-sure]").dblclick()
        page.wait_for_timeout(100)
        assert board.rows(silences)[0]["expired_at"] is None
        page.wait_for_timeout(400)
        page.click("text=Notify people again?")
        said(page, "has ended")
        assert board.rows(silences)[0]["expired_by"] == "ada"


def test_maintenance_of_a_server_is_announced_from_a_sites_page_and_ended(board: Desk) -> None:
    with open_page(f"{board.url}site?name={quote(UP[0])}", width=SMALL) as opened:
        page = opened.page
        page.click("summary:has-text('Announce maintenance')")
        page.select_option("[name=scope]", "server")
        page.fill("[name=reason]", "kernel")
        page.evaluate("refresh()")
        page.wait_for_timeout(200)
        assert page.locator("#announce").get_attribute("open") is not None
        assert page.input_value("[name=reason]") == "kernel"
        page.click("button:text('Announce')")
        said(page, "web-9 is in maintenance")
        # The next one is of the site again, as the form shows it.
        assert page.input_value("[name=scope]") == "site"
        page.fill("[name=reason]", "theme")
        page.click("button:text('Announce')")
        said(page, f"{UP[0]} is in maintenance")
        made = board.rows(announced_maintenance)
        assert [(each["scope"], each["name"]) for each in made] == [
            ("server", "web-9"),
            ("site", UP[0]),
        ]
        assert made[0]["ends_at"] == NOW + HOUR
        for left in (1, 0):
            page.locator("button[data-act=end_maintenance]").first.click()
            page.wait_for_timeout(450)
            page.click("text=End it for all its sites?")
            said(page, "has ended")
            open_ones = [e for e in board.rows(announced_maintenance) if e["ended_at"] is None]
            assert len(open_ones) == left
        assert opened.problems == []


def test_a_site_is_checked_out_of_turn_once(board: Desk) -> None:
    before = len(board.rows(check_results))
    with open_page(f"{board.url}site?name=Here") as opened:
        opened.page.click("text=Check now")
        said(opened.page, "Checked now: front page")
        opened.page.click("text=Check now")
        said(opened.page, "It was checked a moment ago")
    assert len(board.rows(check_results)) == before


def test_a_test_message_goes_to_each_receiver_and_its_outcome_is_shown(board: Desk) -> None:
    with open_page(board.url + "configuration") as opened:
        page = opened.page
        page.locator("button[aria-label$='team_email']").dblclick()
        said(page, "team_email: handed over")
        buttons = page.locator("button[data-act=test_receiver]")
        names = [label.split()[-1] for label in buttons.evaluate_all(_LABELS)]
        assert set(names) == {*REACHED, "support_chat"}
        for name in names:
            if name != "team_email":
                page.locator(f"button[aria-label$='{name}']").click()
                said(page, f"{name}: {'handed over' if name in REACHED else ''}")
                assert page.locator("#said.bad").count() == (name not in REACHED)
        rows = page.locator("[aria-label=Receivers] tbody tr")
        assert [each.count("handed over") for each in rows.all_inner_texts()].count(1) == 4
    sent = board.rows(notification_log)
    assert {e["target"]: e["outcome"] == "handed_over" for e in sent} == {
        name: name in REACHED for name in names
    }
    assert (len(sent), len(board.posted)) == (5, 4)
    assert all("test" in each.lower() for each in board.posted)


def test_who_would_be_notified_of_an_outage_on_saturday_night(board: Desk) -> None:
    with open_page(board.url + "configuration") as opened:
        page = opened.page
        page.fill("#who [name=site]", "Atlas Books")
        page.fill("#who [name=at]", "2026-11-21T23:30")
        page.click("#who button")
        answer = page.locator("[aria-label='Who would be notified'] tbody tr")
        answer.first.wait_for()
        found = answer.locator("th").all_inner_texts()
    assert found[:3] == ["engineer_sms", "engineer_chat", "team_email"]
    assert "manager_email" in found


def test_whoever_may_only_read_sees_no_button_and_is_refused_by_hand(board: Desk) -> None:
    before = len(board.rows(alert_acts))
    with open_page(board.incident("Ember Grill"), user="bob") as opened:
        page = opened.page
        for address in (page.url, f"{board.url}alerts", f"{board.url}silences"):
            page.goto(address)
            assert page.locator("[data-act]").count() == 0
        body = {"key": board.outage("Ember Grill")["key"]}
        answer = page.evaluate("body => send('unacknowledge', body)", body)
        assert answer["failed"] == "Not done. You may only read."
    assert len(board.rows(alert_acts)) == before


def test_whoever_is_signed_out_in_the_middle_is_told_and_loses_no_word(board: Desk) -> None:
    before = len(board.rows(alert_acts))
    with open_page(board.incident("Atlas Books")) as opened:
        page = opened.page
        page.fill("#take [name=note]", "a long story")
        page.route("**/act/*", lambda route: route.fulfill(status=401, json={"detail": "no"}))
        page.click("#take button >> nth=0")
        said(page, "you are signed out. Sign in again.")
        assert page.input_value("#take [name=note]") == "a long story"
    assert len(board.rows(alert_acts)) == before


def test_hostile_names_and_subjects_stay_text_where_people_act(board: Desk) -> None:
    with open_page(board.incident(HOSTILE)) as opened:
        page = opened.page
        page.get_by_role("button", name="Snooze", exact=True).click()
        page.locator("text=End the snooze").wait_for()
        page.goto(f"{board.url}ticket?source=zendesk&id=501")
        page.goto(f"{board.url}silences?value={quote(HOSTILE)}")
        page.fill("[name=reason]", HOSTILE)
        page.click("button.main")
        said(page, "is in force")
        assert page.locator("img, main script").count() == 0
        assert page.title() == "Silences"
        assert opened.problems == []
    assert board.rows(silences)[-1]["reason"] == HOSTILE
