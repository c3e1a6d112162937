"""Figure 3c: with the webhook, how many questions are left, and how soon after its message a cutout is there."""

import socket
import sqlite3
from contextlib import closing
from pathlib import Path

from bench.figures import Figure, Findings, percentile
from bench.stage import Stage, open_stage, realistic
from bench.stock import LARGE, make_stock
from support.clients.webhook_client import SECRET

_MOST_POLLS = 0.05
_WITHIN_S = 0.3
_MEDIAN_GOAL_S = 0.15
_PATIENCE_S = 1800.0


def measure(work: Path, photos: int = 200, size: tuple[int, int] = LARGE) -> Findings:
    """Photos dropped at once, at the realistic service, which tells of each removal."""
    stock = make_stock(work / "stock", photos, size)
    with open_stage(work / "stage", stock, *realistic()) as stage:
        _work_off(stage, photos)
        waits_s, from_done_s = _waits_since_message(stage), stage.waits_for_publication()
        polls = stage.asked().polls / photos
    median_s = percentile(from_done_s, 0.5)
    late = sum(wait_s > _WITHIN_S for wait_s in waits_s)
    return Findings(
        [
            Figure(
                "service done to cutout in place, with webhooks",
                f"median <= {1000 * _MEDIAN_GOAL_S:.0f} ms",
                f"median {1000 * median_s:.0f} ms, 95th percentile {1000 * percentile(from_done_s, 0.95):.0f} ms",
                median_s <= _MEDIAN_GOAL_S,
            ),
            Figure("status polls per photo, with webhooks", f"<= {_MOST_POLLS}", f"{polls:.3f}", polls <= _MOST_POLLS),
            Figure(
                "message stored to cutout published",
                f"each <= {1000 * _WITHIN_S:.0f} ms",
                f"median {1000 * percentile(waits_s, 0.5):.0f} ms, 95th percentile "
                f"{1000 * percentile(waits_s, 0.95):.0f} ms, longest {1000 * max(waits_s):.0f} ms; {late} too late",
                not late,
            ),
        ],
        {"waits_s": waits_s, "published_s": from_done_s},
    )


def _work_off(stage: Stage, photos: int) -> None:
    secret = stage.place.home / "webhook-secret"
    secret.touch(mode=0o600)
    secret.write_text(SECRET)
    address = f"127.0.0.1:{_free_port()}"
    # Results are looked up afterwards, so nothing is deleted at the service.
    stage.configure(
        uploadcare={"remote_cleanup": "keep"}, web={"listen": address}, webhook={"secret_file": str(secret)}
    )
    created = stage.place.command("webhook", "create", f"http://{address}")
    if created.returncode:
        raise RuntimeError(created.stderr)
    with stage.start_daemon() as daemon:
        daemon.wait_until_said("webhook_heard", 60)
        stage.drop()
        daemon.wait_until(lambda: stage.published == photos, _PATIENCE_S)
    stage.require_sound()


def _free_port() -> int:
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _waits_since_message(stage: Stage) -> list[float]:
    """From the message's arrival to the fact that its cutout is in place, as the ledger has both."""
    query = (
        "SELECT photos.state_at_s - announcements.at_s FROM photos JOIN announcements USING (source_uuid)"
        " WHERE photos.state = 'published'"
    )
    with closing(sqlite3.connect(stage.place.state / "ledger.sqlite")) as ledger:
        return [wait_s for (wait_s,) in ledger.execute(query)]
