"""The agency's logo in a mail: a PNG inside it, which every mail program shows without asking."""

from __future__ import annotations

import logging
from pathlib import Path

from supportops.customers import Logo
from supportops.flows.customers.publishing.pages import logo_of
from supportops.notify.mail_parts import Attachment
from supportops.reports.document import Head
from supportops.reports.formats.head import logo_file

log = logging.getLogger(__name__)
# Larger ones would make a mail that filters look at twice.
LARGEST = 200_000


def mail_logo(folder: Path | None, logo: Logo | None) -> Attachment | None:
    """None where there is none, or the file is not what it was when the configuration was checked.

    A picture that cannot be drawn keeps no mail back.
    """
    found = logo_of(folder)(logo) if folder is not None else None
    if found is None:
        return None
    try:
        file = logo_file(Head("", None, found[1]))
    except Exception:
        log.exception("the agency's logo cannot be drawn")
        return None
    if file is None or len(file.content) > LARGEST:
        return None
    return Attachment(file.name, file.media_type, file.content)
