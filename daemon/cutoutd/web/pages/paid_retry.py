"""A retry from a button: carried out at once if it costs nothing, and else only after its cost was shown."""

from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response

from cutoutd.control.messages import RetryCommand
from cutoutd.web.context import PageContext
from cutoutd.web.pages.forms import form_of

#: The fields of a button that names photos, which are sent again with the consent.
_FIELDS = ("all", "state", "code", "number")


async def retry_or_ask(request: Request, context: PageContext, command: RetryCommand, back: str) -> Response:
    """Execute the command within the removals that the form agrees to; else show what it would cost.

    Args:
        request: the button's.
        context: the page's.
        command: the photos to retry.
        back: the page of the button.
    """
    form = form_of(request)
    agreed = form.number("removals") or 0
    result = await context.backend.queue.submit(replace(command, max_removals=agreed))
    if result.is_done:
        return context.renderer.redirect(request, back, result)
    return context.renderer.respond(
        request,
        "retry.html",
        title="Retry",
        sentences=result.done,
        payable=result.payable,
        fields=[(name, form.one(name)) for name in _FIELDS if form.one(name)],
        action=request.url.path,
        back=back,
    )
