"""Sends one message to one address through Apprise and returns the outcome."""

from __future__ import annotations

import re
import sys
import threading
import time
import warnings
from dataclasses import replace
from typing import Any

from supportops.notify.buttons import with_action
from supportops.notify.conversation import Conversation, conversing
from supportops.notify.mail_parts import with_parts
from supportops.notify.masking import mask
from supportops.notify.outgoing import Delivery, Outcome, OutgoingMessage
from supportops.notify.transport_log import TransportLog

GRACE = 1.0
"""Seconds that Apprise gets beyond the timeout to say so itself."""

_LONGEST_DETAIL = 300
_NOT_UNDERSTOOD = "NOT_UNDERSTOOD"
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
# Apprise loads its 130 plugins at the first address, which two threads must not do at once.
_loading = threading.Lock()
SENT_BY_US = "X-Supportops"
_loaded = threading.Event()
_log = TransportLog()


def send(url: str, message: OutgoingMessage, *, timeout: float) -> Delivery:
    """One attempt at one address; never raises and always returns by `timeout` + GRACE seconds.

    HANDED_OVER: the service took the message, which does not mean that a person has it. NOBODY: the
    address leads nowhere (not understood, or refused), so trying again is useless. Between FAILED
    and UNKNOWN decides how far the conversation got (`notify.conversation`): a message that was
    not wholly written, or refused, did not arrive; one that was written and not answered may have.
    So may one that some recipients have and others not, and one of a service that speaks neither
    HTTP nor SMTP.

    The attempt runs in a daemon thread of its own and not in Apprise's pool: that has six
    threads for the whole process, which hung services fill, and which Python joins at exit.
    """
    started = time.monotonic()
    attempt = _Attempt(url, message, timeout)
    if url.lower().startswith("smpps:"):
        attempt.nobody("smpps:// sends the password unencrypted, use another gateway")
    else:
        _load()  # a second or so, once: not charged to the first message
        started = time.monotonic()
        thread = threading.Thread(target=attempt.run, name="supportops-send", daemon=True)
        thread.start()
        thread.join(timeout + GRACE)
    outcome, detail = attempt.result or attempt.give_up()
    return Delivery(outcome, _presentable(detail, url), round(time.monotonic() - started, 3))


class _Attempt:
    """One message on its way to one address; `result` is set at most once, by whoever ends it."""

    def __init__(self, url: str, message: OutgoingMessage, timeout: float) -> None:
        self.url = url
        self.message = message
        self.timeout = timeout
        self.result: tuple[Outcome, str] | None = None
        self.conversation = Conversation()

    def nobody(self, why: str) -> None:
        """Ends the attempt before it began, because the address leads nowhere."""
        self.result = (Outcome.NOBODY, why)

    def run(self) -> None:
        """Makes the attempt; never raises."""
        with _log.reading() as lines, conversing(self.conversation):
            try:
                url = with_action(self.url, self.message.action)
                service = _service(url, self.timeout)
                status = _NOT_UNDERSTOOD if service is None else self._notify(service)
            except Exception as error:  # a plugin may raise whatever it likes
                status = "FAILURE"
                lines.append(f"{type(error).__name__}: {error}")
        self.result = _judged(status, lines, self.conversation)

    def _notify(self, service: Any) -> str:
        self.conversation.followed = _is_followed(service)

        def mark_delivered(_: object, per_message: bool = False) -> None:
            self.conversation.taken += not per_message

        service.mark_delivered = mark_delivered
        return _notify(service, self.message)

    def give_up(self) -> tuple[Outcome, str]:
        """Ends an attempt that takes too long, by the stage that it reached."""
        if self.conversation.cut():
            return self.result or (Outcome.UNKNOWN, f"no answer within {self.timeout:g} s")
        return Outcome.FAILED, f"not sent within {self.timeout:g} s"


def _load() -> None:
    """Imports Apprise and its plugins, whose imports of old modules are not ours to warn of."""
    with _loading:
        if _loaded.is_set():
            return
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            from apprise import Apprise

            Apprise.instantiate("json://localhost")

            from supportops.notify.followed_connections import follow

            follow()
        _loaded.set()


def _is_followed(service: Any) -> bool:
    """Whether the plugin speaks SMTP or, through requests, HTTP. Nostr has both and a socket."""
    from apprise.plugins.email.base import NotifyEmail

    modules = [sys.modules[each.__module__] for each in type(service).__mro__]
    speaks_http = any(hasattr(module, "requests") for module in modules)
    by_socket = any(module.__name__.startswith("apprise.plugins.nostr") for module in modules)
    return isinstance(service, NotifyEmail) or (speaks_http and not by_socket)


def _service(url: str, timeout: float) -> Any:
    """The plugin for `url`, without the options by which an address could weaken it, or None."""
    from apprise import Apprise, AppriseAsset

    asset = AppriseAsset(
        app_id="supportops",
        app_desc="supportops alerts",
        http_redirects=False,
        interpret_emojis=False,
        secure_logging=True,
        async_mode=False,
        pgp_autogen=False,
        pem_autogen=False,
        allow_templates=False,
        storage_mode="memory",
        service_timeout=0,
        language="en",
    )
    service = Apprise.instantiate(url, asset=asset)
    if service is None:
        return None
    # `optional=yes` would turn a failure into a success, `redirect=yes` a lost POST into one;
    # `retry=` belongs to the outbox.
    service.optional = False
    service.redirects = False
    service.retry = 0
    service.socket_read_timeout = timeout
    service.socket_connect_timeout = timeout
    return service


def _notify(service: Any, message: OutgoingMessage) -> str:
    """Apprise's status: SUCCESS, FAILURE, NOMATCH, PARTIAL or TIMEOUT."""
    from apprise import Apprise, NotifyFormat
    from apprise.plugins.email.base import NotifyEmail, PGPMode

    message = _sendable(message)
    body, form = message.text, NotifyFormat.MARKDOWN if message.markdown else NotifyFormat.TEXT
    if message.html is not None and service.resolve_format(NotifyFormat.HTML) == NotifyFormat.HTML:
        body, form = message.html, NotifyFormat.HTML
    if isinstance(service, NotifyEmail):
        _head(service, message)
        if type(service) is NotifyEmail and service.pgp_mode == PGPMode.NONE:
            return _mail(service, message, shown=form == NotifyFormat.HTML)
    messenger = Apprise(asset=service.asset)
    messenger.add(service)
    with messenger.notify(
        body=body, title=message.title, body_format=form, attach=_attached(service, message)
    ) as result:
        return str(result.status.name)


def _sendable(message: OutgoingMessage) -> OutgoingMessage:
    """What a transport can encode, with a title of one line."""
    return replace(
        message,
        title=_CONTROL.sub(" ", _encodable(message.title)).strip(),
        text=_encodable(message.text),
        html=None if message.html is None else _encodable(message.html),
    )


def _head(service: Any, message: OutgoingMessage) -> None:
    """E-mail headers: the thread, the mark that prevents out-of-office replies, and ours, by which
    a mailbox that is read knows what it must not make a ticket of."""
    service.headers["Auto-Submitted"] = "auto-generated"
    service.headers[SENT_BY_US] = "message"
    if message.message_id:
        thread = _CONTROL.sub("", message.message_id)
        service.headers["References"] = thread
        service.headers["In-Reply-To"] = thread


def _mail(service: Any, message: OutgoingMessage, *, shown: bool) -> str:
    """Sends an e-mail with the headers and the transport of Apprise, and parts of our own.

    Apprise would make the text part out of the HTML, with each cell of a table on its own line
    and links without addresses, and would place attachments among the pictures. `shown`: with HTML.
    """
    from apprise import NotifyFormat
    from apprise.plugins.email.base import NotifyEmail

    from supportops.notify.followed_connections import FollowedSMTP

    mails = NotifyEmail.prepare_emails(
        subject=message.title,
        body="",
        notify_format=NotifyFormat.TEXT,
        from_addr=service.from_addr,
        to=service.targets,
        cc=service.cc,
        bcc=service.bcc,
        reply_to=service.reply_to,
        smtp_host=service.smtp_host,
        headers={"X-Application": service.app_id, **service.headers},
        names=service.names,
        tzinfo=service.tzinfo,
    )
    html = message.html if shown else None
    with FollowedSMTP(
        host=service.smtp_host,
        port=service.port,
        secure_mode=service.secure_mode,
        user=service.user,
        password=service.password,
        verify_certificate=service.verify_certificate,
        socket_connect_timeout=service.socket_connect_timeout,
    ) as connection:
        taken = [
            connection.sendmail(
                service.from_addr[1],
                mail.to_addrs,
                with_parts(mail.body, message.text, html, message.images, message.attachments),
            )
            for mail in mails
        ]
    return "SUCCESS" if all(taken) else "FAILURE"


def _attached(service: Any, message: OutgoingMessage) -> Any:
    """The files in Apprise's own form, None for a service that takes none."""
    from apprise.attachment.memory import AttachMemory
    from apprise.plugins.email.base import NotifyEmail

    files = message.attachments
    if isinstance(service, NotifyEmail):  # signed or encrypted, so its parts are Apprise's
        files = (*message.images, *files)
        service.inline = bool(message.images)
    if not service.attachment_support:
        return None
    made: Any = AttachMemory
    found = [
        made(content=file.content, name=file.name, mimetype=file.media_type.partition(";")[0])
        for file in files
        if file.content  # Apprise takes an empty file for one that is not there
    ]
    return found or None


def _judged(status: str, lines: list[str], conversation: Conversation) -> tuple[Outcome, str]:
    if status == "SUCCESS":
        return Outcome.HANDED_OVER, "handed over"
    if status == "NOMATCH":
        return Outcome.NOBODY, "address leads to nobody"
    if status == _NOT_UNDERSTOOD:
        return Outcome.NOBODY, "address not understood"
    reason = TransportLog.reason(lines)
    if not conversation.may_have_arrived:
        return Outcome.FAILED, reason
    if conversation.taken:
        return Outcome.UNKNOWN, f"{reason}, but some of its recipients have it"
    return Outcome.UNKNOWN, f"{reason}, may have arrived"


def _presentable(detail: str, url: str) -> str:
    line = " ".join(_CONTROL.sub(" ", mask(detail, url)).split())
    return line if len(line) <= _LONGEST_DETAIL else line[: _LONGEST_DETAIL - 3] + "..."


def _encodable(text: str) -> str:
    """Without lone surrogates, which no transport can encode."""
    return text.encode("utf-8", "replace").decode("utf-8")
