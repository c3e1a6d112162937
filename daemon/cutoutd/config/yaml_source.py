"""The values of one YAML file as written, each with its place, and the faults of the file.

Every scalar stays the text of the file. YAML would read ``bg_color: 000000`` as 0 and ``name: 007`` as 7, while the
model knows the type of each key. Only a plain ``null`` or ``~`` is None. A key with nothing after it holds an empty
text, because ``bg_color: #fff`` is one: YAML sees a comment, and it must not pass for "left out".

Aliases, anchors and tags are refused, so that a few lines cannot expand into gigabytes. Size and depth are limited.
"""

import codecs
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NoReturn, Protocol

import yaml

from cutoutd.core.errors import ConfigurationError

#: The keys and list indexes that lead to a value, outermost first.
KeyPath = tuple[str | int, ...]

#: A YAML value: the text as written in the file, a list, a section, or None for an explicit null.
Value = str | list["Value"] | dict[str, "Value"] | None

#: Two thousand folders fit; PyYAML reads this much in about a second.
MAX_FILE_BYTES = 262_144
#: The deepest known key lies five levels deep.
MAX_DEPTH = 12

_NULLS = frozenset({"~", "null", "Null", "NULL"})
_QUOTES = 'a text that starts with *, &, !, { or [ needs quotes, e.g. "*.bak" or "{stem}.png"'
#: Advice for PyYAML's messages, by a part of the message.
_HINTS = {
    "\\t": "indent with spaces, not tabs",
    "alias": _QUOTES,
    "anchor": _QUOTES,
    "but found '<scalar>'": _QUOTES,
    "mapping values are not allowed": "a text with a colon needs quotes",
}

_PLAIN_KEY = re.compile(r"[\w-]+")
_SHOWN_CHARACTERS = 60


@dataclass(frozen=True, slots=True, order=True)
class SourcePosition:
    """A line and a column of the file, both counted from one."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class ConfigFault:
    """One fault, with its place; without a place, it concerns the environment or the whole file."""

    source: str  #: the file as the user named it, or "environment"
    place: SourcePosition | None
    key: str  #: in the form of ``written_key``; empty for the whole file
    sentence: str

    def __str__(self) -> str:
        """Return the fault as one line: ``config.yaml:12:5: folders[0].recursiv: unknown key; ...``."""
        where = f"{self.source}:{self.place.line}:{self.place.column}" if self.place else self.source
        return ": ".join(part for part in (where, self.key, self.sentence) if part)


def written_key(path: KeyPath) -> str:
    """Return a key path in readable form: ``folders[1].remove_bg.crop_margin``."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            name = step if _PLAIN_KEY.fullmatch(step) else quoted(step)
            text += f".{name}" if text else name
    return text


def quoted(text: str) -> str:
    """Return a text from the file in quotes, on one line, shortened, and safe for every terminal."""
    shown = text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "..."
    return json.dumps(shown, ensure_ascii=not shown.isprintable())


@dataclass(frozen=True, slots=True)
class Source:
    """The values of one configuration file, their places, and the faults of its syntax."""

    file: str
    values: dict[str, Value] = field(default_factory=dict)
    keys: dict[KeyPath, SourcePosition] = field(default_factory=dict)
    contents: dict[KeyPath, SourcePosition] = field(default_factory=dict)
    variables: dict[KeyPath, str] = field(default_factory=dict)  #: values that an environment variable gave
    unread: set[KeyPath] = field(default_factory=set)  #: values that have a fault already, and need no other
    faults: list[ConfigFault] = field(default_factory=list)

    def fault_at(self, path: KeyPath, sentence: str) -> ConfigFault:
        """Return a fault at a value, or at the innermost section around a missing one."""
        if path in self.variables:
            return ConfigFault("environment", None, self.variables[path], sentence)
        return ConfigFault(self.file, _innermost(self.contents, path), written_key(path), sentence)

    def fault_at_key(self, path: KeyPath, sentence: str) -> ConfigFault:
        """Return a fault at the key itself."""
        return ConfigFault(self.file, _innermost(self.keys, path), written_key(path), sentence)

    def is_unread(self, path: KeyPath) -> bool:
        """Return True if the value, or a section around it, was left out because of a fault."""
        return any(path[:length] in self.unread for length in range(len(path) + 1))


def _innermost(places: Mapping[KeyPath, SourcePosition], path: KeyPath) -> SourcePosition:
    known = (places[path[:length]] for length in range(len(path), -1, -1) if path[:length] in places)
    return next(known, SourcePosition(1, 1))


def read_source(file: Path) -> Source:
    """Read a YAML file.

    Faults that leave the rest readable, such as a key written twice, are kept in the source.

    Raises:
        ConfigurationError: the file cannot be read, is not UTF-8, is not YAML, is too large, or is nested too deep.
    """
    text = _text_of(file)
    reader = _Reader(Source(str(file)), yaml.parse(text, Loader=yaml.SafeLoader))
    try:
        return reader.read()
    except yaml.MarkedYAMLError as error:
        _refuse(file, _place(error.problem_mark), f"is not valid YAML: {error.problem}{_hint(error)}")
    except yaml.reader.ReaderError as error:
        place = _place_after(text[: error.position])
        _refuse(file, place, f"is not valid YAML: a control character (#x{error.character:x})")


def _hint(error: yaml.MarkedYAMLError) -> str:
    words = f"{error.context} {error.problem}"
    return next((f"; {hint}" for sign, hint in _HINTS.items() if sign in words), "")


def _text_of(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            content = stream.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        _refuse(file, None, f"cannot be read: {error.strerror}")
    if len(content) > MAX_FILE_BYTES:
        _refuse(file, None, f"is larger than {MAX_FILE_BYTES // 1024} KiB, which no configuration needs")
    content = content.removeprefix(codecs.BOM_UTF8)
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        before = content[: error.start].decode()
        _refuse(file, _place_after(before), "is not UTF-8 from here on; save the file as UTF-8")


def _refuse(file: Path, place: SourcePosition | None, sentence: str) -> NoReturn:
    raise ConfigurationError((str(ConfigFault(str(file), place, "", sentence)),))


class _Mark(Protocol):
    """The type of PyYAML's places, which are counted from zero."""

    line: int
    column: int


def _place(mark: _Mark | None) -> SourcePosition:
    return SourcePosition(mark.line + 1, mark.column + 1) if mark else SourcePosition(1, 1)


def _place_after(text: str) -> SourcePosition:
    return SourcePosition(text.count("\n") + 1, len(text) - (text.rfind("\n") + 1) + 1)


class _Reader:
    """The reader that turns YAML events into a source.

    PyYAML's own composer recurses without a limit, and loses duplicate keys.
    """

    def __init__(self, source: Source, events: Iterator[yaml.Event]) -> None:
        self._source = source
        self._events = events

    def read(self) -> Source:
        values: Value = None
        documents = 0
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
            elif not isinstance(event, yaml.StreamStartEvent | yaml.StreamEndEvent | yaml.DocumentEndEvent):
                if documents > 1:
                    self._stop(event, 'holds a second document; take out the line "---"')
                values = self._value(event, ())
                if values and not isinstance(values, dict):
                    self._stop(event, "must hold keys and values, such as folders: and uploadcare:")
        return replace(self._source, values=values) if isinstance(values, dict) else self._source

    def _value(self, event: yaml.Event, path: KeyPath) -> Value:
        if len(path) > MAX_DEPTH:
            self._stop(event, f"is nested more than {MAX_DEPTH} deep")
        place = _place(event.start_mark)
        self._source.contents[path] = place
        self._source.keys.setdefault(path, place)
        if isinstance(event, yaml.NodeEvent) and event.anchor is not None:
            self._fault_unread(path, f"anchors and aliases (& and *) are not read; {_QUOTES}")
        if isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent) and event.tag is not None:
            self._fault_unread(path, "tags (!) are not read; put the value in quotes instead")
        if isinstance(event, yaml.SequenceStartEvent):
            return self._list(path)
        if isinstance(event, yaml.MappingStartEvent):
            return self._section(path)
        return self._scalar(event, path)

    def _scalar(self, event: yaml.Event, path: KeyPath) -> Value:
        if not isinstance(event, yaml.ScalarEvent) or (event.style is None and event.value in _NULLS):
            return None
        text: str = event.value
        if any("\ud800" <= character <= "\udfff" for character in text):
            self._fault_unread(path, "holds half a character (a lone surrogate), which no file system takes")
            return None
        return text

    def _list(self, path: KeyPath) -> Value:
        items: list[Value] = []
        for event in self._events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            items.append(self._value(event, (*path, len(items))))
        return items

    def _section(self, path: KeyPath) -> Value:
        section: dict[str, Value] = {}
        for event in self._events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            if not isinstance(event, yaml.ScalarEvent):
                self._stop(event, "must be a plain key, not a list, a section or an alias")
            key: str = event.value
            if self._is_new(event, (*path, key)):
                section[key] = self._value(next(self._events), (*path, key))
            else:
                # Read past the second value into another source, else its places would mix with the first one's.
                _Reader(Source(self._source.file), self._events)._value(next(self._events), (*path, key))  # noqa: SLF001  its own class
        return section

    def _is_new(self, event: yaml.ScalarEvent, path: KeyPath) -> bool:
        """Store the place of a key, and return True unless it was written before; the first value stays."""
        place = _place(event.start_mark)
        first = self._source.keys.setdefault(path, place)
        if first is place:
            return True
        sentence = f"is written twice; the first is in line {first.line}"
        self._source.faults.append(ConfigFault(self._source.file, place, written_key(path), sentence))
        return False

    def _fault_unread(self, path: KeyPath, sentence: str) -> None:
        self._source.unread.add(path)
        self._source.faults.append(self._source.fault_at(path, sentence))

    def _stop(self, event: yaml.Event, sentence: str) -> NoReturn:
        fault = ConfigFault(self._source.file, _place(event.start_mark), "", sentence)
        raise ConfigurationError(tuple(str(each) for each in (*self._source.faults, fault)))
