"""Acts on notices to customers: to send a draft, as it stands or edited, and to drop it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from supportops.flows.customers import notice_acts, show_notices
from supportops.rendering.render import sentence
from supportops.web.acts.act import Act, Acting, Body, Done, Refused

Number = Annotated[int, Field(ge=1, le=2**62)]
# 0: no next update is promised.
Minutes = Annotated[int, Field(ge=0, le=7 * 24 * 60)]


class Version(Body):
    """A draft, by its number and the version that the page showed."""

    id: Number
    version: Number


class Dropping(Body):
    """A draft that is not to be sent."""

    id: Number
    version: Number
    why: Annotated[str, Field(max_length=500)] = ""


class Writing(Body):
    """A draft with another text. `next_minutes`: how long after it the next update comes, None
    as it was."""

    id: Number
    version: Number
    subject: Annotated[str, Field(max_length=1_000)]
    text: Annotated[str, Field(max_length=20_000)]
    next_minutes: Minutes | None = None


def _approve(acting: Acting, body: Version) -> Done:
    return _done(
        lambda: notice_acts.approve(acting.context, body.id, acting.who, acting.now, body.version)
    )


def _drop(acting: Acting, body: Dropping) -> Done:
    return _done(
        lambda: notice_acts.drop(
            acting.context, body.id, acting.who, acting.now, why=body.why, version=body.version
        )
    )


def _edit(acting: Acting, body: Writing) -> Done:
    return _done(lambda: _written(acting, body))


def _edit_and_approve(acting: Acting, body: Writing) -> Done:
    """What is sent is the text of this very form, or nothing."""

    def act() -> notice_acts.Done:
        edited = _written(acting, body)
        version = edited.notice.version
        return notice_acts.approve(acting.context, body.id, acting.who, acting.now, version)

    return _done(act)


def _written(acting: Acting, body: Writing) -> notice_acts.Done:
    minutes = body.next_minutes
    return notice_acts.edit(
        acting.context,
        body.id,
        body.subject,
        body.text,
        acting.who,
        acting.now,
        version=body.version,
        every=timedelta(minutes=minutes) if minutes else None,
        promise=minutes != 0,
    )


def _done(act: Callable[[], notice_acts.Done]) -> Done:
    try:
        done = act()
    except show_notices.NoticeError as error:
        raise Refused(sentence(error)) from error
    return Done(sentence(done.said), values={"state": done.notice.state.value})


ACTS = (
    Act("approve_notice", Version, _approve),
    Act("drop_notice", Dropping, _drop),
    Act("edit_notice", Writing, _edit),
    Act("edit_and_approve_notice", Writing, _edit_and_approve),
)
