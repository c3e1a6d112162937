"""What the sandbox counted and made, held against what the ledger says: the two promises, in numbers.

The sandbox's counters are the witness for requests; its own tables tell what it made of which upload, and when.
"""

import hashlib
import sqlite3
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cutoutd.core.photo import Photo, State, require_value
from cutoutd.files.provenance import hashes_of


@dataclass(frozen=True, slots=True)
class Launched:
    """A removal that the sandbox accepted, and so charged for."""

    target: str
    result: str | None
    at_s: float


@dataclass(frozen=True, slots=True)
class Books:
    """The sandbox's side of the story."""

    uploads: Mapping[str, int]  #: by SHA-256 of what was sent
    executes: Mapping[str, int]  #: as above
    sha256: Mapping[str, str]  #: of every file it ever had, by UUID
    launched: Sequence[Launched]

    def launches_of(self, photo: Photo) -> list[Launched]:
        """The removals of everything that was ever sent for a photo."""
        sent = self.sha256[require_value(photo.upload.source_uuid)]
        return [launch for launch in self.launched if self.sha256[launch.target] == sent]


def read_books(counters: Mapping[str, Any], database: Path) -> Books:
    """Counters as the control route answers them, tables as the running sandbox keeps them."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as tables:
        sha256 = dict(tables.execute("SELECT uuid, sha256 FROM files").fetchall())
        rows = tables.execute("SELECT target, file_id, started FROM removals").fetchall()
    launched = [Launched(target, result, datetime.fromisoformat(at).timestamp()) for target, result, at in rows]
    return Books(counters["uploads_by_sha256"], counters["executes_by_sha256"], sha256, launched)


@dataclass(frozen=True, slots=True)
class Kill:
    """What stood in the ledger when a daemon was killed, and when the next one was started."""

    photos: Sequence[Photo]
    uploads: Mapping[str, int]
    next_start_s: float

    def at(self, photo: Photo) -> Photo | None:
        """The photo as the ledger had it; None when it was not in it yet."""
        return next((before for before in self.photos if before.id == photo.id), None)


def faults_in(photos: Sequence[Photo], output: Path, books: Books, kills: Sequence[Kill]) -> list[str]:
    """Every way in which finished photos break a promise; empty when both hold.

    Published photos are there, byte for byte as the service made them of this very photo's upload; nothing was sent
    again whose UUID was stored, and nothing paid for twice, but where a launch's answer was lost.
    """
    published = [photo for photo in photos if photo.state is State.PUBLISHED]
    if missing := [fault for photo in published for fault in _faults_of_bytes(photo, output)]:
        return missing
    faults = [f"{photo.identity.path} is still {photo.state}" for photo in photos if not photo.state.is_terminal]
    for photo in published:
        if photo.cutout.reused_from is None:
            faults += _faults_of_result(photo, output, books)
            faults += _faults_of_uploads(photo, books, kills)
            faults += _faults_of_launches(photo, books, kills)
    paid = sum(len(books.launches_of(photo)) for photo in published if photo.cutout.reused_from is None)
    if sum(books.executes.values()) > paid:
        faults.append(f"{sum(books.executes.values())} launches were counted, {paid} of them for published photos")
    return faults


def _faults_of_bytes(photo: Photo, output: Path) -> list[str]:
    file = output / require_value(photo.bound.target)
    if not file.is_file():
        return [f"{photo.identity.path} is published, but {photo.bound.target} is not there"]
    is_same = hashlib.sha256(file.read_bytes()).hexdigest() == photo.cutout.sha256
    return [] if is_same else [f"{photo.bound.target} is not what was published"]


def _faults_of_result(photo: Photo, output: Path, books: Books) -> list[str]:
    faults = []
    with (output / require_value(photo.bound.target)).open("rb") as file:
        _, sha256_as_made = hashes_of(file)  # without the text that cutoutd may have put in
    if books.sha256[require_value(photo.launch.result_uuid)] != sha256_as_made:
        faults.append(f"{photo.bound.target} is not the service's result, byte for byte")
    if photo.launch.result_uuid not in {launch.result for launch in books.launches_of(photo)}:
        faults.append(f"{photo.identity.path} got another photo's cutout")
    return faults


def _faults_of_uploads(photo: Photo, books: Books, kills: Sequence[Kill]) -> list[str]:
    sent = books.sha256[require_value(photo.upload.source_uuid)]
    uploads, before = books.uploads[sent] - lost_answers(photo, kills), [(kill, kill.at(photo)) for kill in kills]
    stored = next((kill for kill, then in before if then is not None and then.upload.source_uuid is not None), None)
    if stored is not None and uploads > stored.uploads[sent]:
        return [f"{photo.identity.path} was uploaded again although its UUID was stored"]
    in_flight = sum(then is not None and then.state is State.ACCEPTED for _, then in before)
    return [f"{photo.identity.path} was uploaded {uploads} times"] if uploads > 1 + in_flight else []


def _faults_of_launches(photo: Photo, books: Books, kills: Sequence[Kill]) -> list[str]:
    launches, lost = len(books.launches_of(photo)), lost_answers(photo, kills)
    return [] if 1 <= launches <= 1 + lost else [f"{photo.identity.path} was launched {launches} times, {lost} lost"]


def lost_answers(photo: Photo, kills: Sequence[Kill]) -> int:
    """How many kills came between the intent to launch a photo and the storing of an answer."""
    return sum(then is not None and then.state is State.REMOVAL_INTENDED for then in (kill.at(photo) for kill in kills))


def paid_again(photos: Collection[Photo], books: Books) -> Counter[str]:
    """How many launches too many each photo had."""
    paid = [photo for photo in photos if photo.state is State.PUBLISHED and photo.cutout.reused_from is None]
    return Counter({photo.identity.path: len(books.launches_of(photo)) - 1 for photo in paid})
