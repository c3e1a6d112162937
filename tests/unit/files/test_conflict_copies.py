import unicodedata

import pytest

from cutoutd.files.conflict_copies import is_conflict_copy, is_snapshot_folder


@pytest.mark.parametrize(
    "name",
    [
        "a.sync-conflict-20231015-123456-ABCDEFG.jpg",
        "a.sync-conflict-20231015-123456.jpg",
        "a (conflicted copy 2023-10-15 123456).jpg",
        "a (Anna's conflicted copy 2023-10-15).jpg",
        "a (Anna\u2019s conflicted copy 2023-10-15 (1)).jpg",
        "a (Case Conflict).jpg",
        "a (Unicode Encoding Conflict 1).png",
        "a (In Konflikt stehende Kopie von Anna 2023-10-15).jpg",
        "a (Annas in Konflikt stehende Kopie 2023-10-15).jpg",
        "a (Konfliktkopie 2023-10-15 103045).jpg",
        "a (copie en conflit de Anna 2023-10-15).jpg",
        "a (Copia conflictiva de Anna 2023-10-15).jpg",
        "a (copia in conflitto di Anna 2023-10-15).jpg",
        "a (Cópia em conflito de Anna 2023-10-15).jpg",
        "a (Anna \u306e\u7af6\u5408\u30b3\u30d4\u30fc 2023-10-15).jpg",
        "a_conflict-20231015-123456.jpg",
        "a (case clash from Anna 2023-10-15 123456).jpg",
        "a (SFConflict anna@example.org 2023-10-15-12-34-56).jpg",
        "a.Conflict.jpg",
        "a.Conflict2.jpg",
        "a.conflict1.jpg",
        "a [conflicted].jpg",
        "a (conflicted).jpg",
        "a (DESKTOP-QRI9EIH conflict 2023-04-02).jpg",
        "a (copy: conflict #1 on 2023-10-15).jpg",
        "a_Andy-PC_Jan-03-0901-2013_CaseConflict_1.jpg",
        "a_DiskStation_Oct-15-123456-2023_Conflict.jpg",
        "a-ANNAS-PC-safeBackup-0001.jpg",
    ],
)
def test_the_forms_of_known_programs_are_conflict_copies(name: str) -> None:
    """Syncthing, Dropbox, Nextcloud, ownCloud, Seafile, Resilio, pCloud, Unison, Synology, OneDrive, rclone."""
    assert is_conflict_copy(name)
    assert is_conflict_copy(unicodedata.normalize("NFD", name))


@pytest.mark.parametrize(
    "name",
    [
        "conflict.jpg",
        "Conflict-2023.jpg",
        "The conflict (1992).jpg",
        "Jacket (Conflict Zone).jpg",
        "my conflicted copy.jpg",
        "conflicted copy of a masterpiece.jpg",
        "sync-conflict.jpg",
        "a (1).jpg",
        "a - Copy.jpg",
        "a (copy).jpg",
        "Konflikt.jpg",
        "Gipfel (Konflikt um Kopien).jpg",
        "voyage (pays en conflit).jpg",
        "safeBackup.jpg",
        "safeBackup-0001.jpg",
        "übung.jpg",
        "写真 (1).jpg",
        "a_conflict.jpg",
    ],
)
def test_a_photo_may_be_called_conflict(name: str) -> None:
    """Without the form of a program it is a photo like any other."""
    assert not is_conflict_copy(name)


def test_snapshot_folders_are_known_by_name() -> None:
    """NetApp shows earlier versions of every file in one; other makers' are junk."""
    assert is_snapshot_folder("~snapshot")
    assert not is_snapshot_folder("snapshot")
