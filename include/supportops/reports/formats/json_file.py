"""Every figure of a report as JSON, for other programs."""

from __future__ import annotations

import json as standard
import re
from collections.abc import Mapping
from typing import Any

from supportops.reports.formats.file import JSON, File

_HALF = re.compile("[\ud800-\udfff]")


def json(figures: Mapping[str, Any]) -> File:
    """UTF-8, indented, keys in the order given, a newline at the end.

    `figures` holds dicts, lists, texts, finite numbers, booleans and None. Raises ValueError for
    infinity and NaN, which JSON has not, and TypeError for any other value.
    """
    text = standard.dumps(figures, indent=2, ensure_ascii=False, allow_nan=False)
    # Half a surrogate pair is no UTF-8; JSON can still name it.
    text = _HALF.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    return File(JSON, "application/json", f"{text}\n".encode())
