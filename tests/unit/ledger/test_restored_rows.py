"""The rows of restored photos: what was found, and where nothing was found."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from cutoutd.core.photo import NO_WAIT, Photo, SourceResult, State, Wait, WaitKind
from cutoutd.ledger import Ledger, ReadTransaction
from cutoutd.ledger.queries import photos
from cutoutd.ledger.recovery.rebuild import RestoredCutout, RestoredPhoto, rehearse_restoring, restore
from cutoutd.ledger.schema import tables
from cutoutd.ledger.sqlite.database import LEDGER_NAME
from support.ledgers import identity, photo_at, versions_of, with_ledger

MAKING = RestoredCutout("5" * 64, 60, 40, 6, '{"crop":true}', "/out", "b.png", "c" * 64, 1000, "a" * 64, 9)
FOUND = RestoredPhoto(identity(), MAKING, reserved="a.png", published_at_s=7.0, is_source_there=True)
MANY = 1003  #: more than the rows of one statement
GONE = replace(FOUND, identity=identity("gone.jpg"), reserved="gone.png", is_source_there=False)


def nothing(_: ReadTransaction) -> None:
    """Asked nothing at the end."""


def photos_in(place: Path) -> dict[str, Photo]:
    found = with_ledger(place, lambda ledger: ledger.query(photos.at_state, set(State), 9999))
    return {photo.identity.path: photo for photo in found}


def test_a_restored_photo_has_all_that_was_found(tmp_path: Path) -> None:
    """Its making, its place and its time; its history says where it comes from; nothing is left to be done."""
    assert restore(tmp_path, [FOUND], nothing) == 1
    photo = photos_in(tmp_path)["a.jpg"]
    assert (photo.identity, photo.state, photo.state_at_s, photo.wait) == (identity(), State.PUBLISHED, 7.0, NO_WAIT)
    picture = photo.picture
    assert (picture.sha256, picture.width, picture.height, picture.orientation) == ("5" * 64, 60, 40, 6)
    assert picture.picture_sha256 == "a" * 64
    bound = photo.bound
    assert (bound.parameters, bound.output, bound.target, bound.sent_within) == ('{"crop":true}', "/out", "b.png", 9)
    assert (photo.cutout.sha256, photo.cutout.size_bytes) == ("c" * 64, 1000)
    assert (photo.note, photo.source.is_due, photo.source.result) == ("restored by cutoutd rebuild", False, None)
    assert not photo.launch.has_lost_outcome
    (event,) = with_ledger(tmp_path, lambda ledger: ledger.query(photos.history, "a.jpg", 9))
    assert (event.at_s, event.from_state, event.to_state) == (7.0, None, "published")
    assert event.detail == {"target": "b.png", "cutout_sha256": "c" * 64, "note": "restored by cutoutd rebuild"}


def test_a_source_that_is_gone_is_not_looked_for(tmp_path: Path) -> None:
    """Its row says so, and a file that comes back there is a new photo."""
    assert restore(tmp_path, [GONE], nothing) == 1
    photo = photos_in(tmp_path)["gone.jpg"]
    assert photo.source.result is SourceResult.ABSENT
    assert photo.source.sentence == "it was not there when the ledger was rebuilt"
    assert with_ledger(tmp_path, lambda ledger: ledger.discover(GONE.identity)) is not None


def test_each_history_is_that_of_its_photo(tmp_path: Path) -> None:
    """Also if there are more rows than one statement takes: none is left out, and none gets another's events."""
    many = [
        replace(
            FOUND,
            identity=identity(f"{number}.jpg"),
            making=replace(MAKING, sha256=f"{number:064}", target=f"{number}.png"),
            reserved=f"{number}.png",
        )
        for number in range(MANY)
    ]
    looks = []
    assert restore(tmp_path, many, lambda tx: looks.append(photos.count(tx, {State.PUBLISHED}))) == MANY
    assert looks == [MANY]

    async def scene(ledger: Ledger) -> None:
        assert await ledger.query(photos.count, {State.PUBLISHED}) == MANY
        events = await ledger.query(photos.history, None, 2 * MANY)
        assert {(event.path, event.detail["target"]) for event in events} == {
            (f"{n}.jpg", f"{n}.png") for n in range(MANY)
        }
        targets = await ledger.query(lambda tx: tx.execute(select(tables.targets)).all())
        assert {(row.folder, row.path, row.output, row.target, row.target_key) for row in targets} == {
            ("products", f"{n}.jpg", "/out", f"{n}.png", f"{n}.png") for n in range(MANY)
        }

    with_ledger(tmp_path, scene)


def test_a_rehearsal_keeps_nothing(tmp_path: Path) -> None:
    """It tells what would be restored, with a ledger and without one."""
    looks: list[int] = []

    def look(transaction: ReadTransaction) -> None:
        looks.append(photos.count(transaction, {State.PUBLISHED}))

    assert rehearse_restoring(tmp_path, [FOUND, GONE], look) == 2
    assert not (tmp_path / LEDGER_NAME).exists()
    assert restore(tmp_path, [FOUND], look) == 1
    assert rehearse_restoring(tmp_path, [FOUND, GONE], look) == 1
    assert looks == [2, 1, 2]
    assert list(photos_in(tmp_path)) == ["a.jpg"]


@pytest.mark.parametrize(
    ("second", "is_news"),
    [
        (replace(FOUND, identity=identity(mtime_ns=2)), False),  # the same content of the same path
        (replace(FOUND, making=replace(MAKING, sha256="6" * 64)), False),  # the same version of the file
        (replace(FOUND, making=replace(MAKING, sha256="6" * 64), is_source_there=False), True),
        (replace(FOUND, identity=identity(mtime_ns=2), making=replace(MAKING, sha256="6" * 64)), True),
        (replace(FOUND, identity=identity("b.jpg")), True),
        (replace(FOUND, identity=identity(folder="people")), True),
        (replace(FOUND, identity=identity(size_bytes=2), making=replace(MAKING, parameters="{}")), True),
        (replace(FOUND, identity=identity(inode=2), making=replace(MAKING, parameters="{}")), True),
        (replace(FOUND, identity=identity(ctime_ns=2), making=replace(MAKING, parameters="{}")), False),
    ],
)
@pytest.mark.parametrize("is_known", [False, True], ids=["in one call", "known before"])
def test_a_photo_is_restored_once(tmp_path: Path, second: RestoredPhoto, *, is_news: bool, is_known: bool) -> None:
    """Neither a version of a file nor its content with these parameters gets a second row."""
    if is_known:
        restore(tmp_path, [FOUND], nothing)
    assert restore(tmp_path, [FOUND, second], nothing) == int(is_news) + int(not is_known)


@pytest.mark.parametrize("state", [State.ACCEPTED, State.REMOVAL_STARTED, State.FAILED])
def test_a_path_that_is_under_way_gets_no_second_row_for_its_content(tmp_path: Path, state: State) -> None:
    """Whatever parameters it has, because its content is there already; another version of it is finished by itself."""

    async def scene(ledger: Ledger) -> Photo:
        return await photo_at(ledger, state)

    photo = with_ledger(tmp_path, scene)
    making = replace(MAKING, sha256=photo.picture.sha256 or "", parameters='{"type":"car"}')
    assert restore(tmp_path, [replace(FOUND, identity=identity(mtime_ns=2), making=making)], nothing) == 0


@pytest.mark.parametrize(
    ("path", "output", "reserved", "expected"),
    [
        ("b.jpg", "/out", "A.PNG", None),  # another path has it
        ("a.jpg", "/out", "b.png", "a.png"),  # the path has one
        ("b.jpg", "/out", "b.png", "b.png"),
        ("b.jpg", "/other", "a.png", "a.png"),
        ("a.jpg", "/other", "b.png", "b.png"),
    ],
)
def test_a_target_is_restored_for_the_first_path_that_says_so(
    tmp_path: Path, path: str, output: str, reserved: str, expected: str | None
) -> None:
    """In each output anew, and alike in one call and in two; a path that has one keeps it."""
    making = replace(MAKING, sha256="6" * 64, output=output)
    second = replace(FOUND, identity=identity(path, mtime_ns=9), making=making, reserved=reserved)

    async def scene(ledger: Ledger) -> str | None:
        c = tables.targets.c
        return await ledger.query(lambda tx: tx.scalar(select(c.target).where(c.path == path, c.output == output)))

    for number, calls in enumerate(([[FOUND, second]], [[FOUND], [second]])):
        state_dir = tmp_path / str(number)
        state_dir.mkdir(mode=0o700)
        for call in calls:
            restore(state_dir, call, nothing)
        assert with_ledger(state_dir, scene) == expected


@pytest.mark.parametrize("state", [State.DISCOVERED, State.ACCEPTED, State.FAILED])
def test_a_finished_photo_has_no_end_and_no_search(tmp_path: Path, state: State) -> None:
    """Its row is the restored one, those that waited for it go on, and its history says from where it came."""

    async def before(ledger: Ledger) -> Photo:
        photo = await photo_at(ledger, state)
        columns = dict.fromkeys(("unclear_since_s", "locked_since_s", "approved_at_s"), 1.0)
        row = tables.photos.update().where(tables.photos.c.id == photo.id).values(columns)
        await ledger._write(lambda tx: tx.execute(row))
        twin = await photo_at(ledger, State.ACCEPTED, identity("twin.jpg"))
        if not state.is_terminal:
            await ledger.postpone(twin, Wait(WaitKind.DUPLICATE, 4e9, 0, "it is under way", photo.id))
        return photo

    photo = with_ledger(tmp_path, before)
    making = replace(MAKING, sha256=photo.picture.sha256 or "5" * 64, parameters="{}")
    same = replace(FOUND, making=making)
    assert restore(tmp_path, [same, same], nothing) == 1

    async def after(ledger: Ledger) -> None:
        (found,) = await ledger.query(versions_of, "a.jpg")
        assert (found.id, found.state, found.ending.code, found.ending.failed_state) == (
            photo.id,
            State.PUBLISHED,
            None,
            None,
        )
        assert (found.launch.unclear_since_s, found.launch.locked_since_s) == (None, None)
        assert found.bound.target == "b.png"
        last = (await ledger.query(photos.history, "a.jpg", 99))[-1]
        assert (last.photo_id, last.from_state, last.to_state) == (photo.id, state.value, "published")
        (twin,) = await ledger.query(versions_of, "twin.jpg")
        assert twin.wait == NO_WAIT

    with_ledger(tmp_path, after)


def test_every_finished_photo_counts(tmp_path: Path) -> None:
    """Two that were published since a backup, and one that it does not know at all."""

    async def before(ledger: Ledger) -> None:
        for name in ("a.jpg", "b.jpg"):
            await photo_at(ledger, State.DISCOVERED, identity(name))

    with_ledger(tmp_path, before)
    several = [
        replace(FOUND, identity=identity(f"{name}.jpg"), making=replace(MAKING, target=f"{name}.png"), reserved=name)
        for name in ("a", "b", "c")
    ]
    assert restore(tmp_path, several, nothing) == 3
    assert {photo.state for photo in photos_in(tmp_path).values()} == {State.PUBLISHED}
