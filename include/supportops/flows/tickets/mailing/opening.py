"""Opens a mailbox: its server with the login or token of its connection, or its folder here."""

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
from supportops.mailbox.oauth import OAuthClient, OAuthError, client_of


@contextmanager
def opened(account: Account, context: Context) -> Iterator[MailFolders]:
    """The open mailbox, closed at the end. Raises MailboxError."""
    if account.server is None:
        # A relative folder is relative to that of the configuration.
        yield Maildir(context.config / Path(account.maildir or "").expanduser())
        return
    from supportops.mailbox.imap import ImapFolders  # only where there is a server

    secret = context.secrets(account.server.secret)
    client = _oauth(account.server, secret)
    if client is not None:
        with closing(_with_token(account.server, client)) as folders:
            yield folders
        return
    server, password = _with_login(account.server, secret)
    with closing(ImapFolders(server, password)) as folders:
        yield folders


def _oauth(server: ImapServer, secret: str | None) -> OAuthClient | None:
    """Whom to ask for a token, where the connection names a token endpoint."""
    try:
        return client_of(secret) if secret else None
    except OAuthError as error:
        raise MailboxError(Fault.SECRET, f"the connection {server.secret}: {error}") from None


def _with_token(server: ImapServer, client: OAuthClient) -> MailFolders:
    """Logs in by a token. One that was given before and is refused by now is renewed once."""
    from supportops.mailbox.imap import ImapFolders
    from supportops.mailbox.token import access_token, is_known

    seconds, before = server.timeout.total_seconds(), is_known(client)
    token = access_token(client, trust=server.certificates, seconds=seconds)
    try:
        return ImapFolders(server, token, token=True)
    except MailboxError as error:
        if error.fault is not Fault.LOGIN or not before:
            raise
    token = access_token(client, fresh=True, trust=server.certificates, seconds=seconds)
    return ImapFolders(server, token, token=True)


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
