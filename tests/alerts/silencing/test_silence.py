from __future__ import annotations

import pytest

from alert_builders import NOON, alert, minutes
from alerts.silencing.builders import silence
from supportops.alerts.alert import Affected, Alert, Kind, Severity
from supportops.alerts.routing.matcher import How, MatcherError, Pattern
from supportops.alerts.silencing.silence import (
    OF_OURSELVES,
    Label,
    Matcher,
    SilenceState,
    checked,
    covered,
    parsed,
)


def wide(kind: Kind = Kind.HOST_OUTAGE, **sites: str) -> Alert:
    affected = [{"site": name, "customer": customer} for name, customer in sites.items()]
    host = "web-1"
    return alert(host, kind, site=None, customer=None, host=host, facts={"affected": affected})


@pytest.mark.parametrize(
    ("written", "about"),
    [
        (["site=Acme Shop"], True),
        (["site=acme  SHOP"], True),
        (["site=Acme"], False),
        (["site=Blog,Acme Shop"], True),
        (["site=acme*"], True),
        (["site=*blog"], False),
        (["site=Acme?Shop"], True),
        (["site=~acme (shop|blog)"], True),
        (["site=~acme"], False),
        (["customer=Acme Ltd", "kind=outage"], True),
        (["customer=Acme Ltd", "kind=fault"], False),
        (["severity=critical"], True),
        (["severity=~.*"], True),
        (["host=web-*"], False),
    ],
)
def test_a_matcher_is_a_name_a_list_a_glob_or_a_regular_expression(
    written: list[str], about: bool
) -> None:
    assert bool(covered(parsed(written), alert())) is about


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ([], "needs a matcher"),
        (["site"], "expected LABEL=VALUE"),
        (["colour=red"], "a label out of kind, severity, site, customer, host"),
        (["site="], "needs a value"),
        (["site=~("], "no regular expression"),
        (["site=~a)|(b"], "no regular expression"),
        (["site=~" + "a" * 201], "at most 200"),
        (["kind=outrage"], "no kind 'outrage'; there are outage"),
        (["severity=red"], "no severity 'red'"),
    ],
)
def test_a_matcher_that_cannot_be_used_says_why(written: list[str], why: str) -> None:
    with pytest.raises(MatcherError, match=why.replace("(", r"\(")):
        parsed(written)


def test_a_regular_expression_takes_no_longer_than_the_name() -> None:
    evil = Matcher(Label.SITE, Pattern(How.REGEX, ("(a+)+b",)))
    assert not covered(checked([evil]), alert("a" * 5_000))


def test_a_servers_outage_is_silenced_for_those_of_its_sites_that_are_named() -> None:
    server = wide(Shop="Acme", Blog="Bolt")
    assert covered(parsed(["site=shop"]), server) == (Affected("Shop", "Acme"),)
    assert len(covered(parsed(["host=web-1"]), server)) == 2
    assert covered(parsed(["kind=outage", "customer=bolt"]), server) == (Affected("Blog", "Bolt"),)
    assert covered(parsed(["kind=fault"]), server) == ()


@pytest.mark.parametrize("kind", sorted(OF_OURSELVES))
def test_what_is_about_ourselves_is_silenced_by_its_name_alone(kind: Kind) -> None:
    own = alert("engineer_sms", kind, severity=Severity.CRITICAL, host="web-1")
    for written in ("severity=critical", "site=*", "host=web-1", "kind=*", "kind=~.*"):
        assert covered(parsed([written]), own) == ()
    assert covered(parsed([f"kind={kind}"]), own)
    assert covered(parsed([f"kind=outage,{kind}", "severity=critical"]), own)


def test_a_silence_is_pending_then_active_then_expired() -> None:
    one = silence(start=NOON, minutes=90)
    assert one.state(NOON - minutes(1)) is SilenceState.PENDING
    assert one.state(NOON) is SilenceState.ACTIVE
    assert not one.expires_soon(NOON)
    assert one.expires_soon(NOON + minutes(76))
    assert one.state(NOON + minutes(90)) is SilenceState.EXPIRED
    ended = silence(minutes=90, expired_at=NOON + minutes(10))
    assert ended.state(NOON + minutes(10)) is SilenceState.EXPIRED
