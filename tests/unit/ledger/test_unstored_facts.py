"""The file of facts that the ledger has not taken: each is read again as it was, and its room is never given up."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cutoutd.core.photo import (
    Fact,
    LaunchRefused,
    LaunchResponseLost,
    Photo,
    Published,
    RemovalFinished,
    RemovalIntended,
    RemovalLocked,
    RemovalStarted,
    ResultFound,
    ResultFromWebhook,
    State,
    Uploaded,
)
from cutoutd.ledger.recovery.unstored_facts import UNSTORED_NAME, UnstoredFact, UnstoredFacts
from support.ledgers import identity, with_columns

PHOTO = with_columns(
    Photo(7, identity("ä \udcff.jpg"), State.REMOVAL_INTENDED, 50.0), sha256="5" * 64, source_uuid="source"
)
STARTED = UnstoredFact.of(PHOTO, RemovalStarted("request"), 60.0)
ROOM_BYTES = 65_536


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[UnstoredFacts]:
    """An open file without facts."""
    facts = UnstoredFacts(tmp_path)
    assert facts.open() == []
    yield facts
    facts.close()


def left_in(folder: Path) -> list[UnstoredFact]:
    """What the next start reads."""
    facts = UnstoredFacts(folder)
    found = facts.open()
    facts.close()
    return found


@pytest.mark.parametrize(
    "fact",
    [
        Uploaded("source", 30, 20, "made smaller", 9),
        LaunchRefused(),
        LaunchResponseLost(1.0, "no answer"),
        RemovalLocked(2.0),
        RemovalStarted("request"),
        RemovalFinished("result"),
        ResultFound("result"),
        ResultFromWebhook("result", "request"),
    ],
    ids=lambda fact: type(fact).__name__,
)
def test_a_kept_fact_is_read_again_as_it_was(kept: UnstoredFacts, tmp_path: Path, fact: Fact) -> None:
    """With its photo and its time, whatever the name of the file; a second word of it adds nothing."""
    unstored = UnstoredFact.of(PHOTO, fact, 60.0)
    assert kept.keep(unstored)
    size_bytes = len(content(tmp_path))
    assert kept.keep(unstored)
    assert len(content(tmp_path)) == size_bytes
    assert left_in(tmp_path) == [unstored]


@pytest.mark.parametrize("fact", [RemovalIntended(), Published("c" * 64, 9, "a.png", None)])
def test_what_is_found_out_again_for_nothing_is_not_kept(kept: UnstoredFacts, tmp_path: Path, fact: Fact) -> None:
    """A download or an intent; it is no trouble either."""
    assert kept.keep(UnstoredFact.of(PHOTO, fact, 60.0))
    assert left_in(tmp_path) == []


def content(folder: Path) -> bytes:
    return (folder / UNSTORED_NAME).read_bytes().rstrip(b"\0")


def test_facts_of_several_photos_stand_line_by_line(kept: UnstoredFacts, tmp_path: Path) -> None:
    """In the order in which they came; the file is emptied when the last one is stored, and used anew."""
    other = replace(STARTED, photo_id=8)
    assert kept.keep(STARTED)
    assert kept.keep(other)
    assert left_in(tmp_path) == [STARTED, other]
    kept.drop(7)
    kept.drop(99)
    assert left_in(tmp_path) == [STARTED, other]
    kept.drop(8)
    assert content(tmp_path) == b""
    kept.drop(8)
    assert kept.keep(STARTED)
    assert left_in(tmp_path) == [STARTED]


def test_the_room_is_taken_in_advance_and_kept(kept: UnstoredFacts, tmp_path: Path) -> None:
    """The full disk may be its own; the file is private, and longer only if there are more facts than room."""
    file = tmp_path / UNSTORED_NAME
    assert (file.stat().st_size, file.stat().st_mode & 0o777) == (ROOM_BYTES, 0o600)
    assert file.stat().st_blocks * 512 >= ROOM_BYTES
    number = 0
    while file.stat().st_size == ROOM_BYTES:
        number += 1
        assert kept.keep(replace(STARTED, photo_id=number))
    assert len(left_in(tmp_path)) == number
    for photo_id in range(1, number + 1):
        kept.drop(photo_id)
    assert left_in(tmp_path) == []
    assert file.stat().st_size > ROOM_BYTES
    assert kept.keep(STARTED)
    assert left_in(tmp_path) == [STARTED]


def test_a_file_is_closed_once(tmp_path: Path) -> None:
    """A second time would close a file of somebody else."""
    facts = UnstoredFacts(tmp_path)
    facts.open()
    facts.close()
    before = {entry.name for entry in Path("/proc/self/fd").iterdir()}
    facts.close()
    assert {entry.name for entry in Path("/proc/self/fd").iterdir()} == before


def test_without_its_file_a_fact_is_kept_in_memory_alone(tmp_path: Path) -> None:
    """It is told, and nothing else is stopped by it: the file is a link, or the folder is gone."""
    (tmp_path / UNSTORED_NAME).symlink_to("nowhere")
    for folder in (tmp_path, tmp_path / "missing"):
        facts = UnstoredFacts(folder)
        assert facts.open() == []
        assert not facts.keep(STARTED)
        facts.drop(STARTED.photo_id)
        facts.clear()
        facts.close()
        facts.close()
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("place", ["before", "between", "behind"])
@pytest.mark.parametrize(
    "line", [b"torn", b"5", b"{}", b"[]", b'{"fact": {"kind": "Published"}}', b'{"fact": {"kind": "LaunchRefused"}}']
)
def test_a_line_that_makes_no_sense_costs_no_other(tmp_path: Path, line: bytes, place: str) -> None:
    """A crash tore it, or another version wrote it."""
    facts = UnstoredFacts(tmp_path)
    facts.open()
    facts.keep(STARTED)
    facts.keep(replace(STARTED, photo_id=8))
    facts.close()
    lines = content(tmp_path).splitlines()
    lines.insert({"before": 0, "between": 1, "behind": 2}[place], line)
    (tmp_path / UNSTORED_NAME).write_bytes(b"\n".join(lines))
    assert left_in(tmp_path) == [STARTED, replace(STARTED, photo_id=8)]


@pytest.mark.parametrize(
    ("columns", "is_about"),
    [
        ({}, True),
        ({"sha256": "6" * 64}, False),
        ({"source_uuid": "later"}, False),
        ({"request_id": "other"}, True),
    ],
)
def test_a_fact_is_about_the_photo_that_it_was_kept_of(columns: dict[str, object], *, is_about: bool) -> None:
    """A restored ledger may have another photo under its number."""
    assert STARTED.is_about(with_columns(PHOTO, **columns)) is is_about
    for other in (
        replace(PHOTO, id=8),
        replace(PHOTO, state=State.REMOVAL_STARTED),
        replace(PHOTO, identity=identity("other.jpg")),
    ):
        assert not STARTED.is_about(with_columns(other, **columns))


@pytest.mark.parametrize(
    ("fact", "columns", "is_stored"),
    [
        (RemovalStarted("request"), {"request_id": "request"}, True),
        (RemovalStarted("request"), {"request_id": "other"}, False),
        (RemovalStarted("request"), {"request_id": "request", "unclear_since_s": 1.0}, False),
        (ResultFound("result"), {"result_uuid": "result"}, True),
        (ResultFound("result"), {"result_uuid": None}, False),
        (Uploaded("source"), {"source_uuid": "source"}, True),
        (Uploaded("source"), {"source_uuid": "other"}, False),
        (LaunchRefused(), {}, True),
    ],
)
def test_a_fact_is_stored_if_its_values_are_there(fact: Fact, columns: dict[str, object], *, is_stored: bool) -> None:
    """At its state, and of its photo; a write that was reported as failed may have reached the disk."""
    unstored = UnstoredFact.of(PHOTO, fact, 60.0)
    row = with_columns(replace(PHOTO, state=fact.state), **columns)
    assert unstored.is_stored_in(row) is is_stored
    assert not unstored.is_stored_in(replace(row, id=8))
    assert not unstored.is_stored_in(replace(row, state=State.FAILED))
