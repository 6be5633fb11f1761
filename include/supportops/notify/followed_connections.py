"""Connections of Apprise's services that report to the conversation of their thread.

A module of its own, because it needs Apprise and urllib3, which are loaded at the first message.
Other threads use the same classes of urllib3, and nothing changes for them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from apprise.plugins.email import base as email_plugin
from apprise.plugins.email.smtp import AppriseSMTPController
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from supportops.notify.conversation import (
    GATEWAY_WITHOUT_ANSWER,
    Conversation,
    Stage,
    current,
)

_END_OF_MAIL = b"\r\n.\r\n"
# Once a mail is taken nothing depends on the goodbye.
_GOODBYE_SECONDS = 0.5


class FollowedSMTP(AppriseSMTPController):
    """Reports when the final dot of a mail is written, and the server's answer to it."""

    def __enter__(self) -> FollowedSMTP:
        super().__enter__()
        if (conversation := current()) is not None:
            _follow_mails(self._socket, conversation)
        return self

    def __exit__(self, *exception: object) -> None:
        sock = getattr(self._socket, "sock", None)
        if sock is not None:
            sock.settimeout(_GOODBYE_SECONDS)
        super().__exit__(*exception)


def _follow_mails(smtp: Any, conversation: Conversation) -> None:
    """`smtp`: Apprise's connection; it writes a whole mail, with the dot, in one call of `send`."""
    send, getreply = smtp.send, smtp.getreply
    awaits_answer = False

    def followed_send(data: bytes | str) -> None:
        nonlocal awaits_answer
        if isinstance(data, bytes) and data.endswith(_END_OF_MAIL):
            conversation.begin()
            _reporting(conversation, send, data)
            awaits_answer = True
        else:
            send(data)

    def followed_reply() -> tuple[int, bytes]:
        nonlocal awaits_answer
        code, text = getreply()
        if awaits_answer and (200 <= code < 300 or 400 <= code < 600):
            conversation.reached(Stage.ANSWERED)
            conversation.taken += code < 300
        awaits_answer = False  # what follows answers the next command
        return code, text

    smtp.send, smtp.getreply = followed_send, followed_reply


class _FollowedRequests:
    """Reports when a request is written to its last byte, and when its answer is complete."""

    def request(self, *args: Any, **options: Any) -> None:
        conversation = current()
        if conversation is None:
            super().request(*args, **options)  # type: ignore[misc]
            return
        if self.sock is None:
            self.connect()  # type: ignore[attr-defined]
        conversation.begin()
        _reporting(conversation, super().request, *args, **options)  # type: ignore[misc]

    def getresponse(self) -> Any:
        response = super().getresponse()  # type: ignore[misc]
        conversation = current()
        if conversation is not None and response.status not in GATEWAY_WITHOUT_ANSWER:
            if response.status >= 300:
                conversation.reached(Stage.ANSWERED)
            else:
                response.stream = _to_the_end(response.stream, conversation)
        return response

    sock: Any


class FollowedHTTP(_FollowedRequests, HTTPConnection):
    """A connection of http://."""


class FollowedHTTPS(_FollowedRequests, HTTPSConnection):
    """A connection of https://."""


def _reporting(conversation: Conversation, write: Any, *args: Any, **options: Any) -> None:
    try:
        write(*args, **options)
    except BaseException:
        conversation.reached(Stage.BROKEN)
        raise
    conversation.reached(Stage.WRITTEN)


def _to_the_end(stream: Any, conversation: Conversation) -> Any:
    """The stream of a response's body, which may say that the message was refused."""

    def followed_stream(*args: Any, **options: Any) -> Iterator[bytes]:
        yield from stream(*args, **options)
        conversation.reached(Stage.ANSWERED)

    return followed_stream


def follow() -> None:
    """From now on every thread's HTTP connections, and Apprise's mails, are these."""
    HTTPConnectionPool.ConnectionCls = FollowedHTTP
    HTTPSConnectionPool.ConnectionCls = FollowedHTTPS
    email_plugin.AppriseSMTPController = FollowedSMTP  # type: ignore[attr-defined]
