"""Which examples in the docstrings of these modules are not true, and how many there are, as JSON.

Locust comes first: it patches the process for gevent, which is too late once anything has imported ssl.
"""

from __future__ import annotations

import doctest
import importlib
import json
import sys

import locust  # noqa: F401 - as above

found = {name: doctest.testmod(importlib.import_module(name)) for name in sys.argv[1:]}
print(json.dumps({name: {"attempted": one.attempted, "failed": one.failed} for name, one in found.items()}))
