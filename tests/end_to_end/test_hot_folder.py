"""Hot folders: programs that wait for files to be moved in hear of every cutout."""

import shutil
import subprocess

import pytest

from support.images.drawn_photos import jpeg, put
from support.processes.daemon_process import Place

#: As people write it: the names of files that were moved in, without the temporary ones that begin with a dot.
_WAITING = ("inotifywait", "-m", "-r", "-e", "moved_to", "--exclude", r"/\.[^/]*$", "--format", "%f")


@pytest.mark.skipif(shutil.which("inotifywait") is None, reason="this machine has no inotifywait")
def test_a_program_that_waits_for_moved_files_hears_of_every_cutout(place: Place) -> None:
    """A new cutout, one made again over the earlier one, and the copy of an earlier one each arrive by a rename."""
    place.output.mkdir(parents=True)
    command = [*_WAITING, str(place.output)]
    with (
        place.start() as daemon,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as waiting,
    ):
        assert waiting.stdout is not None
        assert waiting.stderr is not None
        while "established" not in waiting.stderr.readline():
            assert waiting.poll() is None
        first = jpeg()
        put(place.input / "a.jpg", first)
        daemon.wait_for("published", "a.jpg")
        put(place.input / "a.jpg", jpeg())
        daemon.wait_until(lambda lines: sum(line.action == "published" for line in lines) == 2)
        put(place.input / "copy.jpg", first)
        daemon.wait_for("published", "copy.jpg")
        waiting.terminate()
        assert waiting.stdout.read().splitlines() == ["a.png", "a.png", "copy.png"]
