"""The configurations of worlds: what people set for a folder, and for all of cutoutd."""

import random
from collections.abc import Callable, Mapping

from simulation.machine.clock import FIRST_WALL_S

#: The first midnight after the usual begin, and the end of that month; worlds live by UTC.
_MIDNIGHT_S = 2_000_073_600.0
_END_OF_MONTH_S = _MIDNIGHT_S + 13 * 86_400.0

#: Messages of the webhook arrive where the page listens.
_WITH_PAGE: Mapping[str, object] = {"web": {"listen": "127.0.0.1:8717"}}


def folder_options(profile: str, rng: random.Random) -> Mapping[str, object]:
    """Return what a folder's configuration says beside its trees."""
    return _sources(rng) if profile == "sources" else {}


def _sources(rng: random.Random) -> Mapping[str, object]:
    options: dict[str, object] = {"on_success": rng.choice(("delete", "move", "trash", "keep"))}
    if rng.random() < 0.5:
        options["on_source_removed"] = "delete"
    if rng.random() < 0.3:
        options["remove_bg"] = {"type": rng.choice(("product", "person"))}
    if rng.random() < 0.3:
        options |= {"oversize": "shrink", "max_size": 1_100}
    return options


def settings_for(profile: str, rng: random.Random) -> Mapping[str, object]:
    """Return what the configuration says beside the folders."""
    drawn: Mapping[str, Callable[[], Mapping[str, object]]] = {
        "removals": lambda: {"concurrency": {"removals": rng.randint(1, 4)}},
        "webhooks": lambda: _WITH_PAGE,
        "all": lambda: _WITH_PAGE if rng.random() < 0.3 else {},
        "orders": lambda: {"limits": {"confirm_over": rng.randint(1, 4)}} if rng.random() < 0.4 else {},
        "limits": lambda: _limits(rng),
        "sources": lambda: {"uploadcare": {"remote_cleanup": "keep"}} if rng.random() < 0.2 else {},
    }
    return drawn[profile]() if profile in drawn else {}


def _limits(rng: random.Random) -> Mapping[str, object]:
    limit = {rng.choice(("per_day", "per_month")): rng.randint(1, 8)} if rng.random() < 0.7 else {}
    return {"rate_limit": {"launches_per_minute": rng.randint(2, 8)}, "limits": limit}


def begin_of(profile: str, rng: random.Random) -> float:
    """Return the first moment of a world: with limits, shortly before the end of a day or of a month."""
    if profile != "limits":
        return FIRST_WALL_S
    return rng.choice((_MIDNIGHT_S, _END_OF_MONTH_S)) - rng.uniform(5.0, 250.0)
