"""The scan for ``plan``: it reads the input trees and validates each new photo, as the daemon would.

It sends nothing and writes nothing. A tree that does not answer is left out, and its folder says so. It reads the
ledger in short transactions, because a long one would keep a running daemon from truncating its WAL.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import islice

from cutoutd.config.settings import CommonSettings, FolderSettings
from cutoutd.config.types.choices import OnConflict
from cutoutd.core.blocking import LOOK_S, WORK_S, calls_to, note_progress
from cutoutd.core.errors import DiskError, RejectedError, RejectionCode, SupersededError, TreeUnavailableError
from cutoutd.core.logs import printable
from cutoutd.core.photo import Identity, Photo, State, Version
from cutoutd.files.input_tree import Sighting, stat_quietly
from cutoutd.files.name_filters import Exclusions
from cutoutd.ledger import LaunchCounts, ReadTransaction, has_ledger, read_ledger
from cutoutd.ledger.queries import duplicates, known_files, selection
from cutoutd.ledger.writes import launches
from cutoutd.ledger.writes.targets import target_key
from cutoutd.pipeline.budget.budget import learned_rate
from cutoutd.pipeline.steps.reuse import is_reusable
from cutoutd.pipeline.steps.validate import Validation, own_cutout, validate_photo
from cutoutd.status.plan import FolderDraft, FolderPlan, Plan, PlannedOutcome, price_plan
from cutoutd.watch.scanner import Scan
from cutoutd.watch.trees.tree_overlap import trees_of

_BATCH = 200

#: The number of a photo that is not in the ledger.
_NO_ID = 0

_OUTCOMES = {
    State.PUBLISHED: PlannedOutcome.PUBLISHED,
    State.REJECTED: PlannedOutcome.TROUBLED,
    State.FAILED: PlannedOutcome.TROUBLED,
    State.DISMISSED: PlannedOutcome.TROUBLED,
    State.REMOVAL_INTENDED: PlannedOutcome.UNDER_WAY,
    State.REMOVAL_STARTED: PlannedOutcome.UNDER_WAY,
    State.REMOVAL_FINISHED: PlannedOutcome.UNDER_WAY,
}


class PlanScanner:
    """Makes a plan.

    Args:
        settings: the configuration; no secret is needed.
        on_photo: called after each photo.
    """

    def __init__(self, settings: CommonSettings, on_photo: Callable[[], None]) -> None:
        self._settings = settings
        self._on_photo = on_photo
        self._present = threading.local()  #: its ``ledger``; of each thread, because one may hang in a tree and go on
        self._approved: set[int] = set()  #: approved photos of the present batch
        self._paying: set[tuple[str | None, str | None, int]] = set()  #: pictures and parameters that the plan pays for
        #: Targets that the plan has claimed; only for folders without ``rename``.
        self._targets: set[tuple[str, str]] = set()

    @property
    def _ledger(self) -> ReadTransaction | None:
        """The open transaction; None also before the first run."""
        return getattr(self._present, "ledger", None)

    def count(self) -> int:
        """Return the number of candidates, by a scan of its own, for a progress bar. Blocking."""
        return sum(self._count_in(folder) for folder in self._settings.folders)

    def plan_all(self) -> Plan:
        """Return the plan for the files that are in the input trees now. Blocking.

        Raises:
            LedgerError: the ledger exists and cannot be read.
        """
        return self._build_plan([_planned(folder, self._plan_folder) for folder in self._settings.folders])

    def plan_changed(self) -> Plan:
        """Return the plan of ``reprocess --changed``: published photos made with other parameters. Blocking.

        Raises:
            LedgerError: the ledger exists and cannot be read.
        """
        return self._build_plan([_planned(folder, self._plan_changes) for folder in self._settings.folders])

    def _build_plan(self, folders: list[FolderPlan]) -> Plan:
        settings = self._settings
        spent: LaunchCounts | None = None
        per_minute = float(settings.rate_limit.launches_per_minute)
        with self._reading():
            if self._ledger is not None:
                spent = launches.launch_counts(self._ledger, time.time())
                per_minute = learned_rate(self._ledger, settings.rate_limit.launches_per_minute)
        return Plan(tuple(folders), price_plan(folders, settings.price), settings.limits, spent, per_minute)

    def _count_in(self, folder: FolderSettings) -> int:
        def number() -> int:
            return sum(1 for _ in _noting_progress(_scan(folder).sightings()))

        try:
            return calls_to(folder.input).wait(LOOK_S, number)
        except (OSError, TreeUnavailableError):
            return 0

    def _plan_folder(self, folder: FolderSettings, draft: FolderDraft) -> None:
        scan = _scan(folder)
        sightings = _noting_progress(scan.sightings())
        try:
            while batch := list(islice(sightings, _BATCH)):
                with self._reading():
                    self._note_batch(batch, folder, draft)
        except OSError as error:
            draft.absence = f"{folder.input} cannot be read: {error.strerror}"
        draft.passed_over = scan.passed_over.of(folder.name)

    def _note_batch(self, batch: list[Sighting], folder: FolderSettings, draft: FolderDraft) -> None:
        identities = [Identity(folder.name, *sighting.version, str(folder.input)) for sighting in batch]
        paths = [identity.path for identity in identities]
        rows = {} if self._ledger is None else known_files.photos_at(self._ledger, folder.name, paths)
        if self._ledger is not None:
            self._approved = known_files.approved_of(self._ledger, [row.id for row in rows.values()])
        for identity in identities:
            note_progress()
            self._note(identity, rows, folder, draft)
            self._on_photo()

    def _note(
        self, identity: Identity, rows: Mapping[Version, Photo], folder: FolderSettings, draft: FolderDraft
    ) -> None:
        """Note a photo; ``rows`` are the ledger's photos of some paths, the oldest first."""
        row = rows.get(identity.version)
        if row is not None and row.state in _OUTCOMES:
            draft.note(_OUTCOMES[row.state])
        elif row is not None and row.state is not State.DISCOVERED:
            self._note_payable(row, folder, draft)
        else:
            versions = [each for each in rows.values() if each.identity.path == identity.path]
            self._note_new(identity, versions[-1] if versions else None, folder, draft)

    def _note_new(self, identity: Identity, last: Photo | None, folder: FolderSettings, draft: FolderDraft) -> None:
        """Note a photo after the daemon's own validation; ``last`` is the last version of its path."""
        path = printable(identity.path)
        try:
            validation = validate_photo(identity, folder)
            if validation.is_png and self._ledger and duplicates.is_cutout(self._ledger, validation.fact.sha256):
                raise own_cutout()
            self._require_target(identity, validation, folder)
        except RejectedError as error:
            draft.note_obstacle(PlannedOutcome.REJECT, error.code, path=path, sentence=error.sentence)
        except DiskError as error:
            draft.note_obstacle(PlannedOutcome.UNREADABLE, "unreadable", path=path, sentence=error.sentence)
        except SupersededError:
            draft.note(PlannedOutcome.CHANGING)
        else:
            found = Photo(_NO_ID, identity, State.DISCOVERED, 0.0)
            found = found.with_fact(validation.fact, 0.0)
            if validation.is_cutout_placed or (self._ledger and duplicates.published_version(self._ledger, found)):
                draft.note(PlannedOutcome.PUBLISHED)
            elif last is not None and last.state in _OUTCOMES and last.picture.sha256 == found.picture.sha256:
                draft.note(_OUTCOMES[last.state])  # only its times or its inode are new
            else:
                self._note_payable(found, folder, draft)

    def _note_payable(self, photo: Photo, folder: FolderSettings, draft: FolderDraft) -> None:
        """Note an accepted or uploaded photo: it pays, or it reuses the cutout of another photo."""
        key = (photo.picture.identity, photo.bound.parameters, photo.bound.sent_within)
        is_approved = photo.id in self._approved
        if key in self._paying or (self._ledger is not None and _has_free_cutout(self._ledger, photo)):
            draft.note(PlannedOutcome.REUSE, is_new=not is_approved)
            return
        self._paying.add(key)
        is_oversize = photo.identity.size_bytes > folder.max_upload_bytes
        outcome = PlannedOutcome.LAUNCH if photo.state is State.UPLOADED else PlannedOutcome.SEND
        draft.note(outcome, is_oversize=is_oversize, is_new=not is_approved)

    def _require_target(self, identity: Identity, validation: Validation, folder: FolderSettings) -> None:
        """Raise if the photo has no free target, like the ledger does. With ``rename`` there always is one."""
        if validation.free_targets and folder.on_conflict is OnConflict.RENAME:
            return
        output, ledger = str(folder.output), self._ledger
        if ledger is not None and known_files.has_target(ledger, identity, output):
            return
        for target in validation.free_targets:
            claim = (output, target_key(target))
            if claim not in self._targets and not (ledger and known_files.is_claimed(ledger, output, target)):
                self._targets.add(claim)
                return
        raise RejectedError(RejectionCode.TARGET_TAKEN, f"another photo or file has the name of its cutout in {output}")

    def _plan_changes(self, folder: FolderSettings, draft: FolderDraft) -> None:
        parameters = folder.parameters.as_json()
        with self._reading():
            for photo in self._published(folder):
                if photo.bound.parameters != parameters:
                    cutout = replace(photo.cutout, previous_parameters=photo.bound.parameters)
                    changed = replace(photo, bound=replace(photo.bound, parameters=parameters), cutout=cutout)
                    note_progress()
                    self._note_change(changed, folder, draft)
                    self._on_photo()

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
    def _reading(self) -> Iterator[None]:
        """Open the ledger, if there is one, while the block runs."""
        if not has_ledger(self._settings.state_dir):
            yield
            return
        with read_ledger(self._settings.state_dir) as self._present.ledger:
            yield
        self._present.ledger = None


def _planned(folder: FolderSettings, plan: Callable[[FolderSettings, FolderDraft], None]) -> FolderPlan:
    """Plan a folder within time limits: each photo may take as long as a file of a slow share. Blocking."""
    draft = FolderDraft(folder.name)
    try:
        for tree in trees_of(folder):  # first, so that the sentence names the tree
            calls_to(tree.root).wait(LOOK_S, partial(os.path.isdir, tree.root))
        calls_to(folder.input).wait(WORK_S, partial(plan, folder, draft))
    except TreeUnavailableError as error:
        draft.absence = error.sentence
    return draft.finish()


def _noting_progress(sightings: Iterator[Sighting]) -> Iterator[Sighting]:
    for sighting in sightings:
        note_progress()
        yield sighting


def _scan(folder: FolderSettings) -> Scan:
    return Scan(folder.input, Exclusions.of(folder), is_recursive=folder.recursive)


def _has_free_cutout(ledger: ReadTransaction, photo: Photo) -> bool:
    if duplicates.published_version(ledger, photo) is not None or is_reusable(ledger, photo):
        return True
    return photo.state is not State.UPLOADED and known_files.has_duplicate_at_uploadcare(ledger, photo)
