"""The objects of a JSON array, one at a time: the array is never in memory as a whole."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, TextIO

_CHUNK = 256 * 1024
LONGEST_OBJECT = 8 * 1024 * 1024
_OPENING = re.compile(r'\s*(?:\[|\{\s*"(?:[^"\\]|\\.)*"\s*:\s*\[)')
_BETWEEN = re.compile(r"[\s,]*")


class JsonFault(ValueError):
    """Why the array cannot be read further."""


class JsonArray:
    """Iterates over an array, or over the one at the start of an object: {"tickets": [...]}.

    Gives each element with the line (from 1) at which it begins. Raises JsonFault.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._text = ""
        self._at = 0
        self.line = 1

    def __iter__(self) -> Iterator[tuple[int, Any]]:
        decoder = json.JSONDecoder()
        self._more()
        opening = _OPENING.match(self._text.lstrip("\ufeff"))
        if opening is None:
            raise JsonFault("it is no array of objects")
        self._pass_to(opening.end() + len(self._text) - len(self._text.lstrip("\ufeff")))
        while True:
            self._pass_to(self._end_of_blanks())
            if self._text[self._at : self._at + 1] == "]":
                return
            found, end = self._element(decoder)
            line = self.line
            self._pass_to(end)
            yield line, found

    def _end_of_blanks(self) -> int:
        while True:
            match = _BETWEEN.match(self._text, self._at)
            assert match is not None
            if match.end() < len(self._text):
                return match.end()
            self._pass_to(match.end())  # however many there are, they are not held
            if not self._more():
                raise JsonFault("it ends before the array does")

    def _element(self, decoder: json.JSONDecoder) -> tuple[Any, int]:
        while True:
            try:
                found, end = decoder.raw_decode(self._text, self._at)
            except RecursionError:
                raise JsonFault("it is nested too deeply") from None
            except ValueError as error:
                if len(self._text) - self._at > LONGEST_OBJECT:
                    raise JsonFault("an object of more than 8 million characters") from None
                if not self._more():
                    raise JsonFault(f"no JSON: {str(error)[:150]}") from None
                continue
            # A number at the end of what was read may go on in what follows.
            if end < len(self._text) or not self._more():
                return found, end

    def _more(self) -> bool:
        """Reads on, at least as much as is held, so that a long object is tried seldom."""
        more = self._file.read(max(_CHUNK, len(self._text) - self._at))
        self._text, self._at = self._text[self._at :] + more, 0
        return bool(more)

    def _pass_to(self, end: int) -> None:
        self.line += self._text.count("\n", self._at, end)
        self._at = end
