"""``cutoutd try``: the whole main job with no account and no configuration, from any folder."""

import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import httpx2
import pytest
import yaml
from PIL import Image

from support.clients import http_requests
from support.golden import assert_golden
from support.images.drawn_photos import jpeg, put
from support.images.tiny_model import write_tiny_model
from support.processes.daemon_process import DaemonProcess, command, eventually
from support.processes.fork_client import ENVIRONMENT

_NOBODY = 65534
_LOG_LINE = re.compile(r"\d\d:\d\d:\d\d ")


def test_samples_become_cutouts_and_a_contact_sheet(tmp_path: Path) -> None:
    """Without a folder, GrabCut makes a transparent PNG of every sample, and the sheet shows before and after."""
    ended = command("try", folder=tmp_path)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    home = tmp_path / "cutoutd-try"
    samples = sorted(path for path in (home / "photos").rglob("*") if path.is_file())
    assert samples
    for sample in samples:
        _require_transparent((home / "cutouts" / sample.relative_to(home / "photos")).with_suffix(".png"))
    _require_sheet(home / "contact-sheet.png")
    screen = "\n".join(line for line in ended.stdout.splitlines() if not _LOG_LINE.match(line))
    assert_golden(
        Path(__file__).parent / "golden" / "try.txt", screen, {str(tmp_path): "<folder>", sys.executable: "<python>"}
    )
    with pytest.raises(httpx2.ConnectError):
        http_requests.get(_sandbox_url(home))


def test_trained_model_cuts_out(tmp_path: Path) -> None:
    """With ``--engine model`` and a file, the trial's cutouts are that model's."""
    # Red before green, because the tiny model keeps what is not green: other photos may be all or nothing to it.
    photo = Image.new("RGB", (240, 180), (0, 255, 0))
    photo.paste((230, 0, 20), (60, 40, 180, 140))
    (tmp_path / "photos").mkdir()
    photo.save(tmp_path / "photos" / "cup.jpg", quality=95)
    model = write_tiny_model(tmp_path / "tiny.onnx")
    ended = command("try", "photos", "--engine", "model", "--model", model.name, folder=tmp_path)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    _require_transparent(_home_beside(tmp_path) / "cutouts" / "cup.png")


def test_model_is_not_downloaded_unasked(tmp_path: Path) -> None:
    """Without ``--yes`` and a terminal, size, source and licence are said, and the trial does not begin."""
    put(tmp_path / "photos" / "cup.jpg")
    ended = command("try", "photos", "--engine", "model", "--model", "silueta", folder=tmp_path)
    assert ended.returncode == 2
    assert all(word in ended.stdout for word in ("about 44 MB", "silueta.onnx", "Apache-2.0"))
    assert "Nothing was done. To download it, say --yes." in ended.stderr
    assert command("try", "--model", "silueta", folder=tmp_path).returncode == 2
    assert list(tmp_path.iterdir()) == [tmp_path / "photos"]


def test_own_photos_are_mirrored_and_odd_ones_rejected(tmp_path: Path) -> None:
    """A nested tree with all kinds of names is mirrored, the odd ones out are named, and the photos stay untouched."""
    photos = tmp_path / "Meine Photos"
    good = ("Hüte & Mützen/rot 🎩.jpg", "a.jpeg")
    contents = {path: put(photos / path).read_bytes() for path in good}
    put(photos / "Hüte & Mützen/half.jpg", jpeg()[:500])
    put(photos / "invoice.jpg", b"%PDF-1.7\n" + bytes(2000))
    ended = command("try", str(photos), "--engine", "border", folder=tmp_path)
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "2 published, 2 rejected" in ended.stdout
    assert "rejected invoice.jpg: " in ended.stdout
    assert "rejected Hüte & Mützen/half.jpg: " in ended.stdout
    (again,) = (line.partition(": ")[2] for line in ended.stdout.splitlines() if "--keep-running" in line)
    assert shlex.split(again)[-3:] == ["try", str(photos), "--keep-running"]
    home = _home_beside(tmp_path)
    cutouts = home / "cutouts"
    for path in good:
        _require_transparent((cutouts / path).with_suffix(".png"))
        assert (photos / path).read_bytes() == contents[path]
    _require_sheet(home / "contact-sheet.png")


def test_keep_running_takes_what_is_dropped(tmp_path: Path) -> None:
    """With --keep-running a photo dropped later is published too, until Ctrl-C ends it in order."""
    photos = tmp_path / "photos"
    put(photos / "a.jpg")
    with DaemonProcess("try", str(photos), "--engine", "border", "--keep-running", folder=tmp_path) as trial:
        trial.wait_until(lambda lines: any("Drop more photos" in line.message for line in lines))
        trial.wait_until(lambda lines: any("The page: http://127.0.0.1:" in line.message for line in lines))
        home = _home_beside(tmp_path)
        first_sheet = (home / "contact-sheet.png").read_bytes()
        put(photos / "later/b.jpg")
        eventually((home / "cutouts/later/b.png").exists)
        trial.wait_until(lambda lines: any("later/b.jpg: published" in line.message for line in lines))
        assert trial.stop(signal.SIGINT) == 0
    assert (home / "contact-sheet.png").read_bytes() != first_sheet
    with pytest.raises(httpx2.ConnectError):
        http_requests.get(_sandbox_url(home))


def test_a_second_trial_says_where_everything_is(tmp_path: Path) -> None:
    """Of photos that are done already it says so, and where the cutouts and the reasons are, not a row of zeros."""
    photos = tmp_path / "photos"
    put(photos / "a.jpg")
    put(photos / "half.jpg", jpeg()[:500])
    assert "1 published, 1 rejected" in command("try", str(photos), "--engine", "border", folder=tmp_path).stdout
    ended = command("try", str(photos), "--engine", "border", folder=tmp_path)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    home = _home_beside(tmp_path)
    assert f"done already: 1 published, 1 rejected or failed; see {home / 'cutouts'}" in ended.stdout
    assert "rejected half.jpg: " in ended.stdout
    assert "0 published" not in ended.stdout


def test_a_killed_trial_leaves_no_sandbox_behind(tmp_path: Path) -> None:
    """A kill gives it no chance to end its sandbox, so the sandbox ends by itself."""
    put(tmp_path / "photos/a.jpg")
    with DaemonProcess(
        "try", str(tmp_path / "photos"), "--engine", "border", "--keep-running", folder=tmp_path
    ) as trial:
        trial.wait_until(lambda lines: any("Drop more photos" in line.message for line in lines))
        url = _sandbox_url(_home_beside(tmp_path))
        assert _answers(url)
    eventually(lambda: not _answers(url))


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    """A wrong folder ends it in words."""
    ended = command("try", "no-such-folder", folder=tmp_path)
    assert ended.returncode == 2
    assert "is not a folder" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: another user has to try")
@pytest.mark.parametrize("closed", ["here", "photos", "home"])
def test_a_closed_folder_ends_it_in_words(closed: str) -> None:
    """A folder of another user, as working folder, as photos or as the trial's home, is named with its reason."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        place.chmod(0o755)
        (place / "own" / "cutoutd-try").mkdir(parents=True)
        os.chown(place / "own", _NOBODY, _NOBODY)
        (place / "photos").mkdir(mode=0o700)
        here = place if closed == "here" else place / "own"
        arguments = ["try", str(place / "photos")] if closed == "photos" else ["try"]
        named = {"here": place / "cutoutd-try", "photos": place / "photos", "home": here / "cutoutd-try"}[closed]
        code = f"import os, sys; os.setgroups([]); os.setresgid(*[{_NOBODY}] * 3); os.setresuid(*[{_NOBODY}] * 3)"
        program = f"import cutoutd.cli.demo.demo, cutoutd.cli.trial; {code}; from cutoutd.cli import main; main()"
        ended = subprocess.run(
            [sys.executable, "-c", program, *arguments],
            cwd=here,
            env=ENVIRONMENT,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert ended.returncode in {1, 2}, ended.stdout + ended.stderr
    assert str(named) in ended.stderr
    assert "Permission denied" in ended.stderr or "is not readable" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_file_in_the_way_ends_it_in_words(tmp_path: Path) -> None:
    """A file stands where the trial wants its folder: the sentence names it."""
    (tmp_path / "cutoutd-try").write_text("in the way")
    ended = command("try", folder=tmp_path)
    assert ended.returncode == 1
    assert f"{tmp_path}/cutoutd-try" in ended.stderr
    assert "Traceback" not in ended.stderr


def _home_beside(folder: Path) -> Path:
    """Every folder of photos has a home of its own, so that photos of the same name never share a place."""
    [home] = folder.glob("cutoutd-try-*")
    return home


def _require_transparent(cutout: Path) -> None:
    with Image.open(cutout) as picture:
        assert (picture.format, picture.mode) == ("PNG", "RGBA")
        least, most = picture.getchannel("A").getextrema()
        # Nearly, because a mask that was scaled up need not reach its ends.
        assert least <= 5
        assert most >= 250


def _require_sheet(sheet: Path) -> None:
    with Image.open(sheet) as picture:
        picture.load()
        assert picture.format == "PNG"
        assert min(picture.size) > 100


def _answers(url: str) -> bool:
    try:
        http_requests.get(url)
    except httpx2.TransportError:
        return False
    return True


def _sandbox_url(home: Path) -> str:
    written = yaml.safe_load((home / "config.yaml").read_text(encoding="utf-8"))
    return str(written["uploadcare"]["api_base"])
