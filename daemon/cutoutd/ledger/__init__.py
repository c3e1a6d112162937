"""The store of all facts about photos, and the only code that knows SQL.

Nothing here decides a photo's next step, and nothing outside sees more of the database than a ``ReadTransaction``.
"""

from cutoutd.ledger.changes import ChangeFlag, PhotoCounts
from cutoutd.ledger.instance_lock import hold_ledger, is_held
from cutoutd.ledger.ledger import Ledger, open_ledger, read_ledger
from cutoutd.ledger.queries.lost_launches import LostLaunch
from cutoutd.ledger.queries.photos import Total
from cutoutd.ledger.recovery.backup import back_up
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
    "PhotoCounts",
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
