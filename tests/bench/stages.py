"""Figure 2b: where a photo's CPU goes, by the parts of its journey, beside the bare loop's."""

import json
import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path

from bench.cpu import LOOP, UNTHROTTLED
from bench.figures import Figure, Findings
from bench.program import Program
from bench.stage import INSTANT, Stage, open_stage
from bench.stock import LARGE, Stock, make_stock
from bench.whereabouts import Part

OBSERVED = Path(__file__).parent / "observed.py"

_PATIENCE_S = 3600.0

Milliseconds = Mapping[Part, float]


def measure(work: Path, photos: int = 200, size: tuple[int, int] = LARGE) -> Findings:
    """The daemon and the bare loop in the instant set, both observed while they run."""
    stock = make_stock(work / "stock", photos, size)
    bare, ours = bare_loop(work / "bare", stock), daemon(work / "daemon", stock)
    figures = [
        Figure("where the CPU of a photo goes", "", _told(ours)),
        Figure("the bare loop's", "", _told(bare)),
        Figure("photos", "", stock.sizes),
    ]
    return Findings(figures, {"cutoutd": ours, "bare loop": bare})


def _told(split: Milliseconds) -> str:
    parts = "; ".join(f"{part} {used_ms:.1f} ms" for part, used_ms in split.items() if used_ms >= 0.05)
    return f"{sum(split.values()):.1f} ms: {parts}"


def bare_loop(home: Path, stock: Stock) -> Milliseconds:
    """Of each photo."""
    with open_stage(home, stock, *INSTANT) as stage:
        stage.drop()
        stage.place.output.mkdir()
        places = (stage.sandbox.url, str(stage.place.input), str(stage.place.output))
        with Program((str(OBSERVED), str(_tally(stage)), str(LOOP), *places), home / "loop.log") as loop:
            loop.wait_until_said("ready", 60)
            os.kill(loop.pid, signal.SIGUSR1)
            loop.go()
            loop.wait_until_said("done", _PATIENCE_S)
            loop.go()
            loop.wait_until_over(60)
        return _split(stage)


def daemon(home: Path, stock: Stock) -> Milliseconds:
    """Of each photo, from the moment it watches to its end, with what it tidies up at the service."""
    with open_stage(home, stock, *INSTANT) as stage:
        stage.configure(rate_limit=UNTHROTTLED)
        run = ("cutoutd", "run", "--config", str(stage.place.config))
        with Program((str(OBSERVED), str(_tally(stage)), *run), home / "daemon.log") as program:
            program.wait_until_said('"started"', 120)
            time.sleep(1)
            os.kill(program.pid, signal.SIGUSR1)
            stage.drop()
            program.wait_until(lambda: stage.published == len(stock.items), _PATIENCE_S)
            program.stop()
        return _split(stage)


def _tally(stage: Stage) -> Path:
    return stage.home / "tally.json"


def _split(stage: Stage) -> Milliseconds:
    stage.require_sound()
    used_s = json.loads(_tally(stage).read_text())
    return {part: 1000 * used_s[part] / len(stage.stock.items) for part in Part}
