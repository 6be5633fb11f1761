"""An issued report as an e-mail, a chat message or an SMS, out of the files that are kept of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from supportops.notify.send import Attachment, Letter
from supportops.rendering.gsm7 import fit_sms
from supportops.rendering.render import md, one_line
from supportops.reports.formats.file import (
    CSV,
    JSON,
    LEAD,
    MAIL_HTML,
    MAIL_TEXT,
    PDF,
    WORKBOOK,
    File,
)

# What is attached where it was made, and what its name ends with.
ATTACHED = {PDF: "pdf", WORKBOOK: "xlsx", CSV: "csv", JSON: "json"}
_REPEATED = "This message may be repeated: an earlier attempt was not answered."
_STYLE = (
    "max-width:608px;margin:16px auto;padding:0 16px;"
    "font:14px/1.5 Arial,Helvetica,sans-serif;color:#1b1f24"
)


class NothingKept(LookupError):
    """There is nothing to be sent of a report; the words say what is missing."""


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence about this very message, which no report knows of; `link` follows it."""

    text: str
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Parcel:
    """One issued report on its way. `name` begins the names of its files: "weekly-2026-W47".

    `files` by their stored names. `link`: its page on the board, None where its recipients have no
    board.
    """

    name: str
    subject: str
    files: Mapping[str, File]
    link: str | None = None


def mail(parcel: Parcel, most: int, *, repeated: bool = False) -> Letter:
    """The mail with its pictures and as many attachments as fit into `most` bytes with it.

    The largest are left out first, and the mail says so. Raises NothingKept where there is no mail.
    """
    html, text = _text(parcel, MAIL_HTML), _text(parcel, MAIL_TEXT)
    if html is None and text is None:
        raise NothingKept(f"no mail is kept of {parcel.name}")
    images = _images(parcel) if html is not None else ()
    attached, left_out = _that_fit(parcel, images, most)
    notes = [_left_out(left_out, parcel.link)] if left_out else []
    if repeated:
        notes.append(Note(_REPEATED))
    return Letter(
        one_line(parcel.subject),
        _text_with(text or parcel.subject, notes),
        None if html is None else _html_with(html, notes),
        attachments=attached,
        images=images,
    )


def chat(parcel: Parcel, *, repeated: bool = False) -> Letter:
    """Its answer in a line or two, and where the rest is to be read."""
    told = (_text(parcel, LEAD) or "").splitlines()
    lines = [f"**{md(parcel.subject)}**", *map(md, told)]
    if repeated:
        lines.append(md(_REPEATED))
    if parcel.link:
        lines.append(f"\n[Open the report]({parcel.link})")
    return Letter("", "\n".join(line for line in lines if line), markdown=True)


def sms(parcel: Parcel) -> Letter:
    return Letter("", fit_sms(one_line(parcel.subject)))


def _text(parcel: Parcel, name: str) -> str | None:
    file = parcel.files.get(name)
    return None if file is None else file.content.decode("utf-8", "replace")


def _images(parcel: Parcel) -> tuple[Attachment, ...]:
    found = (file for name, file in sorted(parcel.files.items()) if name.endswith(".png"))
    return tuple(Attachment(file.name, file.media_type, file.content) for file in found)


def _that_fit(
    parcel: Parcel, images: tuple[Attachment, ...], most: int
) -> tuple[tuple[Attachment, ...], list[Attachment]]:
    """What goes along and what is left out, each in the order of the formats."""
    every = [
        Attachment(f"{parcel.name}.{ending}", file.media_type, file.content)
        for name, ending in ATTACHED.items()
        if (file := parcel.files.get(name)) is not None
    ]
    words = sum(len(parcel.files[n].content) for n in (MAIL_HTML, MAIL_TEXT) if n in parcel.files)
    room = most - words - sum(map(_sent_size, images))
    kept = list(every)
    while kept and sum(map(_sent_size, kept)) > room:
        kept.remove(max(kept, key=_sent_size))
    return tuple(kept), [file for file in every if file not in kept]


def _sent_size(file: Attachment) -> int:
    """Bytes in a mail: base64 makes four of three."""
    return -(-len(file.content) // 3) * 4


def _left_out(files: list[Attachment], link: str | None) -> Note:
    names = ", ".join(f"{file.name} ({len(file.content) / 1e6:.1f} MB)" for file in files)
    where = "The report's page on the board has" if link else "Ask us for"
    what = "it" if len(files) == 1 else "them"
    words = f"Not attached, because the mail would be too large: {names}. {where} {what}"
    return Note(f"{words}:" if link else f"{words}.", link)


def _text_with(text: str, notes: list[Note]) -> str:
    said = (f"{note.text} {note.link or ''}".rstrip() for note in notes)
    return "\n\n".join([text.rstrip("\n"), *said]) + "\n"


def _html_with(html: str, notes: list[Note]) -> str:
    if not notes:
        return html
    said = f'<div style="{_STYLE}">{"".join(map(_paragraph, notes))}</div>'
    before, end, after = html.rpartition("</body>")
    return f"{before}{said}{end}{after}" if end else html + said


def _paragraph(note: Note) -> str:
    link = f' <a href="{escape(note.link)}">{escape(note.link)}</a>' if note.link else ""
    return f"<p>{escape(note.text)}{link}</p>"
