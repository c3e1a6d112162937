"""The secret in the forms, behind the real guard: each session has its own."""

from pathlib import Path

import httpx2
from starlette.applications import Starlette

from cutoutd.config.settings import CommonSettings
from cutoutd.control.executor import CommandExecutor
from cutoutd.control.messages import CommandResult
from cutoutd.control.queue import CommandQueue
from cutoutd.ledger import Ledger
from cutoutd.status.live_state import LiveState
from cutoutd.web.access.guard import AccessGuard, AccessKeys
from cutoutd.web.application import private_routes
from cutoutd.web.backend import PageBackend
from cutoutd.web.context import PageContext
from support.clients.page_client import OWN, secret_in
from support.ledgers import with_ledger

ADDRESS = "http://127.0.0.1:8717"


async def _reload() -> CommandResult:
    raise AssertionError


def test_a_form_of_one_session_is_of_no_use_to_another(tmp_path: Path) -> None:
    """What one browser could read orders nothing with the cookie of another; its own form does."""
    folder = {"name": "products", "input": "/srv/in", "output": "/srv/out"}
    settings = CommonSettings.model_validate({"state_dir": tmp_path, "folders": [folder]})

    async def scene(ledger: Ledger) -> None:
        queue = CommandQueue(_reload)
        executor = CommandExecutor(ledger, settings.folders, lambda _photo: None)
        async with queue.serving(executor, lambda: LiveState(pid=1, started_at_s=0.0)):
            context = PageContext(PageBackend(lambda: settings, ledger, queue, queue.live), "t" * 43)
            keys = AccessKeys(context.tokens, context.sessions)
            pages = Starlette(routes=private_routes(context))
            guard = AccessGuard(pages, web=settings.web, keys=keys, renderer=context.renderer)
            transport = httpx2.ASGITransport(guard)
            async with (
                httpx2.AsyncClient(transport=transport, base_url=ADDRESS) as one,
                httpx2.AsyncClient(transport=transport, base_url=ADDRESS) as two,
            ):
                for client in (one, two):
                    assert (await client.get(f"/?token={'t' * 43}")).status_code == 303
                own, foreign = [secret_in((await client.get("/")).text) for client in (one, two)]
                assert own != foreign
                assert (await one.post("/pause", data={"csrf": foreign}, headers=OWN)).status_code == 403
                assert (await one.post("/pause", data={"csrf": own}, headers=OWN)).status_code == 303

    with_ledger(tmp_path, scene)
