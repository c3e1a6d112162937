"""The rebuild of a lost ledger, and what it believes."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cutoutd.app.rebuild import rebuild
from cutoutd.config.types.choices import Provenance
from cutoutd.core.photo import Photo, RemovalFinished, State
from cutoutd.files import provenance as provenances
from cutoutd.pipeline.steps.place_cutout import publish_cutout
from support.folders import folder_in, settings_in
from support.images.photographs import png
from support.ledgers import ACCEPTED, identity


def cutout_of(name: str, output: Path, form: Provenance) -> None:
    """A published cutout, signed if there is a key."""

    async def fetch(sink: Callable[[bytes], Awaitable[None]]) -> None:
        await sink(png(mode="RGBA"))

    fact = replace(ACCEPTED, output=str(output), target=f"{name}.png")
    photo = Photo(1, identity(f"{name}.jpg"), State.DISCOVERED, 0.0).with_fact(fact, 1.0)
    finished = replace(photo, state=State.REMOVAL_STARTED).with_fact(RemovalFinished("result"), 2.0)
    asyncio.run(publish_cutout(finished, fetch, frozenset(), form))


@pytest.mark.parametrize("form", [Provenance.XATTR, Provenance.PNG_TEXT])
def test_a_forged_cutout_is_told_and_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: Provenance
) -> None:
    """Everyone who may write to an output can make one; only a person who asks for it has it restored."""
    folder = folder_in(tmp_path)
    settings = settings_in(tmp_path, "http://127.0.0.1:1/", folder)
    folder.output.mkdir(exist_ok=True)
    keys = provenances.ProvenanceKeys()
    monkeypatch.setattr(provenances, "provenance_keys", keys)
    monkeypatch.setattr("cutoutd.app.rebuild.provenance_keys", keys)
    cutout_of("forged", folder.output, form)
    (tmp_path / "elsewhere").mkdir()
    keys.open(tmp_path / "elsewhere", "the secret of another")
    cutout_of("foreign", folder.output, form)
    keys.open(tmp_path, "secret")
    cutout_of("signed", folder.output, form)
    found = rebuild(settings, lambda _: None, dry_run=True)
    assert (found.restored, found.unsigned, found.can_verify) == (1, 2, True)
    assert rebuild(settings, lambda _: None, dry_run=True, trusts_unsigned=True).restored == 3
    keys.open(tmp_path, None)
    blind = rebuild(settings, lambda _: None, dry_run=True)
    assert (blind.restored, blind.unsigned, blind.can_verify) == (0, 3, False)
