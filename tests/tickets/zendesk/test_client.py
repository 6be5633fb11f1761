"""The client against a Zendesk that refuses, stalls, lies and forgets, over real sockets."""

from __future__ import annotations

import logging
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from sites.servers import Server, answer, closed_port, resets, server
from supportops.tickets.zendesk.client import WRITE_TRIES, Client
from supportops.tickets.zendesk.http import LONGEST_RETRYING, PAUSES, ZendeskHttp
from supportops.tickets.zendesk.model import Account, ZendeskError
from tickets.fake_zendesk import (
    AGENT,
    LOGIN,
    OAUTH,
    ROBOT,
    TOKEN,
    Body,
    Cut,
    FakeZendesk,
    Lost,
    Reset,
    Status,
)


@pytest.fixture
def client(zendesk: FakeZendesk) -> Iterator[Client]:
    account = Account(zendesk.address, LOGIN, TOKEN)
    with Client(account, sleep=zendesk.advance, monotonic=lambda: zendesk.now) as found:
        yield found


class Sleeper:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def monotonic(self) -> float:
        return sum(self.slept)


def patient(address: str, **fields: Any) -> tuple[ZendeskHttp, Sleeper]:
    sleeper = Sleeper()
    limits = {name: fields.pop(name) for name in ("largest", "read_seconds") if name in fields}
    account = Account(address, **({"login": LOGIN, "token": TOKEN} | fields))
    http = ZendeskHttp(account, sleep=sleeper.sleep, monotonic=sleeper.monotonic, **limits)
    return http, sleeper


def test_a_login_is_sent_as_basic_and_an_oauth_token_as_bearer(zendesk: FakeZendesk) -> None:
    for account in (Account(zendesk.address, LOGIN, TOKEN), Account(zendesk.address, "", OAUTH)):
        with Client(account) as client:
            assert client.tickets().last


def test_refused_credentials_are_one_clear_line_without_them(zendesk: FakeZendesk) -> None:
    with Client(Account(zendesk.address, LOGIN, "wr0ng-token")) as client:
        with pytest.raises(ZendeskError) as caught:
            client.tickets()
    assert str(caught.value) == (
        "Zendesk: GET /api/v2/incremental/tickets/cursor.json: 401, the credentials of the "
        "connection zendesk are refused: is the API token active, and the login written "
        "EMAIL/token? (Couldn't authenticate you)"
    )
    assert caught.value.status == 401
    assert len(zendesk.asked) == 1


def test_403_names_what_a_plan_must_include(zendesk: FakeZendesk, client: Client) -> None:
    zendesk.fail("ticket_events", Status(403, body=b'{"error": {"title": "Forbidden"}}'))
    with pytest.raises(ZendeskError, match=r"403, not allowed: .* plan .*\(Forbidden\)"):
        client.events(start=0)
    assert len(zendesk.asked) == 1


def test_organizations_that_we_may_not_read_stay_numbers(
    zendesk: FakeZendesk, client: Client
) -> None:
    zendesk.fail("organizations", Status(403))
    assert client.organizations({"7"}) == {}
    assert client.organizations({"7", "99"}) == {"7": "Acme"}


@pytest.mark.parametrize("retry_after", ["37", "1"])
def test_429_waits_as_long_as_it_is_asked_to(zendesk: FakeZendesk, retry_after: str) -> None:
    http, sleeper = patient(zendesk.address)
    zendesk.fail("cursor", Status(429, {"Retry-After": retry_after}))
    assert http.get("/api/v2/incremental/tickets/cursor.json", start_time="0")["end_of_stream"]
    assert sleeper.slept == [int(retry_after) + 1]


def test_429_counts_although_the_account_header_still_shows_budget(
    zendesk: FakeZendesk, client: Client
) -> None:
    zendesk.limits = {"ticket_events": 1}
    client.events(start=0)
    before = zendesk.now
    client.events(start=0)
    assert zendesk.now - before >= 59
    assert len(zendesk.requests("ticket_events")) == 3


def test_a_retry_after_that_is_no_number_is_a_pause_of_ours(zendesk: FakeZendesk) -> None:
    http, sleeper = patient(zendesk.address)
    for written in ("soon", "-5", "1e9", "٣", ""):
        zendesk.fail("cursor", Status(429, {"Retry-After": written.encode().decode("latin-1")}))
    http.get("/api/v2/incremental/tickets/cursor.json", start_time="0")
    assert sleeper.slept == list(PAUSES[:5])


def test_being_asked_to_wait_for_hours_ends_the_sync_at_once(zendesk: FakeZendesk) -> None:
    http, sleeper = patient(zendesk.address)
    zendesk.fail("cursor", Status(429, {"Retry-After": "7200"}))
    with pytest.raises(ZendeskError, match=r"429.* asked to wait 7200 s"):
        http.get("/api/v2/incremental/tickets/cursor.json", start_time="0")
    assert sleeper.slept == []


def test_patience_ends_even_where_every_answer_asks_for_a_minute(zendesk: FakeZendesk) -> None:
    http, sleeper = patient(zendesk.address)
    zendesk.fail("cursor", *[Status(429, {"Retry-After": "60"})] * 50)
    with pytest.raises(ZendeskError, match="429"):
        http.get("/api/v2/incremental/tickets/cursor.json", start_time="0")
    assert 60 < sum(sleeper.slept) <= LONGEST_RETRYING


PASSING = [Status(500), Status(502), Status(503, {"Retry-After": "2"}), Status(504), Status(409)]
PASSING += [Cut(), Cut(0), Reset(), Body(b""), Body(b"[]"), Body(b'{"tickets": NaN}')]


@pytest.mark.parametrize("fault", PASSING, ids=repr)
def test_what_passes_is_asked_again(zendesk: FakeZendesk, client: Client, fault: Any) -> None:
    ticket = zendesk.raise_ticket()
    zendesk.advance(61)
    zendesk.fail("cursor", fault, fault)
    assert [row["id"] for row in client.tickets().tickets] == [ticket]
    assert len(zendesk.asked) == 3


def test_a_cut_gzip_body_is_asked_again(zendesk: FakeZendesk, client: Client) -> None:
    zendesk.compress = True
    ticket = zendesk.raise_ticket()
    zendesk.advance(61)
    zendesk.fail("cursor", Cut(), Cut(0.99))
    assert [row["id"] for row in client.tickets().tickets] == [ticket]


def test_retries_outlast_a_rate_window_and_then_end(zendesk: FakeZendesk) -> None:
    http, sleeper = patient(zendesk.address)
    zendesk.fail("cursor", *[Status(503)] * 50)
    with pytest.raises(ZendeskError, match="503, after 8 tries"):
        http.get("/api/v2/incremental/tickets/cursor.json", start_time="0")
    assert sum(sleeper.slept) > 60
    assert len(zendesk.asked) == 8


def test_what_stays_wrong_is_asked_once(zendesk: FakeZendesk, client: Client) -> None:
    for code in (400, 404, 422):
        zendesk.fail("cursor", Status(code))
        with pytest.raises(ZendeskError, match=str(code)):
            client.tickets()
    assert len(zendesk.asked) == 3


def test_a_redirect_is_refused_and_the_login_goes_nowhere(zendesk: FakeZendesk) -> None:
    with server(answer(b"{}")) as elsewhere:
        for code in (301, 302, 303, 307, 308):
            zendesk.fail("cursor", Status(code, {"Location": elsewhere.url()}))
            with Client(Account(zendesk.address, LOGIN, TOKEN)) as client:
                with pytest.raises(ZendeskError, match=f"{code}, a redirect, which is refused"):
                    client.tickets()
        assert elsewhere.connections == 0


def test_an_address_out_of_an_answer_is_never_asked(zendesk: FakeZendesk, client: Client) -> None:
    with server(answer(b"{}")) as elsewhere:
        zendesk.address = elsewhere.url().rstrip("/")
        page = client.tickets()
        client.tickets(cursor=page.cursor)
        client.events(start=client.events(start=0).end or 0)
        assert elsewhere.connections == 0


def test_an_answer_larger_than_allowed_is_dropped(zendesk: FakeZendesk) -> None:
    zendesk.compress = True
    zendesk.fail("cursor", Body(b'{"x": "' + b"0" * 3_000_000 + b'"}'))
    http, _ = patient(zendesk.address, largest=1_000_000)
    with pytest.raises(ZendeskError, match="more than 1000000 bytes"):
        http.get("/api/v2/incremental/tickets/cursor.json")


def test_a_body_nested_beyond_reason_is_no_answer(zendesk: FakeZendesk, client: Client) -> None:
    zendesk.fail("cursor", Body(b'{"a":' * 200_000))
    assert client.tickets().last


@pytest.mark.parametrize(
    "body",
    [b"{}", b'{"tickets": {}}', b'{"tickets": [], "after_cursor": 7}'],
)
def test_a_page_of_another_shape_is_an_error(
    zendesk: FakeZendesk, client: Client, body: bytes
) -> None:
    zendesk.fail("cursor", Body(body))
    with pytest.raises(ZendeskError, match=r"is no (list|text)"):
        client.tickets()


def stalls(connection: socket.socket, running: Server) -> None:
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
    running.closing.wait(20)


def test_a_server_that_stalls_is_given_up(zendesk: FakeZendesk) -> None:
    with server(stalls) as slow:
        http, _ = patient(slow.url("").rstrip("/"), read_seconds=0.05)
        with pytest.raises(ZendeskError, match=r"(no answer in time|connection failed).* 8 tries"):
            http.get("/api/v2/x")


def test_connection_errors_say_their_kind_and_no_more() -> None:
    with server(resets) as broken:
        http, _ = patient(broken.url("").rstrip("/"))
        with pytest.raises(ZendeskError, match=r"the connection failed \(ConnectionError\)"):
            http.get("/api/v2/x", cursor="opaque-cursor")
    http, _ = patient(f"http://127.0.0.1:{closed_port()}", proxy="http://me:pr0xy@127.0.0.1:9")
    with pytest.raises(ZendeskError) as caught:
        http.get("/api/v2/x", cursor="opaque-cursor")
    assert "pr0xy" not in str(caught.value)
    assert "opaque-cursor" not in str(caught.value)
    assert caught.value.__context__ is None


def test_the_environment_changes_nothing(
    zendesk: FakeZendesk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login thief password thief\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with Client(Account(zendesk.address, "", OAUTH)) as client:
        assert client.tickets().last


def test_a_certificate_must_be_trusted() -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    body = b'{"tickets": [], "after_cursor": "c", "end_of_stream": true}'
    with server(answer(body), tls=context) as secure, authority.cert_pem.tempfile() as bundle:
        address = secure.url("", scheme="https").rstrip("/")
        http, sleeper = patient(address)
        with pytest.raises(ZendeskError, match="certificate is not trusted"):
            http.get("/api/v2/x")
        assert sleeper.slept == []
        assert secure.heads == []
        with Client(Account(address, LOGIN, TOKEN, ca_bundle=bundle)) as client:
            assert client.tickets().cursor == "c"


def test_neither_errors_nor_logs_nor_reprs_hold_a_secret(
    zendesk: FakeZendesk, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    account = Account(zendesk.address, LOGIN, TOKEN, proxy=None)
    body = f'{{"error": "bad credentials {TOKEN} of {LOGIN}"}}'.encode()
    zendesk.fail("cursor", Status(400, body=body))
    with Client(account) as client, pytest.raises(ZendeskError) as caught:
        client.tickets()
    written = caplog.text + repr(account) + str(caught.value) + repr(caught.value)
    assert TOKEN not in written
    assert LOGIN not in written
    assert "***" in str(caught.value)


def test_people_are_asked_for_a_hundred_at_a_time(zendesk: FakeZendesk, client: Client) -> None:
    found = client.people(str(number) for number in range(AGENT - 20, AGENT + 99))
    assert found == {str(AGENT): ("agent", "Eve Agent")}
    assert [len(a.query["ids"].split(",")) for a in zendesk.asked] == [100, 19]


def test_one_id_that_zendesk_takes_ill_hides_no_other(zendesk: FakeZendesk, client: Client) -> None:
    zendesk.indigestible = {150}
    ids = [str(number) for number in range(AGENT - 60, AGENT + 1)]
    assert client.people(ids) == {str(AGENT): ("agent", "Eve Agent")}


def test_a_missing_ca_bundle_is_an_error_at_once(zendesk: FakeZendesk) -> None:
    http, sleeper = patient("https://127.0.0.1:9", ca_bundle="/nowhere/ca.pem")
    with pytest.raises(ZendeskError, match="ca_bundle of the connection cannot be read"):
        http.get("/api/v2/x")
    assert sleeper.slept == []


@pytest.mark.parametrize("fields", [{"proxy": "http://:bad:port:s3"}, {"address": "https://a b"}])
def test_a_misspelt_connection_is_an_error_at_once(fields: dict[str, str]) -> None:
    http, sleeper = patient(fields.get("address", "https://127.0.0.1:9"), proxy=fields.get("proxy"))
    with pytest.raises(ZendeskError, match="of the connection zendesk is misspelt"):
        http.get("/api/v2/x")
    assert sleeper.slept == []


def create(client: Client, key: str = "outage-1") -> str:
    return client.create_ticket(
        key, "Shop is down", "since 08:00", "urgent", ["outage"], f"{key}-create"
    )


def test_a_ticket_of_ours_is_raised_with_all_that_it_needs(
    zendesk: FakeZendesk, client: Client
) -> None:
    ticket = int(create(client))
    row = zendesk.tickets[ticket]
    assert (row["external_id"], row["priority"], row["tags"]) == ("outage-1", "urgent", ["outage"])
    assert row["description"] == "since 08:00"
    assert zendesk.comments[ticket][0]["public"] is False


UNSURE = [Lost(504), Lost(500), Reset(carried_out=True), Reset(), Cut(), Status(503), Status(409)]


@pytest.mark.parametrize("fault", UNSURE, ids=repr)
def test_a_lost_answer_makes_no_second_ticket(
    zendesk: FakeZendesk, client: Client, fault: Any
) -> None:
    write_only(zendesk, "tickets.json", fault)
    ticket = create(client)
    assert list(zendesk.tickets) == [int(ticket)]


def write_only(zendesk: FakeZendesk, place: str, *faults: Any) -> None:
    """Faults that strike writes alone, one each."""
    left, handle = list(faults), zendesk.handle

    def handled(asked: Any, content: bytes) -> Any:
        if asked.method != "GET" and place in asked.path and left:
            zendesk.fail(place, left.pop(0))
        return handle(asked, content)

    zendesk.handle = handled  # type: ignore[method-assign]


def test_another_process_days_later_makes_no_second_ticket(
    zendesk: FakeZendesk, client: Client
) -> None:
    first = create(client)
    zendesk.advance(5 * 86_400)
    with Client(Account(zendesk.address, LOGIN, TOKEN)) as another:
        assert create(another) == first
    assert len(zendesk.tickets) == 1


def test_a_server_that_never_answers_a_write_is_an_error_and_has_one_ticket(
    zendesk: FakeZendesk, client: Client
) -> None:
    write_only(zendesk, "tickets.json", *[Status(503)] * WRITE_TRIES)
    with pytest.raises(ZendeskError, match=r"POST /api/v2/tickets\.json: 503"):
        create(client)
    assert zendesk.tickets == {}
    create(client)
    assert len(zendesk.tickets) == 1


def test_a_deleted_ticket_of_the_same_outage_is_not_taken(
    zendesk: FakeZendesk, client: Client
) -> None:
    first = create(client)
    zendesk.delete(int(first))
    zendesk.advance(3 * 3600)
    assert create(client) != first


def test_another_outages_ticket_is_not_taken(zendesk: FakeZendesk, client: Client) -> None:
    zendesk.raise_ticket(external_id="OUTAGE-1")
    assert len({create(client), create(client, "outage-2")}) == 2
    assert len(zendesk.tickets) == 3


def test_a_write_that_is_too_many_waits_and_is_sent_again(
    zendesk: FakeZendesk, client: Client
) -> None:
    write_only(zendesk, "tickets.json", Status(429, {"Retry-After": "30"}))
    before = zendesk.now
    create(client)
    assert zendesk.now - before == 31


@pytest.mark.parametrize("fault", UNSURE, ids=repr)
def test_a_comment_is_made_once(zendesk: FakeZendesk, client: Client, fault: Any) -> None:
    ticket = create(client)
    write_only(zendesk, f"tickets/{ticket}", fault)
    client.comment(ticket, "Up again at 08:20")
    client.comment(ticket, "Up again at 08:20")
    bodies = [one["body"] for one in zendesk.comments[int(ticket)]]
    assert bodies == ["Up again at 08:20", "since 08:00"]
    assert zendesk.audits[-1]["updater_id"] == ROBOT


def test_a_priority_that_zendesk_has_not_is_refused_here(client: Client) -> None:
    with pytest.raises(ValueError, match="expected one of urgent"):
        client.create_ticket("x", "s", "t", "mission_critical", [], "k")
