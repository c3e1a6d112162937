"""A project with a result of a lost launch, and the photos that may be its."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from PIL import Image

from cutoutd.core.photo import Accepted, LaunchResponseLost, Photo, RemovalIntended, Uploaded
from cutoutd.ledger import Ledger
from cutoutd.uploadcare.responses import RemoteFile
from support.fakes.fake_uploadcare import FakeUploadcare
from support.ledgers import ACCEPTED, identity_of

SOURCE, RESULT = "11111111-0000-4000-8000-000000000000", "22222222-0000-4000-8000-000000000000"


def picture(size: tuple[int, int], colour: str) -> bytes:
    stored = BytesIO()
    Image.new("RGB", size, colour).save(stored, "PNG")
    return stored.getvalue()


class OneResult(FakeUploadcare):
    """The project has one result that nobody claims: of a red picture, 60 pixels wide."""

    async def get(self, uuid: str, **_repeats: int) -> RemoteFile:  # type: ignore[override]  # the fake knows no file
        return described(uuid, "image/png", {"remove_bg": {}})

    async def list_since(self, _since: datetime, **_repeats: int) -> list[RemoteFile]:
        return [described(RESULT, "image/png", None)]

    async def fetch_cutout(self, result_uuid: str, sink: Callable[[bytes], Awaitable[None]]) -> int:
        assert result_uuid == RESULT
        await sink(picture((60, 40), "red"))
        return 1


def described(uuid: str, mime_type: str, appdata: dict[str, object] | None) -> RemoteFile:
    return RemoteFile.model_validate(
        {
            "uuid": uuid,
            "is_ready": True,
            "datetime_uploaded": datetime.now(UTC),
            "datetime_removed": None,
            "size": 1,
            "mime_type": mime_type,
            "appdata": appdata,
        }
    )


async def lost(ledger: Ledger, file: Path, size: tuple[int, int], colour: str = "red") -> Photo:
    """A photo of one colour whose launch has no response."""
    file.write_bytes(picture(size, colour))  # noqa: ASYNC240  nothing else runs
    photo = await ledger.discover(identity_of(file.parent, file.name))
    assert photo is not None
    accepted: Accepted = replace(ACCEPTED, sha256=file.name.rjust(64, "0"), width=size[0], height=size[1])
    photo = await ledger.accept(photo, accepted, [f"{file.name}.png"])
    for fact in (Uploaded(SOURCE), RemovalIntended(), LaunchResponseLost(time.time(), "cut off")):
        photo = await ledger.record(photo, fact)
    return photo
