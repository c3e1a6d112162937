"""The store of all facts: the only code that reads or writes the ledger.

One transaction per fact changes the photo's row and adds an event row. Rooms: ``schema`` (tables), ``columns`` (kinds
of column), ``migrations`` (numbered steps from one schema to the next), ``database`` (what only SQLite knows), ``disk``
(what outlives a power cut), ``lock`` (one instance per ledger), ``anchor`` (whether it is still where it was opened),
``seal`` (whether it is as it was left), ``writer`` (the thread that groups commits), ``records`` (rows to values and
back), ``questions`` (what can be asked), ``named`` (what people's names for photos mean), ``twins`` (photos of one
picture), ``sources`` (what is asked about the photos' own files), ``foresight`` (what a plan asks), ``retrospect``
(what a report asks), ``gallery`` and ``failures`` (what the pages ask), ``facts`` (what can be written), ``launches``
and ``billing`` (what was spent, in removals and in operations), ``losses`` (launches whose answer never came),
``announcements`` (results that Uploadcare tells of by itself), ``vitals`` (what monitoring asks), ``pace`` (what a
forecast asks), ``news`` (whether to ask again), ``batches`` (what waits for approval), ``clock`` (waits after the clock
was set), ``founding`` and ``restoring`` (a new ledger, and one rebuilt from cutouts), ``backup``, ``ledger`` (the
doors: one for the daemon, one for those who only look).
"""

from cutoutd.ledger.backup import back_up
from cutoutd.ledger.changes import ChangeFlag
from cutoutd.ledger.instance_lock import hold_ledger, is_held
from cutoutd.ledger.ledger import Ledger, open_ledger, read_ledger
from cutoutd.ledger.queries.lost_launches import LostLaunch
from cutoutd.ledger.queries.photos import Total
from cutoutd.ledger.schema.column_types import has_text_form
from cutoutd.ledger.schema.rows import Event
from cutoutd.ledger.sqlite.database import has_ledger
from cutoutd.ledger.sqlite.transactions import ReadTransaction
from cutoutd.ledger.writes.approvals import Batch
from cutoutd.ledger.writes.launches import LaunchCounts
from cutoutd.ledger.writes.usage import Usage

__all__ = [
    "Batch",
    "ChangeFlag",
    "Event",
    "LaunchCounts",
    "Ledger",
    "LostLaunch",
    "ReadTransaction",
    "Total",
    "Usage",
    "back_up",
    "has_ledger",
    "has_text_form",
    "hold_ledger",
    "is_held",
    "open_ledger",
    "read_ledger",
]
