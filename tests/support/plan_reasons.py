"""The functions of the ledger that may read more the more photos there are, each with its reason."""

_OF_ONE_PATH = "the versions of one path are few"
_OF_ONE_PICTURE = "the copies of one picture are few"
_FAILURES = "a reader for the page of failures; it reads rejected and failed photos only"
_BY_COMMAND = "a reader for a command of a person; no writer waits for it"
_REPORT = "a reader for the report of a period"
_AT_START = "once at a start"
_IN_ORDER = "in the order of the table; it ends after the rows that were asked for"
_PAID_FOR = "few photos are uploaded or paid for at once"

#: Functions that read all photos at some states, or sort rows.
REASONS: dict[str, str] = {
    "queries.duplicates.elected_payer": _OF_ONE_PICTURE,
    "queries.duplicates.published_duplicates": _OF_ONE_PICTURE,
    "queries.duplicates.published_version": _OF_ONE_PATH,
    "queries.failures.failure_groups": _FAILURES,
    "queries.failures.of_reason": _FAILURES,
    "queries.failures.photo_ids_of": _FAILURES,
    "queries.failures.troubled_ids": _FAILURES,
    "queries.lost_launches.open_outcomes": _PAID_FOR,
    "queries.monitoring.longest_unmoved_s": "a reader that rests a hundred times as long",
    "queries.photos.at_state": "only for states that photos pass through",
    "queries.photos.count": _BY_COMMAND,
    "queries.photos.count_untroubled": "a reader of `run --once`",
    "queries.photos.due": _PAID_FOR,
    "queries.photos.open_launches": _PAID_FOR,
    "queries.photos.to_keep": "a reader, every few minutes, of failed photos and unfetched results",
    "queries.report._each": _REPORT,
    "queries.report.launched": _REPORT,
    "queries.report.published": _REPORT,
    "queries.photos.furthest_of": "it ends at the first photo",
    "queries.picking.downstream": _PAID_FOR,
    "queries.picking.pick": "it sorts no more rows than it returns",
    "queries.sources.is_cutout_wanted": "it ends at the first photo",
    "queries.selection.photos_named": _OF_ONE_PATH,
    "writes.approvals.approve": "a person approves the whole batch at once",
    "writes.clock_changes.pull_back_waits": _AT_START,
    "writes.clock_changes.shift_times": _PAID_FOR,
    "writes.launches.launch_counts": _PAID_FOR,
    "writes.usage.between": "a few rows for each day",
    "writes.webhook_results.poll_without_webhooks": _PAID_FOR,
    "writes.webhook_results.result_for": "the webhook results of one upload are few",
}

#: Functions that read a whole table or a large index.
SCANS: dict[str, str] = {
    "queries.photos.history": _IN_ORDER,
    "queries.photos.outputs_used": _AT_START,
    "queries.photos.totals": "a reader of a covering index",
    "queries.picking.newest_moved": _AT_START,
    "queries.selection.newest_photo_ids": _BY_COMMAND,
    "queries.selection.photo_ids_beneath": _BY_COMMAND,
    "recovery.rebuild._restore": "a ledger is made anew from its cutouts",
    "writes.clock_changes.ahead_s": _AT_START,
    "writes.clock_changes.pull_back_all": "the clock was set back, which hardly ever happens",
    "writes.launches.since": _IN_ORDER,
}
