"""JSON by msgspec, with the results of the standard library in a fraction of the time."""

from __future__ import annotations

import json
from typing import Any

from msgspec import DecodeError
from msgspec.json import Decoder, Encoder

_decode, _encode = Decoder().decode, Encoder().encode


def load(text: bytes) -> Any:
    """The document. Raises ValueError for text that is not JSON.

    >>> load(b'{"id": 123456789012345678901}'), load(b'[NaN]')
    ({'id': 123456789012345678901}, [nan])
    """
    try:
        return _decode(text)
    except DecodeError:
        # NaN and encodings other than UTF-8 are not standard, but the library takes them
        return json.loads(text)


def dump(document: Any) -> bytes:
    """The document as UTF-8. Raises TypeError for values that JSON cannot hold.

    >>> dump({"name": "größer", 1: [True, None, 1.5]}).decode()
    '{"name":"größer","1":[true,null,1.5]}'
    """
    try:
        return _encode(document)
    except TypeError:
        return json.dumps(document).encode()
