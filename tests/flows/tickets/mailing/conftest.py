"""The IMAP server of the tests of mailboxes."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from flows.tickets.mailing.dovecot import PROGRAM, Dovecot, dovecot


@pytest.fixture(scope="session")
def server() -> Iterator[Dovecot]:
    if PROGRAM is None:
        pytest.skip("Dovecot is not installed (Debian: dovecot-imapd); .ci/run installs it")
    with dovecot() as running:
        yield running


@pytest.fixture
def login() -> str:
    """A mailbox of the test's own."""
    return f"box-{uuid.uuid4().hex[:8]}"
