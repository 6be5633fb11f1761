"""What channels show of reports and notices: texts that are read from the store when they go."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import Connection

from supportops.alerts.alert import Alert, Kind
from supportops.alerts.channels.content import ReportContent
from supportops.alerts.policy import AlertPolicy
from supportops.config.configuration import Configuration
from supportops.flows.alerts.dispatching.mail_logo import mail_logo
from supportops.flows.alerts.dispatching.report_contents import report_contents
from supportops.notices import store
from supportops.notices.mail import mail_of
from supportops.notices.wording import Reader


def document_contents(
    connection: Connection,
    alerts: Iterable[Alert],
    configuration: Configuration,
    policy: AlertPolicy,
    attach_at_most: int,
    folder: Path | None = None,
) -> dict[str, ReportContent]:
    """The contents of those of `alerts` that announce a report or a notice, by the alerts' keys.

    An e-mail with its attachments may have `attach_at_most` bytes. What is no longer stored is
    left out. `folder`: of the configuration, which has the agency's logo.
    """
    listed = list(alerts)
    found = report_contents(connection, listed, policy.board_url, attach_at_most)
    keys = [alert.key for alert in listed if alert.kind is Kind.NOTICE]
    stored = store.by_alerts(connection, keys) if keys else {}
    agency = configuration.customers.agency
    logo = mail_logo(folder, agency.logo) if stored else None
    for key, (thread, notice) in stored.items():
        reader = Reader(notice.language, policy.timezone)
        colour = configuration.customers.get(thread.customer).colour or agency.colour
        signature = configuration.notices.signature or agency.name
        source = f"cid:{logo.name}" if logo else ""
        made = mail_of(notice, reader, signature, colour, source)
        found[key] = ReportContent(
            name=f"notice-{notice.id}",
            subject=notice.subject,
            html=made.html,
            text=made.text,
            summary=tuple(line for line in made.body.splitlines() if line),
            images=(logo,) if logo else (),
            attachments=(),
            attach_at_most=attach_at_most,
            language=notice.language,
            thread=_thread_id(thread.id, thread.opened_at.isoformat()),
        )
    return found


def _thread_id(number: int, opened: str) -> str:
    """The Message-ID that all mails of a thread refer to."""
    digest = hashlib.sha256(f"{number}:{opened}".encode()).hexdigest()
    return f"<{digest[:32]}@notices.supportops.invalid>"
