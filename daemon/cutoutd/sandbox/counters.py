"""Counters of requests, launches, uploads by content, and billable operations.

They are kept in the database, so that a restart does not lose them. ``GET /_sandbox/counters`` shows them.
"""

from collections import defaultdict
from dataclasses import dataclass

from cutoutd.sandbox.storage.database import Store

UPLOAD_STEP_BYTES = 100 * 1000 * 1000  # an upload costs one operation per started 100 MB, and one for its virus scan


@dataclass(frozen=True, slots=True)
class Counters:
    """The counters and the price list (docs/uploadcare.md 4).

    Attributes:
        store: The database that keeps the counts.
        operations_per_removal: Assumed price of one removal. It is charged on acceptance, also for a removal that
            fails: Uploadcare does not publish the price of failures.
    """

    store: Store
    operations_per_removal: int

    def count_request(self, kind: str) -> None:
        """Count a request, with any response."""
        self.store.counters.increase("requests", kind)

    def count_operation(self) -> None:
        """Count one billable operation: an admitted request, or a webhook message."""
        self.store.counters.increase("operations")

    def count_upload(self, sha256: str, size: int) -> None:
        """Count and bill an upload."""
        steps = max(1, -(-size // UPLOAD_STEP_BYTES))
        self.store.counters.increase("uploads_by_sha256", sha256)
        self.store.counters.increase("operations", by=steps + 1)

    def count_launch(self, target: str, sha256: str) -> None:
        """Count and bill an accepted removal."""
        self.store.counters.increase("executes_by_target", target)
        self.store.counters.increase("executes_by_sha256", sha256)
        self.store.counters.increase("operations", by=self.operations_per_removal)

    def count_status_request(self, request_id: str) -> None:
        """Count a status request."""
        self.store.counters.increase("statuses_by_request", request_id)

    def count_delivery(self, event: str) -> None:
        """Count a webhook message with a 2xx response."""
        self.store.counters.increase("webhooks_delivered", event)

    def as_json(self) -> dict[str, object]:
        """Return all counts; empty groups are included."""
        groups: dict[str, dict[str, int]] = defaultdict(dict)
        for name, key, n in self.store.counters.all():
            groups[name][key] = n
        names = ("requests", "uploads_by_sha256", "executes_by_target", "executes_by_sha256", "statuses_by_request")
        return {
            **{name: groups[name] for name in names},
            "webhooks_delivered": groups["webhooks_delivered"],
            "operations": groups["operations"].get("", 0),
            "active_removals": len(self.store.removals.running()),
        }
