"""``/_sandbox/``: what a test or a curious person can see and set while the sandbox runs.

Owns these routes only; none is counted, billed, signed or struck by a fault.
"""

import json
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from cutoutd.sandbox.clock import Clock, as_text
from cutoutd.sandbox.counters import Counters
from cutoutd.sandbox.faults.plan import Fault, FaultError, FaultPlan


@dataclass(frozen=True, slots=True)
class Control:
    """Answers the control routes."""

    counters: Counters
    faults: FaultPlan
    clock: Clock

    async def show_counters(self, _request: Request) -> Response:
        """``GET /_sandbox/counters``."""
        return JSONResponse(self.counters.as_json())

    async def forget_counters(self, _request: Request) -> Response:
        """``DELETE /_sandbox/counters``."""
        self.counters.store.forget_tallies()
        return JSONResponse(self.counters.as_json())

    async def show_faults(self, _request: Request) -> Response:
        """``GET /_sandbox/faults``."""
        return JSONResponse(self.faults.as_json())

    async def add_faults(self, request: Request) -> Response:
        """``POST /_sandbox/faults`` with one fault or a list; all of them or, with 400 and a sentence, none."""
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
        """``POST /_sandbox/clock`` with ``{"offset_s": N}``: distance from real time, forgotten at the end."""
        try:
            self.clock.move(float(json.loads(await request.body())["offset_s"]))
        except (ValueError, TypeError, KeyError, OverflowError) as error:
            return JSONResponse({"detail": f"offset_s must be a number of seconds ({error})"}, 400)
        return JSONResponse({"now": as_text(self.clock.now())})
