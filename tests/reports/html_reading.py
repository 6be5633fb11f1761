"""Reads a page as a browser would: elements, their texts, and the colours they are shown in."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "img", "br", "hr", "link"}
SILENT = {"style", "title", "script", "head"}
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")


@dataclass(slots=True)
class Element:
    """`path` from the root down to this one, itself the last."""

    tag: str
    attributes: dict[str, str | None]
    path: tuple[Element, ...] = ()
    words: list[str] = field(default_factory=list)

    @property
    def classes(self) -> list[str]:
        return (self.attributes.get("class") or "").split()

    @property
    def style(self) -> dict[str, str]:
        pairs = (each.partition(":") for each in (self.attributes.get("style") or "").split(";"))
        return {name.strip(): value.strip() for name, _, value in pairs if value}


class Page(HTMLParser):
    """Every element in order; raises AssertionError where tags are not closed in turn."""

    def __init__(self, content: bytes) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(content.decode("utf-8"))
        self.close()
        assert self._open == [], [each.tag for each in self._open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, dict(attrs))
        element.path = (*self._open, element)
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> closes nothing"
        assert self._open[-1].tag == tag, f"</{tag}> closes <{self._open[-1].tag}>"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        if self._open and data.strip():
            self._open[-1].words.append(data.strip())

    def all(self, tag: str) -> list[Element]:
        return [each for each in self.elements if each.tag == tag]

    def text(self) -> str:
        """What is read, without styles."""
        shown = (e for e in self.elements if not any(up.tag in SILENT for up in e.path))
        return "\n".join(word for each in shown for word in each.words)


def luminance(colour: str) -> float:
    """WCAG's relative luminance of "#rrggbb"."""
    parts = (int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """WCAG's ratio, from 1 to 21."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def dark_rules(content: bytes) -> dict[str, dict[str, str]]:
    """What the dark media query says, by class or tag."""
    block = content.decode().split("@media (prefers-color-scheme: dark) {")[1].split("\n}")[0]
    found: dict[str, dict[str, str]] = {}
    for selectors, body in _RULE.findall(block):
        pairs = (each.partition(":") for each in body.replace("!important", "").split(";"))
        style = {name.strip(): value.strip() for name, _, value in pairs if value}
        for selector in selectors.split(","):
            found.setdefault(selector.strip().removeprefix("."), {}).update(style)
    return found


def pairs(page: Page, dark: dict[str, dict[str, str]] | None = None) -> set[tuple[str, str]]:
    """Each colour that words are shown in, with the ground that they are shown on."""
    found = set()
    for element in page.elements:
        hidden = any(up.tag in SILENT or up.style.get("display") == "none" for up in element.path)
        if element.words and not hidden:
            colour, ground = "#000000", "#ffffff"
            for up in element.path:
                style = dict(up.style)
                for name in (up.tag, *up.classes):
                    style |= (dark or {}).get(name, {})
                colour, ground = style.get("color", colour), style.get("background", ground)
            found.add((colour, ground))
    return found
