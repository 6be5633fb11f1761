"""E-mail: HTML beside plain text, threads, pictures and attachments."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from html import escape

from supportops.alerts.channels.content import (
    AlertsContent,
    DigestContent,
    ReportContent,
    ReportUnavailable,
)
from supportops.alerts.words.notification import MAY_BE_REPEATED, MOST_SITES
from supportops.notify.mail_parts import Attachment
from supportops.notify.outgoing import OutgoingMessage
from supportops.rendering.catalogue import N_, Catalogue, catalogue
from supportops.rendering.render import one_line, render

# More alerts than that are a table: all facts of forty are a mail that nobody reads to its end.
_MOST_DETAILED = 10
_NOTE_STYLE = (
    "max-width:608px;margin:16px auto;padding:0 16px;"
    "font:14px/1.5 Arial,Helvetica,sans-serif;color:#1b1f24"
)


class Email:
    """The messages about one alert share a thread."""

    label = N_("E-mail")
    digest_rows = 50

    def alerts(self, content: AlertsContent) -> OutgoingMessage:
        """All facts of a few alerts, one after the other; of many the counts and a line each."""
        detailed = content.total <= _MOST_DETAILED
        context = {"content": content, "most": MOST_SITES, "detailed": detailed}
        text, html = _both("alerts", **context)
        return OutgoingMessage(content.title, text, html, message_id=content.thread)

    def digest(self, content: DigestContent) -> OutgoingMessage:
        """A table for each section."""
        return OutgoingMessage(content.title, *_both("digest", content=content))

    def report(self, content: ReportContent) -> OutgoingMessage:
        """The report's own e-mail with as many attachments as fit into its size.

        The largest are left out first, and the e-mail says so.
        """
        if content.html is None and content.text is None:
            raise ReportUnavailable(f"no e-mail is stored for {content.name}")
        images = content.images if content.html is not None else ()
        attached, left_out = _fitting(content, images)
        words = catalogue(content.language)
        notes = [_left_out(left_out, content.page, words)] if left_out else []
        if content.repeated:
            notes.append(_Note(words.gettext(MAY_BE_REPEATED)))
        return OutgoingMessage(
            one_line(content.subject),
            _text_with(content.text or content.subject, notes),
            None if content.html is None else _html_with(content.html, notes),
            message_id=content.thread,
            attachments=attached,
            images=images,
        )


def _both(template: str, **context: object) -> tuple[str, str]:
    text = render(f"alerts/channels/email/{template}.txt", **context)
    return text, render(f"alerts/channels/email/{template}.html", **context)


@dataclass(frozen=True, slots=True)
class _Note:
    """A sentence about this very e-mail, added to the report; `link` follows it."""

    text: str
    link: str | None = None


def _fitting(
    content: ReportContent, images: tuple[Attachment, ...]
) -> tuple[tuple[Attachment, ...], list[Attachment]]:
    """What is attached and what is left out, each in the order of the attachments."""
    texts = sum(len(part.encode()) for part in (content.html, content.text) if part is not None)
    room = content.attach_at_most - texts - sum(map(_encoded_size, images))
    attached = list(content.attachments)
    while attached and sum(map(_encoded_size, attached)) > room:
        attached.remove(max(attached, key=_encoded_size))
    return tuple(attached), [file for file in content.attachments if file not in attached]


def _encoded_size(file: Attachment) -> int:
    """Bytes in an e-mail: base64 makes four of three."""
    return -(-len(file.content) // 3) * 4


def _left_out(files: list[Attachment], page: str | None, words: Catalogue) -> _Note:
    names = ", ".join(_sized(file, words) for file in files)
    if page:
        text = words.ngettext(
            "Not attached, because the mail would be too large: {files}. The report's page on the "
            "board has it:",
            "Not attached, because the mail would be too large: {files}. The report's page on the "
            "board has them:",
            len(files),
            files=names,
        )
    else:
        text = words.ngettext(
            "Not attached, because the mail would be too large: {files}. Ask us for it.",
            "Not attached, because the mail would be too large: {files}. Ask us for them.",
            len(files),
            files=names,
        )
    return _Note(text, page)


def _sized(file: Attachment, words: Catalogue) -> str:
    """ "weekly-2026-W47.pdf (7.1 MB)"."""
    size = words.fixed(Decimal(f"{len(file.content) / 1e6:.1f}"), 1)
    return words.gettext("{name} ({size} MB)", name=file.name, size=size)


def _text_with(text: str, notes: list[_Note]) -> str:
    added = (f"{note.text} {note.link or ''}".rstrip() for note in notes)
    return "\n\n".join([text.rstrip("\n"), *added]) + "\n"


def _html_with(html: str, notes: list[_Note]) -> str:
    if not notes:
        return html
    added = f'<div style="{_NOTE_STYLE}">{"".join(map(_paragraph, notes))}</div>'
    before, end, after = html.rpartition("</body>")
    return f"{before}{added}{end}{after}" if end else html + added


def _paragraph(note: _Note) -> str:
    link = f' <a href="{escape(note.link)}">{escape(note.link)}</a>' if note.link else ""
    return f"<p>{escape(note.text)}{link}</p>"
