"""Logos out of the configuration folder, customers' and the agency's: pictures that can only show.

A PNG is taken by its header. An SVG is a program for browsers, and is published on pages of the
agency: only elements that draw pass, and nothing that runs, loads or refers to anything outside.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from xml.parsers import expat

from supportops.config.model import Wrong, entries, mapping, shown
from supportops.config.yaml_source import KeyPath
from supportops.files import open_file

LARGEST = 200_000  # bytes
_WIDEST = 4000  # pixels
_PNG = b"\x89PNG\r\n\x1a\n"
_SVG = "http://www.w3.org/2000/svg"
_XLINK = "http://www.w3.org/1999/xlink"
_HTML = "http://www.w3.org/1999/xhtml"
_XML = "http://www.w3.org/XML/1998/namespace"
_DRAWN = frozenset(
    [
        "svg",
        "g",
        "defs",
        "symbol",
        "use",
        "path",
        "rect",
        "circle",
        "ellipse",
        "line",
        "polyline",
        "polygon",
        "text",
        "tspan",
        "title",
        "desc",
        "linearGradient",
        "radialGradient",
        "stop",
        "clipPath",
        "mask",
        "pattern",
        "metadata",
        "style",
    ]
)
_DEEPEST, _MOST = 50, 20_000
_INSIDE = re.compile(r"#[\w.:-]+")
_REFERS = re.compile(
    r"url\s*\(\s*['\"]?\s*(?!['\"\s#])|@|expression|javascript:|image-set|\bsrc\s*\(|//|\\",
    re.IGNORECASE,
)
EXPECTED = "a PNG or SVG file in the configuration folder"


class NoPictureError(ValueError):
    """What is wrong with a picture, in words."""


def read_logos(folder: Path, data: object) -> tuple[dict[str, bytes], list[Wrong]]:
    """The pictures that the raw `data` of customers.yaml names, by file."""
    found: dict[str, bytes] = {}
    wrongs = []
    agency: tuple[KeyPath, dict[str, object]] = (("agency",), mapping(data, "agency"))
    for path, entry in (agency, *entries(data, "customers")):
        named = entry.get("logo")
        if not isinstance(named, str) or named in found:
            continue
        where: KeyPath = (*path, "logo")
        try:
            found[named] = _read(folder, named)
        except NoPictureError as error:
            wrongs.append(Wrong(where, f"{shown(named)}, {error}", EXPECTED))
    return found, wrongs


def check_place(named: str) -> str:
    """`named`, if it can be a picture's place in the folder. Raises ValueError."""
    path = PurePosixPath(named)
    plain = named.isprintable() and "\\" not in named and len(named) <= 200
    if not plain or path.is_absolute() or ".." in path.parts or not _suffix(named):
        raise ValueError(f"{EXPECTED}, such as logos/acme.png")
    return named


def check_picture(named: str, content: bytes) -> None:
    """Raises NoPictureError unless `content` is a picture of the kind that `named` ends with."""
    if len(content) > LARGEST:
        raise NoPictureError(f"larger than {LARGEST // 1000} kB")
    if _suffix(named) == ".png":
        _check_png(content)
    else:
        _check_svg(content)


def _suffix(named: str) -> str | None:
    suffix = PurePosixPath(named).suffix.lower()
    return suffix if suffix in (".png", ".svg") else None


def _read(folder: Path, named: str) -> bytes:
    try:
        place = (folder / check_place(named)).resolve()
        if not place.is_relative_to(folder.resolve()):
            raise NoPictureError("which leads out of the folder")
        with open_file(place) as file:
            content = file.read(LARGEST + 1)
    except FileNotFoundError:
        raise NoPictureError("which is not there") from None
    except (OSError, RuntimeError) as error:  # RuntimeError: links that lead to themselves
        raise NoPictureError(f"which cannot be read: {getattr(error, 'strerror', error)}") from None
    except NoPictureError:
        raise
    except ValueError:
        return b""  # the model says what is wrong with the name
    check_picture(named, content)
    return content


def _check_png(content: bytes) -> None:
    if content[:8] != _PNG or content[12:16] != b"IHDR" or len(content) < 33:
        raise NoPictureError("which is no PNG")
    width, height = struct.unpack(">II", content[16:24])
    if not (0 < width <= _WIDEST and 0 < height <= _WIDEST):
        raise NoPictureError(f"{width} by {height} pixels (at most {_WIDEST} each way)")


def _check_svg(content: bytes) -> None:
    drawing = _Drawing()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = _refuse
    parser.ProcessingInstructionHandler = _refuse
    parser.StartElementHandler, parser.EndElementHandler = drawing.start, drawing.end
    parser.CharacterDataHandler = drawing.text
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise NoPictureError(f"no well-formed SVG: {error}") from None
    drawing.check()


class _Drawing:
    """What an SVG is made of, as far as it matters."""

    def __init__(self) -> None:
        self._open: list[tuple[str, str]] = []  # elements that are not closed: name and id
        self._count = 0
        self._style = ""
        self._used: set[str] = set()
        self._using: set[str] = set()  # ids of elements with a <use> inside

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        space, _, local = name.rpartition(" ")
        if not self._open and (space, local) != (_SVG, "svg"):
            raise NoPictureError("which is no SVG")
        self._count += 1
        self._open.append((local if space == _SVG else "", attributes.get("id", "")))
        if len(self._open) > _DEEPEST or self._count > _MOST:
            raise NoPictureError("an SVG of too many elements")
        # Drawing programs add elements of their own namespaces, which no browser knows.
        if space in ("", _HTML) or (space == _SVG and local not in _DRAWN):
            raise NoPictureError(f"an SVG with the element <{local[:40]}>, which can do more")
        for key, value in attributes.items():
            _check_attribute(key, value)
        if local == "use":
            names = (attributes.get(key, "") for key in ("href", f"{_XLINK} href"))
            self._used |= {each.strip().removeprefix("#") for each in names if each}
            self._using |= {name for _, name in self._open if name}

    def end(self, _name: str) -> None:
        # A browser joins the texts of one style, whatever stands between them.
        if self._open.pop()[0] == "style":
            self._style += " "

    def text(self, found: str) -> None:
        if self._open[-1][0] == "style":
            self._style += found

    def check(self) -> None:
        """What shows only at the end. Raises NoPictureError."""
        if _REFERS.search(self._style):
            raise NoPictureError("an SVG whose style refers to something outside")
        if self._used & self._using:
            # Twice in each of thirty levels is a thousand million shapes.
            raise NoPictureError("an SVG with a <use> of what has a <use> in it")


def _refuse(*_: object) -> None:
    raise NoPictureError("an SVG with a document type, entity or processing instruction")


def _check_attribute(key: str, value: str) -> None:
    space, _, local = key.rpartition(" ")
    if local.lower().startswith("on"):
        raise NoPictureError(f"an SVG with the attribute {local[:40]}, which runs something")
    if local.lower() == "href" and not _INSIDE.fullmatch(value.strip()):
        raise NoPictureError("an SVG that refers to something outside")
    if space == _XML and local == "base":
        raise NoPictureError("an SVG that refers to something outside")
    if space in ("", _SVG, _XLINK) and local != "href" and _REFERS.search(value):
        raise NoPictureError(f"an SVG whose attribute {local[:40]} refers to something outside")
