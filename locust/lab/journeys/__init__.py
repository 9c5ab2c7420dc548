"""What is timed or measured beside requests: several requests as one journey, and figures of the scenario's own.

`with self.journey("checkout"):` and `self.measure("tokens/s", 41.5)` are there for every class with `Journeys` among
its bases, `Visitor` included; `journey` and `measure` are the same for any other code that a user runs.
"""

from lab.journeys.timing import Journeys, journey, measure

__all__ = ["Journeys", "journey", "measure"]
