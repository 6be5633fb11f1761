"""What a message is: a recording, a request, or something that must make no ticket."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from supportops.mailbox.account import Account, AccountKind
from supportops.mailbox.audio import audio_type, is_meant_as_audio
from supportops.mailbox.mail import Attachment, Mail


class Category(StrEnum):
    """What a message is taken as. Values are stored."""

    VOICEMAIL = "voicemail"
    REQUEST = "request"
    OWN = "own"
    BOUNCE = "bounce"
    AUTO_REPLY = "auto_reply"
    LIST = "list"

    @property
    def makes_ticket(self) -> bool:
        return self in (Category.VOICEMAIL, Category.REQUEST)


@dataclass(frozen=True, slots=True)
class Classified:
    """What a message is taken as, and by what it was recognised."""

    category: Category
    why: str


# The header of every message that this program sends by e-mail.
SENT_BY_US = "x-supportops"
_REPORTS = frozenset({"delivery-status", "disposition-notification", "feedback-report"})
_MAILERS = re.compile(r"(mailer-daemon|postmaster)@", re.IGNORECASE)
# Headers of answering machines older than RFC 3834, with what their values begin with; "" is any.
_REPLY_HEADERS = {
    "x-autoreply": "",
    "x-autorespond": "",
    "x-autoresponder": "",
    "x-auto-reply-from": "",
    "x-mail-autoreply": "",
    "precedence": "auto_reply",
}
_REPLY_SUBJECT = re.compile(
    r"(re:\s*|aw:\s*)?(\[?auto(matic)?[ -]?(reply|response|matisch)"
    r"|out of (the )?office|on (annual )?leave\b|away from (my|the) (desk|office)"
    r"|abwesenheit|automatische (antwort|abwesenheit)|ich bin (derzeit )?(nicht|im urlaub)"
    r"|réponse automatique|absence du bureau|absent du bureau|je suis absent"
    r"|respuesta automática|fuera de la oficina|risposta automatica|fuori ufficio"
    r"|automatisch antwoord|afwezigheid|autosvar|resposta automática)",
    re.IGNORECASE,
)


def classify(mail: Mail, account: Account) -> Classified:
    """What `mail` is, in a mailbox of this kind; the first that applies.

    What we sent ourselves and the reports of mail servers come first. In a mailbox for recordings
    one with a recording is a voicemail, however automatic: an answerphone is a program.
    """
    if mail.sender and mail.sender in account.own_addresses:
        return Classified(Category.OWN, f"it is from {mail.sender}, an address of our own")
    if SENT_BY_US in mail.headers:
        return Classified(Category.OWN, "this program sent it")
    if why := _bounce(mail):
        return Classified(Category.BOUNCE, why)
    records = account.kind is AccountKind.VOICEMAIL
    if records and any(map(_is_recording, mail.attachments)):
        return Classified(Category.VOICEMAIL, "it has a recording")
    if why := _automatic_reply(mail):
        return Classified(Category.AUTO_REPLY, why)
    if why := _list(mail, account):
        return Classified(Category.LIST, why)
    if records:
        return Classified(Category.VOICEMAIL, "it came to the answerphone's mailbox")
    return Classified(Category.REQUEST, "a person may have written it")


def _is_recording(attachment: Attachment) -> bool:
    return is_meant_as_audio(attachment) or audio_type(attachment.content) is not None


def _bounce(mail: Mail) -> str:
    if mail.media_type == "multipart/report" and (mail.report_type in _REPORTS):
        return f"a report of a mail server ({mail.report_type}, RFC 3464)"
    if mail.header("x-failed-recipients"):
        return "it names recipients that it did not reach"
    from_mailer = bool(_MAILERS.match(mail.sender))
    returned = mail.header("return-path").strip() == "<>"
    reports = mail.media_type == "multipart/report" or "auto-submitted" in mail.headers
    if from_mailer and (returned or reports):
        return f"it is from {mail.sender.partition('@')[0]}"
    return ""


def _automatic_reply(mail: Mail) -> str:
    submitted = mail.header("auto-submitted").casefold()
    if submitted.startswith("auto-replied"):
        return "Auto-Submitted: auto-replied (RFC 3834)"
    for name, begins in _REPLY_HEADERS.items():
        value = mail.headers.get(name)
        if value is not None and value[0].casefold().startswith(begins):
            return f"the header {name}"
    if _REPLY_SUBJECT.match(mail.subject):
        return f"its subject: {mail.subject[:60]}"
    return ""


def _list(mail: Mail, account: Account) -> str:
    name = mail.header("list-id").casefold()
    if name and any(ours in name for ours in account.own_lists):
        return ""
    for header in ("list-id", "list-post", "list-unsubscribe"):
        if header in mail.headers:
            return f"the header {header}"
    precedence = mail.header("precedence").casefold()
    return f"Precedence: {precedence}" if precedence in ("list", "bulk", "junk") else ""
