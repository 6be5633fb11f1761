"""Puts notices into the words of a channel: an e-mail, an SMS or a chat message."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from supportops.alerts.alert import Alert, Channel
from supportops.alerts.story import MOST_NAMES, Notice, Story, cut, incident_link, tell
from supportops.notify.send import Letter
from supportops.rendering.board_links import safe_link
from supportops.rendering.gsm7 import fit_sms, gsm7, septets
from supportops.rendering.render import render

__all__ = ["Notice", "compose", "thread_id"]

SMS_SEPTETS = 160
_NAMED_IN_TITLE = 3
_SMS_SUBJECT = 60
_MARKS = {"critical": "🔴", "warning": "🟠", "good": "🟢"}


def compose(
    notices: Sequence[Notice], channel: Channel, zone: str, board_url: str | None
) -> Letter:
    """One letter that tells `notices` (at least one), the first of them first.

    `zone` is the IANA name of the clock the reader lives by. Several notices become one bundle.
    An SMS fits 160 GSM-7 characters; SMS and chat carry everything in `text`, without a title,
    because services disagree about what a title is. Firing and resolved e-mails of one alert
    share a thread.
    """
    if not notices:
        raise ValueError("compose() needs at least one notice")
    stories = [tell(notice, zone) for notice in notices]
    if channel is Channel.SMS:
        return Letter("", _sms(stories, safe_link(board_url)))
    title = stories[0].title if len(stories) == 1 else _bundle_title(stories)
    context = {
        "title": title,
        "stories": stories,
        "board": _link(notices, board_url),
        "most": MOST_NAMES,
        "marks": _MARKS,
    }
    if channel is Channel.CHAT:
        return Letter("", render("alerts/chat.md", **context), markdown=True)
    thread = thread_id(notices[0].alert) if len(notices) == 1 else None
    text, html = render("alerts/email.txt", **context), render("alerts/email.html", **context)
    return Letter(title, text, html, message_id=thread)


def _link(notices: Sequence[Notice], board_url: str | None) -> str | None:
    """A message about one alert leads to its page, a bundle to the board."""
    if len(notices) == 1:
        return incident_link(board_url, notices[0].alert)
    return safe_link(board_url)


def thread_id(alert: Alert) -> str:
    """The e-mail thread of an alert: the same from its first message to "resolved"."""
    digest = hashlib.sha256(alert.key.encode("utf-8", "replace")).hexdigest()
    return f"<{digest[:32]}@alerts.supportops.invalid>"


def _bundle_title(stories: Sequence[Story]) -> str:
    named = [f"{cut(story.subject, 40)} {story.word}" for story in stories[:_NAMED_IN_TITLE]]
    more = len(stories) - len(named)
    return f"{len(stories)} alerts: {', '.join(named)}" + (f" and {more} more" if more else "")


def _sms(stories: Sequence[Story], board: str | None) -> str:
    text = _sms_one(stories[0]) if len(stories) == 1 else _sms_bundle(stories)
    if board and septets(gsm7(f"{text} {board}")) <= SMS_SEPTETS:
        text = f"{text} {board}"
    return fit_sms(text, SMS_SEPTETS)


def _sms_one(story: Story) -> str:
    """Site and reason first; when it is too long the reason is cut, never the reference."""
    head = f"{fit_sms(story.subject, _SMS_SUBJECT)} {story.word}: "
    tail = "".join(f", {note}" for note in story.notes) + f" #{story.reference}"
    room = SMS_SEPTETS - septets(gsm7(head)) - septets(gsm7(tail))
    return head + fit_sms(story.reason, room) + tail


def _sms_bundle(stories: Sequence[Story]) -> str:
    """As many as fit with their references, then how many more there are."""
    start = f"{len(stories)} alerts: "
    listed: list[str] = []
    for count, story in enumerate(stories, start=1):
        entry = f"{fit_sms(story.subject, 30)} {story.word} #{story.reference}"
        more = f" +{len(stories) - count} more" if count < len(stories) else ""
        if septets(gsm7(start + ", ".join([*listed, entry]) + more)) > SMS_SEPTETS:
            return f"{start}{', '.join(listed)} +{len(stories) - count + 1} more"
        listed.append(entry)
    return start + ", ".join(listed)
