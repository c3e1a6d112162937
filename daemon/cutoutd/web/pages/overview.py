"""``/``: the overview, and its buttons: pause, resume, and approve a batch."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from cutoutd.control.messages import ApproveCommand, Command, CommandResult, PauseCommand, ResumeCommand
from cutoutd.core.errors import ControlError
from cutoutd.web.context import PageContext
from cutoutd.web.live.server_sent_events import PARTS
from cutoutd.web.pages.forms import form_of


class Overview:
    """Shows the overview. After a button's command, it redirects to the overview, which shows the result.

    Args:
        context: the page's context.
    """

    def __init__(self, context: PageContext) -> None:
        self._status_cache = context.status_cache
        self._renderer = context.renderer
        self._queue = context.backend.queue

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
        """Show the number of photos and their cost, before the user agrees."""
        folder = request.query_params.get("folder", "")
        result = await self._queue.submit(ApproveCommand(folder, dry_run=True))
        if not result.payable:
            return RedirectResponse("/", HTTPStatus.SEE_OTHER)
        return self._renderer.respond(request, "approve.html", title="Approve", folder=folder, result=result)

    async def _approve(self, request: Request) -> Response:
        """Approve the number of photos that was shown, the oldest first."""
        form = form_of(request)
        folder, photos = form.one("folder"), form.number("photos")
        if not folder or not photos:
            return self._renderer.refuse(HTTPStatus.BAD_REQUEST, "Nothing was approved", "The form is incomplete.")
        return await self._execute(request, ApproveCommand(folder, max_removals=photos))

    async def _execute(self, request: Request, command: Command) -> Response:
        try:
            result = await self._queue.submit(command)
        except ControlError as error:
            result = CommandResult(refused=(f"{error.sentence}. {error.advice}",))
        return self._renderer.redirect(request, "/", result)
