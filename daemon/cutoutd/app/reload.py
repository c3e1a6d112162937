"""Other settings for a daemon that runs: read anew, looked at, put into force by whoever runs the service, answered.

Whatever is wrong with them, the settings in force stay so. A reload itself is a stop and a start within the process,
one service after another on one ledger: what a stop and a start promise holds for it as well.

What is different between two configurations, by the names that users write; values are never told.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from cutoutd.app.check.finding import Level
from cutoutd.app.check.machine import check_machine
from cutoutd.config.frozen_model import FrozenModel
from cutoutd.config.remove_bg import RemoveBg
from cutoutd.config.settings import FolderSettings, Settings
from cutoutd.control.messages import CommandResult
from cutoutd.core.errors import ConfigurationError, ControlError, CutoutdError
from cutoutd.core.logs import log_event, log_fault

#: What is no key of the configuration, in words: the secret key may come from a file, a credential or the environment.
_UNWRITTEN = {"uploadcare.secret_key": "the secret key"}


@dataclass(frozen=True, slots=True)
class ConfigurationChanges:
    """From one configuration to the next."""

    added: tuple[str, ...] = ()  #: names of folders
    removed: tuple[str, ...] = ()  #: names of folders
    changed: tuple[str, ...] = ()  #: key paths, such as folders.shop.remove_bg, or words

    @property
    def is_empty(self) -> bool:
        """Whether it is the same configuration."""
        return not (self.added or self.removed or self.changed)


def differences(old: Settings, new: Settings) -> ConfigurationChanges:
    """What is new, gone and changed, in the order of the configuration."""
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
            yield _UNWRITTEN.get(f"{above}{key}", f"{above}{key}")


#: What was made at the start and outlives every reload: the ledger, and the socket on which the order came.
_FOR_A_RESTART = ("state_dir", "control_socket")

#: Of a folder, what must be reached; other keys need nothing of the machine.
_PLACES = ("input", "output", "archive", "on_success")


class Reloader:
    """The settings in force, and one wish for others at a time.

    Args:
        settings: those of the start.
        reread: reads the configuration anew, blocking; None, it did not come from a file.
        prepare: does what the whole process needs before it works by settings, such as keeping a secret out of its log.
    """

    def __init__(
        self,
        settings: Settings,
        reread: Callable[[], Settings] | None = None,
        prepare: Callable[[Settings], None] = lambda _: None,
    ) -> None:
        self.settings = settings  #: those that are to be in force
        self.reload_requested = asyncio.Event()  #: whether the service is to make room for one with other settings
        self._before: Settings | None = None  #: those that are in force until the new ones have shown to work
        self._reread = reread
        self._prepare = prepare
        self._outcome: asyncio.Future[CutoutdError | None] | None = None
        self._one_at_a_time = asyncio.Lock()
        self._is_asked_for = asyncio.Event()

    def request_reload(self) -> None:
        """As ``ask``, for a signal, which hears no answer: the log has it."""
        self._is_asked_for.set()

    async def run(self) -> None:
        """Reload when a signal asks for it, until cancelled."""
        while True:
            await self._is_asked_for.wait()
            self._is_asked_for.clear()
            try:
                answer = await self.reload()
            except ControlError as error:
                answer = CommandResult(refused=(error.sentence,))
            except Exception as fault:  # noqa: BLE001  a file nobody thought of costs a reload, not the daemon
                log_fault("internal_fault", "a fault in cutoutd itself stopped a reload", fault)
                continue
            for sentence in answer.refused:
                log_event("reload_refused", sentence, level=logging.ERROR)

    async def reload(self) -> CommandResult:
        """Read the configuration anew and return when it is in force, or with what is wrong with it.

        Raises:
            ControlError: there is no file to read.
        """
        if self._reread is None:
            raise ControlError("this cutoutd was not started from a configuration file", advice="Start it anew.")
        async with self._one_at_a_time:
            try:
                read = await asyncio.to_thread(self._reread)
            except ConfigurationError as error:
                return CommandResult(refused=error.faults)
            new, waiting = _without_what_waits(self.settings, read)
            found = differences(self.settings, new)
            if found.is_empty:
                log_event("reloaded", "; ".join((_NOTHING, *waiting)))
                return CommandResult((_NOTHING, *waiting), is_idle=True)
            if faults := await asyncio.to_thread(_out_of_reach, new, found):
                return CommandResult(refused=faults)
            obstacle = await self._bring_about(new)
            if obstacle is not None:
                return CommandResult(refused=(f"{obstacle.title}: {obstacle.sentence}. {obstacle.advice}",))
            done = (*_in_words(found), *waiting)
            log_event("reloaded", "; ".join(done))
            return CommandResult(done)

    def next_settings(self) -> Settings:
        """The settings that the next service is to work by."""
        self.reload_requested.clear()
        self._prepare(self.settings)
        return self.settings

    def confirm(self, settings: Settings) -> None:
        """The service with these settings is at work."""
        if settings is not self.settings:  # others are wanted by now; these are what to fall back to
            self._before = settings
            return
        self._before = None
        self._answer(None)

    def fall_back(self, error: CutoutdError) -> bool:
        """The service with these settings could not be opened: whether there are others to go back to."""
        if self._before is None:
            return False
        self.settings, self._before = self._before, None
        self._answer(error)
        return True

    def fail_pending(self) -> None:
        """Cutoutd is about to end; who waits for other settings is told so."""
        self._answer(ControlError("cutoutd is just stopping", advice="The next start reads the configuration anew."))

    async def _bring_about(self, new: Settings) -> CutoutdError | None:
        # Whoever asked before may have hung up before it was known whether those settings work.
        self._before, self.settings = self._before or self.settings, new
        self._outcome = asyncio.get_running_loop().create_future()
        self.reload_requested.set()
        return await self._outcome

    def _answer(self, error: CutoutdError | None) -> None:
        if self._outcome is not None and not self._outcome.done():
            self._outcome.set_result(error)


_NOTHING = "nothing has changed"


def _without_what_waits(old: Settings, read: Settings) -> tuple[Settings, tuple[str, ...]]:
    kept = {name: getattr(old, name) for name in _FOR_A_RESTART}
    waiting = tuple(
        f"{name} is another, which counts from the next start on"
        for name, value in kept.items()
        if getattr(read, name) != value
    )
    return read.model_copy(update=kept), waiting


def _out_of_reach(new: Settings, found: ConfigurationChanges) -> tuple[str, ...]:
    """What this process cannot use of the folders that are new or lie elsewhere. Blocking.

    A service manager opens folders for a process when it starts it, and no reload changes that.
    """
    moved = {key.split(".")[1] for key in found.changed if key.startswith("folders.") and key.endswith(_PLACES)}
    folders = tuple(folder for folder in new.folders if folder.name in moved or folder.name in found.added)
    faults = tuple(_faults(new.model_copy(update={"folders": folders})))
    return (*faults, _UNDER_SYSTEMD) if faults else ()


def _faults(settings: Settings) -> Iterator[str]:
    for finding in check_machine(settings):
        is_place = finding.subject.startswith("folders.") and not finding.subject.endswith("room")
        if finding.level is Level.FAULT and is_place:
            yield f"{finding.subject}: {finding.sentence}. {finding.advice}"


_UNDER_SYSTEMD = (
    "a service that systemd started reaches only what its unit opens: cutoutd systemd-dropin prints that for new"
    " folders; after it, systemctl daemon-reload and systemctl restart"
)


def _in_words(found: ConfigurationChanges) -> tuple[str, ...]:
    sentences = [f'the folder "{name}" is new' for name in found.added]
    sentences += [f'the folder "{name}" is no longer watched' for name in found.removed]
    if found.changed:
        sentences.append(f"changed: {', '.join(found.changed)}")
    return tuple(sentences)
