"""Figure 4b: what many photos do to memory, one after the other and all at once."""

import shutil
import time
from pathlib import Path

from bench.figures import Figure, Findings
from bench.program import Program, most_resident_mb, resident_mb
from bench.stage import INSTANT, Stage, open_stage
from bench.stock import SMALL, make_stock
from cutoutd.ledger import read_ledger
from cutoutd.ledger.queries import photos as photo_queries

_PATIENCE_S = 6 * 3600.0
_SAMPLES = 20
#: Less than this between the middle and the end of a soak is noise of the allocator.
_GROWTH_MB = 5.0

_UNTHROTTLED = {"launches_per_minute": 100_000}
#: A plan that takes nothing: what arrives is checked and waits.
_ONE_LAUNCH = {"launches_per_minute": 1}


def measure_soak(work: Path, photos: int = 10_000) -> Findings:
    """Small photos through the whole way; memory is looked at as they are published."""
    stock = make_stock(work / "stock", photos, SMALL)
    with open_stage(work / "stage", stock, *INSTANT) as stage:
        stage.configure(rate_limit=_UNTHROTTLED)
        with stage.start_daemon() as daemon:
            sampled = _sampled(stage, daemon, photos)
        stage.require_sound()
    half_mb, end_mb = sampled[len(sampled) // 2][1], sampled[-1][1]
    growth_mb = end_mb - half_mb
    told = f"{growth_mb:+.1f} MB over the second half ({sampled[0][1]:.0f}, {half_mb:.0f}, {end_mb:.0f} MB)"
    return Findings(
        [Figure(f"memory over {photos:,} small photos", "no growth", told, growth_mb <= _GROWTH_MB)],
        {"memory": sampled},
    )


def measure_flood(work: Path, photos: int = 50_000) -> Findings:
    """New files all at once, beside a service that takes one in a minute."""
    stock = make_stock(work / "stock", 1, SMALL)
    with open_stage(work / "stage", stock, *INSTANT) as stage:
        stage.configure(rate_limit=_ONE_LAUNCH)
        with stage.start_daemon() as daemon:
            time.sleep(2)
            before_mb = resident_mb(daemon.pid)
            _pour(stage, photos)
            started_s = time.monotonic()
            daemon.wait_until(lambda: _taken_in(stage) >= photos, _PATIENCE_S)
            taken_s = time.monotonic() - started_s
            most_mb = most_resident_mb(daemon.pid)
    told = f"{before_mb:.0f} MB before, {most_mb:.0f} MB at most; taken in after {taken_s:.0f} s"
    return Findings([Figure(f"memory in a flood of {photos:,} files", "flat", told, most_mb - before_mb < 50)])


def _sampled(stage: Stage, daemon: Program, photos: int) -> list[tuple[int, float]]:
    samples = []
    step = max(1, photos // _SAMPLES)
    for first in range(0, photos, step):
        last = min(first + step, photos)
        stage.drop(first=first, last=last)
        daemon.wait_until(lambda last=last: stage.published >= last, _PATIENCE_S)
        samples.append((last, resident_mb(daemon.pid)))
    return samples


def _pour(stage: Stage, photos: int) -> None:
    """A folder of rejects (they end before the picture does), moved in as a whole."""
    content = stage.stock.items[0].photo.read_bytes()[:2000]
    folder = stage.staging / "flood"
    folder.mkdir()
    for number in range(photos):
        (folder / f"{number:06}.jpg").write_bytes(content)
    shutil.move(folder, stage.place.input / "flood")


def _taken_in(stage: Stage) -> int:
    time.sleep(1)
    with read_ledger(stage.place.state) as ledger:
        return sum(total.photos for total in photo_queries.totals(ledger))
