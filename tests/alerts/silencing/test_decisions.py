"""Who is notified while something is silenced, and when the silence is over."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from alert_builders import NIGHT, NOON, alert, minutes, office, policy, route, step
from alerts.silencing.builders import silence
from alerts.silencing.test_silence import wide
from supportops.alerts.acts.act import Act, ActKind, fold
from supportops.alerts.alert import Alert, Kind, Phase
from supportops.alerts.escalation import decide
from supportops.alerts.policy import AlertPolicy, Hours
from supportops.alerts.routing.decision import Decision, MessageStatus, Reason
from supportops.alerts.routing.one_cause import decide_all
from supportops.alerts.silencing.silence import Silence

STEPS = (
    step("engineer"),
    step("second", after=30),
    step("boss", after=60),
    step("owner", after=90),
)
LADDER = policy(route(*STEPS))
REMINDED = policy(route(*STEPS[:2], remind=minutes(60)))


class Desk:
    """One alert under a policy: `at` decides, and what it sends is handed over."""

    def __init__(
        self, policy: AlertPolicy, *silences: Silence, alert: Alert, acts: tuple[Act, ...] = ()
    ) -> None:
        self.policy, self.silences, self.alert, self.acts = policy, silences, alert, acts
        self.history: list[MessageStatus] = []

    def decide(self, now: datetime) -> list[Decision]:
        standing = fold([act for act in self.acts if act.at <= now], now)
        values = {name: getattr(standing, name) for name in standing.__slots__}
        one = replace(self.alert, **values)
        return decide(one, self.policy, self.history, now, office(), (), self.silences)

    def at(self, now: datetime) -> list[str]:
        sent = [each for each in self.decide(now) if each.sends]
        for each in sent:
            self.history.append(
                MessageStatus(
                    each.target,
                    each.phase,
                    each.step,
                    each.reminder,
                    handed_over=True,
                    finished=True,
                    at=now,
                    reason=each.reason,
                )
            )
        return sorted(each.target for each in sent)

    def reasons(self, now: datetime) -> dict[str, Reason]:
        return {each.target: each.reason for each in self.decide(now)}

    def after(self, *counts: float) -> list[list[str]]:
        return [self.at(NOON + minutes(count)) for count in counts]

    def resolve(self, now: datetime) -> None:
        self.alert = replace(self.alert, resolved_at=now)


def act(kind: ActKind, at: float, until: float | None = None) -> Act:
    end = None if until is None else NOON + minutes(until)
    return Act("key", kind, "Ada", NOON + minutes(at), "", end)


def test_a_silenced_alert_is_sent_when_the_silence_ends_and_its_steps_count_from_then() -> None:
    desk = Desk(LADDER, silence(minutes=120), alert=alert())
    assert desk.after(0, 30, 90, 119) == [[], [], [], []]
    assert desk.reasons(NOON + minutes(90))["engineer"] is Reason.SILENCED
    assert desk.after(120, 149, 150, 180, 210) == [
        ["engineer"],
        [],
        ["second"],
        ["boss"],
        ["owner"],
    ]


def test_what_began_and_ended_in_a_silence_is_sent_to_nobody() -> None:
    for kind in (Kind.OUTAGE, Kind.SLA_BREACH):  # a breach is otherwise sent after its end
        desk = Desk(LADDER, silence(minutes=120), alert=alert(kind=kind))
        desk.at(NOON + minutes(10))
        desk.resolve(NOON + minutes(60))
        assert desk.after(61, 120, 121, 500) == [[], [], [], []]


def test_a_breach_that_outlasts_its_silence_is_sent_although_it_ended_since() -> None:
    desk = Desk(LADDER, silence(minutes=60), alert=alert(kind=Kind.SLA_BREACH))
    desk.at(NOON + minutes(10))
    desk.resolve(NOON + minutes(70))
    assert desk.at(NOON + minutes(71)) == ["engineer"]


def test_whoever_had_the_alarm_before_the_silence_gets_the_end_in_it() -> None:
    desk = Desk(LADDER, silence(start=NOON + minutes(10)), alert=alert())
    assert desk.after(0, 31) == [["engineer"], []]
    desk.resolve(NOON + minutes(40))
    assert desk.at(NOON + minutes(40)) == ["engineer"]
    assert {m.phase for m in desk.history[1:]} == {Phase.RESOLVED}


def test_a_silence_ended_early_lets_the_alarm_out_at_once() -> None:
    desk = Desk(LADDER, silence(expired_at=NOON + minutes(5)), alert=alert())
    assert desk.after(4, 5) == [[], ["engineer"]]


def test_two_silences_that_meet_are_one() -> None:
    second = silence("customer=acme*", start=NOON + minutes(30), minutes=60)
    desk = Desk(LADDER, silence(minutes=30), second, alert=alert())
    assert desk.after(0, 30, 89, 90) == [[], [], [], ["engineer"]]


def test_an_alarm_silenced_in_the_night_waits_for_the_office_and_counts_from_its_opening() -> None:
    office_route = policy(route(step("team"), step("boss", after=30), hours=Hours.OFFICE))
    until = NIGHT.replace(hour=8)
    desk = Desk(office_route, silence(start=NIGHT, end=until), alert=alert(opened_at=NIGHT))
    opening = NIGHT.replace(hour=9)
    assert desk.at(until) == []
    assert [desk.at(opening), desk.at(opening + minutes(29))] == [["team"], []]
    assert desk.at(opening + minutes(30)) == ["boss"]


def test_reminders_stop_in_a_silence_and_go_on_after_it() -> None:
    desk = Desk(REMINDED, silence(start=NOON + minutes(50), minutes=60), alert=alert())
    assert desk.after(0, 30, 60, 109, 110) == [
        ["engineer"],
        ["second"],
        [],
        [],
        ["engineer", "second"],
    ]


class TestWideCauses:
    ROUTES = policy(
        route(step("everybody"), name="all"),
        route(step("acme_chat"), name="acme", customers=("Acme",)),
        route(step("bolt_chat"), name="bolt", customers=("Bolt",)),
    )

    def test_a_customer_whose_sites_are_silenced_is_not_notified_and_the_others_are(self) -> None:
        server = wide(Shop="Acme", Blog="Bolt")
        desk = Desk(self.ROUTES, silence("customer=Acme"), alert=server)
        assert desk.at(NOON) == ["bolt_chat", "everybody"]
        assert desk.reasons(NOON)["acme_chat"] is Reason.SILENCED
        assert desk.at(NOON + minutes(60)) == ["acme_chat"]

    def test_a_server_all_of_whose_sites_are_silenced_is_silent(self) -> None:
        server = wide(Shop="Acme", Blog="Bolt")
        silences = silence("customer=Acme"), silence("site=Blog", minutes=90)
        desk = Desk(self.ROUTES, *silences, alert=server)
        assert desk.after(0, 59) == [[], []]
        assert desk.after(60, 90) == [["acme_chat", "everybody"], ["bolt_chat"]]

    def test_what_is_silenced_last_is_silent_although_others_were_down_before(self) -> None:
        affected = [
            {"site": "Shop", "customer": "Acme"},
            {"site": "Blog", "customer": "Bolt", "until": (NOON + minutes(5)).isoformat()},
        ]
        server = replace(wide(Shop="Acme"), facts={"affected": affected})
        assert Desk(self.ROUTES, silence("customer=Acme"), alert=server).at(NOON) == []

    def test_a_server_that_is_not_yet_over_stays_silenced_while_none_of_its_sites_fails(
        self,
    ) -> None:
        answers = (NOON + minutes(5)).isoformat()
        affected = [{"site": "Shop", "customer": "Acme", "until": answers}]
        server = replace(wide(Shop="Acme"), facts={"affected": affected})
        assert Desk(self.ROUTES, silence("customer=Acme"), alert=server).at(NOON) == []

    def test_a_silenced_server_leaves_the_outages_before_it_alone(self) -> None:
        server = wide(Shop="Acme")
        shop = alert("Shop", facts={"present": {"state": "covered", "by": server.key}})
        routes = policy(route(step("everybody")))
        found = decide_all(
            [server, shop], routes, {}, NOON, office(), [silence("kind=host_outage")]
        )
        sent = {each.alert.key for each in found if any(one.sends for one in each.decisions)}
        assert sent == {shop.key}

    def test_an_alarm_that_waits_is_kept_back_from_whom_it_is_silenced_for(self) -> None:
        waiting = [
            MessageStatus(name, Phase.FIRING) for name in ("everybody", "acme_chat", "bolt_chat")
        ]
        server = wide(Shop="Acme", Blog="Bolt")
        (found,) = decide_all(
            [server],
            self.ROUTES,
            {server.key: waiting},
            NOON,
            office(),
            [silence("customer=Acme")],
        )
        assert found.withheld == {"acme_chat"}


class TestActs:
    def test_an_acknowledgement_that_expired_sends_the_step_that_is_reached_and_no_other(
        self,
    ) -> None:
        taken = act(ActKind.ACKNOWLEDGED, 10, until=70)
        desk = Desk(LADDER, alert=alert(), acts=(taken,))
        assert desk.after(0, 30, 60, 69) == [["engineer"], [], [], []]
        assert desk.reasons(NOON + minutes(69))["second"] is Reason.ACKNOWLEDGED
        assert desk.after(70, 71, 89, 90, 91) == [["boss"], [], [], ["owner"], []]
        assert desk.reasons(NOON + minutes(91))["second"] is Reason.PASSED

    def test_one_that_expires_after_the_end_does_nothing(self) -> None:
        desk = Desk(LADDER, alert=alert(), acts=(act(ActKind.ACKNOWLEDGED, 10, until=70),))
        desk.at(NOON)
        desk.resolve(NOON + minutes(20))
        assert desk.after(20, 70, 100) == [["engineer"], [], []]

    def test_giving_it_back_goes_on_from_where_it_is_by_now(self) -> None:
        acts = act(ActKind.ACKNOWLEDGED, 10), act(ActKind.UNACKNOWLEDGED, 40)
        desk = Desk(LADDER, alert=alert(), acts=acts)
        assert desk.after(0, 30, 40, 60) == [["engineer"], [], ["second"], ["boss"]]

    def test_a_snoozed_alert_sends_neither_reminders_nor_steps_until_it_is_over(self) -> None:
        desk = Desk(REMINDED, alert=alert(), acts=(act(ActKind.SNOOZED, 10, until=200),))
        assert desk.after(0, 30, 60, 199) == [["engineer"], [], [], []]
        assert desk.reasons(NOON + minutes(199))["second"] is Reason.SNOOZED
        assert desk.after(200, 259, 260) == [["engineer", "second"], [], ["engineer", "second"]]

    def test_the_first_step_goes_out_whoever_has_it(self) -> None:
        for kind, until in ((ActKind.ACKNOWLEDGED, None), (ActKind.SNOOZED, 200)):
            desk = Desk(LADDER, alert=alert(), acts=(act(kind, 0, until),))
            assert desk.after(1, 100) == [["engineer"], []]


_MINUTES = st.integers(0, 240)
_SILENCES = st.lists(
    st.tuples(_MINUTES, st.integers(1, 90), st.sampled_from(["site=Acme Shop", "customer=acme*"])),
    max_size=3,
)
_ACTS = st.lists(
    st.tuples(st.sampled_from(list(ActKind)), _MINUTES, st.one_of(st.none(), st.integers(1, 90))),
    max_size=4,
)


@settings(max_examples=150)
@given(
    silences=_SILENCES, acts=_ACTS, resolved=st.one_of(st.none(), _MINUTES), each=st.integers(1, 7)
)
def test_nothing_is_sent_inside_a_silence_and_an_open_alert_is_never_lost_after_it(
    silences: list[tuple[int, int, str]],
    acts: list[tuple[ActKind, int, int | None]],
    resolved: int | None,
    each: int,
) -> None:
    found = [silence(m, start=NOON + minutes(s), minutes=n) for s, n, m in silences]
    done = sorted((_act(*one) for one in acts), key=lambda one: one.at)
    desk = Desk(LADDER, *found, alert=alert(), acts=tuple(done))
    alarms: list[tuple[int, str]] = []
    silent_until_the_end = True
    for minute in range(0, 700, each):
        now = NOON + minutes(minute)
        if resolved is not None and minute >= resolved and desk.alert.resolved_at is None:
            desk.resolve(NOON + minutes(resolved))
        quiet = any(s.starts_at <= now < s.until for s in found)
        before = len(desk.history)
        desk.at(now)
        new = desk.history[before:]
        if quiet or desk.alert.resolved_at is not None:
            assert all(m.phase is Phase.RESOLVED for m in new)
        alarms += [(minute, m.target) for m in new if m.phase is Phase.FIRING]
        silent_until_the_end &= quiet or desk.alert.resolved_at is not None
    told = {target for _, target in alarms}
    assert len(alarms) == len({(target) for _, target in alarms})  # no step twice
    assert ("engineer" in told) is not silent_until_the_end
    ended = {m.target for m in desk.history if m.phase is Phase.RESOLVED}
    assert ended == (told if desk.alert.resolved_at is not None else set())
    if resolved is None:
        held = fold(done, NOON + minutes(700)).acknowledged_at is not None
        assert held or "owner" in told  # the last step is reached, or somebody has it


def _act(kind: ActKind, at: int, length: int | None) -> Act:
    if kind is ActKind.SNOOZED and length is None:
        length = 30
    if kind in (ActKind.UNACKNOWLEDGED, ActKind.WOKEN):
        length = None
    return act(kind, at, None if length is None else at + length)
