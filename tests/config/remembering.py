"""Flows that read the same bytes of a folder again and again, as tests have them do, check it once.

A check of the shipped files takes as long as a dozen flows; what it finds depends on the files'
names and bytes alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from supportops.config.configuration import IMPORTS
from supportops.config.loader import Checked

Check = Callable[..., Checked]
MOST = 32
NAMES_A_LOGO = re.compile(rb"^[^#\n]*\blogo\b", re.MULTILINE)


def remembered(check: Check) -> Check:
    known: dict[tuple[tuple[str, bytes], ...], Checked] = {}

    def checked(
        folder: Path,
        last_good: Mapping[str, Any] | None = None,
        calendars: Mapping[str, Any] | None = None,
    ) -> Checked:
        if last_good is not None or calendars:
            return check(folder, last_good, calendars)
        try:
            found = [*sorted(folder.glob("*.yaml")), *sorted((folder / IMPORTS).glob("*.yaml"))]
            if not all(path.is_file() for path in found):  # reading a pipe waits for ever
                return check(folder)
            key = tuple((str(path.relative_to(folder)), path.read_bytes()) for path in found)
        except OSError:  # which is what the test is about
            return check(folder)
        if any(NAMES_A_LOGO.search(content) for _, content in key):
            return check(folder)  # it depends on the picture's bytes too
        if key not in known:
            if len(known) == MOST:
                known.clear()
            known[key] = check(folder)
        return known[key]

    return checked
