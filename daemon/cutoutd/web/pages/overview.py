"""``/``: the overview, and its buttons: pause, resume, and approve a batch."""

from http import HTTPStatus
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from cutoutd.control.messages import ApproveCommand, Command, CommandResult, PauseCommand, ResumeCommand
from cutoutd.core.errors import ControlError
from cutoutd.ledger.writes import approvals
from cutoutd.web.context import PageContext
from cutoutd.web.live.server_sent_events import PARTS
from cutoutd.web.pages.forms import form_of, number_in
from cutoutd.web.pages.photo_lists import PER_PAGE, listed


class Overview:
    """Shows the overview. After a button's command, it redirects to the overview, which shows the result.

    Args:
        context: the page's context.
    """

    def __init__(self, context: PageContext) -> None:
        self._status_cache = context.status_cache
        self._renderer = context.renderer
        self._queue = context.backend.queue
        self._ledger = context.backend.ledger

    def routes(self) -> list[BaseRoute]:
        """Return ``/``, ``/pause``, ``/resume`` and ``/approve``."""
        return [
            Route("/", self._show, methods=["GET"]),
            Route("/pause", self._pause, methods=["POST"]),
            Route("/resume", self._resume, methods=["POST"]),
            Route("/approve", self._show_batch, methods=["GET"]),
            Route("/approve", self._approve, methods=["POST"]),
        ]

    async def _show(self, request: Request) -> Response:
        overview = await self._status_cache.now()
        return self._renderer.respond(request, "overview.html", title="Overview", parts=PARTS, overview=overview)

    async def _pause(self, request: Request) -> Response:
        return await self._execute(request, PauseCommand())

    async def _resume(self, request: Request) -> Response:
        return await self._execute(request, ResumeCommand())

    async def _show_batch(self, request: Request) -> Response:
        """Show the photos, their number and their cost, before the user agrees.

        The address of the next page names the newest photo of the batch, so later photos stay out.
        """
        query = request.query_params
        folder, after_id = query.get("folder", ""), number_in(query.get("after", "")) or 0
        last_id = number_in(query.get("last", ""))
        result = await self._queue.submit(ApproveCommand(folder, dry_run=True, last_id=last_id))
        if not result.payable:
            return RedirectResponse("/", HTTPStatus.SEE_OTHER)
        last_id = last_id or result.last_id
        found = await self._ledger.query(approvals.batch_photos, folder, last_id, after_id, PER_PAGE + 1)
        first = f"/approve?{urlencode({'folder': folder, 'last': last_id})}"
        return self._renderer.respond(
            request,
            "approve.html",
            title="Approve",
            folder=folder,
            result=result,
            photos=listed(found[:PER_PAGE]),
            is_first=not after_id,
            first=first,
            following=f"{first}&after={found[PER_PAGE - 1].id}" if found[PER_PAGE:] else None,
        )

    async def _approve(self, request: Request) -> Response:
        """Approve the photos that were shown: their number, the oldest first, and none that came later."""
        form = form_of(request)
        folder, photos, last_id = form.one("folder"), form.number("photos"), form.number("last")
        if not folder or not photos or not last_id:
            return self._renderer.refuse(HTTPStatus.BAD_REQUEST, "Nothing was approved", "The form is incomplete.")
        return await self._execute(request, ApproveCommand(folder, max_removals=photos, last_id=last_id))

    async def _execute(self, request: Request, command: Command) -> Response:
        try:
            result = await self._queue.submit(command)
        except ControlError as error:
            result = CommandResult(refused=(f"{error.sentence}. {error.advice}",))
        return self._renderer.redirect(request, "/", result)
