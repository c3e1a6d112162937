"""Every screen of the page, word for word."""

import time
from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette

from cutoutd.config.settings import CommonSettings
from cutoutd.control.executor import CommandExecutor
from cutoutd.control.messages import Command, CommandResult, PauseCommand
from cutoutd.control.queue import CommandQueue
from cutoutd.core.photo import State, Wait, WaitKind
from cutoutd.ledger import Ledger
from cutoutd.status.live_state import LiveHalt, LiveState, LiveUnavailableFolder, SettlingFile
from cutoutd.web.application import private_routes
from cutoutd.web.backend import PageBackend
from cutoutd.web.context import PageContext
from support.golden import assert_golden
from support.ledgers import identity, photo_at, with_ledger
from support.page_text import text_of

GOLDEN = Path(__file__).parent / "golden"

QUIET = LiveState(pid=1, started_at_s=0.0)
BUSY = QUIET.model_copy(
    update={
        "halt": LiveHalt(title="Uploadcare refused the keys", sentence="401", advice="Check uploadcare.public_key."),
        "unavailable": (LiveUnavailableFolder(folder="people", reason="the input is not mounted", since_s=0.0),),
        "source_troubles": {"products": "the archive is full"},
        "is_throttled": True,
        "launches_per_minute": 19.0,
        "launch_reason": "Uploadcare refused more after 20 in a minute (429)",
        "settling": (SettlingFile(folder="products", path="new.jpg", since_s=0.0, reason="it is still growing"),),
        "settling_count": 1,
    }
)


async def _reload() -> CommandResult:
    raise AssertionError


async def _fill(ledger: Ledger) -> None:
    """Store photos 1 to 7: published, rejected, failed, under way, waiting, superseded."""
    for path, state in (
        ("shoes/red.jpg", State.PUBLISHED),
        ("empty.jpg", State.REJECTED),
        ("fog.jpg", State.FAILED),
        ("hat.jpg", State.REMOVAL_STARTED),
        ("bag.jpg", State.ACCEPTED),
        ("old.jpg", State.SUPERSEDED),
    ):
        await photo_at(ledger, state, identity(path))
    bag = await photo_at(ledger, State.ACCEPTED, identity("coat.jpg"))
    await ledger.postpone(bag, Wait(WaitKind.RETRY, time.time() + 3600, 1, "Uploadcare was unreachable"))


#: By name: the address of a screen.
FILLED = {
    "overview": "/",
    "gallery": "/gallery",
    "gallery_without_match": "/gallery?name=zebra",
    "failures": "/failures",
    "list_waiting": "/photos?group=waiting",
    "list_delayed": "/photos?group=delayed&folder=products",
    "list_empty": "/photos?group=held",
    "approve": "/approve?folder=products",
    "photo_published": "/photos/1",
    "photo_rejected": "/photos/2",
    "photo_failed": "/photos/3",
    "photo_under_way": "/photos/4",
    "photo_superseded": "/photos/6",
    "photo_waiting": "/photos/7",
}
EMPTY = {"overview_empty": "/", "gallery_empty": "/gallery", "failures_empty": "/failures"}
NOTICES = {"overview_notices": "/"}


def screens(place: Path, addresses: dict[str, str], live: LiveState = QUIET, *commands: Command) -> dict[str, str]:
    """The text of each screen, by name; photos are there unless the screens are those of an empty ledger."""
    folders = [
        {"name": name, "input": f"/srv/{name}/in", "output": f"/srv/{name}/out"} for name in ("products", "people")
    ]
    settings = CommonSettings.model_validate({"state_dir": place, "folders": folders, "limits": {"per_day": 100}})

    async def scene(ledger: Ledger) -> dict[str, str]:
        if addresses is not EMPTY:
            await _fill(ledger)
        executor = CommandExecutor(ledger, settings.folders, lambda _photo: None)
        for command in commands:
            await executor.execute(command)
        queue = CommandQueue(_reload)
        async with queue.serving(executor, lambda: live):
            context = PageContext(PageBackend(lambda: settings, ledger, queue, queue.live), "t" * 43)
            transport = httpx2.ASGITransport(Starlette(routes=private_routes(context)))
            async with httpx2.AsyncClient(transport=transport, base_url="http://cutoutd") as client:
                return {name: text_of((await client.get(address)).text) for name, address in addresses.items()}

    return with_ledger(place, scene)


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Every screen, of three ledgers."""
    filled, empty, full_of_notices = (tmp_path_factory.mktemp("state") for _ in range(3))
    return {
        **screens(filled, FILLED),
        **screens(empty, EMPTY),
        **screens(full_of_notices, NOTICES, BUSY, PauseCommand("stocktaking")),
    }


@pytest.mark.parametrize("name", [*FILLED, *EMPTY, *NOTICES])
def test_a_screen_says_what_it_said(shown: dict[str, str], name: str) -> None:
    """A rewording of the page is a change of its golden file."""
    assert_golden(GOLDEN / f"{name}.txt", shown[name])
