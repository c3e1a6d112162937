"""The ledger's tables. Every column says its meaning, and the fact that brings it where that is not plain.

Statements stay portable, because a shared PostgreSQL ledger is the planned next scale; see ``sqlite`` for the rest. A
change here needs a numbered step in the folder ``steps``.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TextClause,
    and_,
    text,
)

from cutoutd.core.photo import NOT_DELAYED, TERMINAL, UNPAID, State, WaitKind
from cutoutd.ledger.schema.column_types import PathText, Unsigned64

metadata = MetaData()

_Condition = ColumnElement[bool] | TextClause


def _partial_index(name: str, *columns: Column[Any], where: _Condition, unique: bool = False) -> None:
    """Add an index of the rows with a condition."""
    Index(name, *columns, unique=unique, sqlite_where=where, postgresql_where=where)


migrations = Table(
    "migrations",
    metadata,
    Column("number", Integer, primary_key=True, comment="the step that was carried out"),
    Column("at_s", Float, nullable=False, comment="when, Unix time"),
)

photos = Table(
    "photos",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("folder", Text, nullable=False, comment="the configured folder's name"),
    Column("path", PathText, nullable=False, comment="relative to the folder's input"),
    Column("size_bytes", BigInteger, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False),
    Column("ctime_ns", BigInteger, nullable=False, comment="the last with known content; 0: not known"),
    Column("inode", Unsigned64, nullable=False),
    Column("input", PathText, nullable=False, comment="the input root where it was found"),
    Column("state", Text, nullable=False, comment="the last fact's name"),
    Column("state_at_s", Float, nullable=False, comment="when it became true, Unix time"),
    Column("wait_until_s", Float, nullable=False, comment="no step before this Unix time; 0 when not waiting"),
    Column("wait_set_at_s", Float, nullable=False, default=0.0, comment="when the wait was last set, Unix time"),
    Column("wait_attempts", Integer, nullable=False, comment="tries or polls since the last fact"),
    Column("wait_kind", Text, nullable=False, server_default=text("'none'"), comment="see WaitKind"),
    Column("wait_reason", PathText, nullable=False, comment="a sentence to show; nothing is decided by it"),
    Column("wait_for", Integer, comment="the photo that ends the wait when it ends; null: only time does"),
    Column("approved_at_s", Float, comment="when a person approved it, Unix time; null: not approved"),
    Column("sha256", Text, comment="of the source file; from accepted on"),
    Column("width", Integer, comment="of the upright picture; from accepted on"),
    Column("height", Integer, comment="of the upright picture; from accepted on"),
    Column("orientation", Integer, comment="EXIF orientation; from accepted on"),
    Column("is_disputed", Boolean, comment="true: others may read it otherwise, or refuse it; from accepted on"),
    Column("colours", Text, comment="the name of colours other than those of sRGB; from accepted on"),
    Column("parameters", Text, comment="remove_bg parameters, normalised JSON; bound at accepted"),
    Column("output", PathText, comment="output root; bound at accepted"),
    Column("target", PathText, comment="relative to the output root; bound at accepted, final at published"),
    Column("sent_within", BigInteger, nullable=False, server_default=text("0"), comment="see SENT_WHOLE, SENT_SMALLER"),
    Column("source_uuid", Text, comment="Uploadcare's file; from uploaded on, null again when it expired there"),
    Column("sent_width", Integer, comment="of a smaller copy that was sent; null: it has the photo's own size"),
    Column("sent_height", Integer, comment="as sent_width"),
    Column("sent_as", Text, comment="what was done to make a smaller copy; null: none was needed"),
    Column("unclear_since_s", Float, comment="when the last paid call lost its response; null: none is searched for"),
    Column("lost_because", Text, comment="what came instead of that response"),
    Column("locked_since_s", Float, comment="when Uploadcare first said that a removal is running; null: it did not"),
    Column("has_lost_outcome", Boolean, nullable=False, comment="true: a paid call may have been made in vain"),
    Column("noticed_at_s", Float, comment="when its upload was found to have had an unknown removal; null: it was not"),
    Column("request_id", Text, comment="Uploadcare's removal; from removal_started on"),
    Column("result_uuid", Text, comment="Uploadcare's file; from removal_finished on"),
    Column("kept_uuid", Text, comment="the result that Uploadcare was told to store, as it was not fetched in time"),
    Column("cutout_sha256", Text, comment="of the published file"),
    Column("cutout_bytes", BigInteger, comment="of the published file"),
    Column("previous_parameters", Text, comment="of the cutout in place while another is made; null: none is made"),
    Column(
        "reprocess_started_s",
        Float,
        comment="when a person wanted it paid for again; only later cutouts are reused",
    ),
    Column("doubt", Text, comment="why the cutout does not replace its source; null: it does. See Doubt"),
    Column("reused_from", Integer, comment="the photo whose cutout was copied; null: this one was paid for"),
    Column("is_source_due", Boolean, nullable=False, comment="true: on_success has still to be applied"),
    Column("source_result", Text, comment="the way in which the source left its place; null: it is where it was"),
    Column("source_sentence", PathText, comment="the same for people; nothing is decided by it"),
    Column("archived_path", PathText, comment="the place of the source in the archive, absolute"),
    Column("source_missing_since_s", Float, comment="when its source was first found removed; null: it is there"),
    Column("note", PathText, comment="something that a person should know although all is well"),
    Column("code", Text, comment="rejected, failed, superseded: the stable code"),
    Column("sentence", PathText, comment="rejected, failed, superseded: what happened"),
    Column("advice", Text, comment="rejected, failed, superseded: what to do"),
    Column("failed_state", Text, comment="failed: the state it failed at, where a retry goes on"),
    Column("picture_sha256", Text, comment="of the picture itself; from accepted on; null: an earlier version took it"),
    Column("touched_at_s", Float, comment="when its file was found with another time or inode; null: it is as known"),
)

#: One row for one version of a file. Superseded versions do not count, nor those that left their place: a file moved
#: away and back is a new photo.
IS_CURRENT = and_(photos.c.state != State.SUPERSEDED.value, photos.c.source_result.is_(None))
_partial_index(
    "one_row_per_version",
    photos.c.folder,
    photos.c.path,
    photos.c.size_bytes,
    photos.c.mtime_ns,
    photos.c.inode,
    photos.c.ctime_ns,
    where=IS_CURRENT,
    unique=True,
)

#: All versions of a path, also those that do not count.
Index("by_path", photos.c.path, photos.c.folder)

#: Duplicates: photos of the same content and parameters, sent by the same rule. One of them pays, the others reuse.
Index("twins", photos.c.sha256, photos.c.parameters)

#: Never two launches for the same content and parameters at once, whatever the code does.
_IS_PAID_FOR = photos.c.state.in_(
    [State.REMOVAL_INTENDED.value, State.REMOVAL_STARTED.value, State.REMOVAL_FINISHED.value]  # PAID_FOR, in order
)
_MADE_ALIKE = (photos.c.parameters, photos.c.sent_within)
_partial_index("one_payer", photos.c.sha256, *_MADE_ALIKE, where=_IS_PAID_FOR, unique=True)

#: The same for the picture itself, whatever its file says about it. Both, because photos that were accepted by an
#: earlier version have no hash of the picture.
Index("same_picture", photos.c.picture_sha256, photos.c.parameters)
_partial_index("one_payer_per_picture", photos.c.picture_sha256, *_MADE_ALIKE, where=_IS_PAID_FOR, unique=True)

#: The photos with files that have to be compared with what is known; stays small.
_IS_TOUCHED = photos.c.touched_at_s.is_not(None)
_partial_index("touched", photos.c.touched_at_s, photos.c.id, where=_IS_TOUCHED)

#: The cutouts, so that one that comes back into an input is not taken for a photo.
_HAS_CUTOUT = photos.c.cutout_sha256.is_not(None)
_partial_index("cutouts", photos.c.cutout_sha256, where=_HAS_CUTOUT)

#: The photos that wait for another; stays small.
Index("waiters", photos.c.wait_for, sqlite_where=photos.c.wait_for.is_not(None))

#: The photos that something delays, by kind of waiting; stays small. A query that names the kind repeats the condition
#: of the index, because SQLite would not use it otherwise.
IS_DELAYED = text(f"wait_kind NOT IN ({', '.join(repr(kind.value) for kind in sorted(NOT_DELAYED))})")
_partial_index("delayed_by_kind", photos.c.wait_kind, photos.c.folder, where=IS_DELAYED)
_partial_index("delayed", photos.c.wait_until_s, where=IS_DELAYED)
_partial_index("delayed_in_order", photos.c.wait_kind, photos.c.id, where=IS_DELAYED)


def waits_as(kind: WaitKind) -> ColumnElement[bool]:
    """Return the condition that something of this kind delays a photo."""
    return and_(IS_DELAYED, photos.c.wait_kind == kind.value)


#: The folders' batches: photos that may cost money and are not approved. The index begins with a column that is null
#: in all of its rows, as ``to_clean``.
IS_UNAPPROVED = text(f"approved_at_s IS NULL AND state IN ({', '.join(repr(state.value) for state in sorted(UNPAID))})")
_partial_index("batch", photos.c.approved_at_s, photos.c.folder, where=IS_UNAPPROVED)

#: The sources to be moved or deleted; stays small. It begins with the state, else the planner would take ``due``, where
#: every published photo is a row.
_IS_SOURCE_DUE = photos.c.is_source_due.is_(True)
_partial_index("source_due", photos.c.state, photos.c.id, where=_IS_SOURCE_DUE)

#: The photos that may have been paid for twice; stays small.
_HAS_LOST = photos.c.has_lost_outcome.is_(True)
_partial_index("paid_again", photos.c.id, where=_HAS_LOST)

#: The numbers of photos by state and folder.
Index("totals", photos.c.state, photos.c.folder)

#: The photos that are due, by stage and folder. A query repeats the condition, as with ``delayed``.
IS_UNDER_WAY = text(f"state NOT IN ({', '.join(repr(state.value) for state in sorted(TERMINAL))})")
_partial_index("due", photos.c.state, photos.c.folder, photos.c.wait_until_s, photos.c.id, where=IS_UNDER_WAY)

#: The gallery: published photos by time, with every column of a search, which therefore reads only this index. It
#: begins with a column that is null in all of its rows, as ``batch``.
_IS_PUBLISHED = text(f"state = '{State.PUBLISHED.value}'")
IS_SHOWN = and_(_IS_PUBLISHED, photos.c.code.is_(None))
_partial_index(
    "gallery", photos.c.code, photos.c.state_at_s, photos.c.id, photos.c.folder, photos.c.path, where=_IS_PUBLISHED
)

#: Rejected and failed photos, by reason.
IS_TROUBLED = text(f"state IN ('{State.FAILED.value}', '{State.REJECTED.value}')")
_partial_index("troubled", photos.c.code, photos.c.state_at_s, where=IS_TROUBLED)
_partial_index("troubled_by_time", photos.c.state, photos.c.state_at_s, photos.c.id, where=IS_TROUBLED)

#: The photos with a file at Uploadcare, by the file.
_partial_index("by_source", photos.c.source_uuid, where=photos.c.source_uuid.is_not(None))
_partial_index("by_result", photos.c.result_uuid, where=photos.c.result_uuid.is_not(None))

#: The photos with a search for a launch's outcome; stay small.
_partial_index("unclear", photos.c.unclear_since_s, where=photos.c.unclear_since_s.is_not(None))
_partial_index("locked", photos.c.locked_since_s, where=photos.c.locked_since_s.is_not(None))

#: The photo with its cutout at a path, so that no other file is ever overwritten.
Index("by_target", photos.c.output, photos.c.target)

events = Table(
    "events",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("photo_id", ForeignKey("photos.id"), nullable=False, index=True),
    Column("at_s", Float, nullable=False, comment="Unix time"),
    Column("from_state", Text, comment="null for the first fact"),
    Column("to_state", Text, nullable=False),
    Column("detail", Text, nullable=False, comment="the fact's own values, JSON"),
)

targets = Table(
    "targets",
    metadata,
    Column("folder", Text, primary_key=True),
    Column("path", PathText, primary_key=True, comment="of the source; it keeps its target for ever"),
    Column("output", PathText, primary_key=True, comment="output root"),
    Column("target", PathText, nullable=False, comment="relative to the output root"),
    Column("target_key", PathText, nullable=False, comment="the target under NFC and case folding"),
)

#: Two sources never share a target, not even on file systems that ignore case or normalise names.
Index("one_claimant_per_target", targets.c.output, targets.c.target_key, unique=True)

launches = Table(
    "launches",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("photo_id", ForeignKey("photos.id"), nullable=False, index=True),
    Column("at_s", Float, nullable=False, comment="when it was intended, Unix time"),
    Column("day", Text, nullable=False, comment="local day it counts for, YYYY-MM-DD; never before the last one's"),
    Column("is_returned", Boolean, nullable=False, comment="true: definitely not accepted, so not paid for"),
    Column("source_uuid", Text, comment="the upload it was made on"),
    Column("request_id", Text, comment="Uploadcare's removal; null: no response came"),
    Column("lost_because", Text, comment="what came instead of a response; null: unknown or not lost"),
    Column("found_uuid", Text, comment="the result found without a response, or by a webhook; null: neither"),
    Column("is_past", Boolean, nullable=False, server_default=text("0"), comment="true: its result is not wanted now"),
)

remote_files = Table(
    "remote_files",
    metadata,
    Column("uuid", Text, primary_key=True, comment="a file that may be at Uploadcare"),
    Column("photo_id", ForeignKey("photos.id"), primary_key=True, index=True),
    Column("kind", Text, nullable=False, comment="source or result"),
    Column("since_s", Float, nullable=False, comment="when it was first known, Unix time"),
    Column("is_spent", Boolean, nullable=False, comment="true: it is not wanted, whatever becomes of the photo"),
)

#: The launch of an upload, looked up for a webhook result.
Index("launches_by_source", launches.c.source_uuid)

#: The launches of a day or a month.
Index("spent", launches.c.day, launches.c.is_returned)

#: The launches without a response; stays small.
_IS_LOST = launches.c.lost_because.is_not(None)
_partial_index("lost", launches.c.id, where=_IS_LOST)

announcements = Table(
    "announcements",
    metadata,
    Column("result_uuid", Text, primary_key=True, comment="the result's file at Uploadcare"),
    Column("source_uuid", Text, nullable=False, index=True, comment="the upload it was made of"),
    Column("request_id", Text, nullable=False, comment="Uploadcare's removal"),
    Column("at_s", Float, nullable=False, index=True, comment="when the message came, Unix time"),
)

operations = Table(
    "operations",
    metadata,
    Column("day", Text, primary_key=True, comment="local day of the requests, YYYY-MM-DD"),
    Column("purpose", Text, primary_key=True, comment="their purpose"),
    Column("number", BigInteger, nullable=False, comment="billable operations; a removal's own are not among them"),
)

memory = Table(
    "memory",
    metadata,
    Column("key", Text, primary_key=True, comment="the name of a value that outlives restarts and is no fact"),
    Column("value", Text, nullable=False, comment="JSON"),
    Column("at_s", Float, nullable=False, comment="when it was learned, Unix time"),
)
