"""A notice as an e-mail: the approver's text, when the next update comes, and who writes."""

from __future__ import annotations

from dataclasses import dataclass

from supportops.notices.notice import Notice, NoticeKind
from supportops.notices.wording import Reader, sent_text
from supportops.rendering.render import render

_BANDS = {
    NoticeKind.FIRST: "#8f1d1d",
    NoticeKind.UPDATE: "#6b4300",
    NoticeKind.END: "#14532d",
}
_PLAIN = "#d5d9df"


@dataclass(frozen=True, slots=True)
class NoticeMail:
    """The two forms of a mail, and `body`: what it says without greeting and signature."""

    html: str
    text: str
    body: str


def mail_of(
    notice: Notice, reader: Reader, signature: str, colour: str | None, logo: str = ""
) -> NoticeMail:
    """`signature`: the agency's name, "" for none. `colour`: the customer's, #rrggbb. `logo`: the
    address of the agency's, as it is within the mail."""
    body = sent_text(notice, reader)
    signed = signature or reader.words.gettext("Your support team")
    context = {
        "language": notice.language,
        "subject": notice.subject,
        "paragraphs": [part.split("\n") for part in body.split("\n\n")],
        "signature": signed,
        "band": _BANDS[notice.kind],
        "colour": colour or _PLAIN,
        "logo": logo,
    }
    html = render("notices/mail.html", **context)
    return NoticeMail(html, f"{notice.subject}\n\n{body}\n\n{signed}\n", body)
