"""A report for a client or a boss: what became of photos in a time, as one page, as JSON or as a table.

Rooms: ``period`` (which days), ``findings`` (what there is to tell, from the ledger), ``pictures`` (small pictures
before and after), ``page`` (all of it as one HTML file that needs nothing else), ``tables`` (JSON and CSV), ``file``
(put in place as a whole). It reads the ledger beside a running daemon and changes nothing.
"""
