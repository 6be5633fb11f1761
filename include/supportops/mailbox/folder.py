"""What reading needs of a mailbox, wherever it is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Fault(StrEnum):
    """Why a mailbox cannot be read. Values are stored."""

    LOGIN = "login"
    TLS = "tls"
    FOLDER = "folder"
    SECRET = "secret"  # noqa: S105 - the name of a fault
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    PROTOCOL = "protocol"

    @property
    def passing(self) -> bool:
        """Whether a mailbox may have it for a moment without anybody's doing."""
        return self in (Fault.UNREACHABLE, Fault.TIMEOUT, Fault.PROTOCOL)


class MailboxError(RuntimeError):
    """A mailbox cannot be read. The message is one line and holds no secret."""

    def __init__(self, fault: Fault, message: str) -> None:
        super().__init__(message)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Listed:
    """A message in a folder: its key there, its size in bytes, and when it arrived."""

    key: str
    size: int
    arrived_at: datetime | None


class MailFolders(Protocol):
    """An open mailbox. Every method may raise MailboxError."""

    def listed(self, folder: str) -> Sequence[Listed]:
        """The messages of a folder, the oldest first; those that are marked as deleted are not."""

    def content(self, folder: str, key: str, most: int) -> bytes | None:
        """At most `most` bytes of a message from its beginning; None where it is gone."""

    def move(self, folder: str, keys: Sequence[str], to: str) -> None:
        """Moves messages, and makes the folder `to` where it is missing; what is gone is left."""

    def close(self) -> None:
        """Ends the connection; never raises."""
