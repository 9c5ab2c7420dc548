"""Is an answer what its documentation says? For users: a wrong one is reported as a failure, with what is wrong.

`expect` holds an answer against a status and a content type. A `Contract` holds it against the file that
`lab new openapi` leaves beside the locustfile: documented statuses, content types and, for some answers, schemas.
"""

from __future__ import annotations

from lab.contract.checking import Answer, Contract, expect

__all__ = ["Answer", "Contract", "expect"]
