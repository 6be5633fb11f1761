"""One Jinja environment for every template, and the filters that format values."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FunctionLoader, StrictUndefined, select_autoescape

from supportops.rendering.catalogue import ENGLISH, Catalogue
from supportops.rendering.gsm7 import fit_sms, gsm7

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
# Joiners that emoji and several scripts need stay; the rest of the format characters can only
# hide text or turn its direction.
_JOINERS = "\u200c\u200d"
_MARKDOWN = re.compile(r"([\\`*\[\]|~])|(?<![^\W_])_|_(?![^\W_])")
_LINE_START = re.compile(r"^(\s*)([#>+=-]|\d+[.)](?=\s|$))")
# White space but for thin, unbreakable and narrow unbreakable spaces.
_BREAKABLE = re.compile("[^\\S\u2009\u00a0\u202f]+")
_PACKAGE = Path(__file__).parents[1]
_TEMPLATE_NAME = re.compile(r"([a-z_]+/)+[a-z_]+\.[a-z]+")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


@lru_cache(maxsize=1)
def environment() -> Environment:
    """The environment. "alerts/channels/email/digest.html" is `email/digest.html` in the folder
    `supportops/alerts/channels/templates`.

    A name missing from the context is an error, HTML is escaped.
    """
    env = Environment(
        loader=FunctionLoader(_source),
        undefined=StrictUndefined,
        autoescape=select_autoescape(("html",), default_for_string=False),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )
    filters = (one_line, duration, local, percent, md, gsm7, fit_sms)
    env.filters.update({each.__name__: each for each in filters})
    return env


def render(name: str, **context: Any) -> str:
    """The template `name` filled in, without blank lines at either end."""
    return environment().get_template(name).render(**context).strip("\n")


def _source(template: str) -> tuple[str, str, Callable[[], bool]] | None:
    """The file behind `template`: a path below the package without its "templates" folder."""
    *folders, name = template.split("/")
    if not folders or not _TEMPLATE_NAME.fullmatch(template):
        return None
    for depth in range(len(folders), 0, -1):
        path = _PACKAGE.joinpath(*folders[:depth], "templates", *folders[depth:], name)
        if path.is_file():
            return path.read_text(encoding="utf-8"), str(path), lambda: True
    return None


def one_line(text: object, *, fixed_spaces: bool = False) -> str:
    """`text` as one line of what can be seen: no control, no hidden, no direction characters.

    `fixed_spaces`: narrow and unbreakable spaces stay, as our own sentences are written with them.
    """
    line = str(text)
    if not (line.isascii() and line.isprintable()):
        line = "".join(_visible(sign) for sign in line)
    return _BREAKABLE.sub(" ", line).strip(" ") if fixed_spaces else " ".join(line.split())


def _visible(sign: str) -> str:
    category = unicodedata.category(sign)
    if category in ("Cc", "Zl", "Zp"):
        return " "
    if category == "Cs":
        return "\ufffd"
    return "" if category == "Cf" and sign not in _JOINERS else sign


def sentence(words: object, *, capital: bool = True) -> str:
    """A fault or an outcome as a sentence: "No site is named UTC." without marks of code.

    Letters after the first stay as they are, since names stand among them. `capital` False: the
    first word is a name, too.
    """
    plain = str(words).replace("`", "")
    first = plain[:1].upper() if capital else plain[:1]
    return f"{first}{plain[1:]}{'' if plain.endswith(('.', '?', '!')) else '.'}"


def duration(length: timedelta | float, words: Catalogue = ENGLISH) -> str:
    """A length of time (timedelta or seconds), rounded down: "45 s", "4 min", "1 h 05 min".

    A negative one, as of an outage during which the clock was set back, is "0 s".
    """
    seconds = max(0, int(length.total_seconds() if isinstance(length, timedelta) else length))
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if days:
        return words.gettext("{days} d {hours} h", days=days, hours=hours % 24)
    if hours:
        return words.gettext("{hours} h {minutes} min", hours=hours, minutes=f"{minutes % 60:02}")
    if minutes:
        return words.gettext("{minutes} min", minutes=minutes)
    return words.gettext("{seconds} s", seconds=seconds)


def local(instant: datetime, zone: str) -> str:
    """An aware instant on the clock of `zone`: "Sun 22 Nov 2026 14:05 GMT"."""
    if instant.tzinfo is None:
        raise ValueError("local() needs an aware datetime")
    try:
        there = instant.astimezone(ZoneInfo(zone))
    except OverflowError:  # certificates do end on 9999-12-31
        there = instant
    day = f"{_DAYS[there.weekday()]} {there.day} {_MONTHS[there.month - 1]} {there.year}"
    return f"{day} {there:%H:%M} {there.tzname()}"


def percent(share: float, digits: int = 2) -> str:
    """A share of one, rounded down so that 99.999 % of uptime never reads as all of it."""
    scale = 10**digits
    return f"{math.floor(round(share * 100 * scale, 6)) / scale:.{digits}f} %"


def md(text: object) -> str:
    """`text` on one line, harmless inside Markdown: no markup, no link, no @mention, no HTML.

    Entities for <, > and & are what Slack asks for and what CommonMark reads back; a zero-width
    space after @ leaves the name legible and notifies nobody.
    """
    line = "".join(_ENTITIES.get(sign, sign) for sign in one_line(text))
    line = _MARKDOWN.sub(lambda found: "\\" + found[0], line)
    line = _LINE_START.sub(lambda found: found[1] + _escaped_start(found[2]), line)
    return line.replace("@", "@\u200b").replace("://", ":\u200b//")


def _escaped_start(marker: str) -> str:
    return "\\" + marker if len(marker) == 1 else marker[:-1] + "\\" + marker[-1]
