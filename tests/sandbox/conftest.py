"""One sandbox process per test module, pictures to send to it, and a place for its webhooks to arrive."""

import io
from collections.abc import Iterator
from functools import partial
from itertools import count

import httpx2
import pytest
from PIL import Image, ImageDraw

from support.processes.sandbox_process import PUBLIC_KEY, Cut, Finish, Launch, SandboxProcess, Upload, wait_for_removal
from support.servers.webhook_receiver import WebhookReceiver

_serial = count()


@pytest.fixture(scope="module")
def shared_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """One sandbox for each module, because its tests count files."""
    with SandboxProcess(tmp_path_factory.mktemp("sandbox")) as sandbox:
        yield sandbox


@pytest.fixture
def rest(sandbox: SandboxProcess) -> Iterator[httpx2.Client]:
    with sandbox.client() as client:
        yield client


@pytest.fixture
def plain(sandbox: SandboxProcess) -> Iterator[httpx2.Client]:
    """A client that signs nothing: the Upload API and the CDN."""
    with sandbox.unsigned_client() as client:
        yield client


@pytest.fixture
def photo() -> bytes:
    """A small JPEG, no two alike."""
    picture = Image.new("RGB", (240, 160), "white")
    ImageDraw.Draw(picture).ellipse((60, 40, 180, 120), fill=(200, 30, next(_serial) % 256))
    out = io.BytesIO()
    picture.save(out, "JPEG")
    return out.getvalue()


@pytest.fixture
def upload(plain: httpx2.Client, photo: bytes) -> Upload:
    """Uploads a photo and returns its UUID."""

    def send(content: bytes = photo, *, name: str = "cup.jpg", store: str = "0") -> str:
        form = {"UPLOADCARE_PUB_KEY": PUBLIC_KEY, "UPLOADCARE_STORE": store}
        answer = plain.post("/base/", data=form, files={"file": (name, content)})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["file"])

    return send


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with WebhookReceiver() as receiver:
        yield receiver


@pytest.fixture
def launch(rest: httpx2.Client) -> Launch:
    """Starts a removal and returns its request_id."""

    def start(target: str, **params: object) -> str:
        answer = rest.post("/addons/remove_bg/execute/", json={"target": target, "params": params})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["request_id"])

    return start


@pytest.fixture
def finish(rest: httpx2.Client) -> Finish:
    """Polls a removal until it has ended and returns the last answer."""
    return partial(wait_for_removal, rest)


@pytest.fixture
def cut(upload: Upload, launch: Launch, finish: Finish, plain: httpx2.Client, photo: bytes) -> Cut:
    """Takes a photo all the way and returns the bytes of its cutout."""

    def go(content: bytes = photo, **params: object) -> bytes:
        status = finish(launch(upload(content), **params))
        assert status["status"] == "done", status
        return plain.get(f"/{status['result']['file_id']}/").content

    return go
