"""The routes below ``/_sandbox/``, with which tests see and control a running sandbox.

They are not counted, billed, signed or struck by a fault.
"""

import json
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from cutoutd.sandbox.clock import Clock, as_text
from cutoutd.sandbox.counters import Counters
from cutoutd.sandbox.faults.plan import Fault, FaultError, FaultPlan


@dataclass(frozen=True, slots=True)
class ControlEndpoints:
    """The handlers of the control routes."""

    counters: Counters
    faults: FaultPlan
    clock: Clock

    async def show_counters(self, _request: Request) -> Response:
        """``GET /_sandbox/counters``."""
        return JSONResponse(self.counters.as_json())

    async def clear_counters(self, _request: Request) -> Response:
        """``DELETE /_sandbox/counters``."""
        self.counters.store.counters.clear()
        return JSONResponse(self.counters.as_json())

    async def show_faults(self, _request: Request) -> Response:
        """``GET /_sandbox/faults``."""
        return JSONResponse(self.faults.as_json())

    async def add_faults(self, request: Request) -> Response:
        """``POST /_sandbox/faults`` with one fault or a list; a wrong one gives 400, and none is added."""
        try:
            body = json.loads(await request.body())
            self.faults.add([Fault.read(fields) for fields in (body if isinstance(body, list) else [body])])
        except (FaultError, ValueError, TypeError) as error:
            return JSONResponse({"detail": str(error)}, 400)
        return JSONResponse(self.faults.as_json())

    async def clear_faults(self, _request: Request) -> Response:
        """``DELETE /_sandbox/faults``."""
        self.faults.clear()
        return JSONResponse([])

    async def move_clock(self, request: Request) -> Response:
        """``POST /_sandbox/clock`` with ``{"offset_s": N}``, the distance from real time until the sandbox ends."""
        try:
            self.clock.move(float(json.loads(await request.body())["offset_s"]))
        except (ValueError, TypeError, KeyError, OverflowError) as error:
            return JSONResponse({"detail": f"offset_s must be a number of seconds ({error})"}, 400)
        return JSONResponse({"now": as_text(self.clock.now())})
