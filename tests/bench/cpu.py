"""Figure 2: the CPU of a photo, beside a bare loop of the same exchange, with a service that answers at once."""

import time
from pathlib import Path

from bench.figures import Figure, Findings
from bench.program import Program, cpu_s
from bench.stage import INSTANT, Stage, open_stage
from bench.stock import LARGE, Stock, make_stock

LOOP = Path(__file__).parent / "bare_loop.py"

_GOAL = 1.5
_PATIENCE_S = 3600.0

#: The rate is lifted, so that nothing is waited for.
UNTHROTTLED = {"launches_per_minute": 100_000}


def measure(work: Path, photos: int = 500, size: tuple[int, int] = LARGE) -> Findings:
    """The daemon and the bare loop, one after the other, on sandboxes of their own."""
    stock = make_stock(work / "stock", photos, size)
    bare_ms, bare_polls, bare_sandbox_ms = bare_loop(work / "bare", stock)
    ours_ms, ours_polls, ours_sandbox_ms = daemon(work / "daemon", stock)
    times = ours_ms / bare_ms
    figures = [
        Figure("CPU per photo against the bare loop", f"<= {_GOAL} times", f"{times:.2f} times", times <= _GOAL),
        Figure("cutoutd's CPU per photo", "", _told(ours_ms, ours_polls, ours_sandbox_ms)),
        Figure("the bare loop's", "", _told(bare_ms, bare_polls, bare_sandbox_ms)),
        Figure("photos", "", stock.sizes),
    ]
    return Findings(figures, {"cutoutd": ours_ms, "bare loop": bare_ms})


def _told(used_ms: float, polls: float, sandbox_ms: float) -> str:
    return f"{used_ms:.1f} ms, {polls:.2f} polls; the sandbox {sandbox_ms:.1f} ms"


def bare_loop(home: Path, stock: Stock) -> tuple[float, float, float]:
    """Milliseconds of CPU, polls, and the sandbox's milliseconds, for each photo."""
    with open_stage(home, stock, *INSTANT) as stage:
        stage.drop()
        stage.place.output.mkdir()
        places = (stage.sandbox.url, str(stage.place.input), str(stage.place.output))
        with Program((str(LOOP), *places), stage.home / "loop.log") as loop:
            loop.wait_until_said("ready", 60)
            before_s, sandbox_before_s = cpu_s(loop.pid), cpu_s(stage.sandbox.pid)
            loop.go()
            loop.wait_until_said("done", _PATIENCE_S)
            return _per_photo(stage, cpu_s(loop.pid) - before_s, cpu_s(stage.sandbox.pid) - sandbox_before_s)


def daemon(home: Path, stock: Stock) -> tuple[float, float, float]:
    """The same for cutoutd, from the moment it watches to its end, with what it tidies up at the service."""
    with open_stage(home, stock, *INSTANT) as stage:
        stage.configure(rate_limit=UNTHROTTLED)
        with stage.start_daemon() as program:
            time.sleep(1)
            before_s, sandbox_before_s = cpu_s(program.pid), cpu_s(stage.sandbox.pid)
            stage.drop()
            program.wait_until(lambda: stage.published == len(stock.items), _PATIENCE_S)
            used_s = program.stop() - before_s
            return _per_photo(stage, used_s, cpu_s(stage.sandbox.pid) - sandbox_before_s)


def _per_photo(stage: Stage, used_s: float, sandbox_used_s: float) -> tuple[float, float, float]:
    stage.require_sound()
    photos = len(stage.stock.items)
    return 1000 * used_s / photos, stage.asked().polls / photos, 1000 * sandbox_used_s / photos
