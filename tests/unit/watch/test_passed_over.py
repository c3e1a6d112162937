import errno
import logging
import os
from pathlib import Path

import pytest

from cutoutd.watch.passed_over.notes import MAX_NOTED, PassedOverNotes
from cutoutd.watch.passed_over.passed_over import PassedOverReason
from cutoutd.watch.passed_over.record import PassedOverRecord

UNREADABLE = PassedOverReason.UNREADABLE
DENIED = PermissionError(errno.EACCES, "Permission denied")


def notes_of(*closed: str) -> PassedOverNotes:
    notes = PassedOverNotes()
    for path in closed:
        notes.add_error(path, DENIED)
    return notes


@pytest.fixture
def record(tmp_path: Path) -> PassedOverRecord:
    return PassedOverRecord("shop", tmp_path)


def test_the_log_names_what_is_new_and_what_has_ended(
    record: PassedOverRecord, caplog: pytest.LogCaptureFixture
) -> None:
    """Each path once, however often it is met; the end once."""
    caplog.set_level(logging.INFO)
    for closed in (("a", "b"), ("b", "a"), ("a", "b", "c"), ("c",), (), ()):
        record.update(notes_of(*closed))
    words = "cannot be read (Permission denied); photos there may be missed"
    advice = "Let cutoutd's user read it, or list it in exclude."
    assert caplog.messages == [
        f"shop/a, shop/b: {words}. {advice}",
        f"shop/c: {words}. {advice}",
        'nothing in "shop" is passed over any more as unreadable',
    ]


def test_what_is_just_gone_is_not_passed_over() -> None:
    """Files and folders come and go during a scan; the next look tells what is there."""
    notes = PassedOverNotes()
    for number in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
        notes.add_error("a", OSError(number, os.strerror(number)))
    assert notes.is_empty
    notes.add_error("b", OSError(errno.ENAMETOOLONG, "File name too long"))
    notes.add_error("c", OSError(errno.EIO, "Input/output error"))
    assert list(notes) == [("path_too_long", "b", ""), ("unreadable", "c", "Input/output error")]


def test_a_look_at_a_part_changes_only_that_part(record: PassedOverRecord) -> None:
    """What lies elsewhere stays as it was."""
    record.update(notes_of("a", "a/b", "ab", "c"))
    record.update_below("a", notes_of("a/d"))
    record.update_files({"c"}, PassedOverNotes())
    assert [(item.count, item.paths) for item in record.present] == [(2, ("ab", "a/d"))]


def test_many_are_counted_and_told_again_only_when_they_grow(
    record: PassedOverRecord, caplog: pytest.LogCaptureFixture
) -> None:
    """Memory holds the first hundred; the order of a file system's listing makes no news."""
    paths = [f"{number}" for number in range(3 * MAX_NOTED)]
    for seen in (paths, paths[::-1], [*paths, "new"]):
        record.update(notes_of(*seen))
    (item,) = record.present
    assert (item.count, len(item.paths)) == (3 * MAX_NOTED + 1, 20)
    assert item.names == "shop/0, shop/1, shop/2 and 298 more"
    assert len(caplog.messages) == 2


def test_what_can_be_read_again_is_looked_at(record: PassedOverRecord, tmp_path: Path) -> None:
    """A folder itself; for a file, or what is gone, the folder around it."""
    (tmp_path / "mended").mkdir()
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/a.jpg").touch()
    record.update(notes_of("mended", "sub/a.jpg", "sub/gone"))
    assert record.mended_folders() == {"mended", "sub"}


def test_a_setting_that_was_typed_is_no_news(record: PassedOverRecord, caplog: pytest.LogCaptureFixture) -> None:
    """``recursive: false`` leaves subfolders out on purpose; ``status``, ``plan`` and ``check`` name them."""
    notes = PassedOverNotes()
    notes.add(PassedOverReason.SUBFOLDER, "sub")
    record.update(notes)
    record.update(PassedOverNotes())
    assert caplog.messages == []
