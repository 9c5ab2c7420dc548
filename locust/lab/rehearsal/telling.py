"""A rehearsal as lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from lab.exchanges.exchange import FAILURE, Exchange, Message
from lab.figures import three_digits
from lab.rehearsal.findings import Finding
from lab.rehearsal.turn import Role, Turn

MOST_BODY = 400
MOST_BODY_LINES = 12
_MARKS = {"request": ">", "answer": "<"}


def role(each: Role) -> str:
    """What a class of users says of itself."""
    pause = "its own pace" if each.think_seconds is None else f"waits {three_digits(each.think_seconds)} s"
    return f"\n{each.name} ({each.kind}, {each.weight}, {pause}) at {each.host or 'no host'}"


def turn(each: Turn) -> str:
    """That a turn begins."""
    weight = f" (weight {each.weight})" if each.is_a_task else ""
    return f"  {each.task}{weight}"


def exchange(each: Exchange, *, is_short: bool) -> Iterator[str]:
    """A request and what came of it; with all that was sent and received, unless it is to be short."""
    asked, answered = each["request"], each["answer"]
    line = asked["line"] if asked else each["endpoint"]
    outcome = answered["line"] if answered else "no answer"
    time = "" if each["time_ms"] is None else f", {three_digits(each['time_ms'])} ms"
    failure = f", failed: {each['failure']}" if each["kept_as"] == FAILURE else ""
    name = "" if line.endswith(each["endpoint"].partition(" ")[2]) else f", counted as {each['endpoint']}"
    yield f"    {line}: {outcome}{time}{name}{failure}"
    if not is_short:
        for mark, message in ((_MARKS["request"], asked), (_MARKS["answer"], answered)):
            yield from (f"      {mark} {text}" for text in _lines(message))


def _lines(message: Message | None) -> Iterator[str]:
    if message is None:
        return
    yield from (f"{name}: {value}" for name, value in message["headers"])
    body = message["body"]
    lines = body[:MOST_BODY].splitlines()
    yield from lines[:MOST_BODY_LINES]
    if len(body) > MOST_BODY or len(lines) > MOST_BODY_LINES:
        yield f"… ({message['size'] or len(body):,} bytes)"


def data(files: Sequence[Path], folder: Path) -> Iterator[str]:
    """The files that were read."""
    if files:
        yield "\nData"
    for file in files:
        name = file.relative_to(folder) if file.is_relative_to(folder) else file
        yield f"  {name} ({file.stat().st_size:,} bytes)"


def findings(found: Iterable[Finding]) -> Iterator[str]:
    """What was found, the problems first."""
    for title, is_problem in (("\nWould not work under load", True), ("\nGood to know", False)):
        told = [each for each in found if each.is_problem is is_problem]
        if told:
            yield title
        yield from (f"  {each.where}: {each.text}" for each in told)
