"""What people ask about the whole: how many photos stand where, what waits and why, what came to nothing.

It gathers values from the ledger and from what the running daemon tells; showing them is ``screens``' business.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cutoutd.ledger import Event, Total, has_ledger, is_held, questions, view_ledger
from cutoutd.live import Live, hear
from cutoutd.photo import Photo, State

_NAMED_PHOTOS = 20


@dataclass(frozen=True, slots=True)
class Status:
    """One look at everything."""

    is_running: bool
    live: Live | None  #: what the running daemon tells; None when none runs
    totals: tuple[Total, ...]
    waiting: tuple[Photo, ...]
    troubled: tuple[Photo, ...]  #: rejected and failed ones, newest first


def read_status(state_dir: Path) -> Status:
    """Look at the ledger, and listen to the daemon if it runs.

    Raises:
        LedgerError: the ledger cannot be read.
    """
    is_running = is_held(state_dir)
    live = hear(state_dir) if is_running else None
    if not has_ledger(state_dir):
        return Status(is_running, live, (), (), ())
    with view_ledger(state_dir) as ledger:
        return Status(
            is_running=is_running,
            live=live,
            totals=tuple(questions.totals(ledger)),
            waiting=tuple(questions.waiting(ledger, _NAMED_PHOTOS)),
            troubled=tuple(questions.at_state(ledger, {State.REJECTED, State.FAILED}, _NAMED_PHOTOS)),
        )


def read_history(state_dir: Path, path: str | None, limit: int) -> list[Event]:
    """The last facts, oldest first, of one photo's path or of all.

    Raises:
        LedgerError: there is no ledger, or it cannot be read.
    """
    with view_ledger(state_dir) as ledger:
        return questions.history(ledger, path, limit)


def status_as_json(status: Status) -> dict[str, Any]:
    """The documented, stable form of ``status --json``."""
    return {
        "running": status.is_running,
        "folders": _folders_as_json(status.totals),
        "watched": [mount.model_dump() for mount in status.live.watched] if status.live else [],
        "settling": [file.model_dump() for file in status.live.settling] if status.live else [],
        "ignored": status.live.ignored if status.live else 0,
        "halt": status.live.halt if status.live else None,
        "waiting": [
            {**_place(photo), "state": photo.state, "until_s": photo.wait.until_s, "reason": photo.wait.reason}
            for photo in status.waiting
        ],
        "troubled": [
            {
                **_place(photo),
                "state": photo.state,
                "code": photo.code,
                "sentence": photo.sentence,
                "advice": photo.advice,
            }
            for photo in status.troubled
        ],
    }


def event_as_json(event: Event) -> dict[str, Any]:
    """The documented, stable form of a line of ``history --json``."""
    return asdict(event)


def _folders_as_json(totals: tuple[Total, ...]) -> dict[str, dict[str, int]]:
    folders: dict[str, dict[str, int]] = {}
    for total in totals:
        folders.setdefault(total.folder, dict.fromkeys(State, 0))[total.state] = total.photos
    return folders


def _place(photo: Photo) -> dict[str, str]:
    return {"folder": photo.identity.folder, "path": photo.identity.path}
