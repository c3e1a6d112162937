"""The provenance of a cutout: written, read again, and never believed if it makes no sense."""

import asyncio
import errno
import json
import os
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cutoutd.config.types.choices import Provenance
from cutoutd.core.photo import Photo, Published, RemovalFinished, State
from cutoutd.files import provenance
from cutoutd.files.provenance import (
    ATTRIBUTE,
    ProvenanceKeys,
    ProvenanceRecord,
    chunk_for,
    provenance_of,
    read_provenance,
    with_chunk,
)
from cutoutd.images.structure.png_check import PngCheck
from cutoutd.pipeline.steps import placed_cutout as placed_cutouts
from cutoutd.pipeline.steps.place_cutout import publish_cutout
from support.images.photographs import png
from support.ledgers import ACCEPTED, identity

CUTOUT = png(mode="RGBA")
NAMES = ["a.jpg", "sub/ä ö.jpg", "\udcff\udc80/a.jpg", "/".join(["x" * 200] * 18) + "/a.jpg"]


def photo_for(output: Path, path: str = "a.jpg") -> Photo:
    """A photo with a finished removal."""
    fact = replace(ACCEPTED, output=str(output), target=f"{path.rpartition('.')[0]}.png", parameters='{"crop":true}')
    accepted = Photo(1, identity(path), State.DISCOVERED, 0.0).with_fact(fact, 1.0)
    return replace(accepted, state=State.REMOVAL_STARTED).with_fact(RemovalFinished("result"), 2.0)


def publish(photo: Photo, provenance: Provenance, content: bytes = CUTOUT) -> Published:
    async def fetch(sink: Callable[[bytes], Awaitable[None]]) -> None:
        for at in range(0, len(content), 7):
            await sink(content[at : at + 7])

    return asyncio.run(publish_cutout(photo, fetch, frozenset(), provenance))


def origin_in(file: Path) -> ProvenanceRecord | None:
    with file.open("rb") as content:
        return read_provenance(content)


@pytest.mark.parametrize("path", NAMES[:3])
@pytest.mark.parametrize("provenance", [Provenance.XATTR, Provenance.PNG_TEXT])
def test_a_cutout_says_where_it_came_from(tmp_path: Path, provenance: Provenance, path: str) -> None:
    """It names the photo, its version, the parameters and the result, whatever the file's name."""
    photo = photo_for(tmp_path, path)
    fact = publish(photo, provenance)
    found = origin_in(tmp_path / fact.target)
    assert found is not None
    assert (found.folder, found.path, found.target) == ("products", path, photo.bound.target)
    assert (found.sha256, found.size_bytes, found.mtime_ns) == (photo.picture.sha256, 1000, 1)
    assert found.parameters == '{"crop":true}'
    assert found == provenance_of(photo, found.cutout_sha256)


def test_an_attribute_leaves_the_bytes_alone(tmp_path: Path) -> None:
    """By default the file is what the service made, byte for byte."""
    fact = publish(photo_for(tmp_path), Provenance.XATTR)
    assert (tmp_path / "a.png").read_bytes() == CUTOUT
    assert (found := origin_in(tmp_path / "a.png"))
    assert found.cutout_sha256 == fact.cutout_sha256


def test_a_text_chunk_makes_a_sound_png(tmp_path: Path) -> None:
    """The chunk is behind the header, the recorded hash is that of the file, and a repeated step agrees."""
    fact = publish(photo_for(tmp_path), Provenance.PNG_TEXT)
    content = (tmp_path / "a.png").read_bytes()
    check = PngCheck()
    check.feed(content)
    assert check.finish().width == 60
    assert content[:33] == CUTOUT[:33]
    assert content.endswith(CUTOUT[33:])
    assert fact.cutout_bytes == len(content)
    assert publish(photo_for(tmp_path), Provenance.PNG_TEXT) == fact
    assert os.listdir(tmp_path) == ["a.png"]  # noqa: PTH208  names alone
    with pytest.raises(OSError, match="No data"):
        os.getxattr(tmp_path / "a.png", ATTRIBUTE)


@pytest.mark.parametrize("provenance", list(Provenance))
def test_a_reused_cutout_speaks_for_its_own_photo(tmp_path: Path, provenance: Provenance) -> None:
    """A copy of a cutout with a text chunk drops the chunk of the other photo, in every mode."""
    publish(photo_for(tmp_path), Provenance.PNG_TEXT)
    publish(photo_for(tmp_path, "b.jpg"), provenance, (tmp_path / "a.png").read_bytes())
    found, content = origin_in(tmp_path / "b.png"), (tmp_path / "b.png").read_bytes()
    assert content.count(b"cutoutd\0") == (1 if provenance is Provenance.PNG_TEXT else 0)
    assert (found.path if found else None) == (None if provenance is Provenance.NONE else "b.jpg")
    assert provenance is Provenance.PNG_TEXT or content == CUTOUT


@pytest.mark.parametrize("number", [errno.EOPNOTSUPP, errno.ENOSPC, errno.E2BIG, errno.EPERM])
def test_a_disk_that_takes_no_attributes_takes_cutouts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """If an attribute cannot be set, the cutout is published without one."""

    def refuse(*_args: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "setxattr", refuse)
    publish(photo_for(tmp_path), Provenance.XATTR)
    assert (tmp_path / "a.png").read_bytes() == CUTOUT
    assert origin_in(tmp_path / "a.png") is None


def test_a_path_too_long_for_an_attribute_stops_nobody(tmp_path: Path) -> None:
    """An attribute has about 4 kB on many file systems. A photo with a longer path is published all the same."""
    fact = publish(photo_for(tmp_path, NAMES[3]), Provenance.XATTR)
    assert (tmp_path / fact.target).read_bytes() == CUTOUT


@pytest.mark.parametrize(
    "changes",
    [
        {"path": "../../etc/passwd"},
        {"path": "/etc/passwd"},
        {"target": "a/../../b.png"},
        {"target": ""},
        {"path": "a\0b"},
        {"path": 7},
        {"sha256": "x"},
        {"size_bytes": -1},
        {"size_bytes": 1 << 64},
        {"orientation": 9},
        {"folder": ""},
        {"parameters": None},
    ],
)
def test_nonsense_is_no_origin(tmp_path: Path, changes: dict[str, object]) -> None:
    """Every user can write an attribute or a chunk: one that makes no sense, or leads out of a tree, is ignored."""
    publish(photo_for(tmp_path), Provenance.XATTR)
    said = json.loads(os.getxattr(tmp_path / "a.png", ATTRIBUTE))
    os.setxattr(tmp_path / "a.png", ATTRIBUTE, json.dumps(said | changes).encode())
    assert origin_in(tmp_path / "a.png") is None


def test_a_forged_chunk_says_nothing(tmp_path: Path) -> None:
    """Neither cut off, nor with a length beyond the file, nor with deep nesting, does a chunk trouble its reader."""
    chunk = chunk_for(provenance_of(photo_for(tmp_path), "c" * 64))
    deep = b"tEXtcutoutd\0" + b"[" * 50_000
    for forged in (chunk[:40], b"\xff\xff\xff\xff" + chunk[4:30], len(deep).to_bytes(4, "big") + deep):
        (tmp_path / "a.png").write_bytes(with_chunk(CUTOUT[:33], forged))
        assert origin_in(tmp_path / "a.png") is None


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> ProvenanceKeys:
    """The keys of another process, without any yet."""
    keys = ProvenanceKeys()
    monkeypatch.setattr(provenance, "provenance_keys", keys)
    return keys


@pytest.mark.parametrize("form", [Provenance.XATTR, Provenance.PNG_TEXT])
def test_a_provenance_is_signed_and_a_changed_one_is_not(
    tmp_path: Path, keys: ProvenanceKeys, form: Provenance
) -> None:
    """Whatever value of it is changed, the signature no longer fits; nor does one of another installation."""
    keys.open(tmp_path, "secret")
    photo = photo_for(tmp_path)
    found = origin_in(tmp_path / publish(photo, form).target)
    assert found is not None
    assert keys.have_signed(found)
    for forged in (
        replace(found, sha256="0" * 64),
        replace(found, parameters="{}"),
        replace(found, path="b.jpg"),
        replace(found, cutout_sha256="0" * 64),
        replace(found, signature=None),
        replace(found, signature="0" * 64),
    ):
        assert not keys.have_signed(forged)
    other = ProvenanceKeys()
    (tmp_path / "elsewhere").mkdir()
    other.open(tmp_path / "elsewhere", "another secret")
    assert not other.have_signed(found)


def test_the_key_outlives_the_ledger_and_the_secret(tmp_path: Path) -> None:
    """It is derived, so a lost one comes back; the ledger keeps it, so another secret key changes nothing."""
    keys = ProvenanceKeys()
    kept = keys.open(tmp_path, "secret")
    assert kept
    record = keys.sign(provenance_of(photo_for(tmp_path), "c" * 64))
    assert keys.open(tmp_path, "another", kept) is None
    assert keys.have_signed(record)
    keys.open(tmp_path, None)
    assert not keys.can_verify
    assert not keys.have_signed(record)
    assert keys.open(tmp_path, "secret") == kept
    assert keys.have_signed(record)


def test_a_newer_key_signs_and_an_older_one_still_verifies(tmp_path: Path) -> None:
    """A person writes both into a file, the new one first."""
    keys = ProvenanceKeys()
    kept = keys.open(tmp_path, "secret")
    old = keys.sign(provenance_of(photo_for(tmp_path), "c" * 64))
    (tmp_path / "provenance.key").write_text(f"a new key\n{kept}\n")
    assert keys.open(tmp_path, "secret", kept) is None
    new = keys.sign(old)
    assert new.signature != old.signature
    assert keys.have_signed(old)
    assert keys.have_signed(new)


@pytest.mark.parametrize("is_signed", [True, False])
def test_only_a_signed_cutout_in_its_place_counts_as_paid_for(
    tmp_path: Path, keys: ProvenanceKeys, monkeypatch: pytest.MonkeyPatch, *, is_signed: bool
) -> None:
    """A forged one would end a photo without any cutout of it, and have its source deleted."""
    monkeypatch.setattr(placed_cutouts, "provenance_keys", keys)
    photo = photo_for(tmp_path)
    if is_signed:
        keys.open(tmp_path, "secret")
    publish(photo, Provenance.XATTR)
    keys.open(tmp_path, "secret")
    accepted = replace(photo, state=State.ACCEPTED)
    assert (placed_cutouts.placed_cutout(accepted) is not None) is is_signed
