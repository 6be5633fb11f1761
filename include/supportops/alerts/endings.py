"""How the end of an alert is announced: only what works again is RESOLVED."""

from __future__ import annotations

from dataclasses import dataclass

from supportops.alerts.alert import Alert
from supportops.alerts.facts import Facts


@dataclass(frozen=True, slots=True)
class EndingTexts:
    """`label` opens the subject line; `explanation` follows "It began ..." in the message.

    `closed` names the instant of the end in the table.
    """

    label: str
    explanation: str
    closed: str = "Closed"


# By the value of the fact `ending`. An alert whose ending is not here ended well.
NOT_MENDED: dict[str, EndingTexts] = {
    "partly_recovered": EndingTexts(
        "PARTLY UP",
        "Most of its sites are back; each that is still down goes on as an outage of its own.",
        "Most sites back",
    ),
    "renamed": EndingTexts("RENAMED", "It goes on under its new name."),
    "site_removed": EndingTexts("NO LONGER CHECKED", "It was not seen to end."),
    "page_removed": EndingTexts("NO LONGER CHECKED", "It was not seen to end."),
    "server_removed": EndingTexts(
        "NO LONGER CHECKED",
        "It was not seen to end; each of its sites that is still down and still checked goes on "
        "as an outage of its own.",
    ),
    "controls_removed": EndingTexts("NO LONGER CHECKED", "It was not seen to end."),
    "no_certificate": EndingTexts("CLOSED", "The certificate was not renewed."),
    "limit_changed": EndingTexts("CLOSED", "The certificate was not renewed."),
    "no_longer_configured": EndingTexts("NO LONGER USED", "It was not seen to end."),
}


def not_mended(alert: Alert) -> EndingTexts | None:
    """The texts of an end that is no recovery; None where the alert is open or ended well."""
    if alert.resolved_at is None or alert.retracted:
        return None
    return NOT_MENDED.get(Facts(alert.facts).text("ending") or "")
