"""Customers' logos out of the configuration folder: small pictures that can do nothing but show.

A PNG is taken by its header. An SVG is a program for browsers, and is published on pages of the
agency: only elements that draw pass, and nothing that runs, loads or refers to anything outside.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from xml.parsers import expat

from supportops.config.model import Wrong, entries, shown
from supportops.config.yaml_source import KeyPath
from supportops.files import open_file

LARGEST = 200_000  # bytes
_WIDEST = 4000  # pixels
_PNG = b"\x89PNG\r\n\x1a\n"
_SVG = "http://www.w3.org/2000/svg"
_XLINK = "http://www.w3.org/1999/xlink"
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
_REFERS = re.compile(r"url\s*\(\s*['\"]?\s*(?!#)|@|expression|javascript:|\\", re.IGNORECASE)
EXPECTED = "a PNG or SVG file in the configuration folder"


class NoPictureError(ValueError):
    """What is wrong with a picture, in words."""


def read_logos(folder: Path, data: object) -> tuple[dict[str, bytes], list[Wrong]]:
    """The pictures that the customers in the raw `data` of customers.yaml name, by file."""
    found: dict[str, bytes] = {}
    wrongs = []
    for path, entry in entries(data, "customers"):
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
    parser = expat.ParserCreate(namespace_separator=" ")
    depth = count = 0
    styles: list[str] = []

    def refuse(*_: object) -> None:
        raise NoPictureError("an SVG with a document type, entity or processing instruction")

    def start(name: str, attributes: Mapping[str, str]) -> None:
        nonlocal depth, count
        depth, count = depth + 1, count + 1
        space, _, local = name.rpartition(" ")
        if depth == 1 and (space, local) != (_SVG, "svg"):
            raise NoPictureError("which is no SVG")
        if depth > _DEEPEST or count > _MOST:
            raise NoPictureError("an SVG of too many elements")
        if space == _SVG and local not in _DRAWN:
            raise NoPictureError(f"an SVG with the element <{local[:40]}>, which can do more")
        if space == _SVG:
            styles.append("" if local != "style" else " ")
        elif space in ("", "http://www.w3.org/1999/xhtml"):
            raise NoPictureError(f"an SVG with the element <{local[:40]}>, which can do more")
        for key, value in attributes.items():
            _check_attribute(key, value)

    def end(_name: str) -> None:
        nonlocal depth
        depth -= 1

    def text(found: str) -> None:
        styles.append(found)

    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = refuse
    parser.ProcessingInstructionHandler = refuse
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = text
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise NoPictureError(f"no well-formed SVG: {error}") from None
    if _REFERS.search("".join(styles)):
        raise NoPictureError("an SVG whose style refers to something outside")


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
