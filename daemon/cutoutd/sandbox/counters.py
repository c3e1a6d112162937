"""What happened, counted: requests, launches, uploads by content, billable operations.

Owns the names of the counters and the price list of UPLOADCARE.md section 4; it must not store (``store`` does, so the
counts survive a restart). Written by ``endpoint`` and the handlers; read through ``GET /_sandbox/counters``.
"""

from collections import defaultdict
from dataclasses import dataclass

from cutoutd.sandbox.storage.database import Store

UPLOAD_STEP_BYTES = 100 * 1000 * 1000  # an upload costs one operation per started 100 MB, and one for its virus scan


@dataclass(frozen=True, slots=True)
class Counters:
    """Counts and bills.

    Attributes:
        store: Where the counts are kept.
        operations_per_removal: Assumed price of one removal; charged when it is accepted, whatever becomes of it,
            because whether failures are free is not published.
    """

    store: Store
    operations_per_removal: int

    def request(self, kind: str) -> None:
        """A request came in, whatever is answered."""
        self.store.count("requests", kind)

    def operation(self) -> None:
        """A request was let in, or a webhook sent: one billable operation."""
        self.store.count("operations")

    def upload(self, sha256: str, size: int) -> None:
        """A file was taken in."""
        steps = max(1, -(-size // UPLOAD_STEP_BYTES))
        self.store.count("uploads_by_sha256", sha256)
        self.store.count("operations", by=steps + 1)

    def launch(self, target: str, sha256: str) -> None:
        """A removal was accepted."""
        self.store.count("executes_by_target", target)
        self.store.count("executes_by_sha256", sha256)
        self.store.count("operations", by=self.operations_per_removal)

    def status_asked(self, request_id: str) -> None:
        """Somebody polled."""
        self.store.count("statuses_by_request", request_id)

    def delivered(self, event: str) -> None:
        """A webhook message was answered with 2xx."""
        self.store.count("webhooks_delivered", event)

    def as_json(self) -> dict[str, object]:
        """All counts, every group present even when empty."""
        groups: dict[str, dict[str, int]] = defaultdict(dict)
        for name, key, n in self.store.tallies():
            groups[name][key] = n
        named = ("requests", "uploads_by_sha256", "executes_by_target", "executes_by_sha256", "statuses_by_request")
        return {
            **{name: groups[name] for name in named},
            "webhooks_delivered": groups["webhooks_delivered"],
            "operations": groups["operations"].get("", 0),
            "active_removals": len(self.store.running_removals()),
        }
