"""What can be ordered on the overview: pause, go on, approve a batch. The same clerk carries out the command line's."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from cutoutd.control.messages import ApproveCommand, Command, CommandResult, PauseCommand, ResumeCommand
from cutoutd.core.errors import ControlError
from cutoutd.web.context import PageContext
from cutoutd.web.pages.forms import form_of


class ActionRoutes:
    """The buttons; each order leads back to the overview, which says what came of it.

    Args:
        desk: who carries them out.
    """

    def __init__(self, desk: PageContext) -> None:
        self._pages = desk.pages
        self._orders = desk.backend.orders

    def routes(self) -> list[BaseRoute]:
        """``/pause``, ``/resume`` and ``/approve``."""
        return [
            Route("/pause", self._pause, methods=["POST"]),
            Route("/resume", self._resume, methods=["POST"]),
            Route("/approve", self._ask, methods=["GET"]),
            Route("/approve", self._approve, methods=["POST"]),
        ]

    async def _pause(self, request: Request) -> Response:
        return await self._carry_out(request, PauseCommand())

    async def _resume(self, request: Request) -> Response:
        return await self._carry_out(request, ResumeCommand())

    async def _ask(self, request: Request) -> Response:
        """How many there are and what they cost, before anybody agrees."""
        folder = request.query_params.get("folder", "")
        answer = await self._orders.submit(ApproveCommand(folder, dry_run=True))
        if not answer.payable:
            return RedirectResponse("/", HTTPStatus.SEE_OTHER)
        return self._pages.show(request, "approve.html", title="Approve", folder=folder, answer=answer)

    async def _approve(self, request: Request) -> Response:
        """As many as were shown and no more: those that came first."""
        form = form_of(request)
        folder, photos = form.one("folder"), form.number("photos")
        if not folder or not photos:
            return self._pages.refuse(HTTPStatus.BAD_REQUEST, "Nothing was approved", "The form was not whole.")
        return await self._carry_out(request, ApproveCommand(folder, max_removals=photos))

    async def _carry_out(self, request: Request, order: Command) -> Response:
        try:
            answer = await self._orders.submit(order)
        except ControlError as error:
            answer = CommandResult(refused=(f"{error.sentence}. {error.advice}",))
        return self._pages.go_on(request, "/", answer)
