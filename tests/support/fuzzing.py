"""Changes of messages by chance: bytes, and values anywhere in what was unpacked."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from copy import deepcopy
from typing import Any

NASTY: Sequence[Any] = (
    *(None, True, False, 0, -1, 1, 2**31, 2**32, 2**63, 2**64 - 1, -(2**63), 0.0, -0.0, -1.5, 1e308, 1e-308),
    *(math.inf, -math.inf, math.nan, "", "x", "\0", "\u202e", "x" * 301, "nan", "1e99", "-1", b"", b"\xff", b"\0" * 7),
    *([], {}, [None], [[[]]], {"a": {"b": {}}}, {0: 1}, {"__datetime__": True, "as_str": "x"}, [[1, {}]], {-1: -1}),
)


def put(data: Any, where: Sequence[Any], value: Any) -> Any:
    """A copy of the data with another value there."""
    changed = deepcopy(data)
    inner = changed
    for key in where[:-1]:
        inner = inner[key]
    inner[where[-1]] = value
    return changed


def places(data: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """All places in the data."""
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, inner in items:
        yield (*here, key)
        yield from places(inner, (*here, key))


def at(data: Any, where: Sequence[Any]) -> Any:
    """What is at that place."""
    for key in where:
        data = data[key]
    return data


def _alike(value: Any, rng: random.Random) -> Any:
    """Another value of the same type, mostly."""
    match value:
        case bool():
            return not value
        case int():
            return rng.choice((value + rng.randint(-3, 3), rng.randint(0, 2**33)))
        case float():
            return rng.uniform(-1, 10**6)
        case str():
            return "".join(rng.choices("aé\0\n€😀1", k=rng.randint(0, 9)))
        case bytes():
            return rng.randbytes(4 * rng.randint(0, 3))
        case list():
            return rng.choices(value, k=rng.randint(0, 3)) if value else []
        case dict():
            return dict(rng.sample(list(value.items()), rng.randint(0, len(value))))
    return rng.choice(NASTY)


def another_value(data: Any, rng: random.Random, known: Sequence[tuple[Any, ...]]) -> Any:
    """The data with one to three other values in it."""
    for where in rng.sample(known, rng.randint(1, 3)):
        try:
            data = put(data, where, rng.choice(NASTY) if rng.random() < 0.4 else _alike(at(data, where), rng))
        except (KeyError, IndexError, TypeError):
            continue  # what was changed before is not there any more
    return data


def other_bytes(frame: bytes, rng: random.Random) -> bytes:
    """The frame with bytes changed, cut out, or put in."""
    changed = bytearray(frame)
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(changed) + 1)
        match rng.randrange(4):
            case 0:
                changed[at : at + 1] = rng.randbytes(1)
            case 1:
                del changed[at : at + rng.randint(1, 40)]
            case 2:
                changed[at:at] = rng.randbytes(rng.randint(1, 8))
            case _:
                del changed[at:]
    return bytes(changed)
