"""Imported last, where processes are forked from: what is there by then is not looked at by their garbage collectors.

Their end would otherwise be most of what they cost: every object looked at, and its page copied.
"""

import gc

gc.collect()
gc.freeze()
