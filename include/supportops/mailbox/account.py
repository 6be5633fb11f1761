"""A mailbox as it is configured: where it is, what it is for, and where its messages go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum


class AccountKind(StrEnum):
    """What a mailbox is for: messages left on the answerphone, or e-mail that asks for help."""

    VOICEMAIL = "voicemail"
    SUPPORT = "support"


class Tls(StrEnum):
    """How a connection is protected: from its start, after a command, or not at all."""

    IMPLICIT = "implicit"
    STARTTLS = "starttls"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class ImapServer:
    """`secret` names the connection that holds the password; `certificates` a file of authorities
    to trust instead of those of the machine."""

    host: str
    port: int
    tls: Tls
    login: str
    secret: str
    certificates: str | None = None
    timeout: timedelta = timedelta(seconds=20)


@dataclass(frozen=True, slots=True)
class Account:
    """One mailbox: on a server, or a Maildir folder of this machine.

    Messages are read from `folders` and moved to `handled` or `quarantine`. `own_addresses` and
    `own_lists` are in small letters; `own_numbers` as E.164 has them. `largest_audio` in bytes.
    `since`: what arrived before that day stays where it is.
    """

    name: str
    kind: AccountKind
    server: ImapServer | None = None
    maildir: str | None = None
    folders: tuple[str, ...] = ("INBOX",)
    handled: str = "Handled"
    quarantine: str = "Quarantine"
    largest_audio: int = 10_000_000
    own_addresses: frozenset[str] = frozenset()
    own_lists: frozenset[str] = frozenset()
    own_numbers: frozenset[str] = frozenset()
    since: date | None = None

    @property
    def largest_message(self) -> int:
        """The bytes of the largest message that is read whole: base64 takes four for three."""
        return self.largest_audio * 4 // 3 + 1_000_000


@dataclass(frozen=True, slots=True)
class Transcription:
    """The program that writes down recordings: its arguments, `{file}` among them for the file of
    the recording, how long it may take, and how many characters are kept."""

    command: Sequence[str]
    timeout: timedelta = timedelta(seconds=60)
    longest: int = 4_000


@dataclass(frozen=True, slots=True)
class Mailboxes:
    """What mailbox.yaml means. `region`: the country of numbers without one, such as GB.

    `keep_recordings`: what mailbox.yaml says of it where store.yaml, its place, says nothing.
    """

    accounts: tuple[Account, ...] = ()
    interval: timedelta = timedelta(minutes=1)
    region: str | None = None
    transcription: Transcription | None = None
    keep_recordings: timedelta | None = None
    by_name: dict[str, Account] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {each.name: each for each in self.accounts})
