"""Logos that cannot be drawn, or are too wide: a report is made without them, and soon."""

from __future__ import annotations

import struct
import zlib
from dataclasses import replace

import pytest

from reports.document_builders import AS_OF, document
from supportops.reports.document import Head
from supportops.reports.formats.head import LOGO, logo_file
from supportops.reports.formats.pdf import pdf


def png(width: int, height: int, data: bytes) -> bytes:
    def part(kind: bytes, content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + check

    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", header) + part(b"IDAT", data) + part(b"IEND", b"")


def svg(size: str) -> bytes:
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}><rect {size}/></svg>'.encode()


WHOLE = png(100, 100, zlib.compress(b"\0" * 100 * 401))
BROKEN = {
    "a PNG that ends too early": png(100, 100, zlib.compress(b"\0" * 1000)),
    "a PNG of anything": png(100, 100, b"anything"),
    "an SVG without a height": svg('width="0" height="0"'),
    "an SVG of less than nothing": svg('width="-5" height="-5"'),
}


@pytest.mark.parametrize("logo", BROKEN.values(), ids=list(BROKEN))
def test_a_picture_that_cannot_be_drawn_is_found_before_anything_is_made(logo: bytes) -> None:
    with pytest.raises(Exception, match=r"."):
        logo_file(Head("Northlight", None, logo))


def test_a_png_stays_as_it_is() -> None:
    found = logo_file(Head("Northlight", None, WHOLE))
    assert found is not None
    assert (found.name, found.content) == (LOGO, WHOLE)


def test_a_drawing_a_thousand_times_as_wide_as_high_is_made_small() -> None:
    head = Head("Northlight", None, svg('width="100000" height="1"'))
    found = logo_file(head)
    assert found is not None
    assert len(found.content) < 20_000
    assert pdf(replace(document(), head=head), {}, AS_OF).content.startswith(b"%PDF")
