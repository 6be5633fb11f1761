"""The parts of one e-mail: text beside HTML, the pictures in it, and attachments.

    multipart/mixed
      multipart/alternative
        text/plain
        multipart/related
          text/html
          image/png, named by its Content-ID
      application/pdf

Pictures belong to the HTML and files to the mail, or else clients hide the files (RFC 2387).
"""

from __future__ import annotations

from dataclasses import dataclass
from email import policy
from email.message import EmailMessage, Message
from email.parser import HeaderParser

# The headers that describe the parts; the others name sender, recipients and subject.
_OF_PARTS = ("MIME-Version", "Content-Type", "Content-Transfer-Encoding")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes along. `media_type` may carry parameters: "text/csv; charset=utf-8"."""

    name: str
    media_type: str
    content: bytes


def with_parts(
    prepared: str,
    text: str,
    html: str | None,
    images: tuple[Attachment, ...] = (),
    attachments: tuple[Attachment, ...] = (),
) -> str:
    """The e-mail `prepared` with its headers and new parts, in ASCII.

    `html` shows an image as `<img src="cid:NAME">`; without `html` no image goes along.
    """
    head: Message = HeaderParser().parsestr(prepared)
    for name in _OF_PARTS:
        del head[name]
    head.set_payload("")
    return head.as_string().rstrip("\n") + "\n" + _parts(text, html, images, attachments)


def _parts(
    text: str,
    html: str | None,
    images: tuple[Attachment, ...],
    attachments: tuple[Attachment, ...],
) -> str:
    parts = EmailMessage(policy=policy.default)
    parts.set_content(text, cte="quoted-printable")
    if html is not None:
        parts.add_alternative(html, subtype="html", cte="quoted-printable")
        shown = parts.get_payload(1)
        assert isinstance(shown, EmailMessage)
        for image in images:
            kind, sub, _ = _media_type(image)
            shown.add_related(
                image.content,
                kind,
                sub,
                cid=f"<{image.name}>",
                filename=image.name,
                disposition="inline",
            )
    for file in attachments:
        kind, sub, params = _media_type(file)
        parts.add_attachment(file.content, kind, sub, filename=file.name, params=params)
    return parts.as_string()


def _media_type(file: Attachment) -> tuple[str, str, dict[str, str]]:
    """Its two halves and its parameters; what is none is bytes of an unknown kind."""
    header = Message()
    header["Content-Type"] = file.media_type
    params = dict(header.get_params([])[1:])
    kind, _, sub = header.get_content_type().partition("/")
    if kind in ("multipart", "message"):
        return "application", "octet-stream", {}
    return kind, sub, params
