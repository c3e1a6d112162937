"""Names and reasons with control characters on the page: each page shows them escaped."""

import time
from pathlib import Path

import httpx2
from starlette.applications import Starlette

from cutoutd.config.settings import CommonSettings
from cutoutd.control.executor import CommandExecutor
from cutoutd.control.messages import CommandResult
from cutoutd.control.queue import CommandQueue
from cutoutd.core.photo import Failed, State, Wait, WaitKind
from cutoutd.ledger import Ledger
from cutoutd.status.live_state import LiveState, LiveUnavailableFolder, SettlingFile
from cutoutd.web.application import private_routes
from cutoutd.web.backend import PageBackend
from cutoutd.web.context import PageContext
from support.ledgers import identity, photo_at, with_ledger

#: Begins with a character that a template could cut off before it is escaped.
EVIL = "\x1b[2J\x9b31m\u202e\u2066\r\x00x"

LIVE = LiveState(
    pid=1,
    started_at_s=0.0,
    unavailable=(LiveUnavailableFolder(folder="products", reason=EVIL, since_s=0.0),),
    source_troubles={"products": EVIL},
    settling=(SettlingFile(folder="products", path=EVIL, since_s=0.0, reason=EVIL),),
    settling_count=1,
)

ADDRESSES = ("/", "/gallery", "/failures", "/photos?group=waiting", "/photos/1", "/photos/2", "/photos/3")


async def _reload() -> CommandResult:
    raise AssertionError


def test_no_page_holds_a_raw_control_character(tmp_path: Path) -> None:
    """Neither in names nor in reasons, also where a sentence begins with one."""
    name = EVIL.replace("\x00", "")
    folder = {"name": "products", "input": "/srv/in", "output": "/srv/out"}
    settings = CommonSettings.model_validate({"state_dir": tmp_path, "folders": [folder]})

    async def scene(ledger: Ledger) -> None:
        photo = await photo_at(ledger, State.REMOVAL_STARTED, identity(f"{name}/{name}.jpg"))
        await ledger.record(photo, Failed("odd", EVIL, EVIL))
        photo = await photo_at(ledger, State.ACCEPTED, identity(f"{name}2.jpg"))
        await ledger.postpone(photo, Wait(WaitKind.RETRY, time.time() + 3600, 1, EVIL))
        await photo_at(ledger, State.PUBLISHED, identity(f"{name}3.jpg"))
        queue = CommandQueue(_reload)
        executor = CommandExecutor(ledger, settings.folders, lambda _photo: None)
        async with queue.serving(executor, lambda: LIVE):
            context = PageContext(PageBackend(lambda: settings, ledger, queue, queue.live), "t" * 43)
            transport = httpx2.ASGITransport(Starlette(routes=private_routes(context)))
            async with httpx2.AsyncClient(transport=transport, base_url="http://cutoutd") as client:
                for address in (
                    "/",
                    "/gallery",
                    "/failures",
                    "/photos?group=waiting",
                    *map("/photos/{}".format, (1, 2, 3)),
                ):
                    page = (await client.get(address)).text
                    raw = {char for char in page if not char.isprintable()} - {"\n"}
                    assert raw == set(), (address, [line for line in page.split("\n") if not line.isprintable()])
                    assert "u202e" in page, address

    with_ledger(tmp_path, scene)
