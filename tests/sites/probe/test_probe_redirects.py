"""Where a redirect leads, and the addresses that no probe may connect to."""

from __future__ import annotations

from contextlib import ExitStack

import pycurl
import pytest

from sites.probing import MOMENT, probe_one
from sites.servers import (
    NameServer,
    answer,
    closed_port,
    drips,
    redirects,
    server,
)
from supportops.sites.check import Reason, State
from supportops.sites.probe.request_state import RequestState, Target
from supportops.sites.probe.transfer import Transfer
from supportops.sites.probe.trust import Trust, system_authorities
from supportops.sites.site import Expectation


def test_redirects_are_followed_and_counted(running: ExitStack) -> None:
    end = running.enter_context(server(answer(b"arrived")))
    middle = running.enter_context(server(redirects(end.url("/end"))))
    start = running.enter_context(server(redirects(middle.url(), "301 Moved")))
    result = probe_one(start.url(), expect=Expectation(contains=("arrived",)))
    assert (result.reason, result.status, result.redirects) == (Reason.OK, 200, 2)
    assert result.url == start.url()


def test_ten_redirects_are_followed_and_no_more(running: ExitStack) -> None:
    site = running.enter_context(server(redirects("/again")))
    result = probe_one(site.url())
    assert (result.reason, result.redirects) == (Reason.TOO_MANY_REDIRECTS, 10)
    assert site.connections == 11


@pytest.mark.parametrize(
    "location",
    [
        "ftp://files.test/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "http://",
        "http://[::1",
        "http://host:99999/",
        "http://1.2.3.4.5/",
        "http://exa mple/",
        "gopher://127.0.0.1:25/_x",
    ],
)
def test_a_redirect_to_nowhere_has_its_own_reason(running: ExitStack, location: str) -> None:
    site = running.enter_context(server(redirects(location)))
    assert probe_one(site.url()).reason is Reason.BAD_REDIRECT


def test_a_redirect_with_an_endless_body_is_followed_at_once(running: ExitStack) -> None:
    end = running.enter_context(server(answer()))
    head = f"HTTP/1.1 302 Found\r\nLocation: {end.url()}\r\n\r\n".encode()
    start = running.enter_context(server(drips(head, b"x")))
    assert probe_one(start.url(), deadline=60).reason is Reason.OK


def test_a_redirect_that_is_itself_expected_is_not_followed(running: ExitStack) -> None:
    site = running.enter_context(server(redirects("/elsewhere", "301 Moved")))
    result = probe_one(site.url(), expect=Expectation(status=((301, 301),)))
    assert (result.reason, result.status, result.redirects) == (Reason.OK, 301, 0)


def test_a_redirect_to_a_private_address_is_refused_without_a_connection(
    running: ExitStack,
) -> None:
    """The first address is allowed by name; the one that it redirects to is judged again."""
    inner = running.enter_context(server(answer()))
    metadata = "http://169.254.169.254/latest/meta-data/"
    outer = running.enter_context(server(redirects(metadata)))
    result = probe_one(outer.url(), allow_private=True)
    assert (result.reason, result.redirects) == (Reason.BLOCKED_ADDRESS, 1)
    assert "169.254.169.254" in result.detail
    assert inner.connections == 0


def test_a_login_stays_with_its_own_origin_and_out_of_every_word(running: ExitStack) -> None:
    end = running.enter_context(server(answer()))
    start = running.enter_context(server(redirects(end.url("/there"))))
    result = probe_one(start.url(host="editor:s3cret@127.0.0.1"))
    assert result.reason is Reason.OK
    assert b"Authorization: Basic " in start.heads[0]
    assert b"uthorization" not in end.heads[0]
    assert "s3cret" not in repr(result)
    failed = probe_one(f"http://editor:s3cret@127.0.0.1:{closed_port()}/")
    assert failed.reason is Reason.REFUSED
    assert "s3cret" not in repr(failed)


def test_a_redirects_login_is_neither_used_nor_shown(running: ExitStack) -> None:
    site = running.enter_context(server(redirects("ftp://user:hunter2@files.test/")))
    assert "hunter2" not in repr(probe_one(site.url()))


def test_a_socket_to_an_address_not_agreed_on_is_never_opened(running: ExitStack) -> None:
    """The second line, should libcurl ever read a URL in another way than we did."""
    site = running.enter_context(server(answer()))
    transfer = Transfer(user_agent="test", trust=Trust(str(system_authorities())))
    try:
        request = RequestState(0, Target(site.url(), Expectation(), True), 5, MOMENT)
        transfer.start(request, ["93.184.216.34"])
        with pytest.raises(pycurl.error) as failed:
            transfer.curl.perform()
        response = transfer.finish(*failed.value.args)
    finally:
        transfer.close()
    assert (response.reason, response.detail) == (
        Reason.BLOCKED_ADDRESS,
        "127.0.0.1 is not an allowed address",
    )
    assert site.connections == 0


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "127.1",
        "%31%32%37.0.0.1",
        "１２７.0.0.1",
        "localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "0.0.0.0",
    ],
)
def test_a_private_address_is_refused_however_it_is_written(running: ExitStack, host: str) -> None:
    site = running.enter_context(server(answer()))
    result = probe_one(site.url(host=host), allow_private=False)
    assert (result.state, result.reason) == (State.DOWN, Reason.BLOCKED_ADDRESS)
    assert site.connections == 0


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1", "[::ffff:127.0.0.1]"])
def test_a_private_address_is_checked_where_the_site_allows_it(
    running: ExitStack, host: str
) -> None:
    site = running.enter_context(server(answer()))
    assert probe_one(site.url(host=host)).reason is Reason.OK


def test_a_public_name_for_the_metadata_service_is_a_finding_not_a_request() -> None:
    with NameServer({"www.innocent.test": ["169.254.169.254"]}) as names:
        for allow in (False, True):
            result = probe_one(
                "http://www.innocent.test/", allow_private=allow, nameservers=[names.address]
            )
            assert result.reason is Reason.BLOCKED_ADDRESS
            assert result.detail == "169.254.169.254: cloud metadata"
            assert result.address is None


def test_of_a_names_addresses_only_the_public_ones_are_used(running: ExitStack) -> None:
    site = running.enter_context(server(answer()))
    zone = {"mixed.test": ["169.254.169.254", "127.0.0.1"]}
    with NameServer(zone) as names:
        result = probe_one(site.url(host="mixed.test"), nameservers=[names.address])
    assert (result.reason, result.address) == (Reason.OK, "127.0.0.1")


@pytest.mark.parametrize(
    "url",
    ["", "nonsense", "//host/", "ftp://host/", "http://", "http://a..b/", "http://h:0/",
     "http://h:x/", "http://[::1/", "http://256.256.256.256/", "http://" + "a" * 300 + "/",
     "http://a\x00b/", "http://[fe80::1%25eth0]/", "http://x/" + "y" * 9000],
)  # fmt: skip
def test_what_is_no_url_has_its_own_reason(url: str) -> None:
    assert probe_one(url).reason is Reason.BAD_URL
