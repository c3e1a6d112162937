"""The preparation of folders at a start."""

import asyncio
import os
import time
from pathlib import Path

from cutoutd.app.startup import remove_leftovers
from cutoutd.core.atomic_write import TEMPORARY_PREFIX
from support.folders import folder_in, settings_in


def test_a_backup_under_way_in_the_state_folder_stays(tmp_path: Path) -> None:
    """Commands write into the state folder beside a start or reload; their files go when no command can need them."""
    settings = settings_in(tmp_path, "http://127.0.0.1:1/", folder_in(tmp_path))
    settings.state_dir.mkdir()
    now_s = time.time()
    ages_s = {
        settings.state_dir / f"{TEMPORARY_PREFIX}backup.sqlite": 60,
        settings.state_dir / f"{TEMPORARY_PREFIX}left.json": 86_400,
        settings.folders[0].output / f"{TEMPORARY_PREFIX}left.png": 60,
    }
    for file, age_s in ages_s.items():
        file.touch()
        os.utime(file, (now_s - age_s, now_s - age_s))
    asyncio.run(remove_leftovers(settings, now_s))
    assert [file.name for file in ages_s if file.exists()] == [f"{TEMPORARY_PREFIX}backup.sqlite"]
