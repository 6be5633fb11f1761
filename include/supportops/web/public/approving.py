"""What a receiver sees of a draft for a customer by the link of a message, and how they decide.

Opening the page decides nothing; the form names the version that it shows, so that nobody sends a
text that they did not read.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from supportops.alerts.acts.link import Link
from supportops.alerts.alert import Alert
from supportops.context import Context
from supportops.db.engine import reading
from supportops.flows.customers import notice_acts, show_notices
from supportops.notices.notice import NoticeKind, NoticeState
from supportops.rendering.render import local, one_line, sentence
from supportops.web.page import ActiveConfiguration
from supportops.web.public.answers import Form, PublicError, signed_by

APPROVE, DROP = "approve", "drop"


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft as the page shows it. `then`: what happens without a decision; "" for one that is
    decided, and `decided` says how."""

    context: Context
    target: str
    number: int
    version: int
    customer: str
    subject: str
    text: str
    reads: str
    is_end: bool
    then: str
    decided: str


def draft_of(
    context: Context,
    active_configuration: ActiveConfiguration,
    link: Link,
    alert: Alert,
    now: datetime,
) -> Draft:
    """The draft that an alert is about. Raises PublicError where it is not stored any more."""
    number = alert.facts.get("notice")
    try:
        with reading(context.engine) as connection:
            configuration = active_configuration(connection)
            shown = show_notices.shown(connection, configuration, int(str(number)), now)
    except (show_notices.UnknownNotice, ValueError):
        raise PublicError("There is no such notice any more.", 410) from None
    notice, zone = shown.notice, configuration.alerts.timezone
    waits = notice.state is NoticeState.WAITING
    clock = local(notice.decide_at, zone)
    by = one_line(notice.decided_by or "")
    return Draft(
        context=context,
        target=link.target,
        number=notice.id,
        version=notice.version,
        customer=one_line(shown.thread.customer),
        subject=notice.subject,
        text=notice.text,
        reads=shown.text,
        is_end=notice.kind is NoticeKind.END,
        then=f"{'sent' if notice.timeout == 'send' else 'dropped'} {clock}" if waits else "",
        decided="" if waits else f"It was {notice.state.value} by {by}.",
    )


def decide(page: Draft, form: Form, now: datetime) -> str:
    """Sends the text of the form, or drops the draft; says what happened.

    Raises PublicError where the form decides nothing, or somebody decided before.
    """
    who = signed_by(form.name, page.target)
    numbered = form.version.isascii() and form.version.isdecimal()
    if form.decision not in (APPROVE, DROP) or not numbered:
        raise PublicError("Nothing was decided: choose what to do with it.", 400, page)
    version = int(form.version[:18])
    try:
        if form.decision == DROP:
            done = notice_acts.drop(
                page.context, page.number, who, now, why=form.note, version=version
            )
            return sentence(done.said)
        if (form.subject, _plain(form.text)) != (page.subject, _plain(page.text)):
            edited = notice_acts.edit(
                page.context, page.number, form.subject, form.text, who, now, version=version
            )
            version = edited.notice.version
        done = notice_acts.approve(page.context, page.number, who, now, version)
    except show_notices.NoticeError as error:
        raise PublicError(sentence(error), 409, page) from None
    return sentence(f"it is sent: {done.said}")


def _plain(text: str) -> str:
    """A text as browsers send it and as it is stored are the same."""
    return "\n".join(line.strip() for line in text.replace("\r\n", "\n").split("\n")).strip()
