"""Rows of data for users: CSV, JSON or JSON lines, in turn, at random, or each row once over all workers.

    accounts = Rows("accounts.csv", once=True)

`accounts.of(self)` is the row of this user, `next(accounts)` simply the next one.
"""

from lab.data.rows import Rows

__all__ = ["Rows"]
