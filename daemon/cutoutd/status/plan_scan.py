"""Looking ahead for ``plan``: the input trees as a scan sees them, each new photo examined as the daemon would.

It only looks: nothing is sent, nothing is written. The ledger is read in many short looks, because one long look would
keep a running daemon from tidying up its write-ahead log. What was seen is added up in ``planning``.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice

from cutoutd.config.choices import OnConflict
from cutoutd.config.settings import CommonSettings, FolderSettings
from cutoutd.core.errors import DiskError, RejectedError, RejectionCode, SupersededError
from cutoutd.core.logs import printable
from cutoutd.core.photo import Identity, Photo, State
from cutoutd.files.input_tree import Sighting, stat_quietly
from cutoutd.files.name_filters import Exclusions
from cutoutd.ledger import LaunchCounts, ReadTransaction, has_ledger, has_text_form, read_ledger
from cutoutd.ledger.queries import plan, selection
from cutoutd.ledger.writes import launches
from cutoutd.ledger.writes.transitions import target_key
from cutoutd.pipeline.budget.budget import rate_known
from cutoutd.pipeline.steps.reuse import is_reusable
from cutoutd.pipeline.steps.validate import Validation, validate_photo
from cutoutd.status.plan import FolderDraft, FolderPlan, Plan, PlannedOutcome, price_plan
from cutoutd.watch.scanner import Scan

_BATCH = 200

#: A photo that is no row of the ledger: no row has this number.
_NO_ID = 0

_FATES = {
    State.PUBLISHED: PlannedOutcome.PUBLISHED,
    State.REJECTED: PlannedOutcome.TROUBLED,
    State.FAILED: PlannedOutcome.TROUBLED,
    State.REMOVAL_INTENDED: PlannedOutcome.UNDER_WAY,
    State.REMOVAL_STARTED: PlannedOutcome.UNDER_WAY,
    State.REMOVAL_FINISHED: PlannedOutcome.UNDER_WAY,
}


class PlanScanner:
    """One look ahead.

    Args:
        settings: the configuration; no secret is needed.
        tell: called after each photo that was looked at.
    """

    def __init__(self, settings: CommonSettings, tell: Callable[[], None]) -> None:
        self._settings = settings
        self._tell = tell
        self._ledger: ReadTransaction | None = None  #: as it is at the present look; None also before the first run
        self._approved: set[int] = set()  #: photos of the present look that a person agreed to pay for
        self._paying: set[tuple[str | None, str | None]] = set()  #: content and parameters that the plan pays for
        self._targets: set[tuple[str, str]] = set()  #: claimed by the plan, where conflicts are not renamed away

    def count(self) -> int:
        """How many candidates there are; a scan of its own, for a progress bar. Blocking."""
        return sum(self._count_in(folder) for folder in self._settings.folders)

    def plan_all(self) -> Plan:
        """What a run would do with what lies in the input trees now. Blocking.

        Raises:
            LedgerError: there is a ledger, and it cannot be read.
        """
        return self._add_up([self._plan_folder(folder) for folder in self._settings.folders])

    def plan_changed(self) -> Plan:
        """What ``reprocess --changed`` would do: published photos whose folder has other parameters by now. Blocking.

        Raises:
            LedgerError: there is a ledger, and it cannot be read.
        """
        return self._add_up([self._plan_changes(folder) for folder in self._settings.folders])

    def _add_up(self, folders: list[FolderPlan]) -> Plan:
        settings = self._settings
        spent: LaunchCounts | None = None
        per_minute = float(settings.rate_limit.launches_per_minute)
        with self._looking():
            if self._ledger is not None:
                spent = launches.launch_counts(self._ledger, time.time())
                per_minute = rate_known(self._ledger, settings.rate_limit.launches_per_minute)
        return Plan(tuple(folders), price_plan(folders, settings.price), settings.limits, spent, per_minute)

    def _count_in(self, folder: FolderSettings) -> int:
        try:
            return sum(1 for _ in _scan(folder))
        except OSError:
            return 0

    def _plan_folder(self, folder: FolderSettings) -> FolderPlan:
        draft, sightings = FolderDraft(folder.name), _scan(folder)
        try:
            while batch := list(islice(sightings, _BATCH)):
                with self._looking():
                    self._note_batch(batch, folder, draft)
        except OSError as error:
            draft.absence = f"{folder.input} cannot be looked at: {error.strerror}"
        return draft.finish()

    def _note_batch(self, batch: list[Sighting], folder: FolderSettings, draft: FolderDraft) -> None:
        identities = [Identity(folder.name, *sighting.version) for sighting in batch if has_text_form(sighting.path)]
        paths = [identity.path for identity in identities]
        rows = {} if self._ledger is None else plan.photos_at(self._ledger, folder.name, paths)
        if self._ledger is not None:
            self._approved = plan.approved_of(self._ledger, [row.id for row in rows.values()])
        for identity in identities:
            self._note(identity, rows.get(identity.version), folder, draft)
            self._tell()

    def _note(self, identity: Identity, row: Photo | None, folder: FolderSettings, draft: FolderDraft) -> None:
        """``row`` is what the ledger knows of this very version."""
        if row is not None and row.state in _FATES:
            draft.note(_FATES[row.state])
        elif row is not None and row.state is not State.DISCOVERED:
            self._note_payable(row, folder, draft)
        else:
            self._note_new(identity, folder, draft)

    def _note_new(self, identity: Identity, folder: FolderSettings, draft: FolderDraft) -> None:
        """A photo that has still to be examined: it is, by the daemon's own judgement."""
        path = printable(identity.path)
        try:
            examination = validate_photo(identity, folder)
            self._require_target(identity, examination, folder)
        except RejectedError as error:
            draft.note_trouble(PlannedOutcome.REJECT, error.code, path=path, sentence=error.sentence)
        except DiskError as error:
            draft.note_trouble(PlannedOutcome.UNREADABLE, "unreadable", path=path, sentence=error.sentence)
        except SupersededError:
            draft.note(PlannedOutcome.CHANGING)
        else:
            found = Photo(_NO_ID, identity, State.DISCOVERED, 0.0)
            self._note_payable(found.with_fact(examination.fact, 0.0), folder, draft)

    def _note_payable(self, photo: Photo, folder: FolderSettings, draft: FolderDraft) -> None:
        """A photo that is accepted, or uploaded: does it pay, or another one of its picture?"""
        key, is_agreed = (photo.picture.sha256, photo.bound.parameters), photo.id in self._approved
        if key in self._paying or (self._ledger is not None and _has_free_cutout(self._ledger, photo)):
            draft.note(PlannedOutcome.REUSE, is_new=not is_agreed)
            return
        self._paying.add(key)
        is_oversize = photo.identity.size_bytes > folder.max_upload_bytes
        fate = PlannedOutcome.LAUNCH if photo.state is State.UPLOADED else PlannedOutcome.SEND
        draft.note(fate, is_oversize=is_oversize, is_new=not is_agreed)

    def _require_target(self, identity: Identity, examination: Validation, folder: FolderSettings) -> None:
        """As the ledger does when it reserves one; with ``rename`` there is always another place."""
        if examination.free_targets and folder.on_conflict is OnConflict.RENAME:
            return
        output, ledger = str(folder.output), self._ledger
        if ledger is not None and plan.has_target(ledger, identity, output):
            return
        for target in examination.free_targets:
            claim = (output, target_key(target))
            if claim not in self._targets and not (ledger and plan.is_claimed(ledger, output, target)):
                self._targets.add(claim)
                return
        raise RejectedError(
            RejectionCode.TARGET_TAKEN, f"another photo or file has the place of its cutout in {output}"
        )

    def _plan_changes(self, folder: FolderSettings) -> FolderPlan:
        draft, parameters = FolderDraft(folder.name), folder.parameters.as_json()
        with self._looking():
            for photo in self._published(folder):
                if photo.bound.parameters != parameters:
                    self._note_change(replace(photo, bound=replace(photo.bound, parameters=parameters)), folder, draft)
                    self._tell()
        return draft.finish()

    def _published(self, folder: FolderSettings) -> Iterator[Photo]:
        if self._ledger is not None:
            for page in selection.pages(selection.newest_photo_ids(self._ledger, {State.PUBLISHED}, folder.name)):
                yield from selection.photos_with_ids(self._ledger, page)

    def _note_change(self, photo: Photo, folder: FolderSettings, draft: FolderDraft) -> None:
        sighting = stat_quietly(folder.input, photo.identity.path)
        if sighting is None or Identity(folder.name, *sighting.version).version != photo.identity.version:
            draft.note(PlannedOutcome.CHANGING)
        else:
            self._note_payable(photo, folder, draft)

    @contextmanager
    def _looking(self) -> Iterator[None]:
        """The ledger is open for a moment, if there is one."""
        if not has_ledger(self._settings.state_dir):
            yield
            return
        with read_ledger(self._settings.state_dir) as self._ledger:
            yield
        self._ledger = None


def _scan(folder: FolderSettings) -> Iterator[Sighting]:
    return Scan(folder.input, Exclusions(folder.exclude), is_recursive=folder.recursive).sightings()


def _has_free_cutout(ledger: ReadTransaction, photo: Photo) -> bool:
    return is_reusable(ledger, photo) or (photo.state is not State.UPLOADED and plan.has_twin_under_way(ledger, photo))
