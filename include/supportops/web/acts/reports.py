"""Acts on reports that wait for approval."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from supportops.flows.reports import report_approval as flow
from supportops.web.acts.act import Act, Acting, Body, Done, Refused

Number = Annotated[int, Field(ge=1, le=2**62)]


class Waiting(Body):
    """Editions that wait, by their ids."""

    ids: Annotated[list[Number], Field(min_length=1, max_length=flow.MOST)]


def _approve(acting: Acting, body: Waiting) -> Done:
    return _decide(acting, body, approve=True)


def _reject(acting: Acting, body: Waiting) -> Done:
    return _decide(acting, body, approve=False)


def _decide(acting: Acting, body: Waiting, *, approve: bool) -> Done:
    ids = list(dict.fromkeys(body.ids))
    decided = flow.decide(acting.context, ids, acting.who, acting.now, approve=approve)
    refused = [each for each in decided if each.why]
    done = len(decided) - len(refused)
    verb = "approved and queued" if approve else "rejected"
    said = f"{done} report {verb}." if done == 1 else f"{done} reports {verb}."
    if refused:
        first = refused[0]
        why = f"{first.report.customer or first.report.audience}: {first.why}"
        more = f", and {len(refused) - 1} more" if len(refused) > 1 else ""
        said = f"{said} Not done: {why}{more}."
    if not done:
        raise Refused(said)
    return Done(said, values={"decided": done, "refused": len(refused)})


ACTS = (Act("approve_reports", Waiting, _approve), Act("reject_reports", Waiting, _reject))
