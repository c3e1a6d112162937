import asyncio
import hashlib
import io
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
from PIL import Image, ImageDraw

from cutoutd.config.settings import AccountWithSecret as Settings
from cutoutd.core.errors import (
    AccountBlockedError,
    AddonRefusedError,
    ClockWrongError,
    CutoutdError,
    DeliveryRefusedError,
    FailedError,
    KeysRefusedError,
    NotReadyError,
    RemovalLockedError,
    ResponseLostError,
    ResultGoneError,
    SupersededError,
    ThrottledError,
    UnreachableError,
    UploadGoneError,
)
from cutoutd.uploadcare.client import UploadcareClient, open_uploadcare
from cutoutd.uploadcare.files import UploadResult
from cutoutd.uploadcare.responses import Progress, RemovalStatus
from cutoutd.uploadcare.transport import Timeouts, TimeoutSet
from support.processes.sandbox_process import PUBLIC_KEY, SECRET_KEY, SandboxProcess

#: Read time-outs that a stalled sandbox meets soon, and a working one never.
PATIENCE = TimeoutSet(
    call=Timeouts(overall_s=5, read_s=1),
    launch=Timeouts(overall_s=5, read_s=1),
    transfer=Timeouts(overall_s=5, read_s=1),
)
NOWHERE = "00000000-0000-4000-8000-000000000000"


def picture(shade: int = 200) -> bytes:
    image = Image.new("RGB", (200, 150), "white")
    ImageDraw.Draw(image).ellipse((50, 40, 150, 110), fill=(shade, 30, 30))
    stored = io.BytesIO()
    image.save(stored, "JPEG")
    return stored.getvalue()


@asynccontextmanager
async def opened(sandbox: SandboxProcess, **others: str) -> AsyncIterator[UploadcareClient]:
    values = {"public_key": PUBLIC_KEY, "secret_key": SECRET_KEY, "api_base": sandbox.url, "upload_base": sandbox.url}
    settings = Settings.model_validate(values | others)
    async with open_uploadcare(settings, connections=4, timeouts=PATIENCE) as uploadcare:
        yield uploadcare


def driven(
    sandbox: SandboxProcess, scene: Callable[[UploadcareClient], Coroutine[Any, Any, Any]], **others: str
) -> Any:  # noqa: ANN401  whatever the scene answers
    async def play() -> Any:  # noqa: ANN401  as above
        async with opened(sandbox, **others) as uploadcare:
            return await scene(uploadcare)

    return asyncio.run(play())


async def sent(uploadcare: UploadcareClient, content: bytes | None = None) -> UploadResult:
    content = content or picture()
    return await uploadcare.upload_source(io.BytesIO(content), name="photo.jpg", size_bytes=len(content))


async def finished(uploadcare: UploadcareClient, request_id: str) -> RemovalStatus:
    async with asyncio.timeout(60):
        while True:
            removal = await uploadcare.get_removal_status(request_id)
            if removal.progress in {Progress.DONE, Progress.ERROR}:
                return removal
            await asyncio.sleep(0.02)


async def fetched(uploadcare: UploadcareClient, uuid: str) -> bytes:
    parts: list[bytes] = []

    async def keep(part: bytes) -> None:
        parts.append(part)

    length_bytes = await uploadcare.fetch_cutout(uuid, keep)
    assert length_bytes == sum(map(len, parts))
    return b"".join(parts)


async def removed(uploadcare: UploadcareClient) -> str:
    """The UUID of a fresh cutout."""
    source = await sent(uploadcare)
    removal = await finished(uploadcare, await uploadcare.start_removal(source.uuid, "{}"))
    assert removal.result_uuid is not None
    return removal.result_uuid


def test_a_photo_goes_all_the_way(sandbox: SandboxProcess) -> None:
    """Upload, launch, poll, fetch and delete: a cutout comes back, one launch is made, nothing is left there."""

    async def scene(uploadcare: UploadcareClient) -> tuple[UploadResult, bytes]:
        source = await sent(uploadcare)
        await uploadcare.files.require_ready(source.uuid)
        removal = await finished(uploadcare, await uploadcare.start_removal(source.uuid, '{"crop": true}'))
        assert removal.result_uuid is not None
        cutout = await fetched(uploadcare, removal.result_uuid)
        await uploadcare.files.delete([source.uuid, removal.result_uuid])
        for uuid in (source.uuid, removal.result_uuid):
            file = await uploadcare.files.get(uuid)
            assert file is not None
            assert file.is_removed
        return source, cutout

    source, cutout = driven(sandbox, scene)
    assert source.sha256 == hashlib.sha256(picture()).hexdigest()
    with Image.open(io.BytesIO(cutout)) as image:
        assert image.mode == "RGBA"
        assert image.width < 200
    assert sandbox.counters()["executes_by_target"] == {source.uuid: 1}


def test_the_project_is_shown(sandbox: SandboxProcess) -> None:
    """The project's name and the clocks' difference come from one request."""
    project = driven(sandbox, lambda uploadcare: uploadcare.get_project())
    assert project.public_key == PUBLIC_KEY
    assert abs(project.clock_skew_s) < 30


def test_wrong_keys_are_told(sandbox: SandboxProcess) -> None:
    """A wrong secret is refused by both APIs, and appears nowhere in what is said about it."""

    async def scene(uploadcare: UploadcareClient) -> None:
        for call in (uploadcare.get_project(), sent(uploadcare), uploadcare.start_removal(NOWHERE, "{}")):
            with pytest.raises(KeysRefusedError) as caught:
                await call
            assert "wrongwrong" not in f"{caught.value!r}{caught.value.__cause__!r}"

    driven(sandbox, scene, secret_key="wrongwrong")  # noqa: S106  wrong on purpose


def test_a_wrong_clock_is_told_from_wrong_keys(sandbox: SandboxProcess) -> None:
    """With the service's clock an hour behind, the refusal says that this machine's is an hour ahead."""
    sandbox.move_clock(-3660)

    async def scene(uploadcare: UploadcareClient) -> None:
        with pytest.raises(ClockWrongError, match="clock is 61 minutes ahead"):
            await uploadcare.get_project()

    driven(sandbox, scene)


def test_sources_are_not_stored(sandbox: SandboxProcess) -> None:
    """A source is left to expire at the service after a day, in case nobody deletes it."""
    source = driven(sandbox, sent)
    with sandbox.client() as client:
        assert client.get(f"files/{source.uuid}/").json()["datetime_stored"] is None


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ({"kind": "lock_409"}, RemovalLockedError),
        ({"kind": "disabled"}, AddonRefusedError),
        ({"kind": "status", "status": 404, "on": "execute"}, AddonRefusedError),
        ({"kind": "status", "status": 402, "on": "execute"}, AccountBlockedError),
        ({"kind": "status", "status": 429, "on": "execute"}, ThrottledError),
        ({"kind": "status", "status": 500, "on": "execute"}, ResponseLostError),
        ({"kind": "status", "status": 503, "on": "execute"}, ResponseLostError),
        ({"kind": "html_portal", "on": "execute"}, ResponseLostError),
        ({"kind": "bad_json", "on": "execute"}, ResponseLostError),
        ({"kind": "wrong_type", "on": "execute"}, ResponseLostError),
        ({"kind": "lose_response", "on": "execute"}, ResponseLostError),
        ({"kind": "reset", "on": "execute"}, ResponseLostError),
        ({"kind": "stall", "seconds": 3, "on": "execute"}, ResponseLostError),
        ({"kind": "body", "body": "{}", "on": "execute"}, ResponseLostError),
    ],
    ids=str,
)
def test_a_launch_is_sent_once_whatever_comes_back(
    sandbox: SandboxProcess, fault: dict[str, object], kind: type[CutoutdError]
) -> None:
    """A definite no and a lost answer are told apart, and neither makes the client send the paid call again."""

    async def scene(uploadcare: UploadcareClient) -> None:
        source = await sent(uploadcare)
        sandbox.set_faults(fault)
        with pytest.raises(kind):
            await uploadcare.start_removal(source.uuid, "{}")

    driven(sandbox, scene)
    assert sandbox.counters()["requests"]["execute"] == 1


def test_a_missing_source_is_not_a_missing_addon(sandbox: SandboxProcess) -> None:
    """Both answer 404; the file is looked up, and an upload that is gone is to be sent anew."""

    async def scene(uploadcare: UploadcareClient) -> None:
        with pytest.raises(UploadGoneError):
            await uploadcare.start_removal(NOWHERE, "{}")

    driven(sandbox, scene)


def test_an_upload_may_not_be_ready_yet(sandbox: SandboxProcess) -> None:
    """An upload that the service is still taking in is a delay, not a failure."""

    async def scene(uploadcare: UploadcareClient) -> None:
        source = await sent(uploadcare)
        sandbox.set_faults({"kind": "not_ready", "times": 1})
        with pytest.raises(NotReadyError):
            await uploadcare.files.require_ready(source.uuid)
        await uploadcare.files.require_ready(source.uuid)

    driven(sandbox, scene)


def test_a_failed_removal_keeps_the_services_code(sandbox: SandboxProcess) -> None:
    """The published models drop ``details``; the user sees its code all the same."""
    sandbox.set_faults({"kind": "error_details", "code": "unknown_foreground"})

    async def scene(uploadcare: UploadcareClient) -> RemovalStatus:
        source = await sent(uploadcare)
        return await finished(uploadcare, await uploadcare.start_removal(source.uuid, "{}"))

    removal = driven(sandbox, scene)
    assert removal.progress is Progress.ERROR
    assert isinstance(removal.failure, FailedError)
    assert removal.failure.code == "unknown_foreground"


def test_a_failed_removal_may_give_no_reason(sandbox: SandboxProcess) -> None:
    """An error without details is a failure with our own code."""
    sandbox.set_faults({"kind": "engine_error"})

    async def scene(uploadcare: UploadcareClient) -> RemovalStatus:
        source = await sent(uploadcare)
        return await finished(uploadcare, await uploadcare.start_removal(source.uuid, "{}"))

    failure = driven(sandbox, scene).failure
    assert failure is not None
    assert failure.code == "removal_failed"


def test_unknown_removals_are_unknown(sandbox: SandboxProcess) -> None:
    """An id that the service does not know is no error: it may be mere lag."""
    removal = driven(sandbox, lambda uploadcare: uploadcare.get_removal_status(NOWHERE))
    assert removal == RemovalStatus(Progress.UNKNOWN)


@pytest.mark.parametrize("kind", ["html_portal", "bad_json", "wrong_type", "reset", "lose_response"])
def test_answers_that_are_none_are_unreachable(sandbox: SandboxProcess, kind: str) -> None:
    """A portal's page or a broken answer to any free call is a delay, whoever asked."""
    sandbox.set_faults({"kind": kind, "on": "any"})

    async def scene(uploadcare: UploadcareClient) -> None:
        for call in (
            sent(uploadcare),
            uploadcare.files.get(NOWHERE),
            uploadcare.get_removal_status(NOWHERE),
            uploadcare.get_project(),
            uploadcare.files.delete([NOWHERE]),
            uploadcare.fetch_cutout(NOWHERE, lambda _: asyncio.sleep(0)),
        ):
            with pytest.raises(UnreachableError):
                await call

    driven(sandbox, scene)


def test_a_portals_404_is_no_missing_file(sandbox: SandboxProcess) -> None:
    """Only the service's own words say that a file is gone."""
    sandbox.set_faults({"kind": "html_portal", "status": 404, "on": "file"})

    async def scene(uploadcare: UploadcareClient) -> None:
        with pytest.raises(UnreachableError):
            await uploadcare.files.require_ready(NOWHERE)

    driven(sandbox, scene)


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "truncate", "after_bytes": 100},
        {"kind": "reset_body", "after_bytes": 100},
        {"kind": "stall_body", "seconds": 3},
        {"kind": "html_portal", "on": "cdn"},
        {"kind": "status", "status": 503, "on": "cdn"},
    ],
    ids=str,
)
def test_a_cutout_that_did_not_come_whole_is_fetched_again(sandbox: SandboxProcess, fault: dict[str, object]) -> None:
    """A cut-off, stalled or replaced download is a delay; the next one brings the cutout."""

    async def scene(uploadcare: UploadcareClient) -> None:
        result_uuid = await removed(uploadcare)
        sandbox.set_faults(fault | {"times": 1})
        with pytest.raises(UnreachableError):
            await fetched(uploadcare, result_uuid)
        assert (await fetched(uploadcare, result_uuid)).startswith(b"\x89PNG")

    driven(sandbox, scene)


def test_the_cdn_host_is_learned_once(sandbox: SandboxProcess) -> None:
    """Without a configured host the first result's own URL names it, and no later one is looked up."""

    async def scene(uploadcare: UploadcareClient) -> None:
        assert uploadcare.cdn_host.endswith(".ucarecd.net")
        for _ in range(2):
            await fetched(uploadcare, await removed(uploadcare))
        assert uploadcare.cdn_host in sandbox.url

    driven(sandbox, scene)
    assert sandbox.counters()["requests"]["file"] == 1


def test_a_configured_cdn_needs_no_look_up(sandbox: SandboxProcess) -> None:
    """The configured host comes first."""

    async def scene(uploadcare: UploadcareClient) -> None:
        await fetched(uploadcare, await removed(uploadcare))

    driven(sandbox, scene, cdn_base=sandbox.url)
    assert "file" not in sandbox.counters()["requests"]


def test_a_deleted_result_is_gone(sandbox: SandboxProcess) -> None:
    """Known by looking it up, with a known host as well as without."""

    async def scene(uploadcare: UploadcareClient) -> None:
        result_uuid = await removed(uploadcare)
        await uploadcare.files.delete([result_uuid])
        with pytest.raises(ResultGoneError):
            await fetched(uploadcare, result_uuid)

    driven(sandbox, scene)
    driven(sandbox, scene, cdn_base=sandbox.url)


def test_a_cdn_that_refuses_halts(sandbox: SandboxProcess) -> None:
    """Signed delivery is a matter of the project, so no photo is blamed and no more are paid for."""
    sandbox.set_faults({"kind": "status", "status": 403, "on": "cdn"})

    async def scene(uploadcare: UploadcareClient) -> None:
        with pytest.raises(DeliveryRefusedError):
            await fetched(uploadcare, await removed(uploadcare))

    driven(sandbox, scene)


def test_a_sinks_own_error_passes(sandbox: SandboxProcess) -> None:
    """A full disk under the download is the caller's to translate, not a matter of the network."""

    async def full(_: bytes) -> None:
        raise OSError(28, "No space left on device")

    async def scene(uploadcare: UploadcareClient) -> None:
        with pytest.raises(OSError, match="No space"):
            await uploadcare.fetch_cutout(await removed(uploadcare), full)

    driven(sandbox, scene)


@pytest.mark.parametrize("size_bytes", [1, 10_000_000])
def test_a_file_that_changes_while_it_is_sent_is_superseded(sandbox: SandboxProcess, size_bytes: int) -> None:
    """Shorter or longer than accepted: the upload ends, and nothing is kept there."""

    async def scene(uploadcare: UploadcareClient) -> None:
        with pytest.raises(SupersededError):
            await uploadcare.upload_source(io.BytesIO(picture()), name="a.jpg", size_bytes=size_bytes)

    driven(sandbox, scene)
    assert sandbox.counters()["uploads_by_sha256"] == {}


def test_many_files_are_deleted_a_hundred_at_a_time(sandbox: SandboxProcess) -> None:
    """The service takes at most a hundred in one request; missing ones are no error."""
    uuids = [f"{number:08x}-0000-4000-8000-000000000000" for number in range(250)]
    driven(sandbox, lambda uploadcare: uploadcare.files.delete(uuids))
    assert sandbox.counters()["requests"]["delete"] == 3


def test_any_name_can_be_sent(sandbox: SandboxProcess) -> None:
    """Names that are no valid text, or hold quotes and line ends, do not break the form."""

    async def scene(uploadcare: UploadcareClient) -> None:
        for name in ("\udcff\udcfe.jpg", 'a"b\r\nc.jpg', "Übung 🐈.jpg", "x" * 250 + ".jpg"):
            source = await uploadcare.upload_source(io.BytesIO(picture()), name=name, size_bytes=len(picture()))
            await uploadcare.files.require_ready(source.uuid)

    driven(sandbox, scene)


def test_a_large_file_arrives_whole(sandbox: SandboxProcess) -> None:
    """Twelve megabytes go out in pieces, and what arrives has the hash of what was sent."""
    content = picture() + b"\0" * (11_900_000 - len(picture()))
    source = driven(sandbox, lambda uploadcare: sent(uploadcare, content))
    assert source.sha256 == hashlib.sha256(content).hexdigest()
    assert sandbox.counters()["uploads_by_sha256"] == {source.sha256: 1}


def test_files_after_a_time_come_oldest_first(sandbox: SandboxProcess) -> None:
    """Only those after it: a result that is looked for was made soon after its launch."""

    async def scene(uploadcare: UploadcareClient) -> tuple[list[str], list[str]]:
        uuids = [(await sent(uploadcare, picture(shade))).uuid for shade in (10, 20, 30)]
        first = await uploadcare.files.get(uuids[0])
        assert first is not None
        return uuids[1:], [file.uuid for file in await uploadcare.files.list_since(first.uploaded_at)]

    expected, listed = driven(sandbox, scene)
    assert listed == expected
