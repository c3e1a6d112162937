"""What is written into the ledger: one transaction per fact, row and event together."""

import itertools
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cutoutd.core.errors import LedgerError, RejectedError
from cutoutd.core.photo import Photo, RemovalIntended, RemovalStarted, State, Uploaded, Wait, WaitKind
from cutoutd.ledger import Event, Ledger
from cutoutd.ledger.queries import known_files, photos
from cutoutd.ledger.writes.targets import target_key
from support.ledgers import ACCEPTED, identity, in_database, photo_at, versions_of, with_ledger


async def told(ledger: Ledger, path: str | None = None) -> list[Event]:
    return await ledger.query(photos.history, path, 100)


def test_a_photos_whole_life_is_told_fact_by_fact(tmp_path: Path) -> None:
    """Each fact is a change of the row and an event; the events tell the way and what each fact brought."""

    async def scene(ledger: Ledger) -> tuple[Photo, list[Event], list[Photo]]:
        photo = await photo_at(ledger, State.PUBLISHED)
        return photo, await told(ledger), await ledger.query(versions_of, "a.jpg")

    photo, events, rows = with_ledger(tmp_path, scene)
    assert rows == [photo]
    assert [event.to_state for event in events] == [
        "discovered",
        "accepted",
        "uploaded",
        "removal_intended",
        "removal_started",
        "removal_finished",
        "published",
    ]
    assert [event.from_state for event in events] == [None, *(event.to_state for event in events[:-1])]
    assert events[0].detail == {"size_bytes": 1000}
    assert events[4].detail["request_id"] == "request-id"
    assert events[-1].detail["target"] == "a.png"
    assert photo.cutout.size_bytes == 1000


def test_a_fact_without_its_event_is_no_fact(tmp_path: Path) -> None:
    """When the event cannot be written, the row stays as it was, and the next fact is taken again."""

    async def scene(ledger: Ledger) -> list[Photo]:
        photo = await photo_at(ledger, State.ACCEPTED)
        no_events = "SELECT RAISE(ABORT, 'no events today')"
        in_database(tmp_path, f"CREATE TRIGGER no BEFORE INSERT ON events BEGIN {no_events}; END")
        with pytest.raises(LedgerError, match="no events today"):
            await ledger.record(photo, Uploaded("source"))
        with pytest.raises(LedgerError, match="no events today"):
            await ledger.discover(identity("b.jpg"))
        before = await ledger.query(versions_of, "a.jpg") + await ledger.query(versions_of, "b.jpg")
        assert before == [photo]
        in_database(tmp_path, "DROP TRIGGER no")
        return [await ledger.record(photo, Uploaded("source"))]

    (photo,) = with_ledger(tmp_path, scene)
    assert photo.state is State.UPLOADED


def test_a_version_is_a_photo_once(tmp_path: Path) -> None:
    """The same version found again is no new photo, one that was written to is, and neither leaves an idle event."""

    async def scene(ledger: Ledger) -> int:
        assert await ledger.discover(identity()) is not None
        assert await ledger.discover(identity()) is None
        for changed in ({"ctime_ns": 99}, {"mtime_ns": 2}, {"size_bytes": 2}, {"inode": 2}, {"folder": "people"}):
            assert await ledger.discover(identity(**changed)) is not None
        return len(await told(ledger))

    assert with_ledger(tmp_path, scene) == 6


def test_a_wait_is_no_fact(tmp_path: Path) -> None:
    """A wait is stored beside the state, leaves no event, and ends with the next fact, which may bring its own."""

    async def scene(ledger: Ledger) -> None:
        photo = await photo_at(ledger, State.UPLOADED)
        waiting = await ledger.postpone(photo, Wait(WaitKind.RETRY, 50.0, 2, "the service is away"))
        assert await ledger.query(versions_of, "a.jpg") == [waiting]
        assert len(await told(ledger)) == 3
        intended = await ledger.record(waiting, RemovalIntended())
        assert intended.wait == Wait(WaitKind.NONE)
        started = await ledger.record(intended, RemovalStarted("request"), Wait(WaitKind.POLL, 70.0))
        assert await ledger.query(versions_of, "a.jpg") == [started]
        assert started.wait.until_s == 70.0

    with_ledger(tmp_path, scene)


async def accepted(ledger: Ledger, path: str, targets: list[str], **others: object) -> str:
    photo = await ledger.discover(identity(path, **others))
    assert photo is not None
    return (await ledger.accept(photo, ACCEPTED, targets)).bound.target or ""


def test_a_path_keeps_its_target_for_ever(tmp_path: Path) -> None:
    """A new version of a path gets the old target, restarts and other wishes notwithstanding."""

    async def first(ledger: Ledger) -> str:
        await accepted(ledger, "a.jpg", ["a.png"])
        return await accepted(ledger, "a.png", ["a.png", "a.png.png"])

    async def second(ledger: Ledger) -> list[str]:
        later = {"mtime_ns": 2}
        again = await accepted(ledger, "a.png", ["elsewhere.png"], **later)
        return [again, await accepted(ledger, "a.jpg", [], **later)]

    assert with_ledger(tmp_path, first) == "a.png.png"
    assert with_ledger(tmp_path, second) == ["a.png.png", "a.png"]


@pytest.mark.parametrize(
    ("earlier", "later"),
    [("Ä.png", "A\u0308.png"), ("Cup.PNG", "cup.png"), ("STRASSE.png", "straße.png"), ("ΐ.png", "Ϊ\u0301.png")],
)
def test_names_that_some_file_system_takes_for_one_are_one(tmp_path: Path, earlier: str, later: str) -> None:
    """Targets are compared under NFC and case folding, in either order; the loser gets its next choice."""

    async def scene(ledger: Ledger) -> list[str]:
        return [
            await accepted(ledger, "1.jpg", [earlier]),
            await accepted(ledger, "2.jpg", [later, "2.jpg.png"]),
            await accepted(ledger, "sub/3.jpg", [f"sub/{later}"]),
        ]

    assert with_ledger(tmp_path, scene) == [earlier, "2.jpg.png", f"sub/{later}"]
    assert target_key(earlier) == target_key(later)


def test_other_output_trees_have_other_targets(tmp_path: Path) -> None:
    """A target is taken in one output tree only; two folders that share a tree share its names."""

    async def scene(ledger: Ledger) -> None:
        await accepted(ledger, "a.jpg", ["a.png"])
        people = await ledger.discover(identity(folder="people"))
        assert people is not None
        with pytest.raises(RejectedError, match="belongs to another"):
            await ledger.accept(people, ACCEPTED, ["a.png"])
        elsewhere = await ledger.accept(people, replace(ACCEPTED, output="/other"), ["a.png"])
        assert elsewhere.bound.target == "a.png"

    with_ledger(tmp_path, scene)


def test_a_photo_without_a_free_target_stays_as_it_was(tmp_path: Path) -> None:
    """A refusal comes with its code, and neither a claim nor a fact is left behind."""

    async def scene(ledger: Ledger) -> list[Photo]:
        await accepted(ledger, "a.jpg", ["a.png"])
        loser = await ledger.discover(identity("a.png"))
        assert loser is not None
        for targets in (["A.png"], []):
            with pytest.raises(RejectedError) as refusal:
                await ledger.accept(loser, ACCEPTED, targets)
            assert refusal.value.code == "target_taken"
        assert (await ledger.accept(loser, ACCEPTED, ["b.png"])).bound.target == "b.png"
        return [loser]

    with_ledger(tmp_path, scene)


@given(order=st.permutations(["a.jpg", "a.jpeg", "A.png", "a.JPG"]))
@settings(deadline=None, max_examples=24)
def test_every_claimant_gets_a_place_of_its_own(order: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    """In whatever order photos come, no two targets are alike, and asked again after a restart all are the same."""
    state_dir = tmp_path_factory.mktemp("state")
    wishes = {path: [f"{path.rpartition('.')[0]}.png", f"{path}.png", f"{path}.2.png"] for path in order}

    async def claim(ledger: Ledger, version: int, paths: list[str]) -> dict[str, str]:
        return {path: await accepted(ledger, path, wishes[path], mtime_ns=version) for path in paths}

    first = with_ledger(state_dir, lambda ledger: claim(ledger, 1, order))
    second = with_ledger(state_dir, lambda ledger: claim(ledger, 2, sorted(order)))
    assert first == second
    assert all(target_key(a) != target_key(b) for a, b in itertools.combinations(first.values(), 2))
    assert first[order[0]] == wishes[order[0]][0]


#: Any name that Linux allows, as Python tells it; the last 128 characters of plane 16 are the ledger's own.
names = (
    st.binary(min_size=1, max_size=40)
    .map(lambda name: name.replace(b"\0", b"0").replace(b"/", b"_").decode(errors="surrogateescape"))
    .filter(lambda name: all(not 0x10FF80 <= ord(character) <= 0x10FFFF for character in name))
)
int64 = st.integers(min_value=-(1 << 63), max_value=(1 << 63) - 1)


@given(
    found=st.builds(
        identity,
        path=st.lists(names, min_size=1, max_size=3).map("/".join),
        size_bytes=st.integers(min_value=0, max_value=(1 << 63) - 1),
        mtime_ns=int64,
        ctime_ns=int64,
        inode=st.integers(min_value=0, max_value=(1 << 64) - 1),
    )
)
@settings(deadline=None, max_examples=60)
def test_every_path_and_inode_comes_back(found: object, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Undecodable names and 64-bit inodes are the same after the ledger as before it, as rows, versions and targets."""

    async def scene(ledger: Ledger) -> None:
        photo = await photo_at(ledger, State.ACCEPTED, found)
        assert await ledger.query(versions_of, found.path) == [photo]
        assert photo.identity == found
        assert (await ledger.query(known_files.known_files, "products", [found.path])).versions == {found.version}
        assert (await told(ledger, found.path))[-1].detail["target"] == photo.bound.target
        assert await ledger.discover(found) is None

    with_ledger(tmp_path_factory.mktemp("state"), scene)


@pytest.mark.parametrize(
    ("first", "second", "place"), [("x.png", "x.png/a.png", "spare.png"), ("x.png/a.png", "x.png", "spare.png")]
)
def test_a_cutout_and_a_folder_never_claim_one_place(tmp_path: Path, first: str, second: str, place: str) -> None:
    """What is reserved as a cutout cannot be a folder for others, and the other way round."""

    async def scene(ledger: Ledger) -> None:
        for path, targets, reserved in (("1.jpg", [first], first), ("2.jpg", [second, place], place)):
            photo = await ledger.discover(identity(path))
            assert photo is not None
            assert (await ledger.accept(photo, ACCEPTED, targets)).bound.target == reserved

    with_ledger(tmp_path, scene)
