"""Figure 3c: with the webhook, how many questions are left, and how soon after its message a cutout is there."""

import sqlite3
from contextlib import closing
from pathlib import Path

from announcing import SECRET
from bench.figures import Figure, Findings, percentile
from bench.stage import Stage, open_stage, realistic
from bench.stock import LARGE, make_stock

_MOST_POLLS = 0.05
_WITHIN_S = 0.3
_PATIENCE_S = 1800.0
_ADDRESS = "127.0.0.1:8719"


def measure(work: Path, photos: int = 200, size: tuple[int, int] = LARGE) -> Findings:
    """Photos dropped at once, at the realistic service, which tells of each removal."""
    stock = make_stock(work / "stock", photos, size)
    with open_stage(work / "stage", stock, *realistic()) as stage:
        _work_off(stage, photos)
        waits_s = _waits_for_publication(stage)
        polls = stage.asked().polls / photos
    late = sum(wait_s > _WITHIN_S for wait_s in waits_s)
    return Findings(
        [
            Figure("status polls per photo, with webhooks", f"<= {_MOST_POLLS}", f"{polls:.3f}", polls <= _MOST_POLLS),
            Figure(
                "message stored to cutout published",
                f"each <= {1000 * _WITHIN_S:.0f} ms",
                f"median {1000 * percentile(waits_s, 0.5):.0f} ms, 95th percentile "
                f"{1000 * percentile(waits_s, 0.95):.0f} ms, longest {1000 * max(waits_s):.0f} ms; {late} too late",
                not late,
            ),
        ],
        {"waits_s": waits_s},
    )


def _work_off(stage: Stage, photos: int) -> None:
    secret = stage.place.home / "webhook-secret"
    secret.touch(mode=0o600)
    secret.write_text(SECRET)
    stage.configure(
        uploadcare={"remote_cleanup": "keep"}, web={"listen": _ADDRESS}, webhook={"secret_file": str(secret)}
    )
    created = stage.place.command("webhook", "create", f"http://{_ADDRESS}")
    if created.returncode:
        raise RuntimeError(created.stderr)
    with stage.start_daemon() as daemon:
        daemon.wait_until_said("webhook_heard", 60)
        stage.drop()
        daemon.wait_until(lambda: stage.published == photos, _PATIENCE_S)
    stage.require_sound()


def _waits_for_publication(stage: Stage) -> list[float]:
    """From the message's arrival to the fact that its cutout is in place, as the ledger has both."""
    query = (
        "SELECT photos.state_at_s - announcements.at_s FROM photos JOIN announcements USING (source_uuid)"
        " WHERE photos.state = 'published'"
    )
    with closing(sqlite3.connect(stage.place.state / "ledger.sqlite")) as ledger:
        return [wait_s for (wait_s,) in ledger.execute(query)]
