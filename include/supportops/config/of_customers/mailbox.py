"""`mailbox.yaml`: the mailboxes that are read, as operators write them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from supportops.config.model import Model, Wrong, entries, items, shown, twice
from supportops.config.values import Duration, Identifier, Size
from supportops.customers import is_region, phone_number
from supportops.mailbox.account import (
    Account,
    AccountKind,
    ImapServer,
    Mailboxes,
    Tls,
    Transcription,
)
from supportops.mailbox.transcription import FILE

PORTS = {Tls.IMPLICIT: 993, Tls.STARTTLS: 143, Tls.NONE: 143}
LONGEST_INTERVAL = timedelta(minutes=30)
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_NUMBER = "a telephone number, such as +44 20 7946 0000"


def _interval(found: timedelta) -> timedelta:
    if found % timedelta(minutes=1) or not found <= LONGEST_INTERVAL:
        raise ValueError("whole minutes, at most 30m")
    return found


def _host(found: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._:-]{1,253}", found):
        raise ValueError("the name of a server, such as imap.example.org")
    return found


def _folder(found: str) -> str:
    if not found.strip() or len(found) > 200 or not found.isprintable() or '"' in found:
        raise ValueError("the name of a folder, of 1 to 200 characters")
    if ".." in found or found.startswith(("/", ".")):
        raise ValueError("the name of a folder, that leads nowhere else")
    return found


def _address(found: str) -> str:
    if not re.fullmatch(r"[^\s@<>]{1,64}@[^\s@<>]{1,253}", found):
        raise ValueError("an e-mail address, such as support@agency.example")
    return found.casefold()


def _words(found: str) -> str:
    if not found.strip() or len(found) > 400 or not found.isprintable():
        raise ValueError("a text of 1 to 400 characters")
    return found


def _region(found: str) -> str:
    if not is_region(found):
        raise ValueError("a country of two capitals, such as GB")
    return found


def _timeout(found: timedelta) -> timedelta:
    if found > timedelta(minutes=2):
        raise ValueError("at most 2m")
    return found


def _days(found: timedelta) -> timedelta:
    if found < timedelta(days=1):
        raise ValueError("at least 1d")
    return found


Folder = Annotated[str, AfterValidator(_folder)]
Words = Annotated[str, AfterValidator(_words)]
Timeout = Annotated[Duration, AfterValidator(_timeout)]
Port = Annotated[int, Field(ge=1, le=65535)]


class MailboxEntry(Model):
    """One mailbox: `host`, `login` and `secret` of a server, or the folder `maildir`. `secret`
    names the connection (or variable) that holds the password."""

    name: Identifier
    kind: AccountKind = AccountKind.VOICEMAIL
    host: Annotated[str, AfterValidator(_host)] | None = None
    port: Port | None = None
    tls: Tls = Tls.IMPLICIT
    certificates: Words | None = None
    login: Words | None = None
    secret: Identifier | None = None
    timeout: Timeout = timedelta(seconds=20)
    maildir: Words | None = None
    folders: Annotated[list[Folder], Field(min_length=1)] = ["INBOX"]
    handled: Folder = "Handled"
    quarantine: Folder = "Quarantine"
    largest_audio: Size = Field(default=10_000_000, json_schema_extra={"default": "10MB"})
    since: date | None = None

    @model_validator(mode="after")
    def _is_somewhere(self) -> Self:
        if (self.host is None) is (self.maildir is None):
            raise ValueError("either `host` of a server or the folder `maildir`")
        if self.host is not None and not (self.login and self.secret):
            raise ValueError("`login` and `secret` for the server")
        if self.tls is Tls.NONE and self.host is not None and self.host not in _LOCAL:
            raise ValueError("`tls: none` for this machine alone: the password would be readable")
        if len({*self.folders, self.handled, self.quarantine}) < len(self.folders) + 2:
            raise ValueError("`handled` and `quarantine` as folders of their own")
        return self

    def account(self, file: MailboxFile) -> Account:
        return Account(
            name=self.name,
            kind=self.kind,
            server=self._server(),
            maildir=self.maildir,
            folders=tuple(self.folders),
            handled=self.handled,
            quarantine=self.quarantine,
            largest_audio=self.largest_audio,
            own_addresses=frozenset(file.own_addresses),
            own_lists=frozenset(each.casefold() for each in file.own_lists),
            own_numbers=file.numbers(),
            since=self.since,
        )

    def _server(self) -> ImapServer | None:
        if self.host is None or self.login is None or self.secret is None:
            return None
        port = self.port or PORTS[self.tls]
        return ImapServer(
            self.host,
            port,
            self.tls,
            self.login,
            self.secret,
            self.certificates,
            self.timeout,
        )


class TranscriptionEntry(Model):
    """The program that writes down recordings, without a shell; `{file}` stands for the file."""

    command: Annotated[list[Words], Field(min_length=1)]
    timeout: Timeout = timedelta(seconds=60)
    longest: Annotated[int, Field(ge=100, le=20_000)] = 4_000

    @model_validator(mode="after")
    def _is_given_the_file(self) -> Self:
        if not any(FILE in part for part in self.command[1:]):
            raise ValueError(f"{FILE} among the arguments of `command`")
        return self

    def means(self) -> Transcription:
        return Transcription(tuple(self.command), self.timeout, self.longest)


class MailboxFile(Model):
    """The whole of `mailbox.yaml`. `region`: the country of telephone numbers that are written
    without one."""

    interval: Annotated[Duration, AfterValidator(_interval)] = timedelta(minutes=1)
    region: Annotated[str, AfterValidator(_region)] | None = None
    own_addresses: list[Annotated[str, AfterValidator(_address)]] = []
    own_lists: list[Words] = []
    own_numbers: list[Annotated[str, WithJsonSchema({"type": "string"})]] = []
    transcription: TranscriptionEntry | None = None
    keep_recordings: Annotated[Duration, AfterValidator(_days)] | None = None
    mailboxes: list[MailboxEntry] = []

    @classmethod
    def across(cls, data: Any) -> Iterator[Wrong]:
        """Each name once, and numbers that can be called."""
        named = (((*path, "name"), entry.get("name")) for path, entry in entries(data, "mailboxes"))
        yield from twice(named)
        region = data.get("region") if isinstance(data, dict) else None
        known = region if isinstance(region, str) and is_region(region) else None
        for path, number in items(data, "own_numbers"):
            if isinstance(number, str) and phone_number(number, known) is None:
                yield Wrong(path, shown(number), _NUMBER)

    def numbers(self) -> frozenset[str]:
        """Our own numbers, as E.164 has them."""
        found = (phone_number(each, self.region) for each in self.own_numbers)
        return frozenset(each for each in found if each)

    def means(self) -> Mailboxes:
        """What the file means."""
        return Mailboxes(
            accounts=tuple(each.account(self) for each in self.mailboxes),
            interval=self.interval,
            region=self.region,
            transcription=self.transcription.means() if self.transcription else None,
            keep_recordings=self.keep_recordings,
        )
