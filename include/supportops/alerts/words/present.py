"""What a message says of an open alert whose first message is no longer the whole truth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from supportops.alerts.alert import Alert, Kind
from supportops.alerts.facts import Facts
from supportops.rendering.render import local, one_line

_HELD = {
    "confirmation": "its end is being confirmed",
    "maintenance": "its end is confirmed after its announced maintenance",
    "flapping": "it keeps going up and down",
}


@dataclass(frozen=True, slots=True)
class PresentTexts:
    """`label` opens the subject line, `reason` is its second half."""

    label: str
    reason: str
    explanation: str


def present_of(alert: Alert) -> Facts:
    """What is true now, as the last checks showed it; empty where nothing changed."""
    present = alert.facts.get("present")
    open_ = alert.resolved_at is None and isinstance(present, Mapping)
    return Facts(present if open_ and isinstance(present, Mapping) else {})


def present_texts(alert: Alert, failed: str, zone: str) -> PresentTexts | None:
    """What to say instead of the first message's words; None where they are still true.

    `failed` is what was wrong, as the first message said it.
    """
    present = present_of(alert)
    match present.text("state"):
        case "answers":
            held = _HELD.get(present.text("held") or "", _HELD["confirmation"])
            since = present.instant("since")
            clock = f" since {local(since, zone)}" if since else " again"
            flapping = present.text("held") == "flapping"
            return PresentTexts(
                "FLAPPING" if flapping else "ANSWERS AGAIN",
                f"answers{clock}, {held}",
                f"What failed before: {failed}.",
            )
        case "unseen":
            return PresentTexts(
                "UNKNOWN",
                f"failed when it was last seen ({failed}), cannot be seen now",
                "It is not checked at present, or our own connection or machine is in the way.",
            )
        case "covered":
            return _part_of(alert, failed, one_line(present.text("name") or "a wider alert"))
        case _:
            return None


def _part_of(alert: Alert, failed: str, wider: str) -> PresentTexts | None:
    if alert.kind is Kind.OUTAGE:
        label, now = "DOWN", f"its server {wider} is down"
    else:
        whole = "its site is" if wider == one_line(alert.site or "") else f"its server {wider} is"
        label, now = "PART OF AN OUTAGE", f"{whole} down as a whole"
    return PresentTexts(label, f"{failed}; {now}", "It is judged again when that is over.")
