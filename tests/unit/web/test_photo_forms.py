"""The forms of a photo's page, behind the real guard: give up a removal that hangs, approve a doubtful cutout."""

import time
from pathlib import Path

import httpx2
from starlette.applications import Starlette

from cutoutd.config.settings import CommonSettings
from cutoutd.control.executor import CommandExecutor
from cutoutd.control.messages import CommandResult
from cutoutd.control.queue import CommandQueue
from cutoutd.core.photo import Doubt, Published, State, Wait, WaitKind
from cutoutd.ledger import Ledger
from cutoutd.status.live_state import LiveState
from cutoutd.web.access.guard import AccessGuard, AccessKeys
from cutoutd.web.application import private_routes
from cutoutd.web.backend import PageBackend
from cutoutd.web.context import PageContext
from support.clients.page_client import OWN, secret_in
from support.ledgers import identity, photo_at, versions_of, with_ledger

ADDRESS = "http://127.0.0.1:8717"


async def _reload() -> CommandResult:
    raise AssertionError


def test_a_photos_page_gives_up_and_approves(tmp_path: Path) -> None:
    """A button stands only where it is of use; without the form's secret or the session nothing is done."""
    folder = {"name": "products", "input": "/srv/in", "output": str(tmp_path / "out")}
    settings = CommonSettings.model_validate({"state_dir": tmp_path, "folders": [folder]})

    async def scene(ledger: Ledger) -> None:
        hung = await photo_at(ledger, State.REMOVAL_STARTED, identity("hung.jpg"))
        await ledger.postpone(hung, Wait(WaitKind.OVERDUE, time.time() + 3600, 1, "it takes long"))
        fetched = await photo_at(ledger, State.REMOVAL_FINISHED, identity("odd.jpg"))
        odd = await ledger.record(fetched, Published("c" * 64, 9, "odd.png", None, doubt=Doubt.EMPTY))
        well = await photo_at(ledger, State.PUBLISHED, identity("well.jpg"))
        queue = CommandQueue(_reload)
        executor = CommandExecutor(ledger, settings.folders, lambda _photo: None)
        async with queue.serving(executor, lambda: LiveState(pid=1, started_at_s=0.0)):
            context = PageContext(PageBackend(lambda: settings, ledger, queue, queue.live), "t" * 43)
            keys = AccessKeys(context.tokens, context.sessions)
            pages = Starlette(routes=private_routes(context))
            guard = AccessGuard(pages, web=settings.web, keys=keys, renderer=context.renderer)
            async with httpx2.AsyncClient(transport=httpx2.ASGITransport(guard), base_url=ADDRESS) as client:
                orders = (f"/photos/{hung.id}/give-up", f"/photos/{odd.id}/approve")
                for order in orders:
                    assert (await client.post(order, headers=OWN)).status_code == 403
                assert (await client.get(f"/?token={'t' * 43}")).status_code == 303
                shown = {photo.id: (await client.get(f"/photos/{photo.id}")).text for photo in (hung, odd, well)}
                offered = {number: [order for order in orders if order in page] for number, page in shown.items()}
                assert offered == {hung.id: [orders[0]], odd.id: [orders[1]], well.id: []}
                for order in orders:
                    assert (await client.post(order, data={"photo": "1"}, headers=OWN)).status_code == 403
                form = {"csrf": secret_in(shown[hung.id])}
                for order in orders:
                    assert (await client.post(order, data=form, headers=OWN)).status_code == 303
        (failed,) = await ledger.query(versions_of, "hung.jpg")
        (approved,) = await ledger.query(versions_of, "odd.jpg")
        assert (failed.state, failed.ending.code) == (State.FAILED, "given_up")
        assert (approved.state, approved.cutout.doubt) == (State.PUBLISHED, None)

    with_ledger(tmp_path, scene)
