"""What Apprise logs while it sends: read for the words of a failure, and filtered from our logs.

Apprise returns only whether it succeeded; the reason of a failure is in its log alone, for e-mail
at DEBUG. That level also prints addresses with their tokens. So a filter on its logger collects
the lines of a sending thread and lets none of them through to any handler.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

_STATUS = re.compile(r"\berror[=:]\s*([1-5]\d\d)\b|\bstatus[_ ]code[=:]\s*([1-5]\d\d)\b", re.I)
_SMTP = re.compile(
    r"(?:\(|was refused: )(?P<code>[245]\d\d),? b?(?P<quote>['\"])(?P<text>.*?)(?P=quote)", re.S
)
_ERRNO = re.compile(r"\[Errno -?\d+\] (?P<text>[^'\")>]+)")
_EXPLANATIONS = (
    ("certificate verify failed", "certificate of the receiver not trusted"),
    ("connect timeout=", "no connection in time"),
    ("timed out", "no answer in time"),
    ("unexpectedly closed", "connection closed by the receiver"),
    ("Remote end closed", "connection closed by the receiver"),
    ("Connection aborted", "connection closed by the receiver"),
    ("NameResolutionError", "name of the receiver does not resolve"),
)


class TransportLog:
    """Apprise's lines, thread by thread."""

    def __init__(self) -> None:
        self._thread = threading.local()
        self._counting = threading.Lock()
        self._reading = 0
        self._own_level = self._level = logging.NOTSET

    @contextmanager
    def reading(self) -> Iterator[list[str]]:
        """The lines that Apprise logs in this thread until the block ends.

        The logger has a lower level and a filter while any thread reads, and is left as it was.
        """
        lines: list[str] = []
        self._thread.lines = lines
        self._begin()
        try:
            yield lines
        finally:
            self._end()
            self._thread.lines = None

    def _begin(self) -> None:
        logger = logging.getLogger("apprise")
        with self._counting:
            self._reading += 1
            if self._reading == 1:
                self._own_level, self._level = logger.level, logger.getEffectiveLevel()
                logger.addFilter(self._keep)
                # urllib3 prints the path of each request, and paths hold tokens.
                logging.getLogger("urllib3.connectionpool").addFilter(self._silence)
                logger.setLevel(logging.DEBUG)

    def _end(self) -> None:
        logger = logging.getLogger("apprise")
        with self._counting:
            self._reading -= 1
            if self._reading == 0:
                logger.setLevel(self._own_level)
                logging.getLogger("urllib3.connectionpool").removeFilter(self._silence)
                logger.removeFilter(self._keep)

    def _keep(self, record: logging.LogRecord) -> bool:
        lines = getattr(self._thread, "lines", None)
        if lines is None:
            return record.levelno >= self._level
        message = record.getMessage()
        if record.levelno >= logging.WARNING or "Exception: " in message:
            lines.append(message)
        return False

    def _silence(self, _: logging.LogRecord) -> bool:
        return getattr(self._thread, "lines", None) is None

    @staticmethod
    def reason(lines: list[str]) -> str:
        """The transport's own reason in a few words, such as "550 mailbox unavailable"."""
        text = "\n".join(lines)
        if match := _SMTP.search(text):
            text = match["text"].replace("\\r", " ").replace("\\n", " ")
            return f"{match['code']} {text}"
        if match := _STATUS.search(text):
            return _http(int(match[1] or match[2]))
        for sign, explanation in _EXPLANATIONS:
            if sign in text:
                return explanation
        if match := _ERRNO.search(text):
            return match["text"].strip().lower()
        return lines[-1].removeprefix("Socket Exception: ") if lines else "no reason given"


def _http(status: int) -> str:
    try:
        return f"HTTP {status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"HTTP {status}"
