"""A mailbox on an IMAP server, through imap-tools.

A message is never deleted. It is moved by MOVE (RFC 6851), else copied and then expunged by its own
UID (UIDPLUS, RFC 4315); a plain EXPUNGE would also remove what somebody else marked as deleted.
"""

from __future__ import annotations

import base64
import contextlib
import imaplib
import re
import ssl
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import imap_tools
from imap_tools.errors import ImapToolsError, MailboxFolderSelectError

from supportops.mailbox.account import ImapServer, Tls
from supportops.mailbox.decoding import tidy
from supportops.mailbox.folder import Fault, Listed, MailboxError

_Result = TypeVar("_Result")

_AT_ONCE = 500
_LONGEST_WORDS = 200
_UID = re.compile(rb"UID (\d+)")
_ARRIVED = re.compile(rb'INTERNALDATE "([^"]{1,40})"')
_SHORT = re.compile(rb'BODY\[\](?:<\d+>)? "((?:[^"\\]|\\.)*)"', re.IGNORECASE)
_SIZE = re.compile(rb"RFC822\.SIZE (\d+)")


class ImapFolders:
    """A connection to `server`, with whose `password` it logs in; with `token`, that is an access
    token of OAuth 2.0. Raises MailboxError."""

    def __init__(self, server: ImapServer, password: str, *, token: bool = False) -> None:
        self._token = token
        self._words = _Words(server, password)
        self._box = self._words.translate(lambda: _connected(server))
        try:
            self._words.translate(lambda: self._log_in(server, password))
        except MailboxError:
            self.close()
            raise
        self._selected: str | None = None
        self._made: set[str] = set()

    def listed(self, folder: str) -> Sequence[Listed]:
        return self._words.translate(lambda: self._listed(folder))

    def content(self, folder: str, key: str, most: int) -> bytes | None:
        return self._words.translate(lambda: self._content(folder, key, most))

    def move(self, folder: str, keys: Sequence[str], to: str) -> None:
        self._words.translate(lambda: self._move(folder, keys, to))

    def close(self) -> None:
        try:
            self._box.logout()
        except Exception:
            # A connection that broke off is not logged out, and still is a socket.
            with contextlib.suppress(Exception):
                self._box.client.shutdown()

    def _log_in(self, server: ImapServer, password: str) -> None:
        plain = server.login.isascii() and password.isascii()
        log_in = self._box.login if plain else self._box.login_utf8
        bearer = _Bearer(server.login, password)
        try:
            if self._token:
                bearer.log_in(self._box.client)
            else:
                log_in(server.login, password, initial_folder=None)
        except imaplib.IMAP4.abort:
            raise
        except (ImapToolsError, imaplib.IMAP4.error) as error:
            said = f"{_said(error)} {bearer.reason}".strip()
            # A server may refuse because its own list of users is out of reach (RFC 5530).
            fault = Fault.PROTOCOL if "[UNAVAILABLE]" in said else Fault.LOGIN
            raise MailboxError(fault, self._words.clean(f"the server says: {said}")) from None
        # What a server can do it says in full after the login, and imaplib asks before it.
        _, can = self._box.client.capability()
        words = b" ".join(each for each in can if isinstance(each, bytes))
        self._can = set(words.decode("ascii", "replace").upper().split())

    def _select(self, folder: str) -> None:
        if self._selected == folder:
            return
        try:
            self._box.folder.set(folder)
        except MailboxFolderSelectError:
            raise MailboxError(Fault.FOLDER, f"there is no folder {folder!r}") from None
        self._selected = folder

    def _listed(self, folder: str) -> list[Listed]:
        self._selected = None
        self._select(folder)
        uids = self._box.uids("UNDELETED", charset=None)
        found = []
        for place in range(0, len(uids), _AT_ONCE):
            names = ",".join(uids[place : place + _AT_ONCE])
            for line in self._fetch(names, "(UID RFC822.SIZE INTERNALDATE)"):
                head = line[0] if isinstance(line, tuple) else line
                uid, size = _UID.search(head), _SIZE.search(head)
                if uid and size:
                    found.append(Listed(uid[1].decode(), int(size[1]), _arrival(head)))
        return sorted(found, key=lambda each: int(each.key))

    def _content(self, folder: str, key: str, most: int) -> bytes | None:
        self._select(folder)
        for line in self._fetch(key, f"(BODY.PEEK[]<0.{most}>)"):
            if isinstance(line, tuple) and isinstance(line[1], bytes):
                return line[1][:most]
            if isinstance(line, bytes) and b"BODY[]" in line.upper():
                return _quoted(line)[:most]
        return None

    def _fetch(self, uids: str, parts: str) -> Iterator[Any]:
        state, lines = self._box.client.uid("FETCH", uids, parts)
        if state != "OK":
            raise MailboxError(Fault.PROTOCOL, "the server does not hand out messages")
        return (line for line in lines if line is not None)

    def _move(self, folder: str, keys: Sequence[str], to: str) -> None:
        self._select(folder)
        if to not in self._made and not self._box.folder.exists(to):
            try:
                self._box.folder.create(to)
            except ImapToolsError:
                raise MailboxError(
                    Fault.FOLDER, f"there is no folder {to!r}, and none can be made"
                ) from None
        self._made.add(to)
        target = imap_tools.utils.encode_folder(to)
        for place in range(0, len(keys), _AT_ONCE):
            names = ",".join(keys[place : place + _AT_ONCE])
            if "MOVE" in self._can:
                self._command("MOVE", names, target)
                continue
            if "UIDPLUS" not in self._can:
                words = "the server can neither MOVE nor UIDPLUS: no message can be moved safely"
                raise MailboxError(Fault.FOLDER, words)
            self._command("COPY", names, target)
            self._command("STORE", names, "+FLAGS.SILENT", r"(\Deleted)")
            self._command("EXPUNGE", names)

    def _command(self, name: str, *arguments: Any) -> None:
        state, said = self._box.client.uid(name, *arguments)
        if state != "OK":
            words = b" ".join(each for each in said if isinstance(each, bytes))
            raise MailboxError(Fault.FOLDER, self._words.clean(f"{name} was refused: {words!r}"))


class _Bearer:
    """XOAUTH2: one message with the token; a server that refuses it says why and waits for an empty
    answer. `reason`: what it said."""

    def __init__(self, login: str, token: str) -> None:
        self.reason = ""
        self._message = f"user={login}\1auth=Bearer {token}\1\1".encode()

    def log_in(self, client: imaplib.IMAP4) -> None:
        client.authenticate("XOAUTH2", self._answer)

    def _answer(self, challenge: bytes) -> bytes:
        if not challenge:
            return self._message
        self.reason = challenge.decode("utf-8", "replace")
        return b""


def _connected(server: ImapServer) -> imap_tools.BaseMailBox:
    seconds = server.timeout.total_seconds()
    if server.tls is Tls.NONE:
        return imap_tools.MailBoxUnencrypted(server.host, server.port, timeout=seconds)
    try:
        trust = ssl.create_default_context(cafile=server.certificates)
    except OSError as error:
        why = error.strerror or "no certificates"
        raise MailboxError(Fault.TLS, f"{server.certificates}: {why}") from None
    if server.tls is Tls.STARTTLS:
        return imap_tools.MailBoxStartTls(
            server.host, server.port, timeout=seconds, ssl_context=trust
        )
    return imap_tools.MailBox(server.host, server.port, timeout=seconds, ssl_context=trust)


def _quoted(line: bytes) -> bytes:
    """A message that is so short that it stands within its line. Raises MailboxError for NIL."""
    found = _SHORT.search(line)
    if found is None:
        raise MailboxError(Fault.PROTOCOL, "the server lists a message without any content")
    return re.sub(rb"\\(.)", rb"\1", found[1])


def _arrival(head: bytes) -> datetime | None:
    found = _ARRIVED.search(head)
    try:
        at = parsedate_to_datetime(found[1].decode("ascii")) if found else None
        return at.astimezone(UTC) if at is not None and at.tzinfo is not None else None
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


class _Words:
    """Errors of the libraries as MailboxError: one line, with every form of the password masked."""

    def __init__(self, server: ImapServer, password: str) -> None:
        self._where = f"{server.host}:{server.port}"
        raw = password.encode("utf-8", "replace")
        plain = b"\0" + server.login.encode("utf-8", "replace") + b"\0" + raw
        bearer = f"user={server.login}\1auth=Bearer {password}\1\1".encode("utf-8", "replace")
        encoded = (base64.b64encode(each).decode() for each in (raw, plain, bearer))
        self._secrets = [each for each in (password, *encoded) if each]

    def translate(self, act: Callable[[], _Result]) -> _Result:
        try:
            return act()
        except MailboxError:
            raise
        except ssl.SSLError as error:
            why = getattr(error, "verify_message", "") or error.reason or "it failed"
            raise self._error(Fault.TLS, f"TLS with {self._where}: {why}") from None
        except TimeoutError:
            raise self._error(Fault.TIMEOUT, f"{self._where} did not answer in time") from None
        except (ImapToolsError, imaplib.IMAP4.error) as error:
            words = f"{self._where} answered: {_said(error)}"
            raise self._error(Fault.PROTOCOL, words) from None
        except OSError as error:
            words = f"{self._where}: {error.strerror or type(error).__name__}"
            raise self._error(Fault.UNREACHABLE, words) from None
        except (ValueError, IndexError, TypeError, AttributeError) as error:
            # What a library makes of an answer that is no IMAP.
            words = f"{self._where} answered what is no IMAP ({type(error).__name__})"
            raise self._error(Fault.PROTOCOL, words) from None

    def clean(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return " ".join(tidy(text).split())[:_LONGEST_WORDS]

    def _error(self, fault: Fault, message: str) -> MailboxError:
        return MailboxError(fault, self.clean(message))


def _said(error: Exception) -> str:
    """The server's own words, where imap-tools has them."""
    result = getattr(error, "command_result", None)
    if isinstance(result, tuple) and len(result) > 1 and isinstance(result[1], list):
        words = [each.decode("utf-8", "replace") for each in result[1] if isinstance(each, bytes)]
        return " ".join(words)
    return str(error)
