"""What a site's requests carry, and that nobody else gets it."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from builders import site as a_site
from sites.probing import MOMENT, policy
from sites.servers import Server, answer, redirects, server
from supportops.flows.sites.checking.targets import target_of
from supportops.sites.check import ProbeResult, Reason, State
from supportops.sites.probe.probe import Target, probe
from supportops.sites.site import Expectation, RequestOptions

SECRET = RequestOptions(
    headers=(("X-Token", "t0ken"), ("Cookie", "session=s3ss"), ("X-Empty", "")),
    user_agent="Agent of the shop",
)
LOGIN = ("monitor", "pa:ss wörd")


def probed(url: str, options: RequestOptions = SECRET, **fields: object) -> ProbeResult:
    target = Target(url, Expectation(), True, options, **fields)  # type: ignore[arg-type]
    (result,) = probe([target], policy(), lambda: MOMENT)
    return result


def head(site: Server, number: int = -1) -> bytes:
    return site.heads[number].lower()


def test_a_site_gets_its_headers_its_agent_and_its_login(running: ExitStack) -> None:
    site = running.enter_context(server(answer()))
    assert probed(site.url(), login=LOGIN).state is State.UP
    sent = head(site)
    assert b"\r\nx-token: t0ken\r\n" in sent
    assert b"\r\ncookie: session=s3ss\r\n" in sent
    assert b"\r\nx-empty:\r\n" in sent
    assert b"\r\nuser-agent: agent of the shop\r\n" in sent
    assert b"\r\nauthorization: basic " in sent
    assert sent.count(b"accept-encoding") == 1


def test_another_origin_gets_none_of_it_and_the_own_one_gets_it_again(running: ExitStack) -> None:
    back = running.enter_context(server(answer()))
    home = running.enter_context(server(answer()))

    def leaves_first(connection: object, here: Server) -> None:
        talk = redirects(stranger.url()) if here.connections == 1 else answer()
        talk(connection, here)  # type: ignore[arg-type]

    home = running.enter_context(server(leaves_first))
    stranger = running.enter_context(server(redirects(home.url("/back"))))
    assert probed(home.url(), login=LOGIN).redirects == 2
    secrets = (b"t0ken", b"s3ss", b"authorization")
    assert not [secret for secret in secrets if secret in head(stranger)]
    assert all(secret in head(home, 0) and secret in head(home, 1) for secret in secrets)
    assert back.heads == []


def test_another_scheme_or_port_is_another_origin(running: ExitStack) -> None:
    other = running.enter_context(server(answer()))
    home = running.enter_context(server(redirects(other.url())))
    probed(home.url(), login=LOGIN)
    assert b"t0ken" not in head(other)
    assert b"authorization" not in head(other)


def test_cookies_of_one_check_are_forgotten_by_the_next(running: ExitStack) -> None:
    site = running.enter_context(server(answer(headers={"Set-Cookie": "seen=1; Path=/"})))
    target = Target(site.url(), Expectation(), True)
    probe([target] * 8, policy(in_flight=1), lambda: MOMENT)
    assert not [sent for sent in site.heads if b"seen=1" in sent]


def test_cookies_go_to_no_other_host(running: ExitStack) -> None:
    other = running.enter_context(server(answer()))
    away = answer(
        b"",
        status="302 Found",
        headers={
            "Set-Cookie": "mine=1; Path=/",
            "Location": other.url(host="localhost"),
        },
    )
    home = running.enter_context(server(away))
    assert probed(home.url(), RequestOptions()).state is State.UP
    assert b"mine=1" not in head(other)


def test_options_of_one_site_are_not_those_of_the_next(running: ExitStack) -> None:
    site = running.enter_context(server(answer()))
    targets = [
        Target(site.url("/1"), Expectation(), True, SECRET, LOGIN),
        Target(site.url("/2"), Expectation(), True),
    ]
    probe(targets, policy(in_flight=1), lambda: MOMENT)
    plain = next(sent for sent in site.heads if b"GET /2 " in sent).lower()
    for words in (b"t0ken", b"s3ss", b"authorization", b"agent of the shop"):
        assert words not in plain


def test_a_login_is_in_no_result_and_no_representation(running: ExitStack) -> None:
    site = running.enter_context(server(answer(status="401 Login")))
    target = Target(site.url(), Expectation(), True, SECRET, LOGIN)
    (result,) = probe([target], policy(), lambda: MOMENT)
    assert result.reason is Reason.STATUS
    assert "pa:ss" not in repr((target, result))


@pytest.mark.parametrize("value", [None, "", "monitor", ":pass", "monitor:pa\r\nss"])
def test_a_login_that_is_not_set_is_our_own_trouble_and_nothing_is_sent(
    running: ExitStack, value: str | None
) -> None:
    site = running.enter_context(server(answer()))
    shop = a_site(url=site.url(), request=RequestOptions(login="shop_login"), allow_private=True)
    target = target_of(shop, shop.url, shop.expect, lambda _name: value)
    (result,) = probe([target], policy(), lambda: MOMENT)
    assert (result.state, result.reason) == (State.UNKNOWN, Reason.INTERNAL)
    assert "shop_login" in result.detail
    assert site.heads == []


def test_a_login_is_read_from_its_secret(running: ExitStack) -> None:
    site = running.enter_context(server(answer()))
    shop = a_site(url=site.url(), request=RequestOptions(login="shop_login"), allow_private=True)
    secrets = {"shop_login": "monitor:pa:ss"}
    (result,) = probe(
        [target_of(shop, shop.url, shop.expect, secrets.get)], policy(), lambda: MOMENT
    )
    assert result.state is State.UP
    assert b"\r\nAuthorization: Basic bW9uaXRvcjpwYTpzcw==\r\n" in site.heads[0]


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("http://169.254.169.254/", Reason.BLOCKED_ADDRESS),
        ("http://[::ffff:a9fe:a9fe]/", Reason.BLOCKED_ADDRESS),
        ("file:///etc/passwd", Reason.BAD_REDIRECT),
    ],
)
def test_addresses_are_judged_at_every_redirect_with_options_too(
    running: ExitStack, location: str, reason: Reason
) -> None:
    home = running.enter_context(
        server(
            lambda connection, here: (
                redirects("/on") if here.connections < 4 else redirects(location)
            )(connection, here)
        )
    )
    assert probed(home.url(), login=LOGIN).reason is reason
