"""Figure 4c: how long the page takes with a great many photos, from the request to the last byte."""

import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import httpx2

from bench.crowd import crowd, name_of
from bench.figures import Figure, Findings
from cutoutd.ledger.sqlite.database import LEDGER_NAME
from support.clients.page_client import shown, visitor
from support.processes.daemon_process import Place

#: Nobody is asked for anything: photos that are known need no Uploadcare.
_NOBODY = "http://127.0.0.1:9/"

_TIMES = 5

#: Goals for a million photos; a page is there at once, a search takes no seconds.
_AT_ONCE_S, _SEARCHED_S = 0.3, 1.5


def measure(work: Path, photos: int = 1_000_000) -> Findings:
    """Pages of a daemon whose ledger is full; the median of a few looks at each."""
    place = Place(work / "place", _NOBODY)
    crowd(place.state, photos)
    ledger_mb = (place.state / LEDGER_NAME).stat().st_size / 1e6
    with shown(place) as (_daemon, link), visitor(link) as client:
        middle = 1_700_000_000.0 + 63.0 * photos / 2
        asked = {
            "gallery, newest page": ("/gallery", _AT_ONCE_S),
            "gallery, a page from the middle": (f"/gallery?before={middle!r}-{photos // 2}", _AT_ONCE_S),
            "gallery, one folder": ("/gallery?folder=people", _AT_ONCE_S),
            "gallery, search that finds many": ("/gallery?name=sofa", _AT_ONCE_S),
            "gallery, search for the oldest photo": (f"/gallery?name={name_of(3)[5:-4]}", _SEARCHED_S),
            "gallery, search that finds nothing": ("/gallery?name=nothing+like+it", _SEARCHED_S),
            "gallery, search in vain with an umlaut": ("/gallery?name=gr%C3%BCnkohl", _SEARCHED_S),
            "one photo": (f"/photos/{photos // 2}", _AT_ONCE_S),
            "failures": ("/failures", _AT_ONCE_S),
        }
        figures = [_page(client, name, *target) for name, target in asked.items()]
        figures.append(_judged("cutoutd status --json", _median_s(lambda: _status(place)), 2.0))
    figures.append(Figure("ledger", "", f"{ledger_mb:.0f} MB"))
    return Findings(
        [Figure(f"{photos:,} photos: {each.name}", each.goal, each.result, each.is_met) for each in figures]
    )


def _page(client: httpx2.Client, name: str, path: str, goal_s: float) -> Figure:
    def look() -> None:
        assert client.get(path).status_code == 200

    return _judged(name, _median_s(look), goal_s)


def _status(place: Place) -> None:
    json.loads(place.command("status", "--json").stdout)


def _median_s(act: Callable[[], None]) -> float:
    act()
    taken_s = []
    for _ in range(_TIMES):
        started_s = time.perf_counter()
        act()
        taken_s.append(time.perf_counter() - started_s)
    return statistics.median(taken_s)


def _judged(name: str, value_s: float, goal_s: float) -> Figure:
    return Figure(name, f"<= {goal_s:g} s", f"{value_s:.3f} s", value_s <= goal_s)
