"""A month's report waits for somebody who approves it: once, whoever is faster."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine

from flows.reports.monthly.months import ACME, APRIL, context_of, monthly, monthly_desk
from flows.reports.reporting.report_builders import ReportDesk, a_week, raised
from sla.policies import london
from supportops.db.engine import reading
from supportops.flows.reports import report_approval
from supportops.flows.reports.reporting.keeping import ReportState
from supportops.reports import store as reports
from supportops.reports.period import Cadence
from supportops.reports.store import Approval

NOW = london("2026-05-01 10:00")


@pytest.fixture
def desk(store: Engine, tmp_path: Path) -> ReportDesk:
    made = monthly_desk(store, tmp_path / "config", approval="required")
    made.append(*a_week())
    made.load_or_last_good("2026-04-01 08:00")
    return made


def decide(desk: ReportDesk, *ids: int, approve: bool = True) -> list[report_approval.Decided]:
    return report_approval.decide(context_of(desk), ids, "ada", NOW, approve=approve)


def waiting(desk: ReportDesk) -> list[int]:
    return [each.id for each in report_approval.waiting(context_of(desk))]


def states(desk: ReportDesk) -> list[ReportState]:
    return [each.state for each in monthly(desk, send=True)]


def test_what_needs_approval_is_kept_and_not_sent(desk: ReportDesk) -> None:
    assert states(desk) == [ReportState.WAITING] * 2
    assert desk.queued() == []
    assert [each.approval for each in desk.editions()] == ["waiting"] * 2


def test_a_rerun_makes_no_second_one_while_it_waits(desk: ReportDesk) -> None:
    states(desk)
    assert states(desk) == [ReportState.WAITING] * 2
    assert len(desk.editions()) == 2


def test_what_is_approved_is_issued_and_queued_once(desk: ReportDesk) -> None:
    states(desk)
    first, second = waiting(desk)
    (done,) = decide(desk, first)
    assert (done.why, done.recipients) == (None, ("acme_email",))
    assert desk.queued() == [("acme_email", f"report:monthly:{APRIL}:{ACME}:1")]
    assert waiting(desk) == [second]
    (again,) = decide(desk, first)
    assert again.why == "ada has approved it before"
    assert len(desk.queued()) == 1
    edition = desk.editions()[0]
    assert (edition.approval, edition.decided_by) == ("approved", "ada")
    assert edition.issued_at is not None


def test_a_later_run_finds_it_sent(desk: ReportDesk) -> None:
    states(desk)
    decide(desk, *waiting(desk))
    assert states(desk) == [ReportState.SENT_BEFORE] * 2


def test_what_is_rejected_is_not_made_again_unless_asked_for(desk: ReportDesk) -> None:
    states(desk)
    decide(desk, *waiting(desk), approve=False)
    assert desk.queued() == []
    assert states(desk) == [ReportState.REJECTED] * 2
    corrected = monthly(desk, send=True, again=True)
    assert [each.state for each in corrected] == [ReportState.WAITING] * 2
    assert [each.edition for each in corrected] == [2, 2]
    assert not any("Corrected" in each.subject for each in corrected)  # nobody got the first


def test_a_corrected_edition_takes_the_place_of_one_that_waits(desk: ReportDesk) -> None:
    states(desk)
    old = waiting(desk)
    desk.append(*a_week()[:0])
    (desk.folder / "customers.yaml").write_text(
        (desk.folder / "customers.yaml").read_text().replace("#0a5c8c", "#0a5c36")
    )
    monthly(desk, send=True, again=True)
    new = waiting(desk)
    assert len(new) == 2
    (late,) = decide(desk, old[0])
    assert late.why == "a later edition has taken its place"
    assert desk.queued() == []
    (done,) = decide(desk, next(each for each in new if each not in old))
    assert done.why is None


def test_what_became_known_while_it_waited_is_in_what_is_approved(desk: ReportDesk) -> None:
    states(desk)
    (old, _) = waiting(desk)
    desk.append(*raised("9", "2026-04-20 09:00 asks", "2026-04-20 10:00 answers"))
    assert states(desk) == [ReportState.WAITING] * 2
    assert len(desk.editions()) == 4  # Birch's says from when its ticket data is
    (late,) = decide(desk, old)
    assert late.why == "a later edition has taken its place"
    new = next(each for each in waiting(desk) if each > old + 1)
    (done,) = decide(desk, new)
    assert (done.why, done.report.edition) == (None, 2)
    assert "Corrected" not in done.report.subject


def without_approval(desk: ReportDesk) -> None:
    file = desk.folder / "reports.yaml"
    file.write_text(file.read_text().replace("approval: required", "approval: none"))


def test_what_waited_goes_out_once_nobody_is_to_approve_it_and_waits_no_more(
    desk: ReportDesk,
) -> None:
    states(desk)
    without_approval(desk)
    assert states(desk) == [ReportState.SENT] * 2
    assert waiting(desk) == []
    assert [each.edition for each in desk.editions()] == [1, 1]


def test_what_was_rejected_stays_so_when_approval_is_no_longer_needed(desk: ReportDesk) -> None:
    states(desk)
    decide(desk, *waiting(desk), approve=False)
    without_approval(desk)
    assert states(desk) == [ReportState.REJECTED] * 2
    assert desk.queued() == []


def test_of_two_who_decide_at_once_one_does(desk: ReportDesk) -> None:
    states(desk)
    first = waiting(desk)[0]
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda approve: decide(desk, first, approve=approve), [True, False]))
    done = [each for (each,) in found if each.why is None]
    assert len(done) == 1
    assert len(desk.queued()) == (1 if done[0].approved else 0)


def test_what_nobody_would_get_cannot_be_approved(desk: ReportDesk) -> None:
    states(desk)
    customers = desk.folder / "customers.yaml"
    customers.write_text(customers.read_text().replace("contacts: [acme], ", ""))
    desk.load_or_last_good("2026-05-01 09:30")
    first = waiting(desk)[0]
    (refused,) = decide(desk, first)
    assert refused.why == "it has no recipients: name contacts in customers.yaml"
    assert first in waiting(desk)
    customers.write_text("customers: []\n")
    desk.load_or_last_good("2026-05-01 09:40")
    (refused,) = decide(desk, first)
    assert refused.why == "nobody gets this report any more"


def test_an_id_that_no_report_has_decides_nothing(desk: ReportDesk) -> None:
    states(desk)
    first = waiting(desk)[0]
    with pytest.raises(LookupError, match="no such report"):
        decide(desk, first, 10**6)
    assert first in waiting(desk)


def test_those_of_one_customer_are_found_by_any_name(desk: ReportDesk) -> None:
    states(desk)
    context = context_of(desk)
    (found,) = report_approval.waiting_for(context, APRIL, ["ACME ltd"])
    assert found.customer == "Acme"
    assert report_approval.waiting_for(context, "2026-03", []) == []
    assert len(report_approval.waiting_for(context, None, [])) == 2


def test_a_draft_by_hand_waits_for_nobody(desk: ReportDesk) -> None:
    monthly(desk)
    assert waiting(desk) == []
    assert states(desk) == [ReportState.WAITING] * 2
    assert [each.edition for each in desk.editions()] == [1, 1]  # the draft itself waits now
    with reading(desk.store) as connection:
        found = reports.asked(connection, Cadence.MONTHLY, APRIL, ACME)
    assert found is not None
    assert found.approval is Approval.WAITING
