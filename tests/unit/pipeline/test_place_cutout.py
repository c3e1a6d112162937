"""Publishing: a verified cutout at its mirrored path, and never over anybody else's file."""

import asyncio
import errno
import os
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from cutoutd.core import atomic_write, set_aside
from cutoutd.core.atomic_write import TEMPORARY_PREFIX
from cutoutd.core.errors import DiskError, FolderBlockedError, ResultDamagedError, UnreachableError
from cutoutd.core.photo import Doubt, Photo, Published, RemovalFinished, State
from cutoutd.files.output_tree import sweep_temporary_files
from cutoutd.pipeline.steps.place_cutout import publish_cutout
from support.images.coloured_photos import CICP_P3, srgb_profile, with_chunks
from support.images.photographs import chunk, drawn, encoded, png, png_of
from support.ledgers import ACCEPTED, identity

CUTOUT = png(mode="RGBA")


def with_alpha(alpha: int) -> bytes:
    """A cutout with this alpha everywhere."""
    picture = drawn(mode="RGBA")
    picture.putalpha(alpha)
    return encoded(picture, "PNG")


OTHER_CUTOUT = png(mode="RGBA", compress_level=0)


def photo_for(output: Path, path: str = "a.jpg", **others: object) -> Photo:
    """A photo whose removal is finished."""
    target = f"{path.rpartition('.')[0]}.png"
    fact = replace(ACCEPTED, output=str(output), target=target, **others)
    accepted = Photo(1, identity(path), State.DISCOVERED, 0.0).with_fact(fact, 1.0)
    return replace(accepted, state=State.REMOVAL_STARTED).with_fact(RemovalFinished("result"), 2.0)


def published(photo: Photo, *pieces: bytes, own: Sequence[str] = ()) -> Published:
    """Publish what arrives in these pieces."""

    async def fetch(sink: Callable[[bytes], Awaitable[None]]) -> None:
        for piece in pieces:
            await sink(piece)

    return asyncio.run(publish_cutout(photo, fetch, frozenset(own)))


def files_below(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.mark.parametrize("path", ["a.jpg", "sub/deep er/ä ö.jpg", "🦊/\udcff.jpeg"])
def test_a_cutout_lies_at_the_mirrored_path(tmp_path: Path, path: str) -> None:
    """The target's folders are made, its name is kept byte by byte, and the fact says what is there."""
    photo = photo_for(tmp_path, path)
    fact = published(photo, CUTOUT[:7], CUTOUT[7:])
    assert files_below(tmp_path) == {photo.bound.target: CUTOUT}
    assert (fact.target, fact.cutout_bytes, fact.note) == (photo.bound.target, len(CUTOUT), None)


def test_a_large_cutout_arrives_whole(tmp_path: Path) -> None:
    """Pieces are written in order, whatever their size, beyond what is held in memory at once."""
    noise = png((900, 700), mode="RGBA", compress_level=0)
    assert len(noise) > 2 << 20
    published(
        photo_for(tmp_path, width=900, height=700), *(noise[at : at + 70_001] for at in range(0, len(noise), 70_001))
    )
    assert (tmp_path / "a.png").read_bytes() == noise


@pytest.mark.parametrize(
    ("pieces", "sentence"),
    [
        ((CUTOUT[:-1],), "ends before its end marker"),
        ((), "ends before its end marker"),
        ((CUTOUT[:60], CUTOUT[61:]), "damaged"),
        ((b"<html>sign in</html>",), "it is no PNG"),
        ((CUTOUT, b"more"), "has bytes behind its end"),
    ],
)
def test_a_damaged_cutout_leaves_nothing_behind(tmp_path: Path, pieces: tuple[bytes, ...], sentence: str) -> None:
    """What is cut off or damaged on the way is fetched again; no file appears, none is touched."""
    (tmp_path / "a.png").write_bytes(CUTOUT)
    with pytest.raises(ResultDamagedError, match=sentence):
        published(photo_for(tmp_path), *pieces)
    assert files_below(tmp_path) == {"a.png": CUTOUT}


def test_a_download_that_breaks_off_leaves_nothing_behind(tmp_path: Path) -> None:
    """An error of the download passes as it is, and so does a cancellation, with nothing left on disk."""

    async def broken(sink: Callable[[bytes], Awaitable[None]]) -> None:
        await sink(CUTOUT[:100])
        raise UnreachableError("cut off")

    with pytest.raises(UnreachableError, match="cut off"):
        asyncio.run(publish_cutout(photo_for(tmp_path), broken, frozenset()))

    async def leave() -> None:
        is_fetching = asyncio.Event()

        async def stalled(sink: Callable[[bytes], Awaitable[None]]) -> None:
            await sink(CUTOUT[:100])
            is_fetching.set()
            await asyncio.Event().wait()

        task = asyncio.create_task(publish_cutout(photo_for(tmp_path), stalled, frozenset()))
        await is_fetching.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(leave())
    assert files_below(tmp_path) == {}


def test_our_own_earlier_cutout_is_replaced(tmp_path: Path) -> None:
    """A newer version's cutout takes the place of the older one's, as long as that is untouched."""
    first = published(photo_for(tmp_path), CUTOUT)
    second = published(photo_for(tmp_path), OTHER_CUTOUT, own=[first.cutout_sha256])
    assert second.target == "a.png"
    assert files_below(tmp_path) == {"a.png": OTHER_CUTOUT}


def test_a_retouched_cutout_is_kept(tmp_path: Path) -> None:
    """A cutout that somebody edited is theirs: the new one goes beside it, and says so."""
    first = published(photo_for(tmp_path), CUTOUT)
    (tmp_path / "a.png").write_bytes(CUTOUT + b"retouched")
    second = published(photo_for(tmp_path), OTHER_CUTOUT, own=[first.cutout_sha256])
    assert files_below(tmp_path) == {"a.png": CUTOUT + b"retouched", "a.jpg.png": OTHER_CUTOUT}
    assert second.note == "another file stood at a.png, so the cutout went to a.jpg.png"


def test_a_cutout_that_is_being_retouched_is_kept(tmp_path: Path) -> None:
    """A program has it open for writing and has written nothing yet; its file must not vanish under it."""
    first = published(photo_for(tmp_path), CUTOUT)
    with (tmp_path / "a.png").open("r+b"):
        second = published(photo_for(tmp_path), OTHER_CUTOUT, own=[first.cutout_sha256])
    assert files_below(tmp_path) == {"a.png": CUTOUT, "a.jpg.png": OTHER_CUTOUT}
    assert second.target == "a.jpg.png"


@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_no_cutout_of_ours_is_recognised_through_a_link_or_a_pipe(tmp_path: Path, kind: str) -> None:
    """A person moved our cutout and left a link to it: the link is theirs, although it leads to our bytes."""
    output, moved = tmp_path / "out", tmp_path / "moved.png"
    output.mkdir()
    first = published(photo_for(output), CUTOUT)
    (output / "a.png").rename(moved)
    (output / "a.png").symlink_to(moved) if kind == "link" else os.mkfifo(output / "a.png")
    before = (output / "a.png").lstat()
    second = published(photo_for(output), OTHER_CUTOUT, own=[first.cutout_sha256])
    assert second.target == "a.jpg.png"
    assert os.path.samestat((output / "a.png").lstat(), before)
    assert moved.read_bytes() == CUTOUT


def test_a_repeated_step_finds_its_own_work(tmp_path: Path) -> None:
    """After a crash between placing and storing, the very same bytes are taken for ours."""
    first = published(photo_for(tmp_path), CUTOUT)
    assert published(photo_for(tmp_path), CUTOUT) == first
    assert files_below(tmp_path) == {"a.png": CUTOUT}


def occupy_with_file(place: Path) -> None:
    place.write_text("mine")


def occupy_with_folder(place: Path) -> None:
    place.mkdir()


def occupy_with_dangling_link(place: Path) -> None:
    place.symlink_to(place.parent / "nowhere.png")


def occupy_with_link_to_cutout(place: Path) -> None:
    (place.parent.parent / "cutout.png").write_bytes(CUTOUT)
    place.symlink_to(place.parent.parent / "cutout.png")


OCCUPATIONS = [occupy_with_file, occupy_with_folder, occupy_with_dangling_link, occupy_with_link_to_cutout]


def refuse_links(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """As file systems do that have neither hard links nor a rename that replaces nothing."""

    def refuse(*_args: object, **_options: object) -> None:
        raise OSError(number, os.strerror(number))

    refuse_safe_renames(monkeypatch)
    monkeypatch.setattr(os, "link", refuse)


def refuse_safe_renames(monkeypatch: pytest.MonkeyPatch, number: int = errno.EINVAL) -> None:
    """As NFS and most FUSE file systems do."""

    def refuse(*_args: object, **_options: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(atomic_write, "rename_to_free_name", refuse)


@pytest.mark.parametrize("occupy", OCCUPATIONS)
@pytest.mark.parametrize("refuse", [lambda _: None, refuse_safe_renames, partial(refuse_links, number=errno.EPERM)])
def test_what_is_not_ours_is_never_overwritten(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    occupy: Callable[[Path], None],
    refuse: Callable[[pytest.MonkeyPatch], None],
) -> None:
    """A file, a folder or a link of somebody else's stays as it is, with and without safe renames and hard links."""
    output = tmp_path / "out"
    output.mkdir()
    occupy(output / "a.png")
    before = (output / "a.png").lstat()
    refuse(monkeypatch)
    fact = published(photo_for(output), CUTOUT)
    after = (output / "a.png").lstat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert fact.target == "a.jpg.png"
    assert (output / "a.jpg.png").read_bytes() == CUTOUT
    assert sorted(name.name for name in output.iterdir()) == ["a.jpg.png", "a.png"]


@pytest.mark.parametrize("number", [errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS])
def test_publishing_needs_no_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """On exFAT, network shares and FUSE a cutout is renamed into place, and our own is replaced there too."""
    refuse_links(monkeypatch, number)
    first = published(photo_for(tmp_path), CUTOUT)
    published(photo_for(tmp_path), OTHER_CUTOUT, own=[first.cutout_sha256])
    assert files_below(tmp_path) == {"a.png": OTHER_CUTOUT}


def test_when_every_name_is_taken_the_photo_waits(tmp_path: Path) -> None:
    """Somebody who took every spare place gets all of them kept; nothing of ours is left lying about."""
    for name in ("a.png", "a.jpg.png", *(f"a.jpg.{number}.png" for number in range(2, 100))):
        (tmp_path / name).write_text("mine")
    with pytest.raises(DiskError, match="every name for the cutout is taken"):
        published(photo_for(tmp_path), CUTOUT)
    assert set(files_below(tmp_path).values()) == {b"mine"}


def test_a_missing_output_root_is_never_made(tmp_path: Path) -> None:
    """An unmounted output waits for its mount; the cutout would vanish under it."""
    with pytest.raises(DiskError, match="is not there") as error:
        published(photo_for(tmp_path / "disk"), CUTOUT)
    assert "Mount it" in error.value.advice
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_way_of_a_folder_is_told(tmp_path: Path) -> None:
    """Where a mirrored folder cannot be made, the sentence names the target and the reason."""
    (tmp_path / "sub").write_text("mine")
    with pytest.raises(FolderBlockedError, match=r"cannot be written to .*sub/a\.png: one of its folders is a file"):
        published(photo_for(tmp_path, "sub/a.jpg"), CUTOUT)


def test_a_cutout_that_is_called_like_a_folder_is_stepped_aside_from(tmp_path: Path) -> None:
    """``x.jpg`` became ``x.png``; the mirror of a folder ``x.png/`` goes beside it, and says so."""
    (tmp_path / "x.png").write_bytes(OTHER_CUTOUT)
    fact = published(photo_for(tmp_path, "x.png/sub/a.jpg"), CUTOUT)
    assert fact.target == "x.png-folder/sub/a.png"
    assert "another file stood at x.png/sub/a.png" in str(fact.note)
    assert files_below(tmp_path) == {"x.png": OTHER_CUTOUT, "x.png-folder/sub/a.png": CUTOUT}


@pytest.mark.parametrize("path", ["sub/a.jpg", "sub/deeper/a.jpg", "x.png/a.jpg"])
def test_a_link_in_the_output_leads_nowhere(tmp_path: Path, path: str) -> None:
    """Whoever can write into an output tree must not lead cutouts out of it: a link is not followed, nor replaced."""
    (tmp_path / "out").mkdir()
    (tmp_path / "elsewhere/deeper").mkdir(parents=True)
    link = tmp_path / "out" / path.partition("/")[0]
    link.symlink_to(tmp_path / "elsewhere")
    with suppress(FolderBlockedError):  # below a folder that is called like a cutout, the cutout goes beside it
        published(photo_for(tmp_path / "out", path), CUTOUT)
    assert link.is_symlink()
    assert files_below(tmp_path / "elsewhere") == {}


def test_the_output_root_may_be_a_link(tmp_path: Path) -> None:
    """Many people link their output to another disk; leftovers below it are swept too."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "disk")
    published(photo_for(tmp_path / "out", "sub/a.jpg"), CUTOUT)
    (tmp_path / f"disk/sub/{TEMPORARY_PREFIX}old.png").write_text("left")
    assert sweep_temporary_files(tmp_path / "out", before_s=1e12) == 1
    assert files_below(tmp_path / "disk") == {"sub/a.png": CUTOUT}


def test_a_folder_that_is_moved_during_a_download_is_made_anew(tmp_path: Path) -> None:
    """What was downloaded into a folder that is elsewhere now is dropped; nothing appears under a name not meant."""
    photo = photo_for(tmp_path, "sub/a.jpg")

    async def fetch(sink: Callable[[bytes], Awaitable[None]]) -> None:
        await sink(CUTOUT)
        (tmp_path / "sub").rename(tmp_path / "moved")

    with pytest.raises(DiskError):
        asyncio.run(publish_cutout(photo, fetch, frozenset()))
    assert not (tmp_path / "moved/a.png").exists()
    assert published(photo, CUTOUT).target == "sub/a.png"


@pytest.mark.parametrize("name", ["write", "fsync", "rename"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EACCES])
def test_whatever_the_disk_refuses_is_the_disks_trouble(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, number: int
) -> None:
    """Full, over quota, read-only, failing, forbidden: always a wait, also when not even the draft can be removed."""
    (tmp_path / "a.png").write_bytes(OTHER_CUTOUT)

    def refuse(*_args: object, **_options: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as disk:
        if name == "write":
            disk.setattr("cutoutd.pipeline.steps.delivery.download.StreamingWriter._flush", refuse)
        elif name == "fsync":
            disk.setattr(os, name, refuse)
        else:
            disk.setattr(atomic_write, "rename_to_free_name", refuse)
            disk.setattr(os, "replace", refuse)
        disk.setattr(os, "unlink", refuse)
        with pytest.raises(DiskError, match="cannot be written"):
            published(photo_for(tmp_path), CUTOUT)
    assert (tmp_path / "a.png").read_bytes() == OTHER_CUTOUT
    sweep_temporary_files(tmp_path, before_s=1e12)
    assert published(photo_for(tmp_path), CUTOUT).target == "a.jpg.png"


def test_the_disk_has_the_file_before_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A made folder is brought to the disk at once; then the file's bytes, then its name, then the folder it is in."""
    steps: list[str] = []
    (fsync, rename) = (os.fsync, atomic_write.rename_to_free_name)

    def noted_fsync(descriptor: int) -> None:
        name = Path(f"/proc/self/fd/{descriptor}").readlink().name
        steps.append("fsync file" if name.startswith(TEMPORARY_PREFIX) else f"fsync {name}")
        fsync(descriptor)

    def noted_rename(*args: str, **options: int) -> None:
        steps.append("rename")
        rename(*args, **options)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(atomic_write, "rename_to_free_name", noted_rename)
    published(photo_for(tmp_path, "sub/a.jpg"), CUTOUT)
    assert steps == [f"fsync {tmp_path.name}", "fsync file", "rename", "fsync sub"]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: only root gives files away")
def test_owner_and_mode_follow_the_output_folder(tmp_path: Path) -> None:
    """Whoever owns the output tree owns the new folders and cutouts in it, and may do with them as with the tree."""
    output = tmp_path / "out"
    output.mkdir()
    os.chown(output, 1234, 2345)
    output.chmod(0o2750)
    published(photo_for(output, "sub/deeper/a.jpg"), CUTOUT)
    for path, mode in (("sub", 0o42750), ("sub/deeper", 0o42750), ("sub/deeper/a.png", 0o100640)):
        found = (output / path).stat()
        assert (found.st_uid, found.st_gid, found.st_mode) == (1234, 2345, mode)


def test_a_mode_that_the_disk_refuses_is_done_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """FAT knows few modes and no owners: a cutout with another mode is still a cutout."""

    def refuse(*_args: object, **_options: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "chmod", refuse)
    monkeypatch.setattr(os, "chown", refuse)
    published(photo_for(tmp_path, "sub/a.jpg"), CUTOUT)
    assert files_below(tmp_path) == {"sub/a.png": CUTOUT}


@pytest.mark.parametrize(
    ("cutout", "others", "note"),
    [
        (png((30, 20), "RGBA"), {}, "Uploadcare downscaled it from 60 x 40 to 30 x 20 pixels"),
        (png((40, 60), "RGBA"), {}, "Uploadcare changed its size from 60 x 40 to 40 x 60 pixels"),
        (png((30, 20), "RGBA"), {"parameters": '{"crop":true}'}, None),
        (png((30, 20), "RGBA"), {"parameters": '{"scale":"50%"}'}, None),
        (png(mode="RGB"), {}, "the cutout has no transparency"),
        (png(mode="RGB"), {"parameters": '{"bg_color":"fff"}'}, None),
        (png(mode="L"), {"parameters": '{"channels":"alpha"}'}, None),
        (CUTOUT, {"note": "it is an animated PNG"}, "it is an animated PNG"),
        (
            CUTOUT,
            {"colours": "Display P3"},
            "the photo has the colours of Display P3, and the cutout does not say which it has: compare the two",
        ),
        (png(mode="RGBA", icc_profile=srgb_profile()), {"colours": "Display P3"}, None),
        (with_chunks(CUTOUT, (b"cICP", CICP_P3)), {"colours": "Display P3"}, None),
        (with_chunks(CUTOUT, (b"sRGB", b"\0")), {"colours": "Display P3"}, None),
        (png(mode="L"), {"colours": "Display P3", "parameters": '{"channels":"alpha"}'}, None),
        (
            png_of(30, 20),
            {"note": "said before"},
            "said before; Uploadcare downscaled it from 60 x 40 to 30 x 20 pixels; the cutout has no transparency",
        ),
    ],
)
def test_what_is_unexpected_is_said_and_kept(
    tmp_path: Path, cutout: bytes, others: dict[str, object], note: str | None
) -> None:
    """A paid result is published whatever it looks like; what a person should know stands in its note."""
    fact = published(photo_for(tmp_path, **others), cutout)
    assert fact.note == note
    assert (tmp_path / "a.png").read_bytes() == cutout


def test_only_old_leftovers_are_swept(tmp_path: Path) -> None:
    """What a crash left is removed, in every folder; this run's drafts and everybody's files stay."""
    (tmp_path / "sub").mkdir()
    names = {
        f"{TEMPORARY_PREFIX}old.png": 10,
        f"sub/{TEMPORARY_PREFIX}old.txt": 10,
        f"sub/{TEMPORARY_PREFIX}new.png": 99,
        "a.png": 10,
        ".hidden": 10,
    }
    for name, at_s in names.items():
        (tmp_path / name).write_text(name)
        os.utime(tmp_path / name, (at_s, at_s))
    (tmp_path / f"{TEMPORARY_PREFIX}dangling.png").symlink_to("nowhere")
    os.utime(tmp_path / f"{TEMPORARY_PREFIX}dangling.png", (10, 10), follow_symlinks=False)
    assert sweep_temporary_files(tmp_path, before_s=50.0) == 3
    assert set(files_below(tmp_path)) == {f"sub/{TEMPORARY_PREFIX}new.png", "a.png", ".hidden"}
    assert sweep_temporary_files(tmp_path / "gone", before_s=50.0) == 0


def test_a_leftover_that_cannot_be_removed_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a read-only disk the sweep removes nothing, and stops nobody."""

    def refuse(*_args: object, **_options: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    (tmp_path / f"{TEMPORARY_PREFIX}old.png").write_text("left")
    monkeypatch.setattr(os, "unlink", refuse)
    assert sweep_temporary_files(tmp_path, before_s=1e12) == 0


@pytest.mark.parametrize(
    ("cutout", "doubt"),
    [
        (CUTOUT, None),
        (with_alpha(0), Doubt.EMPTY),
        (png(mode="RGB"), Doubt.NO_TRANSPARENCY),
        (png((30, 20), mode="RGBA"), Doubt.OTHER_SIZE),
    ],
)
def test_a_cutout_that_may_not_replace_its_source_is_told_apart(
    tmp_path: Path, cutout: bytes, doubt: Doubt | None
) -> None:
    """It is published, and the fact has the doubt that keeps the source in place."""
    assert published(photo_for(tmp_path), cutout).doubt == doubt


@pytest.mark.parametrize("row_filter", range(5))
@pytest.mark.parametrize("form", [("RGBA", 1), ("LA", 1)])
def test_an_empty_cutout_is_known_whatever_the_filters(tmp_path: Path, row_filter: int, form: tuple[str, int]) -> None:
    """The look needs no decoding, and one pixel that is not transparent ends it, even the last."""
    pixel_bytes = {"RGBA": 4, "LA": 2}[form[0]]
    row = bytes([row_filter]) + (b"\7" * (pixel_bytes - 1) + b"\0") * 60
    kind = {"RGBA": 6, "LA": 4}[form[0]]
    header = struct.pack(">IIBBBBB", 60, 40, 8, kind, 0, 0, 0)
    for rows, doubt in ((row * 40, Doubt.EMPTY), ((row * 40)[:-1] + b"\1", None)):
        content = CUTOUT[:8] + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
        (tmp_path / "a.png").unlink(missing_ok=True)
        assert published(photo_for(tmp_path), content).doubt == doubt


def test_a_sweep_takes_only_the_drafts_of_dead_writers(tmp_path: Path) -> None:
    """An original that another instance set aside stays for ever, as do the drafts of running instances."""
    aside = f"{TEMPORARY_PREFIX}aside-7-a.jpg"
    own = atomic_write.temporary_name("a.png")
    machine, chance = own.removeprefix(TEMPORARY_PREFIX)[:4], "0123ab.png"
    script = "from cutoutd.core.atomic_write import temporary_name; print(temporary_name('a.png'), flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", script], stdin=-1, stdout=-1, text=True) as writer:
        assert writer.stdout is not None
        theirs = writer.stdout.readline().strip()
        dead = f"{TEMPORARY_PREFIX}{machine}{'0' * 6}{chance}"
        foreign = f"{TEMPORARY_PREFIX}{'0000' if machine != '0000' else '1111'}{'0' * 6}{chance}"
        for name in (aside, own, theirs, dead, foreign, f"{TEMPORARY_PREFIX}0123456789abcdef0.png"):
            (tmp_path / name).write_text("a")
        os.utime(tmp_path / foreign, (10, 10))
        assert sweep_temporary_files(tmp_path, before_s=80_000.0) == 0
        assert sweep_temporary_files(tmp_path, before_s=time.time() + 60) == 3
        assert set(files_below(tmp_path)) == {aside, own, theirs}
        writer.kill()
        writer.wait()
        assert sweep_temporary_files(tmp_path, before_s=time.time() + 60) == 1
    assert set(files_below(tmp_path)) == {aside, own}


def test_a_cutout_retouched_at_the_last_moment_is_not_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is saved between the comparison and the rename: it keeps its name, and the new cutout goes beside it."""
    first = published(photo_for(tmp_path), CUTOUT)
    exchange = set_aside.exchange_names

    def exchange_late(name: str, other: str, fd: int) -> None:
        if not (tmp_path / "saved").exists():
            (tmp_path / "saved").touch()
            (tmp_path / "editor.tmp").write_bytes(b"retouched")
            (tmp_path / "editor.tmp").replace(tmp_path / "a.png")
        exchange(name, other, fd)

    monkeypatch.setattr(set_aside, "exchange_names", exchange_late)
    second = published(photo_for(tmp_path), OTHER_CUTOUT, own=[first.cutout_sha256])
    assert second.target == "a.jpg.png"
    (tmp_path / "saved").unlink()
    assert files_below(tmp_path) == {"a.png": b"retouched", "a.jpg.png": OTHER_CUTOUT}
