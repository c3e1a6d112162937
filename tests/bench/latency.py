"""Figure 3a: how soon a photo is on its way, and how soon its cutout is there, by polling."""

import random
import time
from pathlib import Path

from bench.figures import Figure, Findings, percentile
from bench.relay import Relay
from bench.stage import MEDIAN_S, SIGMA, Stage, open_stage
from bench.stock import LARGE, make_stock

_MEDIAN_GOAL_S, _P95_GOAL_S = 0.06, 0.15
_PATIENCE_S = 600.0

#: Photos come one by one, so that none waits for another.
_APART_S = (0.4, 0.9)


def measure(work: Path, photos: int = 80, size: tuple[int, int] = LARGE) -> Findings:
    """Photos written one after the other into a watched folder."""
    stock = make_stock(work / "stock", photos, size)
    with open_stage(work / "stage", stock, "--processing-time", f"lognormal:{MEDIAN_S}:{SIGMA}") as stage:
        with Relay(stage.sandbox.url) as relay:
            # Results are looked up afterwards, so nothing is deleted at the service.
            stage.configure(uploadcare={"remote_cleanup": "keep", "upload_base": relay.url})
            written_s = _write_all(stage)
        noticed_s = [relay.started_s[name] - at_s for name, at_s in written_s.items()]
        published_s = stage.waits_for_publication()
        polls = stage.asked().polls / photos
    median_s, late_s = percentile(noticed_s, 0.5), percentile(noticed_s, 0.95)
    return Findings(
        [
            _figure("last byte written to upload started, median", median_s, _MEDIAN_GOAL_S),
            _figure("last byte written to upload started, 95th percentile", late_s, _P95_GOAL_S),
            Figure(
                "service done to cutout in place, with polling",
                "",
                f"median {1000 * percentile(published_s, 0.5):.0f} ms, mean "
                f"{1000 * sum(published_s) / photos:.0f} ms; {polls:.2f} polls each",
            ),
        ],
        {"noticed_s": noticed_s, "published_s": published_s},
    )


def _figure(name: str, value_s: float, goal_s: float) -> Figure:
    return Figure(name, f"<= {1000 * goal_s:.0f} ms", f"{1000 * value_s:.0f} ms", value_s <= goal_s)


def _write_all(stage: Stage) -> dict[str, float]:
    """Write the photos as programs do, from the first byte to the last; when each was closed, by name."""
    chance = random.Random(6)  # noqa: S311  pauses, no secrets
    written_s = {}
    with stage.start_daemon() as daemon:
        time.sleep(2)  # the first scan
        for item in stage.stock.items:
            content = item.photo.read_bytes()
            (stage.place.input / item.name).write_bytes(content)
            written_s[item.name] = time.time()
            time.sleep(chance.uniform(*_APART_S))
        daemon.wait_until(lambda: stage.published == len(stage.stock.items), _PATIENCE_S)
    stage.require_sound()
    return written_s
