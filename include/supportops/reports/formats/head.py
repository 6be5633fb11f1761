"""An agency's colour and logo in the head of a report: readable whatever the colour is."""

from __future__ import annotations

import base64
from functools import lru_cache
from typing import Any

from supportops.reports.document import Head
from supportops.reports.formats.file import File

LOGO = "logo.png"
_PNG = b"\x89PNG\r\n\x1a\n"
_INK, _PAPER = "#000000", "#ffffff"
_USUAL = "#1b3a57"
_READABLE = 4.5  # WCAG 2.2, 1.4.3
_HIGHEST = 48  # points; twice the height on a page, for sharp screens
# Points. A drawing of a thousand times its height would be a picture of as many megapixels.
_WIDEST = 480


def band(head: Head) -> str:
    """The colour behind the agency's name."""
    return head.colour or _USUAL


def on_band(head: Head) -> str:
    """Black or white, whichever reads better on it: at least 4.58 to 1 on any colour."""
    colour = band(head)
    return max((_PAPER, _INK), key=lambda text: contrast(text, colour))


def on_paper(head: Head) -> str:
    """The colour for headings on white, darkened until it can be read."""
    red, green, blue = _channels(band(head))
    while contrast(_hex(red, green, blue), _PAPER) < _READABLE:
        red, green, blue = (int(each * 0.94) for each in (red, green, blue))
    return _hex(red, green, blue)


def contrast(one: str, other: str) -> float:
    """The contrast of two colours (#rrggbb) as WCAG defines it, from 1 to 21."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(each / 255) for each in _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _hex(red: int, green: int, blue: int) -> str:
    return f"#{red:02x}{green:02x}{blue:02x}"


def as_svg(logo: bytes) -> str:
    """The picture as the text of an SVG, which is what a PDF's typesetter takes as text."""
    if not logo.startswith(_PNG):
        return logo.decode("utf-8", "replace")
    width, height = (int.from_bytes(logo[at : at + 4], "big") for at in (16, 20))
    content = base64.b64encode(logo).decode()
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}"><image width="{width}" height="{height}" '
        f'href="data:image/png;base64,{content}"/></svg>'
    )


def logo_file(head: Head) -> File | None:
    """The logo as a PNG, which mail programs show; None without one.

    Raises whatever the typesetter does where it cannot be drawn.
    """
    if head.logo is None:
        return None
    return File(LOGO, "image/png", _png(head.logo))


@lru_cache(maxsize=64)
def _png(logo: bytes) -> bytes:
    import typst

    source = (
        "#set page(width: auto, height: auto, margin: 0pt, fill: none)\n"
        '#let logo(..size) = image(bytes(sys.inputs.logo), format: "svg", ..size)\n'
        f"#context if measure(logo(height: {_HIGHEST}pt)).width > {_WIDEST}pt "
        f"{{ logo(width: {_WIDEST}pt) }} else {{ logo(height: {_HIGHEST}pt) }}"
    )
    inputs = {"logo": as_svg(logo)}
    if logo.startswith(_PNG):  # to be taken as it is, if it is one to its end
        typst.compile(source.encode(), format="pdf", sys_inputs=inputs)
        return logo
    drawn: Any = typst.compile(source.encode(), format="png", ppi=144.0, sys_inputs=inputs)
    return bytes(drawn)
