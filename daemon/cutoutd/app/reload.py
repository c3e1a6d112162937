"""The reload of the configuration while cutoutd runs.

New settings are read and checked first; faults leave the present ones in force. A reload is a stop and a start within
the process: one service after another on the same ledger, with the promises of a stop and a start.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cutoutd.app.check.finding import Level
from cutoutd.app.check.machine import check_machine
from cutoutd.app.startup import require_separate_trees
from cutoutd.config.remove_bg import RemoveBg
from cutoutd.config.settings import FolderSettings, Settings
from cutoutd.config.types.frozen_model import FrozenModel
from cutoutd.control.messages import CommandResult
from cutoutd.core.blocking import local_calls
from cutoutd.core.errors import ConfigurationError, ControlError, CutoutdError
from cutoutd.core.logs import log_event, log_fault

#: Names of settings that are no key of the configuration; the secret key may come from outside the file.
_OTHER_NAMES = {"uploadcare.secret_key": "the secret key"}

#: Keys of objects that outlive a reload: the ledger, and the socket that the command came from.
_RESTART_KEYS = ("state_dir", "control_socket")

#: The keys of a folder that depend on the machine.
_MACHINE_KEYS = ("input", "output", "archive", "on_success")

_NOTHING = "nothing has changed"

_UNDER_SYSTEMD = (
    "a service that systemd started reaches only what its unit opens: cutoutd systemd-dropin prints that for new"
    " folders; after it, systemctl daemon-reload and systemctl restart"
)


@dataclass(frozen=True, slots=True)
class ConfigurationChanges:
    """The differences between two configurations, by the names that users write; never with values."""

    added: tuple[str, ...] = ()  #: names of folders
    removed: tuple[str, ...] = ()  #: names of folders
    changed: tuple[str, ...] = ()  #: key paths, such as folders.shop.remove_bg, or other names

    @property
    def is_empty(self) -> bool:
        """True if both configurations are equal."""
        return not (self.added or self.removed or self.changed)


def differences(old: Settings, new: Settings) -> ConfigurationChanges:
    """Return new, removed and changed parts, in the order of the configuration."""
    before, after = _by_name(old.folders), _by_name(new.folders)
    return ConfigurationChanges(
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


def _by_name(folders: Sequence[FolderSettings]) -> dict[str, FolderSettings]:
    return {folder.name: folder for folder in folders}


def _changed(old: FrozenModel, new: FrozenModel, above: str) -> Iterator[str]:
    for key, name in type(new).attributes_by_key().items():
        before, after = getattr(old, name), getattr(new, name)
        if before == after or name == "folders":
            continue
        if isinstance(before, FrozenModel) and isinstance(after, FrozenModel) and not isinstance(after, RemoveBg):
            yield from _changed(before, after, f"{above}{key}.")
        else:
            yield _OTHER_NAMES.get(f"{above}{key}", f"{above}{key}")


class Reloader:
    """The settings in force, and at most one reload at a time.

    Args:
        settings: the settings of the start.
        reread: reads the configuration again, blocking; None if it did not come from a file.
        prepare: prepares the process for settings, for example hides their secret from the log.
        config_file: the file that ``reread`` reads.
    """

    def __init__(
        self,
        settings: Settings,
        reread: Callable[[], Settings] | None = None,
        prepare: Callable[[Settings], None] = lambda _: None,
        config_file: Path | None = None,
    ) -> None:
        self.config_file = config_file
        self.settings = settings  #: the settings of the next service
        self.reload_requested = asyncio.Event()  #: set when the present service must stop for a new one
        self._before: Settings | None = None  #: the settings in force until the new ones have proved to work
        self._reread = reread
        self._prepare = prepare
        self._outcome: asyncio.Future[CutoutdError | None] | None = None
        self._one_at_a_time = asyncio.Lock()
        self._signalled = asyncio.Event()

    def request_reload(self) -> None:
        """Ask for a reload on behalf of a signal; the log tells the result."""
        self._signalled.set()

    async def run(self) -> None:
        """Reload on request until cancelled."""
        while True:
            await self._signalled.wait()
            self._signalled.clear()
            try:
                result = await self.reload()
            except ControlError as error:
                result = CommandResult(refused=(error.sentence,))
            except Exception as fault:  # noqa: BLE001  because a strange file may cost a reload, but not the daemon
                log_fault(
                    "internal_fault",
                    "a fault in cutoutd itself stopped a reload; the earlier configuration stays in force",
                    fault,
                )
                continue
            for sentence in result.refused:
                log_event(
                    "reload_refused", f"{sentence} (the earlier configuration stays in force)", level=logging.ERROR
                )

    async def reload(self) -> CommandResult:
        """Read the configuration again, and return when it is in force, or with its faults.

        Raises:
            ControlError: there is no file to read.
        """
        if self._reread is None:
            raise ControlError("this cutoutd was not started from a configuration file", advice="Start it again.")
        async with self._one_at_a_time:
            try:
                read = await local_calls.run(self._reread)
            except ConfigurationError as error:
                return CommandResult(refused=error.faults)
            new, restart_notes = _split_restart_keys(self.settings, read)
            found = differences(self.settings, new)
            if found.is_empty:
                sentences = restart_notes or (_NOTHING,)
                log_event("reloaded", "; ".join(sentences))
                return CommandResult(sentences, is_idle=True)
            if faults := await _overlaps(new):
                return CommandResult(refused=faults)
            if faults := await local_calls.run(_out_of_reach, new, found):
                return CommandResult(refused=faults)
            failure = await self._put_into_force(new)
            if failure is not None:
                return CommandResult(refused=(f"{failure.title}: {failure.sentence}. {failure.advice}",))
            done = (*_sentences(found), *restart_notes)
            log_event("reloaded", "; ".join(done))
            return CommandResult(done)

    def next_settings(self) -> Settings:
        """Return the settings of the next service."""
        self.reload_requested.clear()
        self._prepare(self.settings)
        return self.settings

    def confirm(self, settings: Settings) -> None:
        """Note that the service with these settings works."""
        if settings is not self.settings:  # because others are wanted by now, and these are the ones to fall back to
            self._before = settings
            return
        self._before = None
        self._finish(None)

    def fall_back(self, error: CutoutdError) -> bool:
        """Return True if there are earlier settings to go back to, because the service could not start with these."""
        if self._before is None:
            return False
        self.settings, self._before = self._before, None
        self._finish(error)
        return True

    def fail_pending(self) -> None:
        """End a waiting reload with an error, because cutoutd stops."""
        self._finish(ControlError("cutoutd is just stopping", advice="The next start reads the configuration again."))

    async def _put_into_force(self, new: Settings) -> CutoutdError | None:
        # Keep the older settings, because an earlier caller may have left before its settings proved to work.
        self._before, self.settings = self._before or self.settings, new
        self._outcome = asyncio.get_running_loop().create_future()
        self.reload_requested.set()
        return await self._outcome

    def _finish(self, error: CutoutdError | None) -> None:
        if self._outcome is not None and not self._outcome.done():
            self._outcome.set_result(error)


def _split_restart_keys(old: Settings, read: Settings) -> tuple[Settings, tuple[str, ...]]:
    kept = {name: getattr(old, name) for name in _RESTART_KEYS}
    restart_notes = tuple(
        f"{name} has changed, which takes effect at the next start"
        for name, value in kept.items()
        if getattr(read, name) != value
    )
    return read.model_copy(update=kept), restart_notes


async def _overlaps(new: Settings) -> tuple[str, ...]:
    """Return the faults of trees that share a folder, also of a new folder with an old one."""
    try:
        await require_separate_trees(new)
    except ConfigurationError as error:
        return error.faults
    return ()


def _out_of_reach(new: Settings, found: ConfigurationChanges) -> tuple[str, ...]:
    """Return the faults of folders that are new or have moved, because this process may not reach them. Blocking.

    A service manager opens folders for a process at its start, and no reload changes that.
    """
    moved = {key.split(".")[1] for key in found.changed if key.startswith("folders.") and key.endswith(_MACHINE_KEYS)}
    folders = tuple(folder for folder in new.folders if folder.name in moved or folder.name in found.added)
    faults = tuple(_machine_faults(new.model_copy(update={"folders": folders})))
    return (*faults, _UNDER_SYSTEMD) if faults else ()


def _machine_faults(settings: Settings) -> Iterator[str]:
    for finding in check_machine(settings):
        is_place = finding.subject.startswith("folders.") and not finding.subject.endswith("room")
        if finding.level is Level.FAULT and is_place:
            yield f"{finding.subject}: {finding.sentence}. {finding.advice}"


def _sentences(found: ConfigurationChanges) -> tuple[str, ...]:
    sentences = [f'the folder "{name}" is new' for name in found.added]
    sentences += [f'the folder "{name}" is no longer watched' for name in found.removed]
    if found.changed:
        sentences.append(f"changed: {', '.join(found.changed)}")
    return tuple(sentences)
