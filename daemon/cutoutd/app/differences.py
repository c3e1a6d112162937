"""What is different between two configurations, by the names that users write; values are never told."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cutoutd.config.frozen_model import Frozen
from cutoutd.config.remove_bg import RemoveBg
from cutoutd.config.settings import Folder, Settings

#: What is no key of the configuration, in words: the secret key may come from a file, a credential or the environment.
_UNWRITTEN = {"uploadcare.secret_key": "the secret key"}


@dataclass(frozen=True, slots=True)
class Differences:
    """From one configuration to the next."""

    added: tuple[str, ...] = ()  #: names of folders
    removed: tuple[str, ...] = ()  #: names of folders
    changed: tuple[str, ...] = ()  #: key paths, such as folders.shop.remove_bg, or words

    @property
    def are_none(self) -> bool:
        """Whether it is the same configuration."""
        return not (self.added or self.removed or self.changed)


def differences(old: Settings, new: Settings) -> Differences:
    """What is new, gone and changed, in the order of the configuration."""
    before, after = _by_name(old.folders), _by_name(new.folders)
    return Differences(
        added=tuple(name for name in after if name not in before),
        removed=tuple(name for name in before if name not in after),
        changed=(
            *_changed(old, new, ""),
            *(
                key
                for name, folder in after.items()
                if name in before
                for key in _changed(before[name], folder, f"folders.{name}.")
            ),
        ),
    )


def _by_name(folders: Sequence[Folder]) -> dict[str, Folder]:
    return {folder.name: folder for folder in folders}


def _changed(old: Frozen, new: Frozen, above: str) -> Iterator[str]:
    for key, name in type(new).written_keys().items():
        before, after = getattr(old, name), getattr(new, name)
        if before == after or name == "folders":
            continue
        if isinstance(before, Frozen) and isinstance(after, Frozen) and not isinstance(after, RemoveBg):
            yield from _changed(before, after, f"{above}{key}.")
        else:
            yield _UNWRITTEN.get(f"{above}{key}", f"{above}{key}")
