"""Loaded by each Python of the server when it starts; it is no part of this package.

Building Galaxy's API makes millions of objects that are all kept. Python's
garbage collector, as it is set by default, looks at them again and again and
finds nothing, which takes a quarter of the time that the server needs to start.
"""

import gc

gc.set_threshold(100_000, 50, 100)
