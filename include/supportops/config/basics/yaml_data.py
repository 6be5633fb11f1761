"""Plain YAML as data in one pass over its events, without a tree of nodes between them.

A text is plain where it has one document, no anchors, tags or merge keys, only texts as keys that
stand once, and nothing that has to be refused. All others are for `supportops.config.yaml_source`,
which finds what is wrong with them and where.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time
from typing import Any

import yaml

# Below what is refused, so that nothing is refused here.
_MOST_EVENTS = 900_000
_DEEPEST = 30
_TAG = "tag:yaml.org,2002:"
_TEXT = f"{_TAG}str"
# What no store can hold.
UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_OTHERS = frozenset(_TAG + kind for kind in ("null", "bool", "int", "float", "timestamp"))


class NotPlainError(Exception):
    """The text is more than plain YAML, or less than YAML."""


def build(text: str, loader: Any) -> Any:
    """The data of `text` in JSON's types: dates are ISO texts, as values and as keys.

    Equal to the data of its nodes, built and made plain. `loader`: a class of the library's that
    reads safely. Raises NotPlainError where the text is not plain.
    """
    reader = None
    try:
        reader = loader(text)
        return _Builder(reader).document()
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise NotPlainError from error
    finally:
        if reader is not None:
            reader.dispose()


class _Builder:
    """`_found` holds what each unquoted text means: keys and short values come many times."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader
        self._found: dict[str, Any] = {}
        # Two of them may be equal, and then are one key of a mapping.
        self._instants: set[str] = set()

    def document(self) -> Any:
        event = self._loader.get_event
        event()  # the stream's start
        if isinstance(event(), yaml.StreamEndEvent):
            return None
        data = self._value()
        event()  # the document's end
        if not isinstance(event(), yaml.StreamEndEvent):
            raise NotPlainError("a second document")
        return data

    def _value(self) -> Any:
        """The next value. Collections are kept on a stack: a deep file is no deep recursion."""
        root: list[Any] = []
        into: Any = root
        stack: list[Any] = []
        # Of the mapping that is being filled; `names` is None in a list.
        names: set[str] | None = None
        key: Any = None
        has_key = False
        get_event = self._loader.get_event
        for _ in range(_MOST_EVENTS):
            event = get_event()
            kind = type(event)
            if kind is yaml.ScalarEvent:
                value = self._scalar(event)
                if names is not None and not has_key:
                    text = event.value
                    if value != text or text in names or text in self._instants:
                        raise NotPlainError("a key twice, or one that is no text")
                    names.add(text)
                    key, has_key = text, True
                    continue
            elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                into, names, key, has_key = stack.pop()
                if not stack:
                    return root[0]
                continue
            elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
                if event.anchor is not None or event.tag is not None or len(stack) > _DEEPEST:
                    raise NotPlainError("an anchor, a tag or a depth")
                if names is not None and not has_key:
                    raise NotPlainError("a collection as a key")
                value = {} if kind is yaml.MappingStartEvent else []
            else:
                raise NotPlainError("an alias")
            if names is not None:
                into[key], has_key = value, False
            else:
                into.append(value)
            if kind is not yaml.ScalarEvent:
                stack.append((into, names, key, has_key))
                into, names = value, set() if kind is yaml.MappingStartEvent else None
                has_key = False
            elif not stack:
                return root[0]
        raise NotPlainError("too much")

    def _scalar(self, event: yaml.ScalarEvent) -> Any:
        if event.anchor is not None or event.tag is not None:
            raise NotPlainError("an anchor or a tag")
        text = event.value
        if UNSTORABLE.search(text):
            raise NotPlainError("NUL or half a character")
        if not event.implicit[0]:
            return text
        if text in self._found:
            return self._found[text]
        value = self._found[text] = self._meaning(text)
        return value

    def _meaning(self, text: str) -> Any:
        """What an unquoted `text` is: a text, a number, ..."""
        tag = self._loader.resolve(yaml.ScalarNode, text, (True, False))
        if tag == _TEXT:
            return text
        if tag not in _OTHERS:
            raise NotPlainError(tag)
        if tag == f"{_TAG}float" and text.lower().lstrip("+-") in (".inf", ".nan"):
            raise NotPlainError("no number")
        value = self._loader.construct_object(yaml.ScalarNode(tag, text))
        if isinstance(value, datetime):
            self._instants.add(text)
        return value.isoformat() if isinstance(value, date | time) else value
