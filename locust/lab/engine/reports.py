"""What a worker may say, held in this one place: whatever breaks a type, a bound or its own figures is dropped."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Raw

from lab.engine.link import REPORT, ROWS
from lab.engine.message_types import Beat, Count, Entry, Error, Logs, Name, Question, Report, Spawned, Users
from lab.engine.refusals import Refused
from lab.exchanges.printing import printable
from lab.ledger.writes import Reply

MOST_CUSTOM_BYTES = 250_000
"""Of a message or a part of a report that is not the lab's: of a listener that a person has added."""
FUTURE_SECONDS = 600
"""How far ahead of the master's clock a second may be that has answers."""
NUMBER_BYTES = 4


class NotReadable(ValueError):  # noqa: N818 - it is no fault of the lab
    """What came cannot be what a worker sends; the message says why."""

    def __init__(self, reason: str, what: Refused = Refused.FRAME) -> None:
        super().__init__(reason)
        self.what = what


def _decoder(type_: Any) -> Callable[[Raw], Any]:
    return msgspec.msgpack.Decoder(type_).decode


_REPORT: Mapping[str, Callable[[Raw], Any]] = {
    "stats": _decoder(Annotated[list[Entry], Meta(max_length=2000)]),
    "stats_total": _decoder(Entry),
    "errors": _decoder(Annotated[dict[Name, Error], Meta(max_length=2000)]),
    "user_classes_count": _decoder(Users),
    "user_count": _decoder(Count),
    REPORT: _decoder(Report),
}
_exception, _logs = _decoder(dict[str, str]), _decoder(Logs)
_MESSAGES: Mapping[str, Callable[[Raw], Any]] = {
    "client_ready": _decoder(str | int),
    "heartbeat": _decoder(Beat),
    "spawning": _decoder(None),
    "spawning_complete": _decoder(Spawned),
    "client_stopped": _decoder(None),
    "quit": _decoder(None),
    ROWS: _decoder(Question),
    "exception": lambda raw: {name: printable(text) for name, text in _exception(raw).items()},
    "logs": lambda raw: {**(logs := _logs(raw)), "logs": [printable(line) for line in logs["logs"]]},
}
_envelope = msgspec.msgpack.Decoder(tuple[Name, Raw, Name])
_parts = msgspec.msgpack.Decoder(Annotated[dict[Name, Raw], Meta(max_length=100)])


def read(frame: bytes) -> tuple[str, Any, str]:
    """Kind, data and sender of a message. Raises NotReadable."""
    what = Refused.FRAME
    try:
        kind, raw, sender = _envelope.decode(frame)
        if kind != "stats":
            return kind, _MESSAGES.get(kind, _custom)(raw), sender
        what = Refused.REPORT
        data = {name: _REPORT.get(name, _custom)(part) for name, part in _parts.decode(raw).items()}
        if report := data.get(REPORT):
            if missing := _REPORT.keys() - data.keys():
                raise ValueError(f"it has no {', '.join(sorted(missing))}")
            _check(report)
    except (ValueError, RecursionError, msgspec.MsgspecError) as error:
        raise NotReadable(str(error), what) from error
    return kind, data, sender


def check_in_place(report: Mapping[str, Any], number: int, now: int) -> None:
    """Raises NotReadable where the report is not of the worker with this number (from 0), or of a second to come."""
    for _, batch in report["batches"]:
        if (written := batch["writes"]) and written["worker"] != number:
            raise NotReadable(f"worker {number + 1} has writes of worker {written['worker'] + 1}", Refused.REPORT)
        if any(row.second > now + FUTURE_SECONDS for row in (*batch["answers"], *batch["marks"])):
            raise NotReadable("it has answers of a time that has not come", Refused.REPORT)


def _check(report: Mapping[str, Any]) -> None:
    """Raises ValueError where parts of a report contradict each other."""
    numbers = [number for number, _ in report["batches"]]
    if any(later <= earlier for earlier, later in pairwise(numbers)):
        raise ValueError("its batches are not in their order")
    for _, batch in report["batches"]:
        if written := batch["writes"]:
            _check_writes(written)


def _check_writes(written: Mapping[str, Any]) -> None:
    for _, _, _, packed in written["answers"]:
        if len(packed) % NUMBER_BYTES:
            raise ValueError("it has a part of a write's number")
        if packed and max(memoryview(packed).cast("I")) >= written["sent"]:
            raise ValueError("it has an answer to a write that was not sent")
    if any(number >= written["sent"] for _, number, _ in written["stale_reads"]):
        raise ValueError("it has read back a write that was not sent")


def _custom(raw: Raw) -> Any:
    if len(memoryview(raw)) > MOST_CUSTOM_BYTES:
        raise ValueError("a part that is not the lab's has more bytes than are taken")
    return msgspec.msgpack.decode(raw)


assert {int(reply) for reply in Reply if reply} == {1, 2}, "what an answer to a write may be"
