"""The tables of removals, webhooks, webhook messages and counters."""

import sqlite3
from dataclasses import astuple, replace
from typing import Any

from cutoutd.sandbox.storage.rows import Delivery, StoredRemoval, StoredRemovalStatus, StoredWebhook, read_rows


class DuplicateWebhookError(Exception):
    """The project already has a subscription of this target and event."""


class RemovalTable:
    """The executions of the add-on."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def add(self, removal: StoredRemoval) -> None:
        """Store an accepted execution."""
        self._db.execute("INSERT INTO removals VALUES (?,?,?,?,?,?,?,?)", astuple(removal))

    def finish(self, removal: StoredRemoval) -> None:
        """Store the result of an execution."""
        sql = "UPDATE removals SET status = ?, file_id = ?, error_code = ?, error_title = ? WHERE request_id = ?"
        values = (removal.status, removal.file_id, removal.error_code, removal.error_title, removal.request_id)
        self._db.execute(sql, values)

    def find(self, request_id: str) -> StoredRemoval | None:
        """Return the execution with this request id."""
        return next(iter(self._select("SELECT * FROM removals WHERE request_id = ?", request_id)), None)

    def running(self, target: str | None = None) -> list[StoredRemoval]:
        """Return the executions that have not ended, of one file or of all."""
        status = str(StoredRemovalStatus.IN_PROGRESS)
        if target is None:
            return self._select("SELECT * FROM removals WHERE status = ?", status)
        return self._select("SELECT * FROM removals WHERE status = ? AND target = ?", status, target)

    def launches_since(self, moment: str) -> list[str]:
        """Return the times at which the executions after that moment were accepted, oldest first."""
        sql = "SELECT started FROM removals WHERE started > ? ORDER BY started"
        return [started for (started,) in self._db.execute(sql, (moment,))]

    def _select(self, sql: str, *values: object) -> list[StoredRemoval]:
        rows = read_rows(StoredRemoval, self._db.execute(sql, values))
        return [replace(row, status=StoredRemovalStatus(row.status)) for row in rows]


class WebhookTable:
    """The subscriptions of the project."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def add(self, webhook: StoredWebhook) -> StoredWebhook:
        """Store a subscription and return it with its number. Raises DuplicateWebhookError."""
        try:
            done = self._db.execute("INSERT INTO webhooks VALUES (NULL,?,?,?,?,?,?)", astuple(webhook)[1:])
        except sqlite3.IntegrityError as error:
            raise DuplicateWebhookError from error
        return replace(webhook, id=int(done.lastrowid or 0))

    def update(self, webhook: StoredWebhook) -> None:
        """Replace a subscription. Raises DuplicateWebhookError."""
        sql = (
            "UPDATE webhooks SET event=?, target_url=?, is_active=?, signing_secret=?, created=?, updated=? WHERE id=?"
        )
        try:
            self._db.execute(sql, (*astuple(webhook)[1:], webhook.id))
        except sqlite3.IntegrityError as error:
            raise DuplicateWebhookError from error

    def find(self, number: int) -> StoredWebhook | None:
        """Return the subscription with this number."""
        return next(read_rows(StoredWebhook, self._db.execute("SELECT * FROM webhooks WHERE id = ?", (number,))), None)

    def all(self) -> list[StoredWebhook]:
        """Return all subscriptions, oldest first."""
        return list(read_rows(StoredWebhook, self._db.execute("SELECT * FROM webhooks ORDER BY id")))

    def delete(self, number: int) -> None:
        """Delete a subscription and its undelivered messages."""
        self._db.execute("DELETE FROM webhooks WHERE id = ?", (number,))


class DeliveryTable:
    """The webhook messages that wait for a 2xx response."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def add(self, delivery: Delivery) -> None:
        """Store a message to be sent."""
        self._db.execute("INSERT INTO deliveries VALUES (NULL,?,?,?,?,?)", astuple(delivery)[1:])

    def waiting(self) -> list[Delivery]:
        """Return the messages, the most urgent first."""
        return list(read_rows(Delivery, self._db.execute("SELECT * FROM deliveries ORDER BY due, id")))

    def postpone(self, delivery: Delivery) -> None:
        """Store a failed attempt and the time of the next one."""
        self._db.execute(
            "UPDATE deliveries SET attempts = ?, due = ? WHERE id = ?", (delivery.attempts, delivery.due, delivery.id)
        )

    def delete(self, number: int) -> None:
        """Delete a message that was delivered or given up."""
        self._db.execute("DELETE FROM deliveries WHERE id = ?", (number,))


class CounterTable:
    """The named counters, each with a key; the table is still called ``tallies`` in existing databases."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def increase(self, name: str, key: str = "", by: int = 1) -> None:
        """Increase one counter."""
        sql = "INSERT INTO tallies VALUES (?,?,?) ON CONFLICT (name, key) DO UPDATE SET n = n + excluded.n"
        self._db.execute(sql, (name, key, by))

    def all(self) -> list[tuple[str, str, int]]:
        """Return all counters as name, key and count."""
        rows: list[Any] = self._db.execute("SELECT name, key, n FROM tallies").fetchall()
        return rows

    def clear(self) -> None:
        """Set all counters to zero."""
        self._db.execute("DELETE FROM tallies")
