"""What is sent to the public endpoint, and why it refuses."""

from __future__ import annotations

from dataclasses import dataclass

from supportops.rendering.render import one_line

LONGEST_NAME = 80


class PublicError(RuntimeError):
    """Why nothing was done, in a sentence; `page` is what there is to see all the same."""

    def __init__(self, why: str, status: int, page: object = None) -> None:
        super().__init__(why)
        self.status, self.page = status, page


@dataclass(frozen=True, slots=True)
class Form:
    """What was sent; each field may be empty. `holder`: who had the alert by the page that was
    shown, to take it over. `decision`, `version`, `subject`, `text`: about a draft for a
    customer."""

    name: str = ""
    note: str = ""
    length: str = ""
    holder: str = ""
    decision: str = ""
    version: str = ""
    subject: str = ""
    text: str = ""


def signed_by(name: str, target: str) -> str:
    """Who acts: the name that was given, with the receiver whose link it was."""
    given = one_line(name)[:LONGEST_NAME]
    return f"{given} ({target})" if given and given != target else target
