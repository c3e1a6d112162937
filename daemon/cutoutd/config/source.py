"""The values of one configuration file as written, each with its place, so that every fault can point at its cause."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cutoutd.config.fault import Fault, KeyPath, Place, written_key

#: What a YAML value is here: the text as it stands in the file, a list, a section, or None for an explicit null.
Value = str | list["Value"] | dict[str, "Value"] | None


@dataclass(frozen=True, slots=True)
class Source:
    """The values of one configuration file, where each was written, and the faults of the writing itself."""

    file: str
    values: dict[str, Value] = field(default_factory=dict)
    keys: dict[KeyPath, Place] = field(default_factory=dict)
    contents: dict[KeyPath, Place] = field(default_factory=dict)
    variables: dict[KeyPath, str] = field(default_factory=dict)  #: values that an environment variable gave
    unread: set[KeyPath] = field(default_factory=set)  #: values already faulted, of which nothing more can be said
    faults: list[Fault] = field(default_factory=list)

    def fault_at(self, path: KeyPath, sentence: str) -> Fault:
        """A fault of a value, at the value; of one that is not there, at the innermost thing around it."""
        if path in self.variables:
            return Fault("environment", None, self.variables[path], sentence)
        return Fault(self.file, _innermost(self.contents, path), written_key(path), sentence)

    def fault_at_key(self, path: KeyPath, sentence: str) -> Fault:
        """A fault of a key itself, at the key."""
        return Fault(self.file, _innermost(self.keys, path), written_key(path), sentence)

    def is_unread(self, path: KeyPath) -> bool:
        """Whether the value, or something around it, was faulted and left out while reading."""
        return any(path[:length] in self.unread for length in range(len(path) + 1))


def _innermost(places: Mapping[KeyPath, Place], path: KeyPath) -> Place:
    known = (places[path[:length]] for length in range(len(path), -1, -1) if path[:length] in places)
    return next(known, Place(1, 1))
