"""Opens a mailbox: its server with the login that the connection holds, or its folder here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

from supportops.context import Context
from supportops.mailbox.account import Account, ImapServer
from supportops.mailbox.folder import Fault, MailboxError, MailFolders
from supportops.mailbox.maildir import Maildir


@contextmanager
def opened(account: Account, context: Context) -> Iterator[MailFolders]:
    """The open mailbox, closed at the end. Raises MailboxError."""
    if account.server is None:
        # A relative folder is relative to that of the configuration.
        yield Maildir(context.config / Path(account.maildir or "").expanduser())
        return
    from supportops.mailbox.imap import ImapFolders  # only where there is a server

    server, password = _with_login(account.server, context.secrets(account.server.secret))
    with closing(ImapFolders(server, password)) as folders:
        yield folders


def _with_login(server: ImapServer, secret: str | None) -> tuple[ImapServer, str]:
    """The login is a password, or an address such as imaps://LOGIN:PASSWORD@HOST as Airflow
    writes connections, whose login then counts."""
    if not secret:
        raise MailboxError(Fault.SECRET, f"the connection {server.secret} is not set")
    if not secret.startswith(("imap://", "imaps://")):
        return server, secret
    try:
        parts = urlsplit(secret)
        login, password = unquote(parts.username or ""), unquote(parts.password or "")
    except ValueError:
        login, password = "", ""
    if not password:
        raise MailboxError(Fault.SECRET, f"the connection {server.secret} has no password")
    return replace(server, login=login or server.login), password
