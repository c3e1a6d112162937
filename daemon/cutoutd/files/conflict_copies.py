"""The names of conflict copies: a second version of a file that a synchronising program puts beside the first.

It is nearly always another version of a photo that is there, so paying for it would be a waste. A photo
may be called "conflict" too. So only the forms that programs write are known here, with their dates and brackets.
"""

import re
import unicodedata

#: Cheap to look for, and part of every form in Latin letters, because a scan judges a million names.
_HINTS = ("onfli", "afeBackup", "clash from")

#: A note in brackets before the extension: Dropbox, Nextcloud, ownCloud, Seafile, Box, pCloud, Unison, Tresorit.
_IN_BRACKETS = (
    r"conflict(?:ed)? copy",
    r"SFConflict ",
    r"(?:case|(?:unicode )?encoding|selective sync|white ?space) conflict",
    r"case clash from ",
    r"conflicted[\])]",
    r"(?:^|[ (\[])conflict (?:on )?\d{4}-\d{2}-\d{2}",
    r"conflict #\d+",
    r"in konflikt stehende kopie|konfliktkopie",
    r"copie en conflit",
    r"copia (?:conflictiva|en conflicto|in conflitto)",
    r"cópia (?:em conflito|conflituosa|conflitante)",
    r"conflicterende kopie|conflictkopie",
    r"конфликт\w* копия|競合コピー|問題のあるコピー|冲突副本|衝突複本|충돌 사본",
)
_FORMS = re.compile(
    rf"[(\[][^()\[\]]*(?:{'|'.join(_IN_BRACKETS)})"
    r"|\.sync-conflict-\d{8}-\d{6}[-.]"  # Syncthing
    r"|_conflict-\d{8}-\d{6}\."  # ownCloud
    r"|\.conflict\d*\."  # Resilio Sync, rclone bisync
    r"|_[a-z]{3}-\d{2}-\d{4,6}-\d{4}_[a-z]*conflict[_.]"  # Synology Drive
    r"|-safebackup-\d{3,4}\.",  # OneDrive
    re.IGNORECASE,
)

#: Folders with earlier versions of all files around them; those of other makers are junk by name.
_SNAPSHOT_FOLDERS = frozenset({"~snapshot"})  # NetApp


def is_conflict_copy(name: str) -> bool:
    """Return True if a file of this name is a conflict copy."""
    if name.isascii() and not any(hint in name for hint in _HINTS):
        return False
    return _FORMS.search(unicodedata.normalize("NFC", name)) is not None


def is_snapshot_folder(name: str) -> bool:
    """Return True if a folder of this name holds earlier versions of the files beside it."""
    return name.casefold() in _SNAPSHOT_FOLDERS
